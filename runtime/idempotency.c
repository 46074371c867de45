/* idempotency.c - see idempotency.h. */
#include <stdlib.h>
#include <string.h>

#include "runtime/idempotency.h"
#include "runtime/keys.h"

#include "idempotency.sql.h"

enum { KEY_BYTES = 128 };

/* One run: what it is known by. */
struct run {
	struct req *req;
	const char *key;	/* hex */
	const char *request;	/* hex */
};

static bool key_valid(const char *key)
{
	size_t bytes = strlen(key);

	for (const char *c = key; *c; c++)
		if (*c < ' ' || *c > '~')
			return false;

	return bytes >= 1 && bytes <= KEY_BYTES;
}

static enum err answer_again(struct run *run)
{
	struct req *req = run->req;
	const char *const *row;
	const char *doc;
	enum err err;
	int status;

	err = db_row(req->db, &sql_idempotency_get, ARGS(run->key), &row);
	if (err)
		return err;
	if (strcmp(row[0], run->request) != 0)
		return http_fail(req, ERR_INVALID, "idempotency_key_reused",
				 "The key came with another request before");

	err = keys_open(req->arena, "answer", run->key, row[2], &doc);
	if (err)
		return ERR_INTERNAL;

	status = atoi(row[1]);
	return *doc ? http_json(req, status, doc) : http_empty(req, status);
}

static enum err run_once(struct db *db, void *arg)
{
	struct run *run = arg;
	struct req *req = run->req;
	const char *account, *claimed;
	enum err err;

	/* A run before this one may have failed half-way. */
	req->reply = (struct reply){ 0 };
	req->errors = NULL;

	/* Waits for a run of the same key that is under way. */
	err = db_one(db, &sql_idempotency_claim, ARGS(run->key, run->request),
		     &claimed);
	if (err == ERR_NOT_FOUND)
		return answer_again(run);
	if (err)
		return err;

	err = req->route->handler(req);
	if (err)
		return err;

	account = req->route->auth == AUTH_SERVICE ? NULL : req->user;

	return db_one(db, &sql_idempotency_store,
		      ARGS(run->key, arena_printf(req->arena, "%d",
						  req->reply.status),
			   keys_seal(req->arena, "answer", run->key,
				     req->reply.body), account), &claimed);
}

enum err idempotency_run(struct req *req)
{
	struct run run = { .req = req };
	const char *whose;

	if (!key_valid(req->idempotency_key))
		return http_fail(req, ERR_INVALID, "idempotency_key_invalid",
				 "The key is 1 to 128 printable characters");

	whose = arena_printf(req->arena, "%s %s %s", req->user ?: "-",
			     req->path, req->idempotency_key);
	run.key = keys_mac(req->arena, "idempotency key", whose,
			   strlen(whose));
	run.request = keys_mac(req->arena, "idempotency request", req->body,
			       req->body_bytes);

	return db_atomic(req->db, run_once, &run);
}
