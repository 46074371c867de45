/* db_private.h - what db.c and db_pool.c share. */
#ifndef RUNTIME_DB_PRIVATE_H
#define RUNTIME_DB_PRIVATE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/db.h"

enum { DB_STATEMENTS = 64 };		/* of a program */

/* A connection, on loan or idle. */
struct db_conn {
	PGconn *pg;
	struct db_conn *next;		/* idle ones */
	bool stale;			/* its statements must be forgotten */
	size_t prepared;
	const struct db_stmt *statement[DB_STATEMENTS];	/* v[prepared] */
};

struct db {
	struct db_pool *pool;
	struct arena *arena;
	struct db_conn *conn;		/* NULL: none on loan */
	bool atomic;			/* a transaction is open */
	bool held;			/* conn must not be replaced */
	bool conflicted;		/* the transaction is worth a rerun */
};

uint64_t db_clock_us(void);

/* Lends a live connection of the pool.  ERR_UNAVAILABLE: logged. */
enum err db_pool_take(struct db_pool *, struct db_conn **out);

/* Ready for another statement. */
bool db_conn_well(const struct db_conn *);

/* Takes it back; one that is not well is closed. */
void db_pool_give(struct db_pool *, struct db_conn *);

/* How long a statement may take. */
uint64_t db_pool_timeout_us(const struct db_pool *);

/*
 * The statement that was sent is done: *out is its first error or else its
 * last result, to be cleared.  NULL when the deadline passed or the connection
 * was lost.
 */
PGresult *db_await(PGconn *, uint64_t deadline_us);

#endif
