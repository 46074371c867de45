/*
 * worker_provider.h - the three providers behind one face: what a push becomes,
 * and what its answer means.
 *
 * A provider without its file is not served: its lanes have no room.
 */
#ifndef NOTIFY_WORKER_PROVIDER_H
#define NOTIFY_WORKER_PROVIDER_H

#include "functions/notify/worker_lane.h"
#include "functions/notify/worker_transfer.h"

struct providers;

/* As conf says; what is wrong there ends the process with EXIT_CONFIG. */
struct providers *providers_new(void);
void providers_free(struct providers *);

/* Pushes of this kind of lane can be sent now. */
bool providers_ready(const struct providers *, enum lane_kind, int64_t now_s);

/*
 * Have a token fetched if it is time: true if the transfer is to be started.
 * When it has ended it is taken back.
 */
bool providers_ask(struct providers *, struct transfer *, int64_t now_s);
void providers_take(struct providers *, const struct transfer *,
		    int64_t now_s);

/* Where a push is on its way. */
struct flight {
	struct push push;
	struct lane *lane;
	int token_number;		/* of ours, that its request has */
	bool scout;			/* see worker_lane.h */
};

/* Makes the request.  False: *instead says what is to be done without one. */
bool providers_request(struct providers *, struct flight *, struct transfer *,
		       int64_t now_s, struct verdict *instead);

struct verdict providers_judge(struct providers *, const struct flight *,
			       const struct transfer *, int64_t now_s);

#endif
