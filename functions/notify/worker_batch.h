/*
 * worker_batch.h - what became of pushes, until the database knows.
 *
 * Ownership: what is added is copied.
 */
#ifndef NOTIFY_WORKER_BATCH_H
#define NOTIFY_WORKER_BATCH_H

#include "functions/notify/worker_request.h"
#include "functions/notify/worker_verdict.h"
#include "runtime/db.h"

/* All that may be on its way, and as many that found no room. */
enum { BATCH_RESULTS = 4096 };

struct batch;

struct batch *batch_new(void);
void batch_free(struct batch *);

int batch_size(const struct batch *);

/*
 * A push that is to be tried again rests wait_ms.  One more than fits is
 * forgotten, so that it comes again after its lease.
 */
void batch_add(struct batch *, const struct push *, enum verdict_kind,
	       int wait_ms);

/*
 * Settle all, and forget them, unless the database is away: ERR_UNAVAILABLE.
 * Other errors are bugs, and what was refused once would be again.
 */
enum err batch_settle(struct batch *, struct db *);

#endif
