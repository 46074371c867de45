/*
 * metrics.h - what the scoreboards of all functions say, added up; also as
 * Prometheus text (0.0.4).
 *
 * Ownership: all of it, and the boards that totals point to, last until the
 * arena is reset.
 *
 * Errors: ERR_UNAVAILABLE when the directory can't be read.
 */
#ifndef RUNTIME_METRICS_H
#define RUNTIME_METRICS_H

#include <stdbool.h>

#include "runtime/arena.h"
#include "runtime/err.h"
#include "runtime/scoreboard.h"

/* Of one function: totals over its workers, dead and alive. */
struct totals {
	const struct scoreboard *board;
	bool kept;			/* by a pool that runs */
	double begun_s;			/* that one, since 1970 */
	int workers[4];			/* by enum worker_state */
	int threads, busy, connections;
	int streams;
	double queued_s;		/* recent requests, at most */
	double unpublished_s;		/* the relay's oldest event */
	uint64_t shed, dropped, published, consumed, duplicates, dead, lag;
	uint64_t delivered, resyncs, cut_slow, resident_bytes;
	uint64_t pushes[PUSHES];
	int database_limit, database_open, database_used;
	uint64_t database_waits, database_refused, database_unmade;
	size_t routes;
	struct route_total {
		char name[72];
		uint64_t status[6], bucket[SCOREBOARD_BUCKETS], total_us;
	} route[SCOREBOARD_ROUTES];
};

/* directory holds a directory a function, each with a file `scoreboard`. */
enum err metrics_read(struct arena *, const char *directory,
		      const struct totals **all, size_t *n);
enum err metrics_print(struct arena *, const char *directory,
		       const char **text);

#endif
