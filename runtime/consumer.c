/*
 * consumer.c - see consumer.h: an effect once for each event.
 *
 * An offset is stored after the transaction of its effect, and so may be
 * behind it, never ahead: what comes again then finds its row in the inbox.
 * While two members have the same partition, as after a rebalance, the row
 * makes the second wait for the first.
 */
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/consumer_private.h"
#include "runtime/log.h"
#include "runtime/wake.h"
#include "runtime/worker.h"

#include "consumer.sql.h"

enum {
	BATCH = 100,			/* events in a transaction, at most */
	BATCH_MS = 50,			/* it may hold its locks */
	ID_BYTES = 20,
	ATTEMPTS = 3,
	AGAIN_MS = 50,			/* between attempts */
	AWAY_MS = 100, AWAY_MAX_MS = 5000,	/* what is away: doubling */
};

struct consumer {
	const char *name;
	const struct consumption *table;
	struct scoreboard_worker *slot;
	struct feed *feed;
	struct dead_letters *dead;
	struct db *db;
	struct arena *arena;		/* of the items in hand */
	struct arena *scratch;		/* of an attempt; db's, too */
	size_t batch;			/* events that BATCH_MS is enough for */
};

/* What one transaction is to do. */
struct work {
	struct consumer *consumer;
	struct item *items;
	size_t n;
};

volatile sig_atomic_t consumer_stop;

static void on_term(int signal)
{
	(void)signal;
	consumer_stop = 1;
}

/* The ids of what is to be consumed, as PostgreSQL writes an array. */
static const char *ids_of(const struct work *w)
{
	char *text = arena_alloc(w->consumer->scratch, w->n * ID_BYTES + 3);
	size_t bytes = 1;

	for (size_t i = 0; i < w->n; i++)
		if (w->items[i].consumption)
			bytes += (size_t)sprintf(text + bytes, "%s,",
						 w->items[i].delivery.id);
	text[0] = '{';
	text[bytes > 1 ? bytes - 1 : 1] = '}';

	return text;
}

/*
 * new holds the ids that had no row, in the order of the items.  So of an id
 * that is there twice, the first is new.
 */
static enum err consume_new(const struct work *w, const struct db_rows *new)
{
	int next = 0;
	enum err err;

	for (size_t i = 0; i < w->n; i++) {
		struct item *item = &w->items[i];
		struct delivery *d = &item->delivery;

		if (!item->consumption)
			continue;
		item->again = next == new->nrows ||
			      strcmp(d->id, new->cell[next]) != 0;
		if (item->again)
			continue;
		next++;
		log_request(d->id, d->traceparent);
		err = item->consumption->consume(d);
		if (err)
			return err;
	}
	return next == new->nrows ? OK : ERR_INTERNAL;
}

static enum err effects(struct db *db, void *arg)
{
	const struct work *w = arg;
	struct db_rows new;
	enum err err;

	err = db_all(db, &sql_consumer_inbox,
		     ARGS(w->consumer->name, ids_of(w)), &new);
	if (err)
		return err;

	return consume_new(w, &new);
}

/* What is passed over needs no database. */
static enum err run(struct work *w)
{
	bool needed = false;
	enum err err;

	for (size_t i = 0; i < w->n; i++) {
		if (w->items[i].malformed)
			return ERR_MALFORMED;
		needed |= w->items[i].consumption != NULL;
	}
	if (!needed)
		return OK;

	arena_reset(w->consumer->scratch);
	err = db_atomic(w->consumer->db, effects, w);
	log_request(NULL, NULL);

	return err;
}

static void settle(struct consumer *c, const struct item *item)
{
	if (item->again)
		atomic_fetch_add(&c->slot->duplicates, 1);
	else if (item->consumption)
		atomic_fetch_add(&c->slot->consumed, 1);
	feed_done(c->feed, item->message);
}

/* Wait, longer each time, for what is away. */
static void back_off(struct consumer *c, int *ms)
{
	feed_wait(c->feed, *ms);
	*ms = *ms < AWAY_MAX_MS / 2 ? *ms * 2 : AWAY_MAX_MS;
}

static const char *reason_for(enum err err)
{
	static const char *const words[] = {
		[ERR_DENIED] = "denied", [ERR_NOT_FOUND] = "not_found",
		[ERR_CONFLICT] = "conflict", [ERR_INVALID] = "invalid",
		[ERR_MALFORMED] = "malformed", [ERR_INTERNAL] = "internal",
	};
	const size_t i = err;

	return i < sizeof(words) / sizeof(*words) && words[i] ? words[i]
							      : "internal";
}

