/*
 * worker_turn.h - what the hub and the database tell each other.
 *
 * The hub's sessions are looked at every HUB_CHECK_MS, new ones at once, and
 * those that are not live any more end.  Who came and who left is told to the
 * database, and what that changes for others is published.  While PostgreSQL
 * is away streams stay as they are.
 */
#ifndef STREAM_WORKER_TURN_H
#define STREAM_WORKER_TURN_H

#include <event2/event.h>

#include "functions/stream/worker_database.h"
#include "functions/stream/worker_hub.h"
#include "functions/stream/worker_live.h"

struct turns;

/* Never NULL. */
struct turns *turns_new(struct event_base *, struct hub *, struct live *,
			struct database *);
/* Before the hub is freed. */
void turns_free(struct turns *);

#endif
