/*
 * relay.c - publishes the outbox to Kafka: the program `relay`.
 *
 * It reads the events that the database's snapshot of now shows and the last
 * one did not, by id, publishes them, waits until Kafka has stored them all,
 * and moves its cursor.  Ids and transaction numbers alone would not do: they
 * are given out before a commit, so a lower one can appear after a higher one
 * was published.  The difference of two snapshots misses nothing, and since
 * writers lock their aggregate before they insert, its ids are in the order of
 * each aggregate's commits.
 *
 * After a crash, at most the last batch is published again, in order.  An
 * event that Kafka refuses is tried for ever: nothing of its aggregate
 * overtakes it.
 *
 * One relay leads, by an advisory lock; another waits.  PostgreSQL ends a
 * session that is silent for 5 s, so one that is stopped or cut off loses the
 * lead.  A lost database ends the process; the pool starts it again.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/db.h"
#include "runtime/log.h"
#include "runtime/relay_kafka.h"
#include "runtime/wake.h"
#include "runtime/worker.h"

#include "relay.sql.h"

enum {
	BATCH = 1000,
	LEAST_PAUSE_MS = 1,		/* between looks at the outbox */
	BUSY_PAUSE_MS = 10,		/* unless woken */
	IDLE_PAUSE_MS = 50,		/* after IDLE_MS without an event */
	IDLE_MS = 1000,
	WAIT_PAUSE_MS = 250,		/* for the other relay to end */
	REFUSED_PAUSE_MS = 1000,	/* after Kafka refused something */
	SPEAK_MS = 1000,		/* to the database, at least */
	EMPTY_MS = 10000,		/* between emptying slots */
	TIDY_MS = 600000, TIDY_INBOX_MS = 10000,
	STATEMENT_MS = 30000,
};

/* Where the cursor stands: see event.cursor. */
struct position {
	const char *snapshot, *target, *after_id;
};

/* The columns of relay_difference and relay_rest. */
enum { SNAPSHOT, ID, TOPIC, TYPE, KEY, DATA, TRACEPARENT, TIME, AGE_S };

struct relay {
	struct db *db;
	struct arena *arena;		/* of the batch in hand */
	struct publisher *publisher;
	struct scoreboard_worker *slot;
	const char *epoch;
	struct position at;
	int64_t spoke_ms, busy_ms;	/* CLOCK_MONOTONIC, as the next */
	int64_t emptied_ms, tidied_ms, inbox_ms;
};

static volatile sig_atomic_t stop;

static void on_term(int signal)
{
	(void)signal;
	stop = 1;
}

static void pause_ms(int ms)
{
	if (!stop)
		usleep((useconds_t)ms * 1000);
}

/* Without the database, or a row for this epoch, start afresh. */
static void must(enum err err)
{
	if (err)
		log_exit(EXIT_SYSTEM, "relay: %s", err == ERR_NOT_FOUND
			 ? "another one leads" : "the database is away");
}

/* Asked again and again while Kafka makes us wait: false when we must stop. */
static bool go_on(void *arg)
{
	struct relay *r = arg;
	const char *leads;

	if (now_ms() - r->spoke_ms >= SPEAK_MS) {
		must(db_one(r->db, &sql_relay_leads, ARGS(r->epoch), &leads));
		r->spoke_ms = now_ms();
	}
	return !stop;
}

/* Keeps a copy that outlives the batch. */
static void keep(const char **place, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		log_exit(EXIT_SYSTEM, "out of memory");
	free((void *)(uintptr_t)*place);
	*place = copy;
}

static void move_to(struct relay *r, struct position to)
{
	keep(&r->at.snapshot, to.snapshot);
	keep(&r->at.target, to.target);
	keep(&r->at.after_id, to.after_id);
}

/* False: we must stop. */
static bool take_the_lead(struct relay *r)
{
	const char *const *row;
	const char *leads;
	enum err err;

	must(db_hold(r->db));
	while ((err = db_one(r->db, &sql_relay_lead, NO_ARGS, &leads)) ==
	       ERR_NOT_FOUND && !stop) {
		arena_reset(r->arena);
		pause_ms(WAIT_PAUSE_MS);
	}
	if (stop)
		return false;
	must(err);

	must(db_row(r->db, &sql_relay_begin, NO_ARGS, &row));
	if (*row[4] == 't')
		log_exit(EXIT_CONFIG, "relay: event.cursor is ahead of the "
			 "database, which must have been restored");
	keep(&r->epoch, row[0]);
	move_to(r, (struct position){ row[1], row[2], row[3] });
	wake_listen();
	log_info("relay: leads in epoch %s", r->epoch);

	return true;
}

static struct event event_of(const char *const *row)
{
	return (struct event){
		.id = row[ID], .topic = row[TOPIC], .type = row[TYPE],
		.key = row[KEY], .data = row[DATA],
		.traceparent = row[TRACEPARENT], .time = row[TIME],
	};
}

