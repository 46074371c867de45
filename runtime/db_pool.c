/* db_pool.c - see db.h: the connections of a process, lent to its threads. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/db_private.h"
#include "runtime/log.h"
#include "runtime/scoreboard.h"

enum {
	GRACE_MS = 100,			/* the server's own timeout is first */
	PAUSE_MIN_US = 100 * 1000,	/* after a failure to connect */
	PAUSE_SPREAD_US = 400 * 1000,
};

struct db_pool {
	struct db_config config;
	struct scoreboard_database *board, alone;
	pthread_mutex_t lock;		/* on what follows */
	pthread_cond_t returned;
	struct db_conn *idle;		/* last used first */
	int places;			/* for more connections */
	uint64_t paused_until_us;	/* before that, none is made */
};

/* What libpq says of a bad URL, here or later, quotes it with its password. */
static void check(const char *url)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);

	if (!options)
		log_exit(EXIT_CONFIG, "DATABASE_URL is not as libpq wants it");
	PQconninfoFree(options);
}

struct db_pool *db_pool_new(const struct db_config *config)
{
	struct db_pool *pool = calloc(1, sizeof(*pool));
	pthread_condattr_t attr;

	if (!pool)
		log_exit(EXIT_SYSTEM, "out of memory");
	check(config->url);
	pool->config = *config;
	pool->places = config->connections;
	pool->board = config->board ?: &pool->alone;
	atomic_fetch_add(&pool->board->limit, config->connections);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->returned, &attr);
	pthread_condattr_destroy(&attr);

	return pool;
}

static void close_conn(struct db_pool *pool, struct db_conn *c)
{
	db_conn_close(c);
	atomic_fetch_sub(&pool->board->open, 1);
}

void db_pool_free(struct db_pool *pool)
{
	struct db_conn *c;

	while ((c = pool->idle)) {
		pool->idle = c->next;
		pool->places++;
		close_conn(pool, c);
	}
	assert(pool->places == pool->config.connections);
	atomic_fetch_sub(&pool->board->limit, pool->config.connections);
	pthread_cond_destroy(&pool->returned);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

uint64_t db_pool_deadline_us(const struct db_pool *pool)
{
	return now_us() + (uint64_t)(pool->config.timeout_ms + GRACE_MS) * 1000;
}

/* *idle is NULL if the place is for a new connection.  False: none in time. */
static bool take_place(struct db_pool *pool, struct db_conn **idle)
{
	const uint64_t until_us = now_us() +
				  (uint64_t)pool->config.wait_ms * 1000;
	const struct timespec until = {
		.tv_sec = (time_t)(until_us / 1000000),
		.tv_nsec = (long)(until_us % 1000000) * 1000,
	};
	bool taken;
	int e = 0;

	pthread_mutex_lock(&pool->lock);
	if (!pool->idle && pool->places == 0)
		atomic_fetch_add(&pool->board->waits, 1);
	while (!pool->idle && pool->places == 0 && e != ETIMEDOUT)
		e = pthread_cond_timedwait(&pool->returned, &pool->lock,
					   &until);
	*idle = pool->idle;
	taken = *idle || pool->places > 0;
	if (*idle)
		pool->idle = (*idle)->next;
	else if (taken)
		pool->places--;
	pool->board->used += taken;
	pthread_mutex_unlock(&pool->lock);

	return taken;
}

/* The reverse of take_place(). */
static void give_place(struct db_pool *pool, struct db_conn *idle)
{
	pthread_mutex_lock(&pool->lock);
	if (idle) {
		idle->next = pool->idle;
		pool->idle = idle;
	} else {
		pool->places++;
	}
	pool->board->used--;
	pthread_cond_signal(&pool->returned);
	pthread_mutex_unlock(&pool->lock);
}

static bool is_paused(struct db_pool *pool)
{
	bool paused;

	pthread_mutex_lock(&pool->lock);
	paused = now_us() < pool->paused_until_us;
	pthread_mutex_unlock(&pool->lock);

	return paused;
}

/* Processes that lost their server together don't return together. */
static void pause_connecting(struct db_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->paused_until_us = now_us() + PAUSE_MIN_US +
				arc4random_uniform(PAUSE_SPREAD_US);
	pthread_mutex_unlock(&pool->lock);
}

static struct db_conn *connect_unless_paused(struct db_pool *pool)
{
	struct db_conn *c;

	if (is_paused(pool))
		return NULL;
	c = db_conn_open(&pool->config);
	if (c) {
		atomic_fetch_add(&pool->board->open, 1);
	} else {
		atomic_fetch_add(&pool->board->unmade, 1);
		pause_connecting(pool);
	}

	return c;
}

enum err db_pool_take(struct db_pool *pool, struct db_conn **out)
{
	struct db_conn *c;

	if (!take_place(pool, &c)) {
		atomic_fetch_add(&pool->board->refused, 1);
		log_error("database: all connections are in use");
		return ERR_UNAVAILABLE;
	}
	if (c && !db_conn_quiet(c)) {
		close_conn(pool, c);
		c = NULL;
	}
	if (!c)
		c = connect_unless_paused(pool);
	if (!c) {
		give_place(pool, NULL);
		return ERR_UNAVAILABLE;
	}
	*out = c;

	return OK;
}

void db_pool_give(struct db_pool *pool, struct db_conn *c)
{
	if (PQtransactionStatus(c->pg) == PQTRANS_IDLE)
		give_place(pool, c);
	else
		db_pool_end(pool, c);
}

void db_pool_end(struct db_pool *pool, struct db_conn *c)
{
	close_conn(pool, c);
	give_place(pool, NULL);
}
