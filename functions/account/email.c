/* email.c - proving an address, and changing it. */
#include "runtime/auth.h"
#include "runtime/json.h"
#include "runtime/link.h"
#include "runtime/proof.h"

#include "functions/account/account.h"

#include "account.sql.h"

enum { RETRY_S = 1200 };		/* 3 mails an hour */

struct change {
	const char *email;
	const char *password;	/* NULL: none given */
};

static const struct json_field change_fields[] = {
	JSON_EMAIL(struct change, email),
	JSON_TEXT(struct change, password, 0, 256),
	{ 0 }
};

struct verification {
	const char *token;	/* NULL: to be sent */
};

static const struct json_field verification_fields[] = {
	JSON_TEXT(struct verification, token, 0, 512),
	{ 0 }
};

enum err email_change(struct req *req)
{
	struct change body;
	struct proof proof;
	const char *allowed;
	enum err err;

	err = http_body(req, change_fields, &body);
	if (err)
		return err;
	err = proof_check(req, "/password", body.password, &proof);
	if (err)
		return err;

	err = db_one(req->db, &sql_email_change,
		     ARGS(req->user, body.email, proof.throttle_key,
			  account_mail_salt(req), req->traceparent), &allowed);
	if (err == ERR_NOT_FOUND)
		return http_later(req, ERR_THROTTLED, RETRY_S);
	if (err)
		return err;

	return http_json(req, 202, "{}");
}

/* Send a link to the caller's address. */
static enum err ask(struct req *req)
{
	const char *allowed;
	enum err err;

	err = auth_check(req);
	if (err)
		return err;
	err = db_one(req->db, &sql_email_ask,
		     ARGS(req->user, account_mail_salt(req),
			  req->traceparent), &allowed);
	if (err)
		return err;
	if (*allowed != 't')
		return http_later(req, ERR_THROTTLED, RETRY_S);

	return http_json(req, 202, "{}");
}

/* The statement that uses a link, once its account is locked. */
struct use {
	const char *account;
	const struct db_stmt *statement;
	struct db_args args;
};

static enum err use_locked(struct db *db, void *arg)
{
	const struct use *use = arg;
	const char *revision;
	enum err err;

	err = account_lock(db, use->account);
	if (err)
		return err;

	return db_one(db, use->statement, use->args, &revision);
}

/* The link is the first of the arguments. */
static enum err use_link(struct req *req, const struct db_stmt *statement,
			 struct db_args args)
{
	struct use use = { NULL, statement, args };
	enum err err;

	err = db_one(req->db, &sql_link_get, ARGS(args.v[0]), &use.account);
	if (err)
		return err;

	return db_atomic(req->db, use_locked, &use);
}

/* Once more if just then another took the nickname: it does without. */
static enum err verify(struct req *req, const char *link)
{
	enum err err;

	err = use_link(req, &sql_email_verify, ARGS(link, req->traceparent));
	if (err == ERR_CONFLICT)
		err = use_link(req, &sql_email_verify,
			       ARGS(link, req->traceparent));
	return err;
}

enum err email_verify(struct req *req)
{
	struct verification body;
	const char *link;
	enum err err;

	err = http_body(req, verification_fields, &body);
	if (err)
		return err;
	if (!body.token)
		return ask(req);

	if (!link_read(req->arena, "verify", body.token, &link)) {
		err = verify(req, link);
	} else if (!link_read(req->arena, "change", body.token, &link)) {
		err = use_link(req, &sql_email_replace,
			       ARGS(link, req->traceparent,
				    account_mail_salt(req)));
		if (err == ERR_CONFLICT)
			return http_fail(req, err, "email_taken",
					 "The e-mail address is taken");
	} else {
		return account_invalid_token(req);
	}
	if (err == ERR_NOT_FOUND)
		return account_invalid_token(req);
	if (err)
		return err;

	return http_empty(req, 204);
}
