/*
 * register - make an account with an e-mail address and a password.
 *
 *	POST /register	201 tokens | 400 | 409 email_taken | 415 | 422
 *
 * register.sql makes the account and its first session, and announces it.
 */
#include "runtime/http.h"
#include "runtime/json.h"
#include "runtime/password.h"
#include "runtime/session.h"
#include "runtime/uuid.h"

#include "register.sql.h"

struct registration {
	const char *email;
	const char *password;
	const char *device;	/* NULL: from User-Agent */
};

static const struct json_field registration_fields[] = {
	JSON_EMAIL(struct registration, email),
	JSON_TEXT(struct registration, password, 8, 256),
	JSON_TEXT(struct registration, device, 0, 64),
	{ 0 }
};

static enum err email_taken(struct req *req)
{
	return http_fail(req, ERR_CONFLICT, "email_taken",
			 "The e-mail address is taken");
}

/* A taken address is refused before the password costs its hash. */
static enum err check(struct req *req, const struct registration *r)
{
	const char *weakness, *taken;
	enum err err;

	weakness = password_weakness(r->password, r->email);
	if (weakness)
		return http_invalid(req, "/password", weakness);

	err = db_one(req->db, &sql_account_exists, ARGS(r->email), &taken);
	if (err == ERR_NOT_FOUND)
		return OK;

	return err ? err : email_taken(req);
}

static enum err account_create(struct req *req)
{
	const char *account = uuid_new(req->arena);
	struct session session;
	struct registration r;
	const char *hash, *doc;
	enum err err;

	err = http_body(req, registration_fields, &r);
	if (err)
		return err;
	err = check(req, &r);
	if (err)
		return err;
	err = password_hash(req->arena, r.password, &hash);
	if (err)
		return err;

	session_new(req, r.device, &session);
	err = db_one(req->db, &sql_account_create,
		     ARGS(account, r.email, hash, session.id, session.device,
			  req->address, session.idle_s, session.ttl_s,
			  req->traceparent), &doc);
	if (err == ERR_NOT_FOUND)
		return email_taken(req);
	if (err)
		return err;

	return session_tokens(req, 201, account, session.id, 0, doc);
}

const struct route routes[] = {
	{ "POST", "/register", AUTH_NONE, account_create, .creates = true },
	{ 0 }
};
