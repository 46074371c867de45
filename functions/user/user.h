/*
 * user.h - the handlers of the function user, by file.
 */
#ifndef FUNCTIONS_USER_USER_H
#define FUNCTIONS_USER_USER_H

#include "runtime/err.h"
#include "runtime/http.h"

/* account.c */
enum err account_delete(struct req *);
enum err account_export(struct req *);

/* search.c */
enum err user_search(struct req *);

#endif
