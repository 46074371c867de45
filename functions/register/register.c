/*
 * register - make an account with an e-mail address and a password.
 *
 *	POST /register	201 tokens | 400 | 409 email_taken, nickname_taken
 *			415 | 422
 *
 * register.sql makes the account with its profile and first session, and
 * announces it.
 */
#include <string.h>

#include "runtime/http.h"
#include "runtime/json.h"
#include "runtime/nickname.h"
#include "runtime/password.h"
#include "runtime/session.h"
#include "runtime/uuid.h"

#include "register.sql.h"

struct registration {
	const char *email;
	const char *password;
	const char *nickname;	/* NULL: none yet */
	const char *device;	/* NULL: from User-Agent */
};

static const struct json_field registration_fields[] = {
	JSON_EMAIL(struct registration, email),
	JSON_TEXT(struct registration, password, 8, 256),
	JSON_TEXT(struct registration, nickname, 0, 128),
	JSON_TEXT(struct registration, device, 0, 64),
	{ 0 }
};

static enum err taken(struct req *req, const char *code)
{
	return http_fail(req, ERR_CONFLICT, code,
			 strcmp(code, "email_taken") == 0 ?
			 "The e-mail address is taken" :
			 "The nickname is taken");
}

/* What is taken is refused before the password costs its hash. */
static enum err check(struct req *req, const struct registration *r,
		      struct nickname *nickname)
{
	const char *reason;
	enum err err;

	reason = password_weakness(r->password, r->email);
	if (reason)
		return http_invalid(req, "/password", reason);
	reason = r->nickname ? nickname_read(req->arena, r->nickname, nickname)
			     : NULL;
	if (reason)
		return http_invalid(req, "/nickname", reason);

	err = db_one(req->db, &sql_account_taken,
		     ARGS(r->email, nickname->key), &reason);
	if (err == ERR_NOT_FOUND)
		return OK;

	return err ? err : taken(req, reason);
}

static enum err account_create(struct req *req)
{
	const char *account = uuid_new(req->arena);
	struct nickname nickname = { 0 };
	struct session session;
	struct registration r;
	const char *hash, *doc;
	enum err err;

	err = http_body(req, registration_fields, &r);
	if (err)
		return err;
	err = check(req, &r, &nickname);
	if (err)
		return err;
	err = password_hash(req->arena, r.password, &hash);
	if (err)
		return err;

	session_new(req, r.device, &session);
	err = db_one(req->db, &sql_account_create,
		     ARGS(account, r.email, hash, nickname.shown, nickname.key,
			  nickname.search, session.id, session.device,
			  req->address, session.idle_s, session.ttl_s,
			  req->traceparent), &doc);
	if (err == ERR_NOT_FOUND)
		return taken(req, "email_taken");
	if (err == ERR_CONFLICT)
		return taken(req, "nickname_taken");
	if (err)
		return err;

	return session_tokens(req, 201, account, session.id, 0, doc);
}

const struct route routes[] = {
	{ "POST", "/register", AUTH_NONE, account_create, .creates = true },
	{ 0 }
};
