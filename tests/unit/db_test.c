/* What statements give, and what each failure becomes. */
#include "tests/unit/db_fixture.h"

enum { TIMEOUT_MS = 1000, SOON_MS = 500 };

static struct db_pool *pool;
static struct db *db;

STATEMENT(echo, "SELECT $1::text, $2::text", 2);
STATEMENT(count_to, "SELECT i, nullif(i % 2, 0)"
	  " FROM generate_series(1, $1::integer) i", 1);
STATEMENT(fail_first, "SELECT db_test.fail_first($1, $2)", 2);
STATEMENT(grow, "UPDATE db_test.item SET size = size + 1"
	  " WHERE id = $1 RETURNING size", 1);
STATEMENT(shape, "SELECT shape FROM db_test.item WHERE id = 1", 0);
STATEMENT(setting, "SELECT current_setting($1)", 1);
STATEMENT(forget, "DEALLOCATE ALL", 0);

static const char schema[] =
	"CREATE TABLE db_test.item ("
	"	id	integer PRIMARY KEY,"
	"	size	integer NOT NULL DEFAULT 1 CHECK (size > 0),"
	"	during	int4range, EXCLUDE USING gist (during WITH &&),"
	"	shape	integer);"
	"CREATE TABLE db_test.child (item integer REFERENCES db_test.item);"
	"CREATE TABLE db_test.late (item integer"
	"	REFERENCES db_test.item DEFERRABLE INITIALLY DEFERRED);"
	"CREATE SEQUENCE db_test.tries;"
	"CREATE FUNCTION db_test.fail_first(times integer, state text)"
	" RETURNS bigint LANGUAGE plpgsql AS $$"
	" DECLARE try constant bigint := nextval('db_test.tries');"
	" BEGIN"
	"	IF try <= times THEN"
	"		RAISE EXCEPTION USING ERRCODE = state;"
	"	END IF;"
	"	RETURN try;"
	" END $$";

static int open_schema(void **state)
{
	(void)state;
	return fixture_open("db_test", schema);
}

static int close_schema(void **state)
{
	(void)state;
	return fixture_close("db_test");
}

static int open_db(void **state)
{
	(void)state;
	owner_sql("TRUNCATE db_test.item CASCADE;"
		  " ALTER SEQUENCE db_test.tries RESTART;"
		  " INSERT INTO db_test.item VALUES (1, 1, '[1,3)', 7)");
	pool = db_pool_new(&(struct db_config){
		.url = getenv("OWNER_URL"), .connections = 1, .wait_ms = 100,
		.timeout_ms = TIMEOUT_MS,
	});
	db = db_new(pool, arena);

	return 0;
}

static int close_db(void **state)
{
	(void)state;
	db_free(db);
	db_pool_free(pool);

	return 0;
}

static const char *one(const struct db_stmt *stmt, struct db_args args)
{
	const char *cell;

	assert_int_equal(db_one(db, stmt, args, &cell), OK);
	return cell;
}

static void rows_come_in_order_with_their_nulls(void **state)
{
	struct db_rows rows;

	(void)state;
	assert_int_equal(db_all(db, &count_to, ARGS("10000"), &rows), OK);
	assert_int_equal(rows.nrows, 10000);
	assert_int_equal(rows.ncols, 2);
	for (int i = 0; i < rows.nrows; i++) {
		assert_int_equal(atoi(rows.cell[i * 2]), i + 1);
		if (i % 2)
			assert_null(rows.cell[i * 2 + 1]);
		else
			assert_string_equal(rows.cell[i * 2 + 1], "1");
	}
	assert_int_equal(db_all(db, &count_to, ARGS("0"), &rows), OK);
	assert_int_equal(rows.nrows, 0);
}

static void one_row_gives_all_its_columns_or_the_first(void **state)
{
	const char *const *row;

	(void)state;
	assert_int_equal(db_row(db, &echo, ARGS("жё", NULL), &row), OK);
	assert_string_equal(row[0], "жё");
	assert_null(row[1]);
	assert_string_equal(one(&echo, ARGS("", "x")), "");
}

static void no_row_is_not_found_and_a_second_one_a_bug(void **state)
{
	const char *cell = "untouched";

	(void)state;
	assert_int_equal(db_one(db, &count_to, ARGS("0"), &cell),
			 ERR_NOT_FOUND);
	assert_int_equal(db_one(db, &count_to, ARGS("2"), &cell), ERR_INTERNAL);
	assert_string_equal(cell, "untouched");
}

static void results_outlive_the_connection(void **state)
{
	const char *first = one(&echo, ARGS("first", NULL));

	(void)state;
	one(&echo, ARGS("second", NULL));
	db_release(db);
	assert_string_equal(first, "first");
}

static void each_failure_has_its_error(void **state)
{
#define INSERT "INSERT INTO db_test."
	static const struct { enum err err; struct db_stmt stmt; } cases[] = {
	{ ERR_CONFLICT, { "unique", INSERT "item VALUES (1)" } },
	{ ERR_CONFLICT, { "foreign", INSERT "child VALUES (2)" } },
	{ ERR_CONFLICT, { "late", INSERT "late VALUES (2) RETURNING 1" } },
	{ ERR_CONFLICT, { "during", INSERT "item VALUES (2, 1, '[2,4)')" } },
	{ ERR_INVALID, { "null", INSERT "item VALUES (2, NULL)" } },
	{ ERR_INVALID, { "check", INSERT "item VALUES (2, 0)" } },
	{ ERR_INVALID, { "zero", "SELECT 1 / (random() * 0)::integer" } },
	{ ERR_INTERNAL, { "syntax", "SELECT FROM WHERE" } },
	{ ERR_INTERNAL, { "table", "SELECT 1 FROM db_test.nowhere" } },
	{ ERR_INTERNAL, { "denied", "SELECT 1 FROM pg_authid" } },
	};
	const char *cell = "untouched";

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(db_one(db, &cases[i].stmt, NO_ARGS, &cell),
				 cases[i].err);
	assert_int_equal(db_one(db, &count_to, ARGS("much"), &cell),
			 ERR_INVALID);
	assert_string_equal(cell, "untouched");
	assert_string_equal(owner_sql("SELECT count(*) FROM db_test.item"),
			    "1");
}

