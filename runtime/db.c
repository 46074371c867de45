/* db.c - see db.h: statements and transactions. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/conf.h"
#include "runtime/db_private.h"
#include "runtime/log.h"

enum { TRIES = 3, RETRY_PAUSE_US = 10000 };

/* What an SQLSTATE means; the longest prefix is first. */
static const struct {
	const char *prefix;
	enum err err;
} states[] = {
	{ "23505", ERR_CONFLICT },	/* unique_violation */
	{ "23503", ERR_CONFLICT },	/* foreign_key_violation */
	{ "23P01", ERR_CONFLICT },	/* exclusion_violation */
	{ "23",    ERR_INVALID },
	{ "22",    ERR_INVALID },	/* data exception */
	{ "08",    ERR_UNAVAILABLE },	/* connection exception */
	{ "25006", ERR_UNAVAILABLE },	/* read-only: a standby */
	{ "25P03", ERR_UNAVAILABLE },	/* idle in transaction */
	{ "40",    ERR_UNAVAILABLE },	/* rolled back, tries used up */
	{ "53",    ERR_UNAVAILABLE },	/* insufficient resources */
	{ "55P03", ERR_UNAVAILABLE },	/* lock not available */
	{ "57",    ERR_UNAVAILABLE },	/* cancelled, shutting down */
};

struct db *db_new(struct db_pool *pool, struct arena *arena)
{
	struct db *db = calloc(1, sizeof(*db));

	if (!db)
		log_exit(EXIT_SYSTEM, "out of memory");
	db->pool = pool;
	db->arena = arena;

	return db;
}

void db_free(struct db *db)
{
	db->held = false;
	db_release(db);
	free(db);
}

void db_release(struct db *db)
{
	assert(!db->atomic);
	if (!db->conn || db->held)
		return;

	db_pool_give(db->pool, db->conn);
	db->conn = NULL;
}

static enum err take(struct db *db)
{
	if (db->conn && !db->atomic && !db_conn_well(db->conn))
		db_release(db);
	if (db->conn)
		return OK;

	return db_pool_take(db->pool, &db->conn);
}

enum err db_hold(struct db *db)
{
	enum err err = take(db);

	db->held = !err;
	return err;
}

static bool is_state(const char *state, const char *prefix)
{
	return state && strncmp(state, prefix, strlen(prefix)) == 0;
}

/* Rolled back because of others: worth another try. */
static bool is_conflict(const char *state)
{
	return is_state(state, "40001") || is_state(state, "40P01");
}

static enum err classify(const char *state)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (is_state(state, states[i].prefix))
			return states[i].err;

	return ERR_INTERNAL;
}

static void log_result(const char *what, const PGresult *r, enum err err)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

	if (err != ERR_CONFLICT && err != ERR_INVALID)
		log_error("database: %s: %s %s", what, state ?: "",
			  PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) ?: "");
}

/* Takes what was sent back.  NULL: the connection is of no more use. */
static PGresult *await(struct db *db, int sent, const char *what)
{
	PGresult *r = NULL;

	if (sent)
		r = db_await(db->conn->pg,
			     db_clock_us() + db_pool_timeout_us(db->pool));
	/* An error without a state is libpq's own: nothing came back. */
	if (r && (PQresultStatus(r) != PGRES_FATAL_ERROR ||
		  PQresultErrorField(r, PG_DIAG_SQLSTATE)))
		return r;

	PQclear(r);
	log_error("database: %s: connection lost or too slow", what);
	return NULL;
}

static bool is_prepared(const struct db_conn *c, const struct db_stmt *stmt)
{
	for (size_t i = 0; i < c->prepared; i++)
		if (c->statement[i] == stmt)
			return true;

	return false;
}

/* *out is the error, or NULL when the statement is prepared. */
static enum err prepare(struct db *db, const struct db_stmt *stmt,
			PGresult **out)
{
	struct db_conn *c = db->conn;
	PGresult *r;

	*out = NULL;
	if (is_prepared(c, stmt))
		return OK;

	r = await(db, PQsendPrepare(c->pg, stmt->name, stmt->sql, 0, NULL),
		  stmt->name);
	if (!r)
		return ERR_UNAVAILABLE;
	if (PQresultStatus(r) != PGRES_COMMAND_OK) {
		*out = r;
		return OK;
	}
	PQclear(r);
	assert(c->prepared < DB_STATEMENTS);
	c->statement[c->prepared++] = stmt;

	return OK;
}

/* One try on the connection that is held. */
static enum err send_once(struct db *db, const struct db_stmt *stmt,
			  struct db_args args, PGresult **out)
{
	enum err err;

