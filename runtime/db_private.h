/*
 * db_private.h - what the parts of db share.
 *
 *	db.c		results and transactions
 *	db_run.c	running a statement, and what its error means
 *	db_pool.c	connections, lent to threads
 *	db_conn.c	one connection
 */
#ifndef RUNTIME_DB_PRIVATE_H
#define RUNTIME_DB_PRIVATE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/db.h"

enum { DB_STATEMENTS = 64 };		/* of a process, at most */

/* A connection that was made; idle or lent. */
struct db_conn {
	PGconn *pg;
	struct db_conn *next;		/* of the idle ones */
	int nprepared;
	const struct db_stmt *prepared[DB_STATEMENTS];	/* v[nprepared] */
	bool stale;			/* they have to be prepared again */
};

struct db {
	struct db_pool *pool;
	struct arena *arena;
	struct db_conn *conn;		/* NULL: none, or it was lost */
	uint64_t deadline_us;		/* of what is under way */
	int retries;			/* that the last failure is worth */
	char *told;			/* what is under way; NULL: to nobody */
	size_t told_bytes;
	bool held, atomic;		/* another connection would not do */
};

/* db_run.c */

/* See that conn is there, for something that begins now. */
enum err db_take(struct db *);

/* Run stmt; *out is its result, to be cleared. */
enum err db_run(struct db *, const struct db_stmt *, struct db_args,
		PGresult **out);

/* Run a command whose tag, with which the server answers, is itself. */
enum err db_command(struct db *, const char *words);

/* Whether to run again, after a pause, what has now failed so many times. */
bool db_try_again(struct db *, int times);

/* db_pool.c */

/* Lends a connection.  ERR_UNAVAILABLE: none in time; why has been logged. */
enum err db_pool_take(struct db_pool *, struct db_conn **out);

/* Takes it back; only one that is ready and in no transaction is kept. */
void db_pool_give(struct db_pool *, struct db_conn *);

/* Takes it back and closes it. */
void db_pool_end(struct db_pool *, struct db_conn *);

/* Until when a statement that begins now is waited for. */
uint64_t db_pool_deadline_us(const struct db_pool *);

/* db_conn.c */

/* Deadlines are now_us()'s. */

/* NULL: refused, or not within timeout_ms and 2 s; logged. */
struct db_conn *db_conn_open(const struct db_config *);
void db_conn_close(struct db_conn *);

/* Nothing has come in.  What a server says to an idle connection is goodbye. */
bool db_conn_quiet(const struct db_conn *);

/* It isn't lost, and no statement is under way. */
bool db_conn_ready(const struct db_conn *);

/*
 * The answer to the statement just sent, to be cleared: the server's error, or
 * else a result.  NULL: none by the deadline; the connection is of no more use.
 */
PGresult *db_conn_answer(struct db_conn *, uint64_t deadline_us);

#endif
