/*
 * worker_lane_private.h - what worker_lane.c and worker_lane_table.c share.
 */
#ifndef NOTIFY_WORKER_LANE_PRIVATE_H
#define NOTIFY_WORKER_LANE_PRIVATE_H

#include "functions/notify/worker_lane.h"

enum { LANE_BUCKETS = 1024 };

struct lanes {
	struct lane *all[LANES];
	int n;
	short bucket[LANE_BUCKETS];	/* index + 1 in all[]; 0: none */
	short next[LANES];		/* in its bucket, the same */
	int origins;			/* pushes on their way to them */
	int strangers;			/* and to those never heard from */
	unsigned int seed;
};

#endif
