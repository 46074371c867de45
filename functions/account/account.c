/*
 * account - changing and resetting passwords, proving and changing addresses.
 *
 *	POST /password		204 | 401 | 403 wrong_password, sign_in_again
 *				422 | 429
 *	POST /password/forgot	202
 *	POST /password/reset	204 | 401 invalid_token | 422
 *	POST /email		202 | 401 | 403 | 422 | 429
 *	POST /email/verify	202 | 204 | 401 | 409 email_taken | 429
 *
 * Mails are asked for here and sent by account-worker.  What anybody can ask
 * for runs the same statements whether the address has an account or not.
 */
#include "runtime/keys.h"

#include "functions/account/account.h"

#include "account.sql.h"

const char *account_mail_salt(struct req *req)
{
	return keys_mac(req->arena, "mail", "", 0);
}

const char *account_throttle_salt(struct req *req)
{
	return keys_mac(req->arena, "throttle", "", 0);
}

enum err account_invalid_token(struct req *req)
{
	return http_fail(req, ERR_AUTH, "invalid_token",
			 "The link is not valid, or not any more");
}

enum err account_lock(struct db *db, const char *account)
{
	const char *id;

	return db_one(db, &sql_account_lock, ARGS(account), &id);
}

const struct route routes[] = {
	{ "POST", "/password",        AUTH_USER, password_change },
	{ "POST", "/password/forgot", AUTH_NONE, password_forgot },
	{ "POST", "/password/reset",  AUTH_NONE, password_reset },
	{ "POST", "/email",           AUTH_USER, email_change },
	{ "POST", "/email/verify",    AUTH_NONE, email_verify },
	{ 0 }
};
