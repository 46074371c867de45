/*
 * register - make an account with an e-mail address and a password.
 *
 *	POST /register	201 tokens | 400 | 409 email_taken, nickname_taken
 *			415 | 422
 *			202 if the address must be verified first
 *
 * register.sql makes the account with its profile and first session, and
 * announces it.  If the address must be verified first there is no session,
 * and nothing tells whether it has an account already but a mail to it.
 */
#include <string.h>

#include "runtime/conf.h"
#include "runtime/http.h"
#include "runtime/json.h"
#include "runtime/keys.h"
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

static bool verification_is(const char *how)
{
	return strcmp(conf.email_verification, how) == 0;
}

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
		     ARGS(verification_is("required") ? NULL : r->email,
			  nickname->key), &reason);
	if (err == ERR_NOT_FOUND)
		return OK;

	return err ? err : taken(req, reason);
}

/* The nickname is taken with the link: or it would tell of the account. */
static enum err create_unverified(struct req *req, const struct registration *r,
				  const struct nickname *nickname,
				  const char *hash)
{
	const char *sent;
	enum err err;

	err = db_one(req->db, &sql_account_create_unverified,
		     ARGS(uuid_new(req->arena), r->email, hash,
			  nickname->shown, nickname->key, nickname->search,
			  keys_mac(req->arena, "mail", "", 0),
			  req->traceparent), &sent);
	if (err)
		return err;

	return http_json(req, 202, "{}");
}

static enum err create(struct req *req, const struct registration *r,
		       const struct nickname *nickname, const char *hash)
{
	const char *account = uuid_new(req->arena), *doc;
	struct session session;
	enum err err;

	session_new(req, r->device, &session);
	err = db_one(req->db, &sql_account_create,
		     ARGS(account, r->email, hash, nickname->shown,
			  nickname->key, nickname->search, session.id,
			  session.device, req->address, session.idle_s,
			  session.ttl_s, req->traceparent,
			  verification_is("optional") ?
			  keys_mac(req->arena, "mail", "", 0) : NULL), &doc);
	if (err == ERR_NOT_FOUND)
		return taken(req, "email_taken");
	if (err == ERR_CONFLICT)
		return taken(req, "nickname_taken");
	if (err)
		return err;

	return session_tokens(req, 201, account, session.id, 0, doc);
}

static enum err account_create(struct req *req)
{
	struct nickname nickname = { 0 };
	struct registration r;
	const char *hash;
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

	return verification_is("required") ?
		create_unverified(req, &r, &nickname, hash) :
		create(req, &r, &nickname, hash);
}

const struct route routes[] = {
	{ "POST", "/register", AUTH_NONE, account_create, .creates = true },
	{ 0 }
};