static void each_state_of_the_server_has_its_error(void **state)
{
	static const struct { const char *state; enum err err; } cases[] = {
		{ "08006", ERR_UNAVAILABLE }, { "25006", ERR_UNAVAILABLE },
		{ "25P03", ERR_UNAVAILABLE }, { "40001", ERR_UNAVAILABLE },
		{ "40P01", ERR_UNAVAILABLE }, { "53100", ERR_UNAVAILABLE },
		{ "53300", ERR_UNAVAILABLE }, { "55P03", ERR_UNAVAILABLE },
		{ "57014", ERR_UNAVAILABLE }, { "57P01", ERR_UNAVAILABLE },
		{ "22021", ERR_INVALID }, { "P0001", ERR_INTERNAL },
		{ "55000", ERR_INTERNAL }, { "XX001", ERR_INTERNAL },
		{ "0A000", ERR_INTERNAL }, { "26000", ERR_INTERNAL },
	};
	const char *cell;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(db_one(db, &fail_first,
					ARGS("1000", cases[i].state), &cell),
				 cases[i].err);
}

static void what_others_rolled_back_is_tried_three_times(void **state)
{
	static const char *const states[] = { "40001", "40P01" };
	const char *cell;

	(void)state;
	for (size_t i = 0; i < COUNT(states); i++) {
		owner_sql("ALTER SEQUENCE db_test.tries RESTART");
		assert_string_equal(one(&fail_first, ARGS("2", states[i])),
				    "3");
		owner_sql("ALTER SEQUENCE db_test.tries RESTART");
		assert_int_equal(db_one(db, &fail_first, ARGS("3", states[i]),
					&cell), ERR_UNAVAILABLE);
		assert_string_equal(one(&fail_first, ARGS("3", states[i])),
				    "4");
	}
}

static void a_connection_has_limits(void **state)
{
	static const char *const settings[][2] = {
		{ "statement_timeout", "1s" }, { "lock_timeout", "500ms" },
		{ "idle_in_transaction_session_timeout", "5s" },
		{ "search_path", "pg_catalog" }, { "client_encoding", "UTF8" },
		{ "application_name", "kith-db_test" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(settings); i++)
		assert_string_equal(one(&setting, ARGS(settings[i][0])),
				    settings[i][1]);
}

static void a_slow_statement_is_cancelled(void **state)
{
	static const struct db_stmt sleep = { "sleep", "SELECT pg_sleep(60)" };
	const int64_t begin = now_ms();
	const char *cell;

	(void)state;
	assert_int_equal(db_one(db, &sleep, NO_ARGS, &cell), ERR_UNAVAILABLE);
	assert_in_range(now_ms() - begin, TIMEOUT_MS, TIMEOUT_MS + SOON_MS);
	assert_string_equal(one(&echo, ARGS("works", NULL)), "works");
	assert_string_equal(owner_sql("SELECT count(*) FROM pg_stat_activity"
				      " WHERE query LIKE 'SELECT pg_sleep%'"
				      " AND state = 'active'"), "0");
}

static void a_lock_is_not_waited_for_long(void **state)
{
	const char *cell;

	(void)state;
	owner_sql("BEGIN; SELECT 1 FROM db_test.item FOR UPDATE");
	assert_int_equal(db_one(db, &grow, ARGS("1"), &cell), ERR_UNAVAILABLE);
	owner_sql("ROLLBACK");
	assert_string_equal(one(&grow, ARGS("1")), "2");
}

static void a_forgotten_statement_is_prepared_again(void **state)
{
	struct db_rows rows;

	(void)state;
	one(&echo, ARGS("prepared", NULL));
	assert_int_equal(db_all(db, &forget, NO_ARGS, &rows), OK);
	assert_string_equal(one(&echo, ARGS("again", NULL)), "again");
}

static void a_statement_that_no_longer_fits_is_prepared_again(void **state)
{
	(void)state;
	assert_string_equal(one(&shape, NO_ARGS), "7");
	owner_sql("ALTER TABLE db_test.item ALTER shape TYPE text");
	assert_string_equal(one(&shape, NO_ARGS), "7");
}

#define ON_A_DB(f) cmocka_unit_test_setup_teardown(f, open_db, close_db)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_DB(rows_come_in_order_with_their_nulls),
		ON_A_DB(one_row_gives_all_its_columns_or_the_first),
		ON_A_DB(no_row_is_not_found_and_a_second_one_a_bug),
		ON_A_DB(results_outlive_the_connection),
		ON_A_DB(each_failure_has_its_error),
		ON_A_DB(each_state_of_the_server_has_its_error),
		ON_A_DB(what_others_rolled_back_is_tried_three_times),
		ON_A_DB(a_connection_has_limits),
		ON_A_DB(a_slow_statement_is_cancelled),
		ON_A_DB(a_lock_is_not_waited_for_long),
		ON_A_DB(a_forgotten_statement_is_prepared_again),
		ON_A_DB(a_statement_that_no_longer_fits_is_prepared_again),
	};

	return cmocka_run_group_tests(tests, open_schema, close_schema);
}
