/* pool_generation.c - loads, and the number of workers: see pool.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/pool_private.h"

enum {
	DELAY_MS = 100, DELAY_MAX_MS = 10000,
	WANTED_MAX = SCOREBOARD_WORKERS / 2,	/* two generations fit */
};

/* conf_read() ends the process at a bad value; a child tries it first. */
static bool conf_is_good(const char *file)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		conf_read(file);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		log_error("%s: no process reads it: %s", file,
			  strerror(errno));
		return false;
	}
	return status == 0;
}

bool generation_read(const char *dir, struct generation *out)
{
	char release[PATH_MAX], path[PATH_MAX + sizeof("/function.conf")];
	struct generation g = { .delay_ms = DELAY_MS };

	snprintf(path, sizeof(path), "%s/current", dir);
	if (!realpath(path, release)) {
		log_error("%s: %s", path, strerror(errno));
		return false;
	}
	snprintf(path, sizeof(path), "%s/function.conf", release);
	if (!conf_is_good(path))
		return false;

	conf_read(path);
	g.processes = conf.processes;
	g.memory_mb = conf.memory_mb;
	g.ready_ms = conf.ready_ms;
	g.bake_ms = conf.bake_ms;
	g.drain_ms = conf.drain_ms;
	snprintf(g.release, sizeof(g.release), "%s",
		 strrchr(release, '/') + 1);
	snprintf(g.program, sizeof(g.program), "%s%s", release,
		 strrchr(dir, '/'));

	*out = g;
	return true;
}

static int wanted(const struct pool *p, const struct generation *g)
{
	return p->scaled ? p->scaled : g->processes;
}

static void stop_generation(struct pool *p, int number)
{
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		if (p->process[i].pid && p->process[i].generation == number)
			process_stop(p, &p->process[i]);
}

void generation_serve(struct pool *p, struct generation g)
{
	p->serving = g;
	p->loading.number = 0;
	memcpy(p->board->release, g.release, sizeof(g.release));
	p->board->generation = g.number;
	p->board->loading = 0;
	log_info("generation %d serves, release %s", g.number, g.release);
}

static void load_fail(struct pool *p)
{
	log_error("generation %d failed, %d keeps serving", p->tried,
		  p->serving.number);
	stop_generation(p, p->tried);
	p->loading.number = 0;
	p->board->failed = p->tried;
	p->board->loading = 0;
}

static void load_begin(struct pool *p)
{
	p->load_asked = false;
	p->board->loading = ++p->tried;
	if (!generation_read(p->dir, &p->loading)) {
		load_fail(p);
		return;
	}
	p->loading.number = p->tried;
	log_info("generation %d starts, release %s", p->tried,
		 p->loading.release);
}

/* The new generation serves once it is ready and has baked. */
static void load_continue(struct pool *p)
{
	struct generation *g = &p->loading;
	const int old = p->serving.number;

	if (process_count(p, g->number, WORKER_READY, WORKER_READY) <
	    wanted(p, g))
		return;
	if (!g->baked_at_ms)
		g->baked_at_ms = p->now_ms + g->bake_ms;
	if (p->now_ms < g->baked_at_ms)
		return;

	generation_serve(p, *g);
	stop_generation(p, old);
}

static void delay(struct pool *p, struct generation *g, bool steady)
{
	if (steady) {
		g->delay_ms = DELAY_MS;
		if (g->start_at_ms > p->now_ms + DELAY_MS)
			g->start_at_ms = p->now_ms + DELAY_MS;
	}
	/* Those that die while one waits are replaced together with it. */
	if (g->start_at_ms > p->now_ms)
		return;
	g->start_at_ms = p->now_ms + g->delay_ms;
	g->delay_ms *= 2;
	if (g->delay_ms > DELAY_MAX_MS)
		g->delay_ms = DELAY_MAX_MS;
}

void generation_lose(struct pool *p, int generation, bool steady)
{
	if (p->loading.number == generation)
		load_fail(p);
	else
		delay(p, &p->serving, steady);
}

/* Of a generation that has too many: one not ready, else the last. */
static struct process *superfluous(struct pool *p, int generation)
{
	struct process *choice = NULL;

	for (int i = 0; i < SCOREBOARD_WORKERS; i++) {
		struct process *w = &p->process[i];

		if (w->pid && w->generation == generation &&
		    w->state != WORKER_DRAINING &&
		    (!choice || w->state <= choice->state))
			choice = w;
	}
	return choice;
}

/* Bring a generation to the number wanted, as far as slots are free. */
static void adjust(struct pool *p, struct generation *g)
{
	struct process *w;
	int missing = wanted(p, g) - process_count(p, g->number,
						   WORKER_STARTING,
						   WORKER_READY);

	for (; missing < 0; missing++)
		process_stop(p, superfluous(p, g->number));

	for (; missing > 0 && p->now_ms >= g->start_at_ms; missing--) {
		w = process_free(p);
		if (!w)
			return;
		if (!process_start(p, w, g)) {
			generation_lose(p, g->number, false);
			return;
		}
	}
}

void generation_decide(struct pool *p)
{
	if (p->leaving)
		return;

	if (p->load_asked && !p->loading.number)
		load_begin(p);
	p->board->wanted = wanted(p, &p->serving);
	adjust(p, &p->serving);
	if (p->loading.number)
		adjust(p, &p->loading);
	if (p->loading.number)
		load_continue(p);
}

void generation_scale(struct pool *p, int by)
{
	const int n = wanted(p, &p->serving) + by;

	if (n < 1 || n > WANTED_MAX) {
		log_warn("there can't be %d workers", n);
		return;
	}
	p->scaled = n;
	log_info("%d workers wanted", n);
}
