/* worker_database.c - see worker_database.h. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "functions/stream/worker_database.h"
#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/worker.h"

#include "worker.sql.h"

enum { STATEMENT_MS = 5000 };

struct database {
	char *gateway;
	struct db_pool *pool;
	struct db *db;			/* the thread's */
	struct turn turn;
	int done_fd;			/* an eventfd */
	pthread_t thread;

	pthread_mutex_t lock;		/* of all below */
	pthread_cond_t change;
	enum { IDLE, GIVEN, DONE } state;
	bool leaving;
};

static enum err ask(struct database *d, struct turn *t)
{
	struct db *db = d->db;
	const char *known;
	enum err err;

	if (t->beat) {
		err = db_one(db, &sql_gateway_beat, ARGS(d->gateway), &known);
		if (err)
			return err;
		t->forgotten = *known == 'f';
		err = db_all(db, &sql_gateway_bury, NO_ARGS, &t->buried);
		if (err)
			return err;
	}
	if (t->sessions) {
		err = db_all(db, &sql_sessions_ended, ARGS(t->sessions),
			     &t->ended);
		if (err)
			return err;
	}
	if (t->came)
		return db_all(db, &sql_presence_change,
			      ARGS(d->gateway, t->came, t->left),
			      &t->changed);
	return OK;
}

static void tell_done(struct database *d)
{
	const uint64_t one = 1;

	if (write(d->done_fd, &one, sizeof(one)) < 0)
		log_exit(EXIT_SYSTEM, "eventfd: %s", strerror(errno));
}

/* False: it is time to leave. */
static bool wait_for_turn(struct database *d)
{
	bool given;

	pthread_mutex_lock(&d->lock);
	while (d->state != GIVEN && !d->leaving)
		pthread_cond_wait(&d->change, &d->lock);
	given = d->state == GIVEN;
	pthread_mutex_unlock(&d->lock);

	return given;
}

static void *run(void *database)
{
	struct database *d = database;

	while (wait_for_turn(d)) {
		d->turn.failed = ask(d, &d->turn) != OK;
		db_release(d->db);
		pthread_mutex_lock(&d->lock);
		d->state = DONE;
		pthread_mutex_unlock(&d->lock);
		tell_done(d);
	}
	return NULL;
}

/* Signals are the loop's. */
static void start(struct database *d)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&d->thread, NULL, run, d) != 0)
		log_exit(EXIT_SYSTEM, "no thread");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct database *database_new(const char *gateway)
{
	const struct db_config config = {
		.url = conf.database_url, .role = conf.database_role,
		.connections = 1, .wait_ms = conf.database_wait_ms,
		.timeout_ms = STATEMENT_MS,
		.board = &worker_slot()->database,
	};
	struct database *d = calloc(1, sizeof(*d));

	if (d)
		d->gateway = strdup(gateway);
	if (!d || !d->gateway)
		log_exit(EXIT_SYSTEM, "out of memory");
	d->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (d->done_fd < 0)
		log_exit(EXIT_SYSTEM, "eventfd: %s", strerror(errno));

	d->pool = db_pool_new(&config);
	d->turn.arena = arena_new();
	d->db = db_new(d->pool, d->turn.arena);
	d->state = DONE;		/* the turn may be taken */
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->change, NULL);
	start(d);

	return d;
}

void database_free(struct database *d)
{
	pthread_mutex_lock(&d->lock);
	d->leaving = true;
	pthread_cond_signal(&d->change);
	pthread_mutex_unlock(&d->lock);
	pthread_join(d->thread, NULL);

	pthread_cond_destroy(&d->change);
	pthread_mutex_destroy(&d->lock);
	db_free(d->db);
	arena_free(d->turn.arena);
	db_pool_free(d->pool);
	close(d->done_fd);
	free(d->gateway);
	free(d);
}

int database_fd(const struct database *d)
{
	return d->done_fd;
}

struct turn *database_take(struct database *d)
{
	uint64_t count;
	bool done;

	if (read(d->done_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		log_exit(EXIT_SYSTEM, "eventfd: %s", strerror(errno));
	pthread_mutex_lock(&d->lock);
	done = d->state == DONE;
	if (done)
		d->state = IDLE;
	pthread_mutex_unlock(&d->lock);

	return done ? &d->turn : NULL;
}

void database_give(struct database *d, struct turn *t)
{
	assert(t == &d->turn);
	pthread_mutex_lock(&d->lock);
	d->state = GIVEN;
	pthread_cond_signal(&d->change);
	pthread_mutex_unlock(&d->lock);
}
