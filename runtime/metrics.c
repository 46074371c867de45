/* metrics.c - see metrics.h. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/metrics.h"

enum { QUEUE_AGE_US = 5000000 };	/* so long ago is no more */

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
	for (int i = 0; i < PUSHES; i++)
		t->pushes[i] += w->pushes[i];
	for (int i = 0; i < SCOREBOARD_ROUTES; i++)
		add_route(t, &w->route[i]);
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void add_worker(struct totals *t, const struct scoreboard_worker *w)
{
	if (w->state == WORKER_NONE)
		return;

	add_counters(t, w);
	t->workers[w->state]++;
	t->threads += w->threads;
	t->connections += w->connections;
	t->lag += w->lag;
	t->streams += w->streams;
	if (now_us() < w->asked_us + QUEUE_AGE_US &&
	    w->queued_us > t->queued_us)
		t->queued_us = w->queued_us;
	t->busy += scoreboard_busy(w);
}

static void print_requests(FILE *out, const struct totals *t)
{
	for (size_t r = 0; r < t->routes; r++)
		for (int s = 1; s < 6; s++)
			fprintf(out, "kith_requests_total{function=\"%s\","
				"route=\"%s\",status=\"%dxx\"} %lu\n",
				t->board->function, t->route[r].name, s,
				t->route[r].status[s]);
}

static void print_route_seconds(FILE *out, const char *function,
				const struct route_total *r)
{
	static const char name[] = "kith_request_duration_seconds";
	uint64_t below = 0;

	for (int b = 0; b < SCOREBOARD_BUCKETS; b++) {
		below += r->bucket[b];
		fprintf(out, "%s_bucket{function=\"%s\",route=\"%s\",le=\"",
			name, function, r->name);
		if (b < SCOREBOARD_BUCKETS - 1)
			fprintf(out, "%g", scoreboard_bucket_us[b] / 1e6);
		else
			fprintf(out, "+Inf");
		fprintf(out, "\"} %lu\n", below);
	}
	fprintf(out, "%s_sum{function=\"%s\",route=\"%s\"} %g\n"
		"%s_count{function=\"%s\",route=\"%s\"} %lu\n",
		name, function, r->name, (double)r->total_us / 1e6,
		name, function, r->name, below);
}

static void print_seconds(FILE *out, const struct totals *t)
{
	for (size_t r = 0; r < t->routes; r++)
		print_route_seconds(out, t->board->function, &t->route[r]);
}

static void print_workers(FILE *out, const struct totals *t)
{
	static const char *const states[] = {
		[WORKER_STARTING] = "starting",
		[WORKER_READY] = "ready",
		[WORKER_DRAINING] = "draining",
	};

	for (int s = WORKER_STARTING; s <= WORKER_DRAINING; s++)
		fprintf(out, "kith_workers{function=\"%s\",state=\"%s\"} %d\n",
			t->board->function, states[s], t->workers[s]);
}

static void print_pushes(FILE *out, const struct totals *t)
{
	static const char *const outcomes[PUSHES] = {
		[PUSH_SENT] = "sent",
		[PUSH_GONE] = "gone",
		[PUSH_REFUSED] = "refused",
		[PUSH_LATER] = "later",
	};

	for (int i = 0; i < PUSHES; i++)
		fprintf(out, "kith_pushes_total{function=\"%s\","
			"outcome=\"%s\"} %lu\n", t->board->function,
			outcomes[i], t->pushes[i]);
}

static void print_restarts(FILE *out, const struct totals *t)
{
	static const char *const reasons[RESTARTS] = {
		[RESTART_DIED] = "died",
		[RESTART_LATE] = "late",
		[RESTART_STUCK] = "stuck",
		[RESTART_MEMORY] = "memory",
	};

	for (int i = 0; i < RESTARTS; i++)
		fprintf(out, "kith_worker_restarts_total{function=\"%s\","
			"reason=\"%s\"} %lu\n", t->board->function,
			reasons[i], t->board->restarts[i]);
}

static void print_scales(FILE *out, const struct totals *t)
{
	fprintf(out, "kith_scales_total{function=\"%s\",direction=\"up\"} "
		"%lu\nkith_scales_total{function=\"%s\",direction=\"down\"} "
		"%lu\n", t->board->function, t->board->scaled_up,
		t->board->function, t->board->scaled_down);
}

static void print_queue_age(FILE *out, const struct totals *t)
{
	fprintf(out, "kith_queue_age_seconds{function=\"%s\"} %g\n",
		t->board->function, (double)t->queued_us / 1e6);
}

