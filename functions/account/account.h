/*
 * account.h - what the handlers of account share; see account.c.
 */
#ifndef ACCOUNT_ACCOUNT_H
#define ACCOUNT_ACCOUNT_H

#include "runtime/http.h"

/* The salts under which mails, and failures of login, are counted. */
const char *account_mail_salt(struct req *);
const char *account_throttle_salt(struct req *);

/* 401 for a link's token that opens nothing; returns ERR_AUTH. */
enum err account_invalid_token(struct req *);

/*
 * In a transaction: keep the account to it.  Statements that follow see what
 * others did before.  ERR_NOT_FOUND: it is gone.
 */
enum err account_lock(struct db *, const char *account);

enum err password_change(struct req *);
enum err password_forgot(struct req *);
enum err password_reset(struct req *);
enum err email_change(struct req *);
enum err email_verify(struct req *);

#endif
