/* pool_watch.c - load and failures, as workers say: see pool_private.h. */
#include "runtime/log.h"
#include "runtime/pool_private.h"

enum {
	FAILED_MIN = 2,			/* one may be a client's doing */
	FAILED_SHARE = 10,		/* of so many: too many */
};

static int threads_of(const struct scoreboard_worker *w)
{
	const int32_t n = w->threads;

	return n < 0 ? 0 : n > SCOREBOARD_THREADS ? SCOREBOARD_THREADS : n;
}

static void add_load(struct load *l, const struct scoreboard_worker *w,
		     int64_t now_ms)
{
	const int64_t asked_ms = (int64_t)(w->asked_us / 1000);
	const int64_t queued_ms = (int64_t)(w->queued_us / 1000);

	l->busy += scoreboard_busy(w);
	l->threads += threads_of(w);
	if (asked_ms > now_ms)
		return;
	if (asked_ms > l->asked_ms)
		l->asked_ms = asked_ms;
	if (now_ms - asked_ms <= SCALE_SAMPLE_MS && queued_ms > l->queued_ms)
		l->queued_ms = queued_ms > 60000 ? 60000 : (int)queued_ms;
}

/* Of the generation that serves. */
static struct load read_load(const struct pool *p)
{
	struct load l = { 0 };

	for (int i = 0; i < SCOREBOARD_WORKERS; i++) {
		const struct process *w = &p->process[i];

		if (!w->pid || w->generation != p->serving.number)
			continue;
		if (w->state == WORKER_READY)
			add_load(&l, &p->board->worker[i], p->now_ms);
		l.starting |= w->state == WORKER_STARTING;
	}
	return l;
}

bool watch_fails(const struct pool *p, int generation)
{
	uint64_t answered = 0, failed = 0;

	for (int i = 0; i < SCOREBOARD_WORKERS; i++) {
		if (!p->process[i].pid ||
		    p->process[i].generation != generation)
			continue;
		answered += p->board->worker[i].answered;
		failed += p->board->worker[i].failed;
	}
	if (failed < FAILED_MIN || failed * FAILED_SHARE < answered)
		return false;
	log_error("generation %d answers 500: %lu of %lu requests", generation,
		  failed, answered);

	return true;
}

int64_t watch_at_ms(const struct pool *p)
{
	const struct range r = generation_range(p, &p->serving);

	if (r.min == r.max || p->scale.wanted == 0 || p->leaving)
		return NEVER;
	return p->sample_at_ms;
}

void watch_load(struct pool *p)
{
	const struct range r = generation_range(p, &p->serving);
	const int before = p->scale.wanted;
	struct load l;

	if (p->now_ms < watch_at_ms(p))
		return;
	p->sample_at_ms = p->now_ms + SCALE_SAMPLE_MS;
	l = read_load(p);
	scale_next(&p->scale, &r, &l, p->serving.idle_ms, p->now_ms);
	if (p->scale.wanted == before)
		return;

	if (p->scale.wanted > before)
		p->board->scaled_up++;
	else
		p->board->scaled_down++;
	log_info("%d workers wanted instead of %d: %d of %d threads busy, "
		 "requests waited %d ms", p->scale.wanted, before, l.busy,
		 l.threads, l.queued_ms);
}