/* A family of one sample a function. */
#define SINGLE(family, value) \
	static void print_##family(FILE *out, const struct totals *t) \
	{ \
		fprintf(out, "kith_" #family "{function=\"%s\"} %lu\n", \
			t->board->function, (unsigned long)(value)); \
	}

SINGLE(threads, t->threads)
SINGLE(threads_busy, t->busy)
SINGLE(connections, t->connections)
SINGLE(requests_shed_total, t->shed)
SINGLE(requests_dropped_total, t->dropped)
SINGLE(events_published_total, t->published)
SINGLE(events_consumed_total, t->consumed)
SINGLE(events_duplicate_total, t->duplicates)
SINGLE(events_dead_total, t->dead)
SINGLE(consumer_lag, t->lag)
SINGLE(streams, t->streams)
SINGLE(stream_events_total, t->delivered)
SINGLE(stream_resyncs_total, t->resyncs)
SINGLE(streams_cut_total, t->cut_slow)
SINGLE(requests_slow_total, t->board->slow)
SINGLE(workers_wanted, t->board->wanted)
SINGLE(workers_min, t->board->min)
SINGLE(workers_max, t->board->max)
SINGLE(generation, t->board->generation)

static const struct family {
	const char *name, *type, *help;
	void (*print)(FILE *, const struct totals *);
} families[] = {
{ "requests_total", "counter", "Requests answered.", print_requests },
{ "request_duration_seconds", "histogram", "From reading to answering.",
  print_seconds },
{ "workers", "gauge", "Processes by state.", print_workers },
{ "threads", "gauge", "Threads that answer.", print_threads },
{ "threads_busy", "gauge", "Threads in a request.", print_threads_busy },
{ "connections", "gauge", "Open FastCGI connections.", print_connections },
{ "requests_shed_total", "counter", "Refused for their age.",
  print_requests_shed_total },
{ "requests_dropped_total", "counter", "Broken FastCGI requests.",
  print_requests_dropped_total },
{ "events_published_total", "counter", "Events acknowledged by Kafka.",
  print_events_published_total },
{ "events_consumed_total", "counter", "Events that took effect.",
  print_events_consumed_total },
{ "events_duplicate_total", "counter", "Events that came again, to no effect.",
  print_events_duplicate_total },
{ "events_dead_total", "counter", "Events given up: see dead list.",
  print_events_dead_total },
{ "consumer_lag", "gauge", "Events that wait to be consumed.",
  print_consumer_lag },
{ "streams", "gauge", "Open streams.", print_streams },
{ "stream_events_total", "counter", "Events written to a stream.",
  print_stream_events_total },
{ "stream_resyncs_total", "counter", "Streams told to load anew.",
  print_stream_resyncs_total },
{ "streams_cut_total", "counter", "Streams cut for reading slowly.",
  print_streams_cut_total },
{ "pushes_total", "counter", "Answers of push providers.", print_pushes },
{ "worker_restarts_total", "counter", "Workers replaced, by reason.",
  print_restarts },
{ "requests_slow_total", "counter", "Requests seen to take SLOW_MS.",
  print_requests_slow_total },
{ "workers_wanted", "gauge", "Workers that should run.",
  print_workers_wanted },
{ "workers_min", "gauge", "Workers at least.", print_workers_min },
{ "workers_max", "gauge", "Workers at most.", print_workers_max },
{ "scales_total", "counter", "Changes of the number by load.",
  print_scales },
{ "queue_age_seconds", "gauge",
  "For how long requests of the last 5 s had waited at most.",
  print_queue_age },
{ "generation", "gauge", "The generation that serves.", print_generation },
};

static void close_board(void *board)
{
	scoreboard_close(board);
}

static void add_board(struct totals *t)
{
	add_counters(t, &t->board->retired);
	for (int w = 0; w < SCOREBOARD_WORKERS; w++)
		add_worker(t, &t->board->worker[w]);
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
		add_board(t);
		found++;
	}
	globfree(&paths);
	*out = all;
	*n = found;

	return OK;
}

static void print_families(FILE *out, const struct totals *all, size_t n)
{
	for (size_t f = 0; f < sizeof(families) / sizeof(*families); f++) {
		const struct family *family = &families[f];

		fprintf(out, "# HELP kith_%s %s\n# TYPE kith_%s %s\n",
			family->name, family->help, family->name,
			family->type);
		for (size_t i = 0; i < n; i++)
			family->print(out, &all[i]);
	}
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
		print_families(out, all, n);
		fclose(out);
		arena_defer(arena, free, buffer);
		*text = buffer;
	}
	return out ? OK : ERR_UNAVAILABLE;
}
