/*
 * db.h - run named statements on PostgreSQL.
 *
 * A process owns one struct db_pool; each thread has a struct db on it.  A
 * statement takes a connection of the pool, which the thread keeps until
 * db_release(), after its request.  Connections are made on first use and
 * again after a failure; a statement is prepared when it first runs on one.
 * SQL lives in .sql files: sql/embed.awk turns each "-- name:" block into a
 * db_stmt.
 *
 * Ownership: results live in the arena given to db_new() and stay valid until
 * it is reset.  Callers free nothing.
 *
 * Errors: functions return OK or one of these, and on error leave their
 * outputs untouched.  db logs PostgreSQL's message; callers don't repeat it.
 *
 *	ERR_NOT_FOUND	db_one() and db_row() only: there was no row
 *	ERR_CONFLICT	a unique, foreign key or exclusion constraint
 *	ERR_INVALID	a value that its type, NOT NULL or a CHECK refuses
 *	ERR_UNAVAILABLE	no connection in time, connection lost, timeout, lock
 *			or shutdown: the statement may have taken effect
 *	ERR_INTERNAL	anything else: a bug in the statement or the schema
 *
 * A serialization failure or deadlock is tried again up to 3 times: outside
 * db_atomic() the statement, inside it the whole body.
 */
#ifndef RUNTIME_DB_H
#define RUNTIME_DB_H

#include "runtime/arena.h"
#include "runtime/err.h"

struct scoreboard_database;
struct db_pool;
struct db;

struct db_stmt {
	const char *name;	/* unique in the process, e.g. "user_get" */
	const char *sql;	/* one statement, parameters $1 to $nargs */
	int nargs;
};

/* Arguments in $ order, as text; NULL is SQL NULL. */
struct db_args {
	int n;
	const char *const *v;	/* v[n] */
};

#define ARGS(...) ((struct db_args){ \
	sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), \
	(const char *[]){ __VA_ARGS__ } })
#define NO_ARGS ((struct db_args){ 0, NULL })

/* A result as text; a NULL cell is SQL NULL. */
struct db_rows {
	int nrows, ncols;
	const char *const *cell;	/* cell[row * ncols + col] */
};

struct db_config {
	const char *url;	/* conninfo or URI, read by libpq */
	const char *role;	/* instead of the URL's; NULL: the URL's */
	int connections;	/* at most, of the whole process */
	int wait_ms;		/* for a free connection */
	int timeout_ms;		/* of a statement; of connecting, up to 2 s */
	struct scoreboard_database *board;	/* to count in; NULL: nowhere */
};

/*
 * Never NULL; connects to nothing yet.  The config's strings are kept.  A url
 * that libpq can't read ends the process with EXIT_CONFIG.
 */
struct db_pool *db_pool_new(const struct db_config *);
/* All its struct db must be gone. */
void db_pool_free(struct db_pool *);

/* One thread's use of the pool.  Results go to the arena. */
struct db *db_new(struct db_pool *, struct arena *);
void db_free(struct db *);

/*
 * From now on name[bytes] says what the thread waits for, for others to see: a
 * statement's name, a command's words; "" if it doesn't.
 */
void db_tell(struct db *, char *name, size_t bytes);

/* Give the connection back, if one is held. */
void db_release(struct db *);

/* For at most one row: *out is its first column.  A second row is a bug. */
enum err db_one(struct db *, const struct db_stmt *, struct db_args,
		const char **out);

/* For at most one row: *out is all its columns, in order. */
enum err db_row(struct db *, const struct db_stmt *, struct db_args,
		const char *const **out);

/* For any number of rows, zero included, in the statement's order. */
enum err db_all(struct db *, const struct db_stmt *, struct db_args,
		struct db_rows *out);

/*
 * Run body in a transaction: COMMIT if it returns OK, else ROLLBACK and
 * return its error.  body runs again, up to 3 times, after a serialization
 * failure or deadlock, so it must have no effect outside the database.  After
 * ERR_UNAVAILABLE the transaction may have been committed.  Inside another
 * db_atomic() it is a part of that one, which its error ends.
 */
enum err db_atomic(struct db *, enum err (*body)(struct db *, void *arg),
		   void *arg);

/*
 * From here on a lost connection is not replaced: everything returns
 * ERR_UNAVAILABLE.  For work that is tied to its session, like advisory locks.
 */
enum err db_hold(struct db *);

#endif
