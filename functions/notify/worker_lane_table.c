/* worker_lane_table.c - lanes by their names: see worker_lane.h. */
#include <stdlib.h>
#include <string.h>

#include "functions/notify/worker_lane_private.h"
#include "runtime/conf.h"
#include "runtime/log.h"

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
	return &ls->bucket[hash % LANE_BUCKETS];
}

static void begin(struct lanes *ls, int i, const char *name, int64_t now_ms)
{
	const enum lane_kind kind = i < LANE_ORIGIN ? (enum lane_kind)i
						    : LANE_ORIGIN;
	struct lane *lane = ls->all[i];
	short *bucket = bucket_of(ls, name);

	*lane = (struct lane){
		.name = strdup(name), .kind = kind, .window = LANE_NEW,
		.used_ms = now_ms, .logged_ms = INT64_MIN,
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
		begin(ls, ls->n, providers[ls->n], 0);
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
		begin(ls, i, name, now_ms);
	}
	return ls->all[i];
}

struct lane *const *lanes_all(const struct lanes *ls, int *n)
{
	*n = ls->n;
	return ls->all;
}