/* Where the cursor stands once these rows, none only with a target, are out. */
static struct position behind(const struct relay *r,
			      const struct db_rows *rows)
{
	const char *target = r->at.target ?: rows->cell[SNAPSHOT];

	if (rows->nrows < BATCH)
		return (struct position){ target, NULL, "0" };

	return (struct position){ r->at.snapshot, target,
				  rows->cell[(BATCH - 1) * rows->ncols + ID] };
}

static void store(struct relay *r, struct position to)
{
	const char *stored;

	must(db_one(r->db, &sql_relay_store,
		    ARGS(r->epoch, to.snapshot, to.target, to.after_id),
		    &stored));
	move_to(r, to);
}

static enum err publish(struct relay *r, const struct db_rows *rows)
{
	const size_t n = (size_t)rows->nrows;
	struct event *events = arena_alloc(r->arena, n * sizeof(*events));
	enum err err;

	for (size_t i = 0; i < n; i++)
		events[i] = event_of(rows->cell + i * (size_t)rows->ncols);
	err = publisher_send(r->publisher, events, n);
	if (!err) {
		r->busy_ms = now_ms();
		atomic_fetch_add(&r->slot->published, n);
	}
	return err;
}

static enum err ask(struct relay *r, const char *count, struct db_rows *rows)
{
	if (r->at.target)
		return db_all(r->db, &sql_relay_rest,
			      ARGS(r->at.snapshot, r->at.target,
				   r->at.after_id, count), rows);

	return db_all(r->db, &sql_relay_difference,
		      ARGS(r->at.snapshot, count), rows);
}

/* So many events at most that wait, for how long is on the board. */
static void fetch(struct relay *r, int count, struct db_rows *rows)
{
	double since_us = 0;

	must(ask(r, arena_printf(r->arena, "%d", count), rows));
	if (rows->nrows > 0)
		since_us = 1e3 * (double)now_ms() -
			   1e6 * strtod(rows->cell[AGE_S], NULL);
	if (rows->nrows > 0 && since_us < 1)
		since_us = 1;		/* before this machine began */
	atomic_store(&r->slot->unpublished_us, (uint64_t)since_us);
}

/* While Kafka is away.  What waits longest goes on doing so. */
static void look_on(struct relay *r)
{
	struct db_rows rows;

	if (!r->slot->unpublished_us)
		fetch(r, 1, &rows);
}

/* One look at the outbox.  What Kafka refuses is looked at again. */
static void look(struct relay *r)
{
	struct db_rows rows;

	fetch(r, BATCH, &rows);
	if (rows.nrows > 0 && publish(r, &rows)) {
		pause_ms(REFUSED_PAUSE_MS);
		return;
	}
	if (rows.nrows > 0 || r->at.target)
		store(r, behind(r, &rows));
	if (rows.nrows < BATCH)
		atomic_store(&r->slot->unpublished_us, 0);
	if (rows.nrows < BATCH && !stop) {
		pause_ms(LEAST_PAUSE_MS);
		wake_wait(now_ms() - r->busy_ms < IDLE_MS ? BUSY_PAUSE_MS
							  : IDLE_PAUSE_MS);
	}
}

/* Every so often, and it may fail: without the database, look() ends us. */
static void sometimes(struct relay *r, const struct db_stmt *stmt,
		      int64_t *last_ms, int every_ms)
{
	const char *done;

	if (now_ms() - *last_ms < every_ms)
		return;
	if (db_one(r->db, stmt, NO_ARGS, &done))
		log_warn("relay: %s is put off", stmt->name);
	*last_ms = now_ms();
}

static void clean_up(struct relay *r)
{
	sometimes(r, &sql_relay_empty, &r->emptied_ms, EMPTY_MS);
	sometimes(r, &sql_relay_tidy, &r->tidied_ms, TIDY_MS);
	sometimes(r, &sql_relay_tidy_inbox, &r->inbox_ms, TIDY_INBOX_MS);
}

/* Only who leads needs Kafka. */
static void lead(struct relay *r)
{
	look_on(r);
	r->publisher = publisher_new(go_on, r);
	while (!stop) {
		if (publisher_ready(r->publisher)) {
			look_on(r);
			pause_ms(REFUSED_PAUSE_MS);
		} else {
			look(r);
		}
		clean_up(r);
		arena_reset(r->arena);
	}
	publisher_free(r->publisher);
}

static void relay_run(struct db_pool *pool)
{
	struct relay r = { .arena = arena_new(), .slot = worker_slot() };

	r.db = db_new(pool, r.arena);
	worker_ready();
	if (take_the_lead(&r))
		lead(&r);

	move_to(&r, (struct position){ 0 });
	keep(&r.epoch, NULL);
	db_free(r.db);
	arena_free(r.arena);
}

int main(void)
{
	struct sigaction term = { .sa_handler = on_term };
	struct db_config config = {
		.connections = 1, .wait_ms = 1000, .timeout_ms = STATEMENT_MS,
	};
	struct db_pool *pool;

	log_name("relay");
	sigaction(SIGTERM, &term, NULL);
	conf_read(conf_file());
	config.url = conf.database_url;
	config.role = conf.database_role;
	config.board = &worker_slot()->database;

	pool = db_pool_new(&config);
	relay_run(pool);
	db_pool_free(pool);

	return 0;
}
