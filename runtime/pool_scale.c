/* pool_scale.c - see pool_scale.h. */
#include "runtime/pool_scale.h"

enum {
	BUSY = 750,		/* of 1000 threads: more workers */
	CALM = 500,		/* and with one worker fewer: fewer */
	QUEUED_MS = 50,		/* a request waited for long */
};

/* Half of what was and half of what is: a single sample may be chance. */
static void smooth(struct scale *s, const struct load *l)
{
	s->busy = (s->busy + 1000 * l->busy / l->threads) / 2;
}

static void grow(struct scale *s, const struct range *r)
{
	s->step = s->step ? 2 * s->step : 1;
	s->wanted += s->step;
	if (s->wanted >= r->max) {
		s->wanted = r->max;
		s->step = 0;
	}
}

/* One worker fewer would do, now. */
static bool is_low(const struct scale *s, const struct load *l)
{
	if (s->wanted == 1)
		return l->busy == 0;
	return s->busy * s->wanted <= CALM * (s->wanted - 1);
}

static void shrink(struct scale *s, const struct load *l, int64_t idle_ms,
		   int64_t now_ms)
{
	if (!is_low(s, l)) {
		s->low_since_ms = 0;
		return;
	}
	if (s->low_since_ms == 0)
		s->low_since_ms = now_ms;
	/* A request between two samples is one, too. */
	if (s->wanted == 1 && l->asked_ms > s->low_since_ms)
		s->low_since_ms = l->asked_ms;
	if (now_ms - s->low_since_ms < idle_ms)
		return;
	s->wanted--;
	s->low_since_ms = 0;
}

void scale_fit(struct scale *s, const struct range *r)
{
	if (s->wanted < r->min)
		s->wanted = r->min;
	if (s->wanted > r->max)
		s->wanted = r->max;
}

void scale_next(struct scale *s, const struct range *r, const struct load *l,
		int64_t idle_ms, int64_t now_ms)
{
	if (l->starting || l->threads == 0)
		return;

	smooth(s, l);
	if (s->busy >= BUSY || l->queued_ms >= QUEUED_MS) {
		s->low_since_ms = 0;
		grow(s, r);
		return;
	}
	s->step = 0;
	if (s->wanted > r->min)
		shrink(s, l, idle_ms, now_ms);
}
