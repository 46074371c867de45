/*
 * ops - what operators and their monitoring ask.
 *
 * On the internal listener:
 *
 *	GET /healthz	200: nginx and this function answer
 *	GET /readyz	200 | 503: the database answers too
 *	GET /metrics	200, Prometheus text of all functions
 *
 * For the operations page, with a token of the scope operations:read, or
 * operations:write to act:
 *
 *	GET /ops/functions	200, what each does, from the scoreboards
 *	GET /ops/releases?name=	200, what is kept of one | 404
 *	POST /ops/scale		200 | 404 | 409 "not_taken" | 422
 *	POST /ops/rollback	the same
 */
#include "functions/ops/ops.h"
#include "runtime/conf.h"
#include "runtime/metrics.h"

#include "ops.sql.h"

static enum err health_get(struct req *req)
{
	return http_json(req, 200, "{\"status\":\"ok\"}");
}

static enum err ready_get(struct req *req)
{
	const char *one;
	enum err err;

	err = db_one(req->db, &sql_ready, NO_ARGS, &one);
	if (err)
		return err;

	return http_json(req, 200, "{\"status\":\"ok\"}");
}

static enum err metrics_get(struct req *req)
{
	const char *text;
	enum err err;

	err = metrics_print(req->arena, conf.functions ?: ".", &text);
	if (err)
		return err;

	return http_text(req, 200, "text/plain; version=0.0.4; charset=utf-8",
			 text);
}

#define READ  .scope = "operations:read"
#define WRITE .scope = "operations:write"

const struct route routes[] = {
	{ "GET",  "/healthz",       AUTH_INTERNAL, health_get },
	{ "GET",  "/readyz",        AUTH_INTERNAL, ready_get },
	{ "GET",  "/metrics",       AUTH_INTERNAL, metrics_get },
	{ "GET",  "/ops/functions", AUTH_SERVICE,  functions_list, READ },
	{ "GET",  "/ops/releases",  AUTH_SERVICE,  releases_list,  READ },
	{ "POST", "/ops/scale",     AUTH_SERVICE,  scale_post,     WRITE },
	{ "POST", "/ops/rollback",  AUTH_SERVICE,  rollback_post,  WRITE },
	{ 0 }
};
