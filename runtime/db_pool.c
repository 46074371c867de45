/* db_pool.c - see db.h: connections, made, lent, looked after. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/conf.h"
#include "runtime/db_private.h"
#include "runtime/log.h"

enum {
	CONNECT_TIMEOUT_MS = 2000,
	LOCK_TIMEOUT_MS = 500,
	GRACE_MS = 100,			/* for the server to time out first */
	PAUSE_MIN_US = 100 * 1000,	/* after a failed connect */
	PAUSE_SPAN_US = 400 * 1000,
};

struct db_pool {
	struct db_config config;
	pthread_mutex_t lock;
	pthread_cond_t returned;
	struct db_conn *idle;		/* last used first */
	int open;			/* idle and on loan */
	uint64_t paused_until_us;
};

uint64_t db_clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t db_pool_timeout_us(const struct db_pool *pool)
{
	return ((uint64_t)pool->config.timeout_ms + GRACE_MS) * 1000;
}

struct db_pool *db_pool_new(const struct db_config *config)
{
	struct db_pool *pool = calloc(1, sizeof(*pool));
	pthread_condattr_t attr;

	if (!pool)
		log_exit(EXIT_SYSTEM, "out of memory");
	pool->config = *config;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->returned, &attr);
	pthread_condattr_destroy(&attr);

	return pool;
}

static void conn_free(struct db_conn *c)
{
	PQfinish(c->pg);
	free(c);
}

