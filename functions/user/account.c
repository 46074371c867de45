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

struct deletion {
	struct req *req;
	const char *throttle_key;
};

static enum err delete_once(struct db *db, void *arg)
{
	const struct deletion *d = arg;
	const char *id;
	enum err err;

	err = db_one(db, &sql_user_lock, ARGS(d->req->user), &id);
	if (err)
		return err;

	return db_one(db, &sql_user_delete,
		      ARGS(d->req->user, d->throttle_key, d->req->traceparent),
		      &id);
}

enum err account_delete(struct req *req)
{
	struct deletion deletion = { .req = req };
	struct leaving body = { 0 };
	struct proof proof;
	enum err err = OK;

	if (req->body_bytes > 0)
		err = http_body(req, leaving_fields, &body);
	if (err)
		return err;
	err = proof_check(req, "/password", body.password, &proof);
	if (err)
		return err;

	deletion.throttle_key = proof.throttle_key;
	err = db_atomic(req->db, delete_once, &deletion);
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
