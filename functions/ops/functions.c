/* functions.c - GET /ops/functions: the scoreboards as JSON. */
#include <jansson.h>

#include "functions/ops/ops.h"
#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/metrics.h"

static const char *state_of(const struct totals *t)
{
	if (!t->kept)
		return "stopped";
	if (t->board->loading)
		return "loading";
	if (t->workers[WORKER_READY] > 0)
		return "running";
	return t->board->wanted > 0 ? "waiting" : "asleep";
}

/* By class of status. */
static json_t *requests(const struct totals *t)
{
	json_int_t n[6] = { 0 };

	for (size_t r = 0; r < t->routes; r++)
		for (int s = 0; s < 6; s++)
			n[s] += (json_int_t)t->route[r].status[s];

	return json_pack("{s:I,s:I,s:I,s:I}", "2xx", n[2], "3xx", n[3],
			 "4xx", n[4], "5xx", n[5]);
}

/* Requests by how long they took: of each bucket alone. */
static json_t *latency(const struct totals *t)
{
	json_t *list = json_array();

	for (int b = 0; b < SCOREBOARD_BUCKETS; b++) {
		json_int_t n = 0;

		for (size_t r = 0; r < t->routes; r++)
			n += (json_int_t)t->route[r].bucket[b];
		json_array_append_new(list, json_integer(n));
	}
	return list;
}

static json_t *bounds(void)
{
	json_t *list = json_array();

	for (int b = 0; b < SCOREBOARD_BUCKETS - 1; b++)
		json_array_append_new(list, json_real(
			scoreboard_bucket_us[b] / 1000.0));

	return list;
}

static json_t *restarts(const struct scoreboard *b)
{
	json_t *doc = json_object();

	for (int i = 0; i < RESTARTS; i++)
		json_object_set_new(doc, scoreboard_restart[i], json_integer(
			(json_int_t)b->restarts[i]));

	return doc;
}

/* What only ever grows, until the pool is started anew. */
static json_t *counters(const struct totals *t)
{
	return json_pack("{s:o,s:o,s:o,s:I,s:I,s:I,s:I,s:I}",
			 "requests", requests(t), "latency", latency(t),
			 "restarts", restarts(t->board),
			 "shed", (json_int_t)t->shed,
			 "slow", (json_int_t)t->board->slow,
			 "dead", (json_int_t)t->dead,
			 "published", (json_int_t)t->published,
			 "consumed", (json_int_t)t->consumed);
}

/* What is so now; of a pool that has left all is over. */
static json_t *gauges(struct req *req, const struct totals *t)
{
	const struct scoreboard *b = t->board;

	return json_pack("{s:s,s:s,s:s?,s:s?,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:f,"
			 "s:I,s:i,s:I}", "name", b->function,
			 "state", state_of(t),
			 "release", t->kept && *b->release ? b->release : NULL,
			 "previous", function_points(req->arena, b->function,
						     "previous"),
			 "generation", t->kept ? b->generation : 0,
			 "ready", t->workers[WORKER_READY],
			 "wanted", t->kept ? b->wanted : 0,
			 "min", t->kept ? b->min : 0,
			 "max", t->kept ? b->max : 0,
			 "threads", t->threads, "busy", t->busy,
			 "queue_age_ms", t->queued_s * 1e3,
			 "lag", (json_int_t)t->lag,
			 "streams", t->streams,
			 "memory_bytes", (json_int_t)t->resident_bytes);
}

static json_t *function(struct req *req, const struct totals *t)
{
	json_t *doc = gauges(req, t);

	json_object_update_new(doc, counters(t));
	return doc;
}

enum err functions_list(struct req *req)
{
	const struct totals *all;
	const json_int_t at_ms = now_ms();
	json_t *items;
	enum err err;
	size_t n;

	err = metrics_read(req->arena, conf.functions ?: ".", &all, &n);
	if (err)
		return err;

	items = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(items, function(req, &all[i]));

	return reply_document(req, json_pack("{s:o,s:n,s:I,s:o}",
					     "items", items, "next",
					     "at_ms", at_ms,
					     "bounds_ms", bounds()));
}
