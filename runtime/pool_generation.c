/* pool_generation.c - which workers there are, and loads: see pool.c. */
#include <stdio.h>
#include <string.h>

#include "runtime/log.h"
#include "runtime/pool_private.h"

enum {
	DELAY_MS = 100, DELAY_MAX_MS = 10000,
};

struct range generation_range(const struct pool *p, const struct generation *g)
{
	return p->scaled.max ? p->scaled : g->processes;
}

/* A generation that loads shows that it can. */
static int wanted(const struct pool *p, const struct generation *g)
{
	const int n = p->scale.wanted;

	return g == &p->loading && (n == 0 || g->canary) ? 1 : n;
}

static void stop_generation(struct pool *p, int number)
{
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		if (p->process[i].pid && p->process[i].generation == number)
			process_stop(p, &p->process[i]);
}

void generation_serve(struct pool *p, struct generation g)
{
	generation_free(&p->serving);
	p->serving = g;
	p->loading = (struct generation){ 0 };
	if (p->scale.wanted == 0)
		p->scale.wanted = 1;
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
	generation_free(&p->loading);
	p->board->failed = p->tried;
	p->board->loading = 0;
}

static void load_begin(struct pool *p)
{
	p->load_asked = false;
	p->board->loading = ++p->tried;
	if (!generation_read(p->dir, "current", &p->loading)) {
		load_fail(p);
		return;
	}
	p->loading.number = p->tried;
	log_info("generation %d starts, release %s", p->tried,
		 p->loading.release);
}

static bool is_complete(const struct pool *p, const struct generation *g)
{
	return process_count(p, g->number, WORKER_READY, WORKER_READY) >=
	       wanted(p, g);
}

/* The new generation serves once it, or one of it alone, has baked. */
static void load_continue(struct pool *p)
{
	struct generation *g = &p->loading;
	const int old = p->serving.number;

	if (watch_fails(p, g->number)) {
		load_fail(p);
		return;
	}
	if (!is_complete(p, g))
		return;
	if (!g->baked_at_ms)
		g->baked_at_ms = p->now_ms + g->bake_ms;
	if (p->now_ms < g->baked_at_ms)
		return;
	g->canary = false;
	if (!is_complete(p, g))
		return;

	generation_serve(p, *g);
	stop_generation(p, old);
}

static void delay(struct pool *p, struct generation *g, bool steady)
{
	if (steady || g->delay_ms == 0)
		g->delay_ms = DELAY_MS;
	if (steady && g->start_at_ms > p->now_ms + DELAY_MS)
		g->start_at_ms = p->now_ms + DELAY_MS;
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

		if (w->pid && w->generation == generation && !w->outgoing &&
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

/* Others have taken their places. */
static void stop_outgoing(struct pool *p)
{
	const int number = p->serving.number;

	if (process_count(p, number, WORKER_READY, WORKER_READY) <
	    p->scale.wanted)
		return;
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		if (p->process[i].pid && p->process[i].outgoing &&
		    p->process[i].generation == number)
			process_stop(p, &p->process[i]);
}

static void fit(struct pool *p)
{
	const struct range r = generation_range(p, &p->serving);

	scale_fit(&p->scale, &r);
	p->board->wanted = p->scale.wanted;
	p->board->min = r.min;
	p->board->max = r.max;
}

void generation_decide(struct pool *p)
{
	if (p->leaving)
		return;

	if (p->load_asked && !p->loading.number)
		load_begin(p);
	fit(p);
	adjust(p, &p->serving);
	stop_outgoing(p);
	if (p->loading.number)
		load_continue(p);
	if (p->loading.number)
		adjust(p, &p->loading);
}

void generation_shift(struct pool *p, int by)
{
	struct range r = generation_range(p, &p->serving);

	r.min += by;
	r.max += by;
	if (r.min < 1 || r.max > WANTED_MAX) {
		log_warn("there can't be %d workers", by > 0 ? r.max : r.min);
		return;
	}
	p->scaled = r;
	log_info("%d to %d workers wanted", r.min, r.max);
}

/* Of a generation that was loaded; it keeps all else. */
static void resize(struct pool *p, struct generation *g)
{
	char link[sizeof("releases/") + sizeof(g->release)];
	struct generation now;

	snprintf(link, sizeof(link), "releases/%s", g->release);
	if (!generation_read(p->dir, link, &now))
		return;
	g->processes = now.processes;
	generation_free(&now);
	log_info("%d to %d workers wanted of generation %d", g->processes.min,
		 g->processes.max, g->number);
}

void generation_resize(struct pool *p)
{
	p->scaled = (struct range){ 0 };
	resize(p, &p->serving);
	if (p->loading.number)
		resize(p, &p->loading);
}

void generation_knock(struct pool *p)
{
	p->scale = (struct scale){ .wanted = 1 };
}
