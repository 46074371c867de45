/* metrics_families.c - see metrics_private.h. */
#include "runtime/metrics_private.h"

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
	fprintf(out, "%s_sum{function=\"%s\",route=\"%s\"} %.6f\n"
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
	for (int i = 0; i < RESTARTS; i++)
		fprintf(out, "kith_worker_restarts_total{function=\"%s\","
			"reason=\"%s\"} %lu\n", t->board->function,
			scoreboard_restart[i], t->board->restarts[i]);
}

static void print_scales(FILE *out, const struct totals *t)
{
	fprintf(out, "kith_scales_total{function=\"%s\",direction=\"up\"} "
		"%lu\nkith_scales_total{function=\"%s\",direction=\"down\"} "
		"%lu\n", t->board->function, t->board->scaled_up,
		t->board->function, t->board->scaled_down);
}

static void print_release(FILE *out, const struct totals *t)
{
	fprintf(out, "kith_release_info{function=\"%s\",release=\"%.*s\"} "
		"1\n", t->board->function, (int)sizeof(t->board->release),
		t->board->release);
}

/* A family of one sample a function. */
#define SINGLE(family, value) \
	static void print_##family(FILE *out, const struct totals *t) \
	{ \
		fprintf(out, "kith_" #family "{function=\"%s\"} %lu\n", \
			t->board->function, (unsigned long)(value)); \
	}

#define SECONDS(family, value) \
	static void print_##family(FILE *out, const struct totals *t) \
	{ \
		fprintf(out, "kith_" #family "{function=\"%s\"} %.6f\n", \
			t->board->function, value); \
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
SINGLE(generation_failed, t->board->failed)
SINGLE(pool_up, t->kept)
SINGLE(resident_memory_bytes, t->resident_bytes)
SINGLE(database_connections_limit, t->database_limit)
SINGLE(database_connections_open, t->database_open)
SINGLE(database_connections_used, t->database_used)
SINGLE(database_waits_total, t->database_waits)
SINGLE(database_refusals_total, t->database_refused)
SINGLE(database_connect_failures_total, t->database_unmade)
SECONDS(queue_age_seconds, t->queued_s)
SECONDS(relay_backlog_seconds, t->unpublished_s)
SECONDS(pool_start_time_seconds, t->begun_s)

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
{ "events_dead_total", "counter", "Events given up: see fn dlq list.",
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
  print_queue_age_seconds },
{ "relay_backlog_seconds", "gauge",
  "For how long the oldest event that Kafka has not acknowledged waits.",
  print_relay_backlog_seconds },
{ "database_connections_limit", "gauge", "Connections that there may be.",
  print_database_connections_limit },
{ "database_connections_open", "gauge", "Connections to the database.",
  print_database_connections_open },
{ "database_connections_used", "gauge",
  "Connections that threads have, or make.", print_database_connections_used },
{ "database_waits_total", "counter", "Threads that had to wait for one.",
  print_database_waits_total },
{ "database_refusals_total", "counter", "Threads that waited in vain.",
  print_database_refusals_total },
{ "database_connect_failures_total", "counter",
  "Connections that could not be made.",
  print_database_connect_failures_total },
{ "resident_memory_bytes", "gauge", "Workers in memory.",
  print_resident_memory_bytes },
{ "pool_up", "gauge", "Whether the pool runs.", print_pool_up },
{ "pool_start_time_seconds", "gauge",
  "When the pool's program began, since 1970.",
  print_pool_start_time_seconds },
{ "release_info", "gauge", "The release that serves.", print_release },
{ "generation", "gauge", "The generation that serves.", print_generation },
{ "generation_failed", "gauge", "The last generation that failed; 0: none.",
  print_generation_failed },
};

void metrics_families(FILE *out, const struct totals *all, size_t n)
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

