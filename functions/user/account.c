/* account.c - leaving, and taking one's data along. */
#include "runtime/json.h"
#include "runtime/proof.h"

#include "functions/user/user.h"

#include "user.sql.h"

struct leaving {
	const char *password;	/* NULL: none given */
};

static const struct json_field leaving_fields[] = {
	JSON_TEXT(struct leaving, password, 0, 256),
	{ 0 }
};

enum err account_delete(struct req *req)
{
	struct leaving body = { 0 };
	struct proof proof;
	const char *id;
	enum err err = OK;

	if (req->body_bytes > 0)
		err = http_body(req, leaving_fields, &body);
	if (err)
		return err;
	err = proof_check(req, "/password", body.password, &proof);
	if (err)
		return err;

	err = db_one(req->db, &sql_user_delete,
		     ARGS(req->user, proof.throttle_key, req->traceparent), &id);
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
