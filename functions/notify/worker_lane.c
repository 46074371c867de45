/* worker_lane.c - see worker_lane.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "functions/notify/worker_lane.h"
#include "runtime/conf.h"
#include "runtime/log.h"

enum { BUCKETS = 1024 };

struct lanes {
	struct lane *all[LANES];
	int n;
	short bucket[BUCKETS];		/* index + 1 in all[]; 0: none */
	short next[LANES];		/* in its bucket, the same */
	int origins;			/* pushes on their way to them */
	int strangers;			/* and to those never heard from */
	unsigned int seed;
};

static const char *const providers[] = {
	[LANE_FCM] = "fcm",
	[LANE_APNS] = "apns",
	[LANE_APNS_SANDBOX] = "apns-sandbox",
};

/* FNV-1a. */
static short *bucket_of(struct lanes *ls, const char *name)
{
	uint32_t hash = 2166136261;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619;
	return &ls->bucket[hash % BUCKETS];
}

static void begin(struct lanes *ls, int i, const char *name,
		  enum lane_kind kind)
{
	struct lane *lane = ls->all[i];
	short *bucket = bucket_of(ls, name);

	*lane = (struct lane){
		.name = strdup(name), .kind = kind,
		.window = kind == LANE_ORIGIN ? LANE_NEW :
			  kind == LANE_APNS_SANDBOX ? LANE_STREAMS :
			  LANE_PROVIDER,
		.logged_ms = INT64_MIN,
	};
	if (!lane->name)
		log_exit(EXIT_SYSTEM, "out of memory");
	ls->next[i] = *bucket;
	*bucket = (short)(i + 1);
}

static void forget(struct lanes *ls, int i)
{
	short *at = bucket_of(ls, ls->all[i]->name);

	while (*at != i + 1)
		at = &ls->next[*at - 1];
	*at = ls->next[i];
	free(ls->all[i]->name);
}

struct lanes *lanes_new(void)
{
	struct lanes *ls = calloc(1, sizeof(*ls));
	struct lane *places = calloc(LANES, sizeof(*places));

	if (!ls || !places)
		log_exit(EXIT_SYSTEM, "out of memory");
	for (int i = 0; i < LANES; i++)
		ls->all[i] = &places[i];
	for (; ls->n < LANE_ORIGIN; ls->n++)
		begin(ls, ls->n, providers[ls->n], (enum lane_kind)ls->n);
	ls->seed = (unsigned int)random();

	return ls;
}

void lanes_free(struct lanes *ls)
{
	for (int i = 0; i < ls->n; i++)
		free(ls->all[i]->name);
	free(ls->all[0]);
	free(ls);
}

/*
 * Whose place a new one gets: of those without pushes one that was used last
 * the longest ago, and whose breaker is open only if there is no other.
 */
static int worst(const struct lanes *ls)
{
	int found = -1;

	for (int i = LANE_ORIGIN; i < ls->n; i++) {
		const struct lane *l = ls->all[i];
		const struct lane *f = found < 0 ? NULL : ls->all[found];

		if (l->flying > 0)
			continue;
		if (!f || l->open < f->open ||
		    (l->open == f->open && l->used_ms < f->used_ms))
			found = i;
	}
	return found;
}

struct lane *lanes_find(struct lanes *ls, const char *name, int64_t now_ms)
{
	int i = *bucket_of(ls, name) - 1;

	while (i >= 0 && strcmp(ls->all[i]->name, name) != 0)
		i = ls->next[i] - 1;

	if (i < 0) {
		if (strnlen(name, LANE_NAME_BYTES) == LANE_NAME_BYTES)
			return NULL;
		i = ls->n < LANES ? ls->n++ : worst(ls);
		if (i < 0)
			return NULL;
		if (ls->all[i]->name)
			forget(ls, i);
		begin(ls, i, name, LANE_ORIGIN);
	}
	ls->all[i]->used_ms = now_ms;

	return ls->all[i];
}

struct lane *const *lanes_all(const struct lanes *ls, int *n)
{
	*n = ls->n;
	return ls->all;
}

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

int lanes_room(const struct lanes *ls, const struct lane *lane, int64_t now_ms)
{
	int room = lane->window;

	if (lane->open)
		room = now_ms < lane->until_ms ? 0 : 1;
	room -= lane->flying;
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

void lanes_start(struct lanes *ls, struct lane *lane, int64_t now_ms)
{
	count(ls, lane, 1);
	lane->used_ms = now_ms;
}

void lanes_drop(struct lanes *ls, struct lane *lane)
{
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
	if (lane->kind == LANE_ORIGIN)
		lane->window = LANE_NEW;
}

/* A quarter more or less, so that not all come back in the same moment. */
static int jitter(struct lanes *ls, int ms)
{
	return ms - ms / 4 + (int)(rand_r(&ls->seed) % (ms / 2 + 1));
}

/* True: the breaker has opened. */
static bool fail(struct lanes *ls, struct lane *lane, int64_t now_ms)
{
	/* What was sent before it opened says nothing new. */
	if (lane->open && now_ms < lane->until_ms)
		return false;
	if (!lane->open && ++lane->failures < LANE_FAILURES)
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

	if (lane->kind == LANE_ORIGIN)
		lane->window = least(lane->window + 1, LANE_GOOD);
	lane->open_ms = 0;
	if (!lane->open)
		return false;
	lane->open = false;
	return true;
}

bool lanes_end(struct lanes *ls, struct lane *lane, const struct verdict *v,
	       int64_t now_ms)
{
	const bool was_open = lane->open && now_ms < lane->until_ms;

	count(ls, lane, -1);
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
