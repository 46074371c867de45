/* db_run.c - see db.h: a statement, from being prepared to its result. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/db_private.h"
#include "runtime/log.h"

enum { PAUSE_US = 10 * 1000 };		/* before the first retry, at least */

/* What an SQLSTATE means: the first that it begins with. */
static const struct meaning {
	const char *prefix;
	enum err err;
	int retries;			/* that are worth it */
	bool stale;			/* what is prepared no longer fits */
} meanings[] = {
	{ "08",    ERR_UNAVAILABLE, 0, false },	/* connection exception */
	{ "0A000", ERR_INTERNAL,    1, true  },	/* a result's type changed */
	{ "22",    ERR_INVALID,     0, false },	/* data exception */
	{ "23502", ERR_INVALID,     0, false },	/* NOT NULL */
	{ "23503", ERR_CONFLICT,    0, false },	/* foreign key */
	{ "23505", ERR_CONFLICT,    0, false },	/* unique */
	{ "23514", ERR_INVALID,     0, false },	/* CHECK */
	{ "23P01", ERR_CONFLICT,    0, false },	/* exclusion */
	{ "25006", ERR_UNAVAILABLE, 0, false },	/* read-only: a standby */
	{ "25P03", ERR_UNAVAILABLE, 0, false },	/* idle in transaction */
	{ "26000", ERR_INTERNAL,    1, true  },	/* not prepared any more */
	{ "40001", ERR_UNAVAILABLE, 2, false },	/* serialization failure */
	{ "40P01", ERR_UNAVAILABLE, 2, false },	/* deadlock */
	{ "40",    ERR_UNAVAILABLE, 0, false },	/* rolled back otherwise */
	{ "53",    ERR_UNAVAILABLE, 0, false },	/* insufficient resources */
	{ "55P03", ERR_UNAVAILABLE, 0, false },	/* lock not available */
	{ "57",    ERR_UNAVAILABLE, 0, false },	/* timeout, shutdown */
	{ "",      ERR_INTERNAL,    0, false },
};

enum err db_take(struct db *db)
{
	enum err err;

	if (!db->conn) {
		if (db->held || db->atomic)
			return ERR_UNAVAILABLE;
		err = db_pool_take(db->pool, &db->conn);
		if (err)
			return err;
	}
	db->deadline_us = db_pool_deadline_us(db->pool);

	return OK;
}

static enum err refused(struct db *db, const char *what, const PGresult *r)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	const struct meaning *m = meanings;

	while (strncmp(state, m->prefix, strlen(m->prefix)) != 0)
		m++;
	/* Later errors in a transaction only follow from the first. */
	if (m->retries > 0)
		db->retries = m->retries;
	if (m->stale)
		db->conn->stale = true;
	/* Those two are the client's doing. */
	if (m->err != ERR_CONFLICT && m->err != ERR_INVALID)
		log_error("database: %s: %s %s", what, state, text ?: "");

	return m->err;
}

/* For what was just sent.  What couldn't be sent has no answer either. */
static enum err await(struct db *db, const char *what, PGresult **out)
{
	PGresult *r = db_conn_answer(db->conn, db->deadline_us);
	enum err err = OK;

	if (!r) {
		log_error("database: %s: no answer", what);
		err = ERR_UNAVAILABLE;
	} else if (PQresultErrorField(r, PG_DIAG_SQLSTATE)) {
		err = refused(db, what, r);
	}
	if (!r || !db_conn_ready(db->conn)) {
		db_pool_end(db->pool, db->conn);
		db->conn = NULL;
		db->retries = 0;
	}
	if (err)
		PQclear(r);
	else
		*out = r;

	return err;
}

/* Its last byte stays 0, whoever reads meanwhile. */
static void tell(struct db *db, const char *what)
{
	if (db->told)
		strncpy(db->told, what, db->told_bytes - 1);
}

static enum err command(struct db *db, const char *words)
{
	PGresult *r;
	enum err err;

	err = db_take(db);
	if (err)
		return err;
	PQsendQuery(db->conn->pg, words);
	err = await(db, words, &r);
	if (err)
		return err;

	if (strcmp(PQcmdStatus(r), words) != 0) {
		log_error("database: %s became %s", words, PQcmdStatus(r));
		err = ERR_INTERNAL;
	}
	PQclear(r);

	return err;
}

enum err db_command(struct db *db, const char *words)
{
	enum err err;

	tell(db, words);
	err = command(db, words);
	tell(db, "");

	return err;
}

static bool is_prepared(const struct db_conn *c, const struct db_stmt *stmt)
{
	for (int i = 0; i < c->nprepared; i++) {
		if (strcmp(c->prepared[i]->name, stmt->name) != 0)
			continue;
		assert(strcmp(c->prepared[i]->sql, stmt->sql) == 0);
		return true;
	}
	return false;
}

static enum err prepare(struct db *db, const struct db_stmt *stmt)
{
	struct db_conn *c = db->conn;
	PGresult *r;
	enum err err;

	assert(c->nprepared < DB_STATEMENTS);
	PQsendPrepare(c->pg, stmt->name, stmt->sql, 0, NULL);
	err = await(db, stmt->name, &r);
	if (err)
		return err;

	c->prepared[c->nprepared++] = stmt;
	PQclear(r);

	return OK;
}

static enum err forget_prepared(struct db *db)
{
	enum err err;

	err = command(db, "DEALLOCATE ALL");
	if (err)
		return err;
	db->conn->nprepared = 0;
	db->conn->stale = false;

	return OK;
}

static enum err run_once(struct db *db, const struct db_stmt *stmt,
			 struct db_args args, PGresult **out)
{
	enum err err = OK;

	if (db->conn->stale)
		err = forget_prepared(db);
	if (!err && !is_prepared(db->conn, stmt))
		err = prepare(db, stmt);
	if (err)
		return err;
	PQsendQueryPrepared(db->conn->pg, stmt->name, args.n, args.v, NULL,
			    NULL, 0);

	return await(db, stmt->name, out);
}

bool db_try_again(struct db *db, int tries)
{
	const bool again = tries <= db->retries;

	/* It is the whole transaction that has to run again. */
	if (db->atomic)
		return false;
	db->retries = 0;
	/* Who comes again at once takes what the other is about to get. */
	if (again)
		usleep((PAUSE_US + arc4random_uniform(PAUSE_US)) *
		       (unsigned int)tries);

	return again;
}

enum err db_run(struct db *db, const struct db_stmt *stmt,
		struct db_args args, PGresult **out)
{
	int tries = 0;
	enum err err;

	assert(args.n == stmt->nargs);
	tell(db, stmt->name);
	err = db_take(db);
	if (!err)
		do
			err = run_once(db, stmt, args, out);
		while (err && db_try_again(db, ++tries));
	tell(db, "");

	return err;
}
