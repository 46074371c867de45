/*
 * pool_scale.h - how many workers for which load.
 *
 * Up fast: at the first sample that shows too much load one worker more, then
 * two, four and so on, each as soon as those before serve.  Down slowly: one
 * fewer when the load would have fitted for IDLE_S, and to none only when
 * nothing was asked for so long.  Workers that take no requests stay.
 */
#ifndef RUNTIME_POOL_SCALE_H
#define RUNTIME_POOL_SCALE_H

#include <stdbool.h>
#include <stdint.h>

enum { SCALE_SAMPLE_MS = 100 };		/* between samples of the load */

/* The workers that may be. */
struct range {
	int min, max;
};

/* What the workers of a generation say of themselves. */
struct load {
	bool starting;			/* some don't serve yet */
	int busy, threads;		/* threads 0: none takes requests */
	int queued_ms;			/* the last requests had waited */
	int64_t asked_ms;		/* when the last one came */
};

/* What a pool remembers of its load.  All 0: nothing yet. */
struct scale {
	int wanted;			/* workers */
	int step;			/* workers more at the next pressure */
	int busy;			/* of 1000 threads, smoothed */
	int64_t low_since_ms;		/* fewer would do; 0: they wouldn't */
};

/* Bring wanted into the range. */
void scale_fit(struct scale *, const struct range *);

/* Bring wanted, which fits, to the load; idle_ms is IDLE_S: see above. */
void scale_next(struct scale *, const struct range *, const struct load *,
		int64_t idle_ms, int64_t now_ms);

#endif
