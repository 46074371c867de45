/* db.c - see db.h: statements and transactions. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/conf.h"
#include "runtime/db_private.h"
#include "runtime/log.h"

struct db *db_new(struct db_pool *pool, struct arena *arena)
{
	struct db *db = calloc(1, sizeof(*db));

	if (!db)
		log_exit(EXIT_SYSTEM, "out of memory");
	db->pool = pool;
	db->arena = arena;

	return db;
}

/* A held session, and the locks it may have, end. */
void db_free(struct db *db)
{
	if (db->conn && db->held)
		db_pool_end(db->pool, db->conn);
	else
		db_release(db);
	free(db);
}

void db_tell(struct db *db, char *name, size_t bytes)
{
	db->told = name;
	db->told_bytes = bytes;
}

void db_release(struct db *db)
{
	assert(!db->atomic);
	if (!db->conn || db->held)
		return;

	db_pool_give(db->pool, db->conn);
	db->conn = NULL;
}

enum err db_hold(struct db *db)
{
	enum err err;

	err = db_take(db);
	if (!err)
		db->held = true;

	return err;
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
	PGresult *r;
	enum err err;

	err = db_run(db, stmt, args, &r);
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

static enum err atomic_once(struct db *db,
			    enum err (*body)(struct db *, void *), void *arg)
{
	enum err err, ended;

	err = db_command(db, "BEGIN");
	if (err)
		return err;
	db->atomic = true;
	err = body(db, arg);
	ended = db_command(db, err ? "ROLLBACK" : "COMMIT");
	db->atomic = false;

	return err ?: ended;
}

enum err db_atomic(struct db *db, enum err (*body)(struct db *, void *arg),
		   void *arg)
{
	int tries = 0;
	enum err err;

	if (db->atomic)
		return body(db, arg);
	do
		err = atomic_once(db, body, arg);
	while (err && db_try_again(db, ++tries));

	return err;
}
