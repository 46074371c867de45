/* worker_lane.c - windows and breakers: see worker_lane.h. */
#include <assert.h>
#include <stdlib.h>

#include "functions/notify/worker_lane_private.h"

static int least(int a, int b)
{
	return a < b ? a : b;
}

int lanes_room_of_new(const struct lanes *ls)
{
	const int room = least(LANE_STRANGERS - ls->strangers,
			       LANE_ORIGINS - ls->origins);

	return room > 0 ? least(room, LANE_NEW) : 0;
}

static bool may_scout(const struct lane *lane, int64_t now_ms)
{
	const int most = lane->kind == LANE_APNS_SANDBOX ? 1 :
			 LANE_CONNECTIONS;

	return !lane->scouting && now_ms >= lane->scout_ms &&
	       lane->connections < most;
}

/* Its connections have been left alone for so long that they may be gone. */
static bool idle(const struct lane *lane, int64_t now_ms)
{
	return lane->flying == 0 && now_ms >= lane->used_ms + LANE_IDLE_MS;
}

static int window(const struct lane *lane, int64_t now_ms)
{
	if (lane->open)
		return now_ms < lane->until_ms ? 0 : 1;
	if (lane->kind == LANE_ORIGIN)
		return lane->window;
	if (lane->connections == 0 || idle(lane, now_ms))
		return 1;
	return lane->connections * LANE_STREAMS + lane->scouting +
	       may_scout(lane, now_ms);
}

int lanes_room(const struct lanes *ls, const struct lane *lane, int64_t now_ms)
{
	int room = window(lane, now_ms) - lane->flying;

	if (lane->kind == LANE_ORIGIN)
		room = least(room, LANE_ORIGINS - ls->origins);
	if (lane->kind == LANE_ORIGIN && !lane->heard)
		room = least(room, LANE_STRANGERS - ls->strangers);

	return room > 0 ? room : 0;
}

static void count(struct lanes *ls, struct lane *lane, int n)
{
	lane->flying += n;
	assert(lane->flying >= 0);
	if (lane->kind != LANE_ORIGIN)
		return;
	ls->origins += n;
	if (!lane->heard)
		ls->strangers += n;
}

bool lanes_start(struct lanes *ls, struct lane *lane, int64_t now_ms)
{
	bool scout;

	if (idle(lane, now_ms))
		lane->connections = 0;
	scout = lane->kind != LANE_ORIGIN && !lane->scouting &&
		lane->flying >= lane->connections * LANE_STREAMS;
	lane->scouting = lane->scouting || scout;
	count(ls, lane, 1);
	lane->used_ms = now_ms;

	return scout;
}

void lanes_drop(struct lanes *ls, struct lane *lane, bool scout)
{
	if (scout)
		lane->scouting = false;
	count(ls, lane, -1);
}

/* It has answered: it is no stranger any more, nor are its pushes. */
static void hear(struct lanes *ls, struct lane *lane)
{
	if (lane->heard)
		return;
	if (lane->kind == LANE_ORIGIN)
		ls->strangers -= lane->flying;
	lane->heard = true;
}

static void open_for(struct lane *lane, int ms, int64_t now_ms)
{
	const int64_t until_ms = now_ms + ms;

	if (!lane->open || until_ms > lane->until_ms)
		lane->until_ms = until_ms;
	lane->open = true;
	lane->failures = 0;
	lane->window = LANE_NEW;
	lane->connections = 0;
}

/* A quarter more or less, so that not all come back in the same moment. */
static int jitter(struct lanes *ls, int ms)
{
	return ms - ms / 4 + (int)(rand_r(&ls->seed) % (ms / 2 + 1));
}

static int failures_of(const struct lane *lane)
{
	return lane->kind == LANE_ORIGIN && !lane->heard ? 1 : LANE_FAILURES;
}

/* True: the breaker has opened. */
static bool fail(struct lanes *ls, struct lane *lane, int64_t now_ms)
{
	/* What was sent before it opened says nothing new. */
	if (lane->open && now_ms < lane->until_ms)
		return false;
	if (!lane->open && ++lane->failures < failures_of(lane))
		return false;

	lane->open_ms = lane->open_ms == 0 ? LANE_FIRST_MS :
		least(lane->open_ms * 2, LANE_LONGEST_MS);
	open_for(lane, jitter(ls, lane->open_ms), now_ms);
	return true;
}

/* True: the breaker has closed. */
static bool succeed(struct lane *lane, int64_t now_ms)
{
	lane->failures = 0;
	/* A pause that was asked for is kept, whatever comes in late. */
	if (lane->open && now_ms < lane->until_ms)
		return false;

	lane->window = least(lane->window + 1, LANE_GOOD);
	if (lane->connections == 0)
		lane->connections = 1;
	lane->open_ms = 0;
	if (!lane->open)
		return false;
	lane->open = false;
	return true;
}

/* What a scout has seen of its connection. */
static void report(struct lane *lane, enum verdict_kind kind, int64_t now_ms)
{
	const bool connected = kind != VERDICT_AWAY && !lane->open;

	lane->scouting = false;
	if (!connected && lane->connections > 0)
		lane->scout_ms = now_ms + LANE_SCOUT_MS;
	if (connected && lane->connections < LANE_CONNECTIONS)
		lane->connections++;
}

bool lanes_end(struct lanes *ls, struct lane *lane, bool scout,
	       const struct verdict *v, int64_t now_ms)
{
	const bool was_open = lane->open && now_ms < lane->until_ms;

	count(ls, lane, -1);
	if (scout)
		report(lane, v->kind, now_ms);
	switch (v->kind) {
	case VERDICT_AWAY:
		return fail(ls, lane, now_ms);
	case VERDICT_PAUSE:
		open_for(lane, v->wait_ms, now_ms);
		return !was_open;
	case VERDICT_CONFIG:
		open_for(lane, LANE_CONFIG_MS, now_ms);
		return !was_open;
	case VERDICT_TOKEN:
		return false;
	default:
		hear(ls, lane);
		return succeed(lane, now_ms);
	}
}
