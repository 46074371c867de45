/*
 * worker_lane.h - how much may be on its way to whom.
 *
 * A lane is a provider (fcm, apns, apns-sandbox) or an origin of Web Push.
 * Each has a window of its own, and a breaker: whose provider fails again and
 * again, or asks for a pause, gets nothing for a while, then one push to try.
 * So one that hangs costs its own pushes time, and nobody else's.
 *
 * A new connection of HTTP/2 is tried with one push: what else goes out before
 * its server has said how many it takes is refused, and APNs takes a single one
 * until it has seen our token.  So the window of a provider is that of the
 * connections that have answered, and who finds it full may try another.
 *
 * Origins are strangers' hosts.  One that was never heard from gets one push,
 * and rests when that fails; all such together have one window, so that no
 * number of hosts that hang keeps others out.  A window grows with successes.
 *
 * Ownership: lanes belong to the table and stay where they are; one without
 * pushes on their way is forgotten when a new one needs its place.  Times are
 * milliseconds of one clock, given by the caller.
 */
#ifndef NOTIFY_WORKER_LANE_H
#define NOTIFY_WORKER_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "functions/notify/worker_verdict.h"

enum {
	LANE_STREAMS = 90,		/* of a connection; servers take 100 */
	LANE_CONNECTIONS = 4,		/* to a provider */
	LANE_PROVIDER = LANE_STREAMS * LANE_CONNECTIONS,
	LANE_IDLE_MS = 30 * 1000,	/* then servers close connections */
	LANE_SCOUT_MS = 60 * 1000,	/* after a new one failed */

	LANE_NEW = 1,			/* the window of an unknown origin */
	LANE_GOOD = 64,			/* of a good one */
	LANE_STRANGERS = 32,		/* to all unknown origins */
	LANE_ORIGINS = 240,		/* to all origins */

	LANES = 512,			/* that are remembered */
	LANE_NAME_BYTES = 600,

	LANE_FAILURES = 5,		/* in a row, of one heard from, open */
	LANE_FIRST_MS = 2000,		/* it stays open; doubles */
	LANE_LONGEST_MS = 5 * 60 * 1000,
	LANE_CONFIG_MS = 5 * 60 * 1000,	/* after bad credentials */
};

enum lane_kind { LANE_FCM, LANE_APNS, LANE_APNS_SANDBOX, LANE_ORIGIN };

struct lane {
	char *name;			/* NULL: the place is free */
	enum lane_kind kind;
	int flying;			/* pushes on their way */
	int window;			/* of an origin */
	int connections;		/* to a provider, that have answered */
	bool scouting;			/* another is tried */
	int64_t scout_ms;		/* none is tried before */
	bool heard;			/* it has answered once */

	int failures;			/* in a row */
	bool open;			/* the breaker */
	int open_ms;			/* for how long; 0: it wasn't lately */
	int64_t until_ms;
	int64_t used_ms;
	int64_t logged_ms;		/* for whoever logs */
};

struct lanes;

struct lanes *lanes_new(void);
void lanes_free(struct lanes *);

/*
 * The lane of this name.  NULL: too many others have pushes on their way, or
 * the name is longer than a host's can be.
 */
struct lane *lanes_find(struct lanes *, const char *name, int64_t now_ms);

/* All that are known, for lane_room(): *n of them. */
struct lane *const *lanes_all(const struct lanes *, int *n);

/* How many more pushes it may have now. */
int lanes_room(const struct lanes *, const struct lane *, int64_t now_ms);

/* The same of each lane that isn't known. */
int lanes_room_of_new(const struct lanes *);

/* A push goes out: into its room.  True: as a scout, by a new connection. */
bool lanes_start(struct lanes *, struct lane *, int64_t now_ms);

/*
 * And has ended so.  True: the breaker has opened or closed, which is worth
 * a line in the log.
 */
bool lanes_end(struct lanes *, struct lane *, bool scout,
	       const struct verdict *, int64_t now_ms);

/* It ended without having been sent, which says nothing of the provider. */
void lanes_drop(struct lanes *, struct lane *, bool scout);

#endif
