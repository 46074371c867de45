/*
 * db_fixture.h - a pool on a real database, where the test is also the owner.
 *
 * OWNER_URL is the database.  What a test makes is in a schema of its own,
 * which ends with it.
 */
#ifndef TESTS_UNIT_DB_FIXTURE_H
#define TESTS_UNIT_DB_FIXTURE_H

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "tests/unit/test.h"

#include "runtime/arena.h"
#include "runtime/db.h"

#define STATEMENT(name_, sql_, nargs_) \
	static const struct db_stmt name_ = { #name_, sql_, nargs_ }

static struct arena *arena;
static PGconn *owner;

/* Statements of the owner; the first cell, or NULL. */
static inline const char *owner_sql(const char *sql)
{
	PGresult *result = PQexec(owner, sql);
	const char *cell = NULL;

	if (PQresultStatus(result) != PGRES_TUPLES_OK &&
	    PQresultStatus(result) != PGRES_COMMAND_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(owner));
	if (PQntuples(result) > 0)
		cell = arena_printf(arena, "%s", PQgetvalue(result, 0, 0));
	PQclear(result);

	return cell;
}

static inline int fixture_open(const char *schema, const char *sql)
{
	arena = arena_new();
	owner = PQconnectdb(getenv("OWNER_URL"));
	assert_int_equal(PQstatus(owner), CONNECTION_OK);
	owner_sql(arena_printf(arena, "SET client_min_messages = warning;"
			       " DROP SCHEMA IF EXISTS %s CASCADE;"
			       " CREATE SCHEMA %s", schema, schema));
	owner_sql(sql);

	return 0;
}

static inline int fixture_close(const char *schema)
{
	owner_sql(arena_printf(arena, "DROP SCHEMA %s CASCADE", schema));
	PQfinish(owner);
	arena_free(arena);

	return 0;
}

#endif
