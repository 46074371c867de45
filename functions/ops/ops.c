/*
 * ops - what operators and their monitoring ask, on the internal listener.
 *
 *	GET /healthz	200: nginx and this function answer
 *	GET /readyz	200 | 503: the database answers too
 *	GET /metrics	200, Prometheus text of all functions
 */
#include "runtime/conf.h"
#include "runtime/http.h"
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

const struct route routes[] = {
	{ "GET", "/healthz", AUTH_INTERNAL, health_get },
	{ "GET", "/readyz",  AUTH_INTERNAL, ready_get },
	{ "GET", "/metrics", AUTH_INTERNAL, metrics_get },
	{ 0 }
};
