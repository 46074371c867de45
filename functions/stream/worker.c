/*
 * worker.c - the gateway of streams: the program stream-worker.
 *
 * nginx hands over the requests that the function stream has let pass; their
 * connections stay here and are written what Kafka brings for their users.
 * One thread with an event loop does it all, but for PostgreSQL, which has a
 * thread to wait in.  It holds no truth: who was told of nothing for too long
 * is told to load anew.
 *
 *	worker_http.c		requests of nginx
 *	worker_hub.c		streams, users, sessions
 *	worker_delivery.c	what streams are sent; worker_ring.c: again
 *	worker_kafka.c		events in; worker_event.c: what they mean
 *	worker_partitions.c	from where
 *	worker_live.c		hints out; worker_typing.c
 *	worker_turn.c		what the database is asked
 *	worker_database.c	asking it
 *	worker_presence.c	who is here
 */
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "functions/stream/worker_event.h"
#include "functions/stream/worker_http.h"
#include "functions/stream/worker_kafka.h"
#include "functions/stream/worker_turn.h"
#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/uuid.h"
#include "runtime/worker.h"

enum {
	LEAVE_STEPS = 20,		/* in which all streams end */
	LEAVE_STEP_MS = 45,		/* together less than a second */
};

struct worker {
	struct event_base *base;
	struct hub *hub;
	struct live *live;
	struct typing *typing;
	struct database *database;
	struct turns *turns;
	struct consumer *consumer;
	struct gate *gate;
	struct event *term, *tick, *leave;
	size_t a_step;			/* streams to end */
};

static bool on_kafka_event(void *worker, const char *type, const void *data,
			   size_t bytes)
{
	struct worker *w = worker;

	return event_deliver(w->hub, type, data, bytes);
}

static void on_kafka_gap(void *worker)
{
	struct worker *w = worker;

	hub_gap(w->hub);
}

static void on_tick(evutil_socket_t fd, short what, void *worker)
{
	struct worker *w = worker;

	(void)fd;
	(void)what;
	hub_tick(w->hub, time(NULL));
	live_serve(w->live);
}

/* Clients come back at once, so not all of them in the same moment. */
static void on_leave(evutil_socket_t fd, short what, void *worker)
{
	struct worker *w = worker;

	(void)fd;
	(void)what;
	if (hub_end_some(w->hub, w->a_step) == 0)
		event_base_loopbreak(w->base);
}

static void on_term(evutil_socket_t signal, short what, void *worker)
{
	const struct timeval every = { .tv_usec = LEAVE_STEP_MS * 1000 };
	struct worker *w = worker;

	(void)signal;
	(void)what;
	gate_close(w->gate);
	w->a_step = hub_end_some(w->hub, 0) / LEAVE_STEPS + 1;
	event_add(w->leave, &every);
}

static struct event *must(struct event *event)
{
	if (!event)
		log_exit(EXIT_SYSTEM, "no event");
	return event;
}

static void open_all(struct worker *w)
{
	const struct consumer_handlers handlers = {
		.event = on_kafka_event, .gap = on_kafka_gap, .arg = w,
	};
	struct arena *arena = arena_new();

	w->base = event_base_new();
	if (!w->base)
		log_exit(EXIT_SYSTEM, "no event loop");
	w->hub = hub_new(worker_slot());
	w->live = live_new();
	w->typing = typing_new(w->live);
	w->database = database_new(uuid_new(arena));
	w->turns = turns_new(w->base, w->hub, w->live, w->database);
	w->consumer = consumer_new(w->base, &handlers);
	w->gate = gate_new(w->base, STDIN_FILENO, w->hub, w->typing);
	arena_free(arena);
}

static void run(struct worker *w)
{
	const struct timeval second = { .tv_sec = 1 };

	w->term = must(evsignal_new(w->base, SIGTERM, on_term, w));
	w->tick = must(event_new(w->base, -1, EV_PERSIST, on_tick, w));
	w->leave = must(event_new(w->base, -1, EV_PERSIST, on_leave, w));
	event_add(w->term, NULL);
	event_add(w->tick, &second);
	worker_ready();
	event_base_dispatch(w->base);

	event_free(w->term);
	event_free(w->tick);
	event_free(w->leave);
}

static void close_all(struct worker *w)
{
	gate_free(w->gate);
	consumer_free(w->consumer);
	turns_free(w->turns);
	database_free(w->database);
	typing_free(w->typing);
	live_free(w->live);
	hub_free(w->hub);
	event_base_free(w->base);
}

int main(void)
{
	struct worker w = { 0 };

	log_name("stream-worker");
	conf_read(conf_file());
	signal(SIGPIPE, SIG_IGN);
	mallopt(M_ARENA_MAX, 2);

	open_all(&w);
	run(&w);
	close_all(&w);

	return 0;
}