void db_pool_free(struct db_pool *pool)
{
	struct db_conn *c;

	while ((c = pool->idle)) {
		pool->idle = c->next;
		conn_free(c);
	}
	pthread_cond_destroy(&pool->returned);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* False once the deadline has passed. */
static bool wait_for(PGconn *pg, short events, uint64_t deadline_us)
{
	struct pollfd p = { .fd = PQsocket(pg), .events = events };
	uint64_t now;
	int n;

	do {
		now = db_clock_us();
		if (now >= deadline_us)
			return false;
		n = poll(&p, 1, (int)((deadline_us - now) / 1000) + 1);
	} while (n == 0 || (n < 0 && errno == EINTR));

	return n > 0;
}

/* All of the statement has been sent and something has come back. */
static bool receive(PGconn *pg, uint64_t deadline_us)
{
	int unsent = PQflush(pg);

	while (unsent == 1 || PQisBusy(pg)) {
		if (unsent < 0 ||
		    !wait_for(pg, unsent ? POLLIN | POLLOUT : POLLIN,
			      deadline_us) || !PQconsumeInput(pg))
			return false;
		unsent = PQflush(pg);
	}
	return unsent == 0;
}

PGresult *db_await(PGconn *pg, uint64_t deadline_us)
{
	PGresult *last = NULL, *r;

	while (receive(pg, deadline_us)) {
		r = PQgetResult(pg);
		if (!r && PQstatus(pg) == CONNECTION_OK)
			return last;
		if (!r)
			break;
		if (last && PQresultStatus(last) == PGRES_FATAL_ERROR) {
			PQclear(r);
		} else {
			PQclear(last);
			last = r;
		}
	}
	PQclear(last);
	return NULL;
}

static bool finish_connecting(PGconn *pg, uint64_t deadline_us)
{
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;

	while (status == PGRES_POLLING_WRITING ||
	       status == PGRES_POLLING_READING) {
		if (!wait_for(pg, status == PGRES_POLLING_WRITING ? POLLOUT
								  : POLLIN,
			      deadline_us))
			return false;
		status = PQconnectPoll(pg);
	}
	return status == PGRES_POLLING_OK;
}

static PGconn *start_connecting(const struct db_config *config)
{
	const int lock_ms = config->timeout_ms < LOCK_TIMEOUT_MS
			    ? config->timeout_ms : LOCK_TIMEOUT_MS;
	char options[256], name[64];
	const char *const keys[] = {
		"dbname", "options", "application_name", "client_encoding",
		"tcp_user_timeout", config->role ? "user" : NULL, NULL,
	};
	const char *const values[] = {
		config->url, options, name, "UTF8", "10000", config->role, NULL,
	};

	snprintf(options, sizeof(options), "-c statement_timeout=%d"
		 " -c lock_timeout=%d -c search_path=pg_catalog -c jit=off"
		 " -c idle_in_transaction_session_timeout=5000",
		 config->timeout_ms, lock_ms);
	snprintf(name, sizeof(name), "kith-%s", program_invocation_short_name);

	return PQconnectStartParams(keys, values, 1);
}

static void log_failure(PGconn *pg)
{
	const char *message = PQerrorMessage(pg);

	log_error("database: can't connect: %.*s",
		  (int)strcspn(message, "\n"), message);
}

/* Not everybody at once, and not without a pause, when the server is away. */
static enum err conn_open(struct db_pool *pool, struct db_conn *c)
{
	const int timeout_ms = pool->config.timeout_ms < CONNECT_TIMEOUT_MS
			       ? pool->config.timeout_ms : CONNECT_TIMEOUT_MS;
	const uint64_t now = db_clock_us();
	uint64_t paused_until;
	bool connected;

	pthread_mutex_lock(&pool->lock);
	paused_until = pool->paused_until_us;
	pthread_mutex_unlock(&pool->lock);
	if (now < paused_until)
		return ERR_UNAVAILABLE;

	c->pg = start_connecting(&pool->config);
	connected = c->pg && PQstatus(c->pg) != CONNECTION_BAD &&
		    finish_connecting(c->pg,
				      now + (uint64_t)timeout_ms * 1000);
	if (connected && PQsetnonblocking(c->pg, 1) == 0)
		return OK;

	log_failure(c->pg);
	pthread_mutex_lock(&pool->lock);
	pool->paused_until_us = db_clock_us() + PAUSE_MIN_US +
				(uint64_t)random() % PAUSE_SPAN_US;
	pthread_mutex_unlock(&pool->lock);

	return ERR_UNAVAILABLE;
}

/* A place in the pool: an idle connection, or a new one without a server. */
static struct db_conn *take_place(struct db_pool *pool)
{
	const uint64_t until = db_clock_us() +
			       (uint64_t)pool->config.wait_ms * 1000;
	const struct timespec deadline = {
		.tv_sec = (time_t)(until / 1000000),
		.tv_nsec = (long)(until % 1000000) * 1000,
	};
	struct db_conn *c = NULL;
	int timeout = 0;

	pthread_mutex_lock(&pool->lock);
	while (!pool->idle && pool->open == pool->config.connections &&
	       timeout == 0)
		timeout = pthread_cond_timedwait(&pool->returned, &pool->lock,
						 &deadline);
	if (pool->idle) {
		c = pool->idle;
		pool->idle = c->next;
	} else if (pool->open < pool->config.connections) {
		c = calloc(1, sizeof(*c));
		pool->open += c != NULL;
	}
	pthread_mutex_unlock(&pool->lock);

	return c;
}

/* What a server says unasked is that it leaves. */
static bool still_there(struct db_conn *c)
{
	struct pollfd p = { .fd = PQsocket(c->pg), .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

enum err db_pool_take(struct db_pool *pool, struct db_conn **out)
{
	struct db_conn *c = take_place(pool);
	enum err err;

	if (!c) {
		log_error("database: all connections are in use");
		return ERR_UNAVAILABLE;
	}
	if (c->pg && !still_there(c)) {
		PQfinish(c->pg);
		*c = (struct db_conn){ 0 };
	}
	if (!c->pg) {
		err = conn_open(pool, c);
		if (err) {
			db_pool_give(pool, c);
			return err;
		}
	}
	*out = c;

	return OK;
}

bool db_conn_well(const struct db_conn *c)
{
	return c->pg && !c->stale && PQstatus(c->pg) == CONNECTION_OK &&
	       PQtransactionStatus(c->pg) == PQTRANS_IDLE;
}

void db_pool_give(struct db_pool *pool, struct db_conn *c)
{
	const bool well = db_conn_well(c);

	if (!well)
		conn_free(c);

	pthread_mutex_lock(&pool->lock);
	if (well) {
		c->next = pool->idle;
		pool->idle = c;
	} else {
		pool->open--;
	}
	pthread_cond_signal(&pool->returned);
	pthread_mutex_unlock(&pool->lock);
}
