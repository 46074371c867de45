/* functions.c - GET /ops/functions: the scoreboards as JSON. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "functions/ops/ops.h"
#include "runtime/conf.h"
#include "runtime/metrics.h"

static bool runs(struct req *req, const struct scoreboard *b)
{
	return scoreboard_keeper(function_path(req->arena, b->function,
					       "scoreboard")) != 0;
}

static const char *state_of(const struct totals *t, bool is_running)
{
	if (!is_running)
		return "stopped";
	if (t->board->loading)
		return "loading";
	if (t->workers[WORKER_READY] > 0)
		return "running";
	return t->board->wanted > 0 ? "waiting" : "asleep";
}

/* In memory, of a process; 0: not known. */
static json_int_t resident_bytes(pid_t pid)
{
	char path[32];
	long pages = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	fclose(file);

	return pages * sysconf(_SC_PAGESIZE);
}

static json_t *memory(const struct scoreboard *b)
{
	json_int_t bytes = 0;

	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		if (b->worker[i].pid)
			bytes += resident_bytes(b->worker[i].pid);

	return bytes ? json_integer(bytes) : json_null();
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
	static const char *const reasons[RESTARTS] = {
		[RESTART_DIED] = "died",
		[RESTART_LATE] = "late",
		[RESTART_STUCK] = "stuck",
		[RESTART_MEMORY] = "memory",
	};
	json_t *doc = json_object();

	for (int i = 0; i < RESTARTS; i++)
		json_object_set_new(doc, reasons[i], json_integer(
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
	static const struct totals none;
	const struct scoreboard *b = t->board;
	const bool is_running = runs(req, b);
	const struct totals *now = is_running ? t : &none;

	return json_pack("{s:s,s:s,s:s?,s:s?,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:f,"
			 "s:I,s:i,s:o}", "name", b->function,
			 "state", state_of(t, is_running),
			 "release", is_running && *b->release ? b->release
							      : NULL,
			 "previous", function_points(req->arena, b->function,
						     "previous"),
			 "generation", is_running ? b->generation : 0,
			 "ready", now->workers[WORKER_READY],
			 "wanted", is_running ? b->wanted : 0,
			 "min", is_running ? b->min : 0,
			 "max", is_running ? b->max : 0,
			 "threads", now->threads, "busy", now->busy,
			 "queue_age_ms", now->queued_s * 1e3,
			 "lag", (json_int_t)now->lag,
			 "streams", now->streams,
			 "memory_bytes", is_running ? memory(b) : json_null());
}

static json_t *function(struct req *req, const struct totals *t)
{
	json_t *doc = gauges(req, t);

	json_object_update_new(doc, counters(t));
	return doc;
}

/* Of a clock that is the same for all processes and never goes back. */
static json_int_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
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
