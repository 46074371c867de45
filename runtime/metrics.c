/* metrics.c - see metrics.h. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "runtime/metrics_private.h"

enum { QUEUE_AGE_S = 5 };		/* so long ago is no more */

static struct route_total *route_named(struct totals *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->routes; i++)
		if (strcmp(t->route[i].name, name) == 0)
			return &t->route[i];
	if (i == SCOREBOARD_ROUTES)
		return NULL;
	t->routes++;
	strncpy(t->route[i].name, name, sizeof(t->route[i].name) - 1);

	return &t->route[i];
}

static void add_route(struct totals *t, const struct scoreboard_route *r)
{
	struct route_total *sum;

	if (!r->name[0] || !(sum = route_named(t, r->name)))
		return;
	for (int i = 0; i < 6; i++)
		sum->status[i] += r->status[i];
	for (int i = 0; i < SCOREBOARD_BUCKETS; i++)
		sum->bucket[i] += r->bucket[i];
	sum->total_us += r->total_us;
}

static void add_counters(struct totals *t, const struct scoreboard_worker *w)
{
	t->shed += w->shed;
	t->dropped += w->dropped;
	t->published += w->published;
	t->consumed += w->consumed;
	t->duplicates += w->duplicates;
	t->dead += w->dead;
	t->delivered += w->delivered;
	t->resyncs += w->resyncs;
	t->cut_slow += w->cut_slow;
	t->database_waits += w->database.waits;
	t->database_refused += w->database.refused;
	t->database_unmade += w->database.unmade;
	for (int i = 0; i < PUSHES; i++)
		t->pushes[i] += w->pushes[i];
	for (int i = 0; i < SCOREBOARD_ROUTES; i++)
		add_route(t, &w->route[i]);
}

static double age_s(uint64_t since_us)
{
	return ((double)now_us() - (double)since_us) / 1e6;
}

static void raise_to(double *most, double value)
{
	if (value > *most)
		*most = value;
}

static void add_gauges(struct totals *t, const struct scoreboard_worker *w)
{
	t->workers[w->state & 3]++;
	t->threads += w->threads;
	t->connections += w->connections;
	t->lag += w->lag;
	t->streams += w->streams;
	t->resident_bytes += w->resident_bytes;
	t->database_limit += w->database.limit;
	t->database_open += w->database.open;
	t->database_used += w->database.used;
	if (age_s(w->asked_us) < QUEUE_AGE_S)
		raise_to(&t->queued_s, (double)w->queued_us / 1e6);
	if (w->unpublished_us)
		raise_to(&t->unpublished_s, age_s(w->unpublished_us));
	t->busy += scoreboard_busy(w);
}

/* A pool that was killed, and its workers with it, leaves its last words. */
static void add_up(struct totals *t, const char *path)
{
	const struct scoreboard *b = t->board;

	t->kept = scoreboard_is_kept(path);
	t->begun_s = (double)unix_ms() / 1e3 - age_s(b->begun_us);
	add_counters(t, &b->retired);
	for (int i = 0; i < SCOREBOARD_WORKERS; i++) {
		add_counters(t, &b->worker[i]);
		if (t->kept && b->worker[i].state != WORKER_NONE)
			add_gauges(t, &b->worker[i]);
	}
}

static void close_board(void *board)
{
	scoreboard_close(board);
}

enum err metrics_read(struct arena *arena, const char *directory,
		      const struct totals **out, size_t *n)
{
	glob_t paths = { 0 };
	struct totals *all;
	size_t found = 0;

	if (glob(arena_printf(arena, "%s/*/scoreboard", directory), 0, NULL,
		 &paths) != 0)
		return ERR_UNAVAILABLE;

	all = arena_alloc(arena, paths.gl_pathc * sizeof(*all));
	for (size_t i = 0; i < paths.gl_pathc; i++) {
		struct totals *t = &all[found];

		if (scoreboard_open(paths.gl_pathv[i], &t->board))
			continue;
		arena_defer(arena, close_board, (void *)(uintptr_t)t->board);
		add_up(t, paths.gl_pathv[i]);
		found++;
	}
	globfree(&paths);
	*out = all;
	*n = found;

	return OK;
}

enum err metrics_print(struct arena *arena, const char *directory,
		       const char **text)
{
	const struct totals *all;
	char *buffer = NULL;
	size_t bytes, n;
	enum err err;
	FILE *out;

	err = metrics_read(arena, directory, &all, &n);
	if (err)
		return err;

	out = open_memstream(&buffer, &bytes);
	if (out) {
		metrics_families(out, all, n);
		fclose(out);
		arena_defer(arena, free, buffer);
		*text = buffer;
	}
	return out ? OK : ERR_UNAVAILABLE;
}
