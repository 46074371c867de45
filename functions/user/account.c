/* account.c - leaving, and taking one's data along. */
#include <stdlib.h>
#include <string.h>

#include "runtime/json.h"
#include "runtime/keys.h"
#include "runtime/password.h"

#include "functions/user/user.h"

#include "user.sql.h"

struct proof {
	const char *password;	/* NULL: none given */
};

static const struct json_field proof_fields[] = {
	JSON_TEXT(struct proof, password, 0, 256),
	{ 0 }
};

/* What user_proof found. */
enum { HASH, WAIT_S, RECENT };

/* The password; who has none must have signed in a moment ago. */
static enum err prove(struct req *req, const char *throttle_key,
		      const char *password)
{
	const char *const *row;
	bool matches;
	enum err err;

	err = db_row(req->db, &sql_user_proof,
		     ARGS(req->user, req->session,
			  password ? throttle_key : NULL), &row);
	if (err)
		return err;
	if (!row[HASH])
		return row[RECENT] ? OK : http_fail(req, ERR_DENIED,
			"sign_in_again", "This needs a recent sign-in");
	if (!password)
		return http_invalid(req, "/password", "required");
	if (row[WAIT_S])
		return http_later(req, ERR_THROTTLED, atoi(row[WAIT_S]));

	err = password_verify(row[HASH], password, &matches);
	if (err)
		return err;

	return matches ? OK : http_fail(req, ERR_DENIED, "wrong_password",
					"The password is wrong");
}

enum err account_delete(struct req *req)
{
	const char *key = keys_mac(req->arena, "proof", req->user,
				   strlen(req->user));
	struct proof proof = { 0 };
	const char *id;
	enum err err = OK;

	if (req->body_bytes > 0)
		err = http_body(req, proof_fields, &proof);
	if (err)
		return err;
	err = prove(req, key, proof.password);
	if (err)
		return err;

	err = db_one(req->db, &sql_user_delete,
		     ARGS(req->user, key, req->traceparent), &id);
	if (err)
		return err;

	return http_empty(req, 204);
}

enum err account_export(struct req *req)
{
	const char *doc;
	enum err err;

	err = db_one(req->db, &sql_user_export, ARGS(req->user), &doc);
	if (err)
		return err;

	return http_json(req, 200, doc);
}
