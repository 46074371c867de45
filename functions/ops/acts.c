/* acts.c - POST /ops/scale and /ops/rollback: who asks, and what is done. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "functions/ops/operator.h"
#include "functions/ops/ops.h"
#include "runtime/conf.h"
#include "runtime/crowd.h"
#include "runtime/log.h"

#include "ops.sql.h"

/* Of a request's time, for all but the operator. */
enum { OTHER_MS = 1000 };

enum { WORKERS_MAX = 32 };	/* runtime/conf.c: PROCESSES_MAX */

struct scale {
	const char *name;
	const char *workers;	/* N or MIN..MAX */
};

static const struct json_field scale_fields[] = {
	JSON_TEXT(struct scale, name, 1, 31),
	JSON_TEXT(struct scale, workers, 1, 6),
	{ 0 }
};

struct rollback {
	const char *name;
	const char *release;	/* NULL: the one before */
};

static const struct json_field rollback_fields[] = {
	JSON_TEXT(struct rollback, name, 1, 31),
	JSON_TEXT(struct rollback, release, 0, 63),
	{ 0 }
};

/* Moves text behind a number of workers. */
static bool parse_workers(const char **text, int *n)
{
	const size_t digits = strspn(*text, "0123456789");

	if (digits < 1 || digits > 2)
		return false;
	*n = atoi(*text);
	*text += digits;

	return *n <= WORKERS_MAX;
}

static bool is_range(const char *text)
{
	int min, max;

	if (!parse_workers(&text, &min))
		return false;
	max = min;
	if (strncmp(text, "..", 2) == 0) {
		text += 2;
		if (!parse_workers(&text, &max))
			return false;
	}
	return *text == '\0' && min <= max;
}

static bool is_version(const char *text)
{
	return *text != '.' && *text != '-' &&
	       text[strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "abcdefghijklmnopqrstuvwxyz._-")] == '\0';
}

static enum err reply_outcome(struct req *req, const struct outcome *o)
{
	if (o->code == FN_DONE)
		return reply_document(req, json_pack("{s:s}", "output",
						     o->output));

	req->detail = o->output;
	if (o->code == FN_MISSING)
		return ERR_NOT_FOUND;
	return http_fail(req, ERR_CONFLICT, "not_taken",
			 "It was not taken; what served goes on");
}

/* At most half of the threads: others have to see what happens. */
static enum err ask(struct req *req, const char *line, struct outcome *out)
{
	static const char operator[] = "operator";
	enum err err;

	err = crowd_enter(operator);
	if (err)
		return err;
	err = operator_ask(req->arena, line, conf.timeout_ms - OTHER_MS, out);
	crowd_leave(operator);

	return err;
}

static enum err act(struct req *req, const char *name, const char *line)
{
	struct outcome o;
	const char *who;
	enum err err;

	if (!function_exists(req->arena, name))
		return ERR_NOT_FOUND;
	err = db_one(req->db, &sql_service_name, ARGS(req->user), &who);
	if (err)
		return err;
	db_release(req->db);

	err = ask(req, line, &o);
	if (err)
		log_info("%s asked to %s: not known what came of it", who,
			 line);
	else
		log_info("%s asked to %s: %s", who, line,
			 o.code == FN_DONE ? "done" : arena_printf(
				req->arena, "not done, exit code %d", o.code));

	return err ?: reply_outcome(req, &o);
}

enum err scale_post(struct req *req)
{
	struct scale s;
	enum err err;

	err = http_body(req, scale_fields, &s);
	if (err)
		return err;
	if (!is_range(s.workers))
		return http_invalid(req, "/workers", "out_of_range");

	return act(req, s.name, arena_printf(req->arena, "scale %s %s",
					     s.name, s.workers));
}

enum err rollback_post(struct req *req)
{
	struct rollback r;
	enum err err;

	err = http_body(req, rollback_fields, &r);
	if (err)
		return err;
	if (r.release && !is_version(r.release))
		return http_invalid(req, "/release", "not_allowed");

	return act(req, r.name, arena_printf(req->arena, "rollback %s%s%s",
					     r.name, r.release ? " " : "",
					     r.release ?: ""));
}