	err = prepare(db, stmt, out);
	if (err || *out)
		return err;
	*out = await(db, PQsendQueryPrepared(db->conn->pg, stmt->name, args.n,
					     args.v, NULL, NULL, 0),
		     stmt->name);

	return *out ? OK : ERR_UNAVAILABLE;
}

/* The server has forgotten the statement, or its plan no longer fits. */
static bool must_prepare_again(const char *state)
{
	return is_state(state, "26000") || is_state(state, "0A000");
}

/* The try failed with this state: is another one worth it? */
static bool try_again(struct db *db, const char *state, int tries)
{
	const bool forgotten = must_prepare_again(state);

	db->conn->stale |= forgotten;
	if (!forgotten && !is_conflict(state))
		return false;
	if (db->atomic)
		db->conflicted = true;
	if (db->atomic || tries == TRIES)
		return false;
	usleep((useconds_t)(random() % RETRY_PAUSE_US));

	return true;
}

static enum err run(struct db *db, const struct db_stmt *stmt,
		    struct db_args args, PGresult **out)
{
	const char *state;
	PGresult *r;
	enum err err;

	assert(args.n == stmt->nargs);
	for (int tries = 1;; tries++) {
		err = take(db);
		if (!err)
			err = send_once(db, stmt, args, &r);
		if (err)
			return err;

		state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
		if (!state)
			break;
		err = classify(state);
		if (!try_again(db, state, tries)) {
			log_result(stmt->name, r, err);
			PQclear(r);
			return err;
		}
		PQclear(r);
	}
	*out = r;

	return OK;
}

static void free_result(void *result)
{
	PQclear(result);
}

enum err db_all(struct db *db, const struct db_stmt *stmt, struct db_args args,
		struct db_rows *out)
{
	const char **cell;
	int nrows, ncols;
	PGresult *r = NULL;
	enum err err;

	err = run(db, stmt, args, &r);
	if (err)
		return err;
	arena_defer(db->arena, free_result, r);

	nrows = PQntuples(r);
	ncols = PQnfields(r);
	cell = arena_alloc(db->arena, (size_t)nrows * (size_t)ncols *
				      sizeof(*cell));
	for (int i = 0; i < nrows * ncols; i++)
		if (!PQgetisnull(r, i / ncols, i % ncols))
			cell[i] = PQgetvalue(r, i / ncols, i % ncols);
	*out = (struct db_rows){ nrows, ncols, cell };

	return OK;
}

enum err db_row(struct db *db, const struct db_stmt *stmt, struct db_args args,
		const char *const **out)
{
	struct db_rows rows;
	enum err err;

	err = db_all(db, stmt, args, &rows);
	if (err)
		return err;
	if (rows.nrows > 1) {
		log_error("database: %s: more than one row", stmt->name);
		return ERR_INTERNAL;
	}
	if (rows.nrows == 0)
		return ERR_NOT_FOUND;
	*out = rows.cell;

	return OK;
}

enum err db_one(struct db *db, const struct db_stmt *stmt, struct db_args args,
		const char **out)
{
	const char *const *row;
	enum err err;

	err = db_row(db, stmt, args, &row);
	if (!err)
		*out = row[0];

	return err;
}

/* BEGIN, COMMIT or ROLLBACK; the server must answer with this word. */
static enum err command(struct db *db, const char *word)
{
	PGresult *r = await(db, PQsendQuery(db->conn->pg, word), word);
	const char *state;
	enum err err = OK;

	if (!r)
		return ERR_UNAVAILABLE;
	state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	db->conflicted |= is_conflict(state);
	if (state) {
		err = classify(state);
		log_result(word, r, err);
	} else if (strcmp(PQcmdStatus(r), word) != 0) {
		err = ERR_INTERNAL;
		log_error("database: %s: was %s", word, PQcmdStatus(r));
	}
	PQclear(r);

	return err;
}

static enum err atomic_once(struct db *db,
			    enum err (*body)(struct db *, void *), void *arg)
{
	enum err err, ended;

	err = take(db);
	if (!err)
		err = command(db, "BEGIN");
	if (err)
		return err;

	db->atomic = true;
	err = body(db, arg);
	ended = command(db, err ? "ROLLBACK" : "COMMIT");
	db->atomic = false;

	return err ?: ended;
}

enum err db_atomic(struct db *db, enum err (*body)(struct db *, void *arg),
		   void *arg)
{
	enum err err;

	assert(!db->atomic);
	for (int tries = 1;; tries++) {
		db->conflicted = false;
		err = atomic_once(db, body, arg);
		if (!err || !db->conflicted || tries == TRIES)
			return err;
		db_release(db);
		usleep((useconds_t)(random() % RETRY_PAUSE_US));
	}
}
