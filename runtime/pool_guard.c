/* pool_guard.c - workers that do too much of something: see pool_private.h. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/log.h"
#include "runtime/pool_private.h"

enum {
	GUARD_MS = 250,			/* between looks */
	STEADY_MS = 1000,		/* ready for so long: it has grown */
};

/* What a thread is in.  Workers write it: it may be anything but endless. */
struct request {
	uint64_t since_us;
	int64_t age_ms;
	char id[40], route[72], statement[40];
};

static void copy_text(char *out, const char *text, size_t bytes)
{
	memcpy(out, text, bytes - 1);
	out[bytes - 1] = '\0';
}

/* False: in none, or another by now. */
static bool read_request(const struct pool *p,
			 const struct scoreboard_worker *w,
			 const struct scoreboard_thread *t, struct request *r)
{
	const int32_t route = t->route;

	r->since_us = t->since_us;
	r->age_ms = p->now_ms - (int64_t)(r->since_us / 1000);
	if (r->since_us == 0 || r->age_ms < 0)
		return false;
	copy_text(r->id, t->request_id, sizeof(r->id));
	copy_text(r->statement, t->statement, sizeof(r->statement));
	if (route >= 0 && route < SCOREBOARD_ROUTES)
		copy_text(r->route, w->route[route].name, sizeof(r->route));
	else
		strcpy(r->route, "a request");

	return t->since_us == r->since_us;
}

static void log_slow(const struct process *w, const struct request *r)
{
	log_request(r->id, NULL);
	log_warn("slow: %s takes %ld ms%s%s, worker %d", r->route, r->age_ms,
		 r->statement[0] ? ", waits for " : "", r->statement, w->pid);
	log_request(NULL, NULL);
}

static void replace_stuck(struct pool *p, struct process *w,
			  const struct request *r)
{
	log_request(r->id, NULL);
	log_error("worker %d is stuck and replaced: %s takes %ld ms%s%s",
		  w->pid, r->route, r->age_ms,
		  r->statement[0] ? ", waits for " : "", r->statement);
	log_request(NULL, NULL);
	p->board->restarts[RESTART_STUCK]++;
	process_stop(p, w);
}

static void guard_threads(struct pool *p, struct process *w,
			  const struct scoreboard_worker *slot)
{
	const struct limits *most = &w->limits;
	struct request r;

	for (int i = 0; i < SCOREBOARD_THREADS; i++) {
		if (!read_request(p, slot, &slot->thread[i], &r))
			continue;
		if (most->slow_ms && r.age_ms >= most->slow_ms &&
		    w->slow_us[i] != r.since_us) {
			w->slow_us[i] = r.since_us;
			p->board->slow++;
			log_slow(w, &r);
		}
		if (most->stuck_ms && r.age_ms >= most->stuck_ms &&
		    w->state == WORKER_READY)
			replace_stuck(p, w, &r);
	}
}

/* In memory; 0 if it has ended. */
static uint64_t resident_bytes(pid_t pid)
{
	char path[32];
	unsigned long pages = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%*u %lu", &pages) != 1)
		pages = 0;
	fclose(file);

	return pages * (unsigned long)sysconf(_SC_PAGESIZE);
}

static bool is_replacing(const struct pool *p)
{
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		if (p->process[i].pid && p->process[i].outgoing)
			return true;
	return false;
}

/* One after the other, so that slots and memory suffice. */
static void guard_memory(struct pool *p, struct process *w, uint64_t bytes)
{
	const uint64_t mb = bytes >> 20;

	if (w->limits.rss_mb == 0 || w->state != WORKER_READY ||
	    w->generation != p->serving.number || is_replacing(p) ||
	    p->now_ms - w->since_ms < STEADY_MS ||
	    mb <= (uint64_t)w->limits.rss_mb)
		return;

	log_warn("worker %d has %lu MB in memory and is replaced", w->pid, mb);
	p->board->restarts[RESTART_MEMORY]++;
	w->outgoing = true;
}

int64_t guard_at_ms(const struct pool *p)
{
	return p->running ? p->guard_at_ms : NEVER;
}

void guard_workers(struct pool *p)
{
	if (p->now_ms < guard_at_ms(p))
		return;
	p->guard_at_ms = p->now_ms + GUARD_MS;
	for (int i = 0; i < SCOREBOARD_WORKERS; i++) {
		struct scoreboard_worker *slot = &p->board->worker[i];
		struct process *w = &p->process[i];
		uint64_t bytes;

		if (!w->pid)
			continue;
		guard_threads(p, w, slot);
		bytes = resident_bytes(w->pid);
		slot->resident_bytes = bytes;
		guard_memory(p, w, bytes);
	}
}
