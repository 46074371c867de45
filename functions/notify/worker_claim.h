/*
 * worker_claim.h - asking the database for pushes, by the room of lanes.
 */
#ifndef NOTIFY_WORKER_CLAIM_H
#define NOTIFY_WORKER_CLAIM_H

#include "functions/notify/worker_lane.h"
#include "functions/notify/worker_provider.h"
#include "runtime/db.h"

/* Something is due; not asked if that is expected. */
bool claim_due(struct db *, bool expected);

/*
 * Claim as many as there is room for and call each(arg, push) with them; the
 * push lives until that returns.  How many there were; 0 also if the database
 * is away.
 */
int claim_all(struct db *, struct arena *, struct lanes *,
	      const struct providers *,
	      void (*each)(void *arg, const struct push *), void *arg);

/* For longer. */
struct push claim_copy(struct arena *, const struct push *);

#endif
