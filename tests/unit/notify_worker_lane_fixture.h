/*
 * notify_worker_lane_fixture.h - lanes with a clock of the test's.
 */
#ifndef TESTS_UNIT_NOTIFY_WORKER_LANE_FIXTURE_H
#define TESTS_UNIT_NOTIFY_WORKER_LANE_FIXTURE_H

#include "tests/unit/test.h"

#include "functions/notify/worker_lane.h"

#define ORIGIN "https://push.example"

static struct lanes *lanes;
static struct lane *fcm, *origin;
static int64_t now;

static inline int open_lanes(void **state)
{
	(void)state;
	now = 1000000;
	lanes = lanes_new();
	fcm = lanes_find(lanes, "fcm", now);
	fcm->used_ms = now;
	origin = lanes_find(lanes, ORIGIN, now);
	return 0;
}

static inline int close_lanes(void **state)
{
	(void)state;
	lanes_free(lanes);
	return 0;
}

static inline int room(const struct lane *lane)
{
	return lanes_room(lanes, lane, now);
}

/* A push goes out and comes back so. */
static inline bool push(struct lane *lane, enum verdict_kind kind, int wait_ms)
{
	const struct verdict v = verdict(kind, wait_ms, NULL);
	const bool scout = lanes_start(lanes, lane, now);

	return lanes_end(lanes, lane, scout, &v, now);
}

static inline void end(struct lane *lane, bool scout, enum verdict_kind kind)
{
	const struct verdict v = verdict(kind, 0, NULL);

	lanes_end(lanes, lane, scout, &v, now);
}

static inline void fail_until_open(struct lane *lane)
{
	for (int i = 1; i < LANE_FAILURES; i++)
		assert_false(push(lane, VERDICT_AWAY, 0));
	assert_true(push(lane, VERDICT_AWAY, 0));
}

#define ON_LANES(f) cmocka_unit_test_setup_teardown(f, open_lanes, close_lanes)

#endif