/* Kafka is waited for: without its dead letter a message isn't done. */
static void give_up(struct consumer *c, const struct item *item,
		    const char *reason, int attempts)
{
	const rd_kafka_message_t *m = item->message;
	int away_ms = AWAY_MS;

	while (dead_letters_send(c->dead, m, reason, attempts)) {
		if (consumer_stop)
			return;
		back_off(c, &away_ms);
	}
	log_error("%s [%d] %ld is a dead letter: %s",
		  rd_kafka_topic_name(m->rkt), m->partition, (long)m->offset,
		  reason);
	atomic_fetch_add(&c->slot->dead, 1);
	feed_done(c->feed, m);
}

static void do_alone(struct consumer *c, struct item *item)
{
	struct work work = { c, item, 1 };
	int attempts = 0, away_ms = AWAY_MS;
	enum err err;

	while (!consumer_stop) {
		err = run(&work);
		if (!err) {
			settle(c, item);
			return;
		}
		if (err == ERR_UNAVAILABLE) {
			back_off(c, &away_ms);
			continue;
		}
		attempts++;
		if (item->malformed || attempts == ATTEMPTS) {
			give_up(c, item, item->malformed ?: reason_for(err),
				attempts);
			return;
		}
		feed_wait(c->feed, AGAIN_MS);
	}
}

/* False: not one is done. */
static bool do_together(struct consumer *c, struct item *items, size_t n)
{
	struct work work = { c, items, n };
	const int64_t begin_ms = now_ms();

	if (run(&work))
		return false;
	if (now_ms() - begin_ms <= BATCH_MS)
		c->batch += c->batch < BATCH;
	else if (c->batch > 2)
		c->batch /= 2;
	for (size_t i = 0; i < n; i++)
		settle(c, &items[i]);

	return true;
}

static void do_all(struct consumer *c, rd_kafka_message_t **messages, size_t n)
{
	struct item *items = arena_alloc(c->arena, n * sizeof(*items));

	for (size_t i = 0; i < n; i++) {
		items[i].message = messages[i];
		items[i].delivery.arena = c->scratch;
		items[i].delivery.db = c->db;
		message_read(c->arena, c->name, c->table, &items[i]);
	}
	for (size_t i = 0, some; i < n && !consumer_stop; i += some) {
		some = n - i < c->batch ? n - i : c->batch;
		if (some > 1 && do_together(c, items + i, some))
			continue;
		for (size_t j = i; j < i + some; j++)
			do_alone(c, &items[j]);
	}

	/* A connection that breaks while it is idle is noticed by the pool. */
	db_release(c->db);
	wake_relay();			/* effects may be events */
	for (size_t i = 0; i < n; i++)
		rd_kafka_message_destroy(messages[i]);
	arena_reset(c->arena);
}

static void consume(struct consumer *c)
{
	rd_kafka_message_t *messages[BATCH];
	bool was_busy = false;
	size_t n;

	while (!consumer_stop) {
		n = feed_take(c->feed, messages, BATCH);
		if (n > 0)
			do_all(c, messages, n);
		else if (was_busy)
			malloc_trim(0);	/* of what a backlog took */
		was_busy = n > 0;
	}
}

void consumer_run(const char *name, const struct consumption *table)
{
	const struct db_config config = {
		.url = conf.database_url, .role = conf.database_role,
		.connections = 1, .wait_ms = conf.database_wait_ms,
		.timeout_ms = conf.timeout_ms,
		.board = &worker_slot()->database,
	};
	struct sigaction term = { .sa_handler = on_term };
	struct db_pool *pool = db_pool_new(&config);
	struct consumer c = {
		.name = name, .table = table, .slot = worker_slot(),
		.arena = arena_new(), .scratch = arena_new(),
		.dead = dead_letters_new(name), .batch = BATCH,
	};

	sigaction(SIGTERM, &term, NULL);
	c.db = db_new(pool, c.scratch);
	c.feed = feed_new(name, table, c.slot);
	worker_ready();
	consume(&c);

	feed_free(c.feed);
	dead_letters_free(c.dead);
	db_free(c.db);
	db_pool_free(pool);
	arena_free(c.arena);
	arena_free(c.scratch);
}
