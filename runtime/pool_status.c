/* pool_status.c - --status, for people and as JSON: see pool.c. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "runtime/clock.h"
#include "runtime/pool_private.h"

struct row {
	const char *name;
	int pid;
	const char *state;
	int generation;
	const char *release;
	int part, whole;
};

/* What a board says of all its workers. */
struct sums {
	int ready, busy, threads;
};

static void print_row(const struct row *r)
{
	printf("%-14s %7d %-10s %5d %-24.63s %d/%d\n", r->name, r->pid,
	       r->state, r->generation, r->release[0] ? r->release : "-",
	       r->part, r->whole);
}

pid_t pool_find(const char *dir, char path[PATH_MAX],
		const struct scoreboard **board)
{
	pid_t pid;

	snprintf(path, PATH_MAX, "%s/scoreboard", dir);
	pid = scoreboard_keeper(path);
	switch (scoreboard_open(path, board)) {
	case OK:
		return pid;
	case ERR_CONFLICT:
		if (pid)
			fprintf(stderr, "%s: its pool, %d, is of another "
				"version\n", path, pid);
		return 0;
	default:
		return 0;
	}
}

const char *pool_name(const char *dir)
{
	const char *slash = strrchr(dir, '/');

	return slash ? slash + 1 : dir;
}

static const char *state_of(const struct scoreboard_worker *w)
{
	static const char *const states[] = { "-", "starting", "ready",
					      "draining" };

	return states[w->state & 3];
}

static struct sums sum(const struct scoreboard *board)
{
	struct sums s = { 0 };

	for (int i = 0; i < SCOREBOARD_WORKERS; i++) {
		s.ready += board->worker[i].state == WORKER_READY;
		s.busy += scoreboard_busy(&board->worker[i]);
		s.threads += board->worker[i].threads;
	}
	return s;
}

static void print_worker(const char *name, const struct scoreboard_worker *w)
{
	print_row(&(struct row){ name, w->pid, state_of(w), w->generation,
				 w->release, scoreboard_busy(w), w->threads });
}

/* It serves, or would if somebody asked.  max is the last that a pool says. */
static bool is_well(const struct scoreboard *board, const struct sums *s)
{
	return s->ready > 0 || (board->max > 0 && board->wanted == 0);
}

/* A pool and its workers; false unless it is well. */
static bool print_pool(const char *dir)
{
	const char *name = pool_name(dir);
	const struct scoreboard *board;
	char path[PATH_MAX];
	int pid = pool_find(dir, path, &board);
	struct sums s;
	bool well;

	if (!pid) {
		printf("%-14s %7s %-10s %5s %-24s %s\n", name, "-", "stopped",
		       "-", "-", "-");
		return false;
	}
	s = sum(board);
	print_row(&(struct row){ name, pid, "pool", board->generation,
				 board->release, s.ready, board->wanted });
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		if (board->worker[i].state != WORKER_NONE)
			print_worker(name, &board->worker[i]);
	well = is_well(board, &s);
	scoreboard_close(board);

	return well;
}

int verb_status(int n, char **dirs)
{
	bool all = true;

	for (int i = 0; i < n; i++)
		all &= print_pool(pool_directory(dirs[i]) ?: dirs[i]);

	return all ? 0 : EXIT_STOPPED;
}

static json_t *worker_json(const struct scoreboard_worker *w, uint64_t now_us)
{
	const uint64_t age_us = now_us > w->started_us ? now_us - w->started_us
						       : 0;

	return json_pack("{s:i,s:s,s:i,s:s%,s:i,s:i,s:I}", "pid", w->pid,
			 "state", state_of(w), "generation", w->generation,
			 "release", w->release,
			 strnlen(w->release, sizeof(w->release)),
			 "busy", scoreboard_busy(w), "threads", w->threads,
			 "age_s", (json_int_t)(age_us / 1000000));
}

static json_t *workers_json(const struct scoreboard *board)
{
	json_t *list = json_array();
	const uint64_t now = now_us();

	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		if (board->worker[i].state != WORKER_NONE)
			json_array_append_new(list, worker_json(
				&board->worker[i], now));
	return list;
}

static json_int_t restarts(const struct scoreboard *board)
{
	json_int_t n = 0;

	for (int i = 0; i < RESTARTS; i++)
		n += (json_int_t)board->restarts[i];
	return n;
}

static json_t *pool_json(const char *name, pid_t pid,
			 const struct scoreboard *b, const struct sums *s)
{
	return json_pack("{s:s,s:s,s:i,s:i,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:I,s:o}",
			 "name", name, "state", "running", "pid", pid,
			 "generation", b->generation, "release", b->release,
			 "wanted", b->wanted, "min", b->min, "max", b->max,
			 "ready", s->ready, "busy", s->busy,
			 "threads", s->threads,
			 "restarts", restarts(b),
			 "workers", workers_json(b));
}

/* The same members, without a pool. */
static json_t *stopped_json(const char *name)
{
	return json_pack("{s:s,s:s,s:n,s:n,s:n,s:i,s:i,s:i,s:i,s:i,s:i,s:i,"
			 "s:[]}", "name", name, "state", "stopped", "pid",
			 "generation", "release", "wanted", 0, "min", 0,
			 "max", 0, "ready", 0, "busy", 0, "threads", 0,
			 "restarts", 0, "workers");
}

static bool print_json(const char *dir)
{
	const struct scoreboard *board;
	char path[PATH_MAX];
	pid_t pid = pool_find(dir, path, &board);
	bool well = false;
	struct sums s;
	json_t *doc;

	if (pid) {
		s = sum(board);
		doc = pool_json(pool_name(dir), pid, board, &s);
		well = is_well(board, &s);
		scoreboard_close(board);
	} else {
		doc = stopped_json(pool_name(dir));
	}
	json_dumpf(doc, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(doc);

	return well;
}

int verb_status_json(int n, char **dirs)
{
	bool all = true;

	for (int i = 0; i < n; i++)
		all &= print_json(pool_directory(dirs[i]) ?: dirs[i]);

	return all ? 0 : EXIT_STOPPED;
}
