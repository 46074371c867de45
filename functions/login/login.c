/*
 * login - tokens for an e-mail address and its password.
 *
 *	POST /login	200 tokens | 400 | 401 invalid_credentials | 415 | 422
 *			429 too many failures
 *
 * Every attempt runs the same statement and costs one password hash, whether
 * the account exists or not; so neither answer nor time tells which do.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/conf.h"
#include "runtime/http.h"
#include "runtime/json.h"
#include "runtime/keys.h"
#include "runtime/password.h"
#include "runtime/session.h"

#include "login.sql.h"

struct credentials {
	const char *email;
	const char *password;
	const char *device;	/* NULL: from User-Agent */
};

static const struct json_field credentials_fields[] = {
	JSON_TEXT(struct credentials, email,    1, 254),
	JSON_TEXT(struct credentials, password, 1, 256),
	JSON_TEXT(struct credentials, device,   0,  64),
	{ 0 }
};

/* What login_attempt found. */
enum { ACCOUNT, HASH, THROTTLE_KEY, WAIT_S, CREDENTIALS };

static enum err invalid_credentials(struct req *req)
{
	return http_fail(req, ERR_AUTH, "invalid_credentials",
			 "The e-mail address or password is wrong");
}

static enum err session_start(struct req *req, const struct credentials *c,
			      const char *const *attempt)
{
	const char *new_hash = NULL, *doc;
	struct session session;
	enum err err;

	if (password_outdated(attempt[HASH])) {
		err = password_hash(req->arena, c->password, &new_hash);
		if (err)
			return err;
	}

	session_new(req, c->device, &session);
	err = db_one(req->db, &sql_session_start,
		     ARGS(attempt[ACCOUNT], session.id, session.device,
			  req->address, session.idle_s, session.ttl_s,
			  session.most, new_hash, attempt[THROTTLE_KEY],
			  req->traceparent, attempt[CREDENTIALS]), &doc);
	if (err == ERR_NOT_FOUND)	/* deleted or changed meanwhile */
		return invalid_credentials(req);
	if (err)
		return err;

	return session_tokens(req, 200, attempt[ACCOUNT], session.id, 0, doc);
}

static enum err login(struct req *req)
{
	const char *const *attempt;
	struct credentials c;
	bool matches;
	enum err err;

	err = http_body(req, credentials_fields, &c);
	if (err)
		return err;

	err = db_row(req->db, &sql_login_attempt,
		     ARGS(c.email, req->address,
			  keys_mac(req->arena, "throttle", "", 0),
			  strcmp(conf.email_verification, "required") == 0 ?
			  "true" : "false"),
		     &attempt);
	if (err)
		return err;
	if (attempt[WAIT_S])
		return http_later(req, ERR_THROTTLED, atoi(attempt[WAIT_S]));

	err = password_verify(attempt[HASH], c.password, &matches);
	if (err)
		return err;
	if (!matches)
		return invalid_credentials(req);

	return session_start(req, &c, attempt);
}

const struct route routes[] = {
	{ "POST", "/login", AUTH_NONE, login },
	{ 0 }
};
