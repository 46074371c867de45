/*
 * The database's thread: a turn goes there and comes back whole; the thread
 * sanitizer watches (the thread is made by worker_database.c's pthread_create).
 */
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>

#include "tests/unit/test.h"

#include "functions/stream/worker_database.h"
#include "runtime/conf.h"

enum { TURNS = 200, PATIENCE_MS = 10000 };

#define GATEWAY	 "00000000-0000-4000-8000-00000000da7a"
#define STRANGER "00000000-0000-4000-8000-0000000057a9"
#define NOBODY	 "{" STRANGER "}"

static struct database *database;

static void sql(const char *statement)
{
	PGconn *pg = PQconnectdb(getenv("OWNER_URL"));
	PGresult *result = PQexec(pg, statement);

	assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
	PQclear(result);
	PQfinish(pg);
}

static int open_database(void **state)
{
	(void)state;
	conf_read(NULL);
	conf.database_role = "kith_stream_worker";
	database = database_new(GATEWAY);
	return 0;
}

static int close_database(void **state)
{
	(void)state;
	database_free(database);
	return 0;
}

/* Give it, and have it back. */
static struct turn *done(struct turn *t)
{
	struct pollfd readable = { .fd = database_fd(database),
				   .events = POLLIN };

	database_give(database, t);
	assert_int_equal(poll(&readable, 1, PATIENCE_MS), 1);
	t = database_take(database);
	assert_non_null(t);
	return t;
}

static struct turn *ask(struct turn *t, struct turn asked)
{
	arena_reset(t->arena);
	asked.arena = t->arena;
	*t = asked;
	return done(t);
}

static void a_turn_comes_back_with_its_answer(void **state)
{
	struct turn *t = database_take(database);

	(void)state;
	assert_non_null(t);
	assert_null(database_take(database));
	for (int i = 0; i < TURNS; i++) {
		t = ask(t, (struct turn){ .sessions = NOBODY });
		assert_false(t->failed);
		assert_int_equal(t->ended.nrows, 1);
		assert_string_equal(t->ended.cell[0], STRANGER);
		assert_null(database_take(database));
	}
}

static void a_gateway_is_known_after_its_first_beat(void **state)
{
	struct turn *t = database_take(database);

	(void)state;
	sql("DELETE FROM stream.gateway WHERE id = '" GATEWAY "'");
	t = ask(t, (struct turn){ .beat = true });
	assert_false(t->failed);
	assert_true(t->forgotten);
	t = ask(t, (struct turn){ .beat = true });
	assert_false(t->forgotten);
	sql("DELETE FROM stream.gateway WHERE id = '" GATEWAY "'");
	t = ask(t, (struct turn){ .beat = true });
	assert_true(t->forgotten);
}

static void who_has_no_profile_changes_nothing(void **state)
{
	struct turn *t = database_take(database);

	(void)state;
	t = ask(t, (struct turn){ .beat = true, .came = NOBODY, .left = "{}" });
	assert_false(t->failed);
	assert_int_equal(t->changed.nrows, 0);
}

static void without_a_database_a_turn_fails(void **state)
{
	struct turn *t;

	(void)state;
	database_free(database);
	conf.database_url = "postgresql:///?host=/nonexistent";
	database = database_new(GATEWAY);
	t = database_take(database);
	for (int i = 0; i < 3; i++) {
		t = ask(t, (struct turn){ .beat = true });
		assert_true(t->failed);
	}
}

static void it_ends_while_a_turn_is_away(void **state)
{
	struct turn *t = database_take(database);

	(void)state;
	*t = (struct turn){ .arena = t->arena, .beat = true };
	database_give(database, t);
}

#define WITH_DATABASE(f) \
	cmocka_unit_test_setup_teardown(f, open_database, close_database)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DATABASE(a_turn_comes_back_with_its_answer),
		WITH_DATABASE(a_gateway_is_known_after_its_first_beat),
		WITH_DATABASE(who_has_no_profile_changes_nothing),
		WITH_DATABASE(without_a_database_a_turn_fails),
		WITH_DATABASE(it_ends_while_a_turn_is_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
