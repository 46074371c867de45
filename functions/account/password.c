/* password.c - changing a password, and setting one by a link. */
#include <string.h>

#include "runtime/json.h"
#include "runtime/link.h"
#include "runtime/password.h"
#include "runtime/proof.h"

#include "functions/account/account.h"

#include "account.sql.h"

struct change {
	const char *current_password;	/* NULL: none given */
	const char *password;
};

static const struct json_field change_fields[] = {
	JSON_TEXT(struct change, current_password, 0, 256),
	JSON_TEXT(struct change, password,         8, 256),
	{ 0 }
};

struct forgotten {
	const char *email;
};

static const struct json_field forgotten_fields[] = {
	JSON_EMAIL(struct forgotten, email),
	{ 0 }
};

struct reset {
	const char *token;
	const char *password;
};

static const struct json_field reset_fields[] = {
	JSON_TEXT(struct reset, token,    1, 512),
	JSON_TEXT(struct reset, password, 8, 256),
	{ 0 }
};

/* The statement that sets a password, once the account is locked. */
struct setting {
	const char *account;
	const struct db_stmt *statement;
	struct db_args args;
};

static enum err set_locked(struct db *db, void *arg)
{
	const struct setting *s = arg;
	const char *told;
	enum err err;

	err = account_lock(db, s->account);
	if (err)
		return err;

	return db_one(db, s->statement, s->args, &told);
}

/* ERR_INVALID, and replies, if it may not be used. */
static enum err check(struct req *req, const char *password,
		      const char *email_or_null)
{
	const char *reason = password_weakness(password, email_or_null ?: "@");

	return reason ? http_invalid(req, "/password", reason) : OK;
}

enum err password_change(struct req *req)
{
	struct setting setting;
	struct proof proof;
	struct change body;
	const char *hash;
	enum err err;

	err = http_body(req, change_fields, &body);
	if (err)
		return err;
	err = proof_check(req, "/current_password", body.current_password,
			  &proof);
	if (err)
		return err;
	err = check(req, body.password, proof.email);
	if (err)
		return err;
	err = password_hash(req->arena, body.password, &hash);
	if (err)
		return err;

	setting = (struct setting){
		req->user, &sql_password_change,
		ARGS(req->user, hash, proof.credentials, req->session,
		     proof.throttle_key, account_mail_salt(req),
		     req->traceparent),
	};
	err = db_atomic(req->db, set_locked, &setting);
	if (err == ERR_NOT_FOUND)	/* changed by another meanwhile */
		return proof_wrong(req);
	if (err)
		return err;

	return http_empty(req, 204);
}

enum err password_forgot(struct req *req)
{
	struct forgotten body;
	const char *sent;
	enum err err;

	err = http_body(req, forgotten_fields, &body);
	if (err)
		return err;
	err = db_one(req->db, &sql_password_forgot,
		     ARGS(account_mail_salt(req), body.email,
			  req->traceparent), &sent);
	if (err)
		return err;

	return http_json(req, 202, "{}");
}

/* What link_get found. */
enum { ACCOUNT, EMAIL };

enum err password_reset(struct req *req)
{
	const char *link, *hash, *const *row;
	struct setting setting;
	struct reset body;
	enum err err;

	err = http_body(req, reset_fields, &body);
	if (err)
		return err;
	if (link_read(req->arena, "reset", body.token, &link))
		return account_invalid_token(req);
	err = db_row(req->db, &sql_link_get, ARGS(link), &row);
	if (err == ERR_NOT_FOUND)
		return account_invalid_token(req);
	if (err)
		return err;
	err = check(req, body.password, row[EMAIL]);
	if (err)
		return err;
	err = password_hash(req->arena, body.password, &hash);
	if (err)
		return err;

	setting = (struct setting){
		row[ACCOUNT], &sql_password_reset,
		ARGS(link, hash, account_throttle_salt(req),
		     account_mail_salt(req), req->traceparent, req->address),
	};
	err = db_atomic(req->db, set_locked, &setting);
	if (err == ERR_NOT_FOUND)	/* used by another meanwhile */
		return account_invalid_token(req);
	if (err)
		return err;

	return http_empty(req, 204);
}
