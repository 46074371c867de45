/* A transaction is all or nothing, and runs again if others undid it. */
#include <pthread.h>
#include <stdbool.h>

#include "tests/unit/db_fixture.h"

static struct db_pool *pool;
static struct db *db;

STATEMENT(add, "INSERT INTO db_atomic_test.item VALUES ($1) RETURNING id", 1);
STATEMENT(grow, "UPDATE db_atomic_test.item SET size = size + 1"
	  " WHERE id = $1 RETURNING size", 1);
STATEMENT(add_part, "INSERT INTO db_atomic_test.part VALUES ($1) RETURNING 1",
	  1);
STATEMENT(fail_first, "SELECT db_atomic_test.fail_first($1, $2)", 2);
STATEMENT(size, "SELECT size FROM db_atomic_test.item WHERE id = $1", 1);
STATEMENT(forget, "DEALLOCATE ALL", 0);

/* A part is checked at the commit, which fails the first time. */
static const char schema[] =
	"CREATE TABLE db_atomic_test.item (id integer PRIMARY KEY,"
	"	size integer NOT NULL DEFAULT 1);"
	"CREATE TABLE db_atomic_test.part (item integer"
	"	REFERENCES db_atomic_test.item DEFERRABLE INITIALLY DEFERRED);"
	"CREATE SEQUENCE db_atomic_test.tries;"
	"CREATE FUNCTION db_atomic_test.fail_first(times integer, state text)"
	" RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
	"	IF nextval('db_atomic_test.tries') <= times THEN"
	"		RAISE EXCEPTION USING ERRCODE = state;"
	"	END IF;"
	" END $$;"
	"CREATE FUNCTION db_atomic_test.fail_once() RETURNS trigger"
	" LANGUAGE plpgsql AS $$ BEGIN"
	"	PERFORM db_atomic_test.fail_first(1, '40001');"
	"	RETURN NULL;"
	" END $$;"
	"CREATE CONSTRAINT TRIGGER fail_once AFTER INSERT"
	" ON db_atomic_test.part DEFERRABLE INITIALLY DEFERRED"
	" FOR EACH ROW EXECUTE FUNCTION db_atomic_test.fail_once()";

static int open_schema(void **state)
{
	(void)state;
	return fixture_open("db_atomic_test", schema);
}

static int close_schema(void **state)
{
	(void)state;
	return fixture_close("db_atomic_test");
}

/* Items 1 and 2. */
static int open_db(void **state)
{
	(void)state;
	owner_sql("TRUNCATE db_atomic_test.item CASCADE;"
		  " ALTER SEQUENCE db_atomic_test.tries RESTART;"
		  " INSERT INTO db_atomic_test.item VALUES (1), (2)");
	pool = db_pool_new(&(struct db_config){
		.url = getenv("OWNER_URL"), .connections = 2, .wait_ms = 100,
		.timeout_ms = 5000,
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

/* A transaction that adds item 3 and does something more. */
struct body {
	const struct db_stmt *more;	/* NULL: nothing */
	struct db_args args;
	enum err result;		/* when all went well */
	int runs;
};

static enum err run_body(struct db *in, void *arg)
{
	struct body *body = arg;
	struct db_rows rows;
	const char *cell;
	enum err err;

	body->runs++;
	err = db_one(in, &add, ARGS("3"), &cell);
	if (!err && body->more)
		err = db_all(in, body->more, body->args, &rows);

	return err ?: body->result;
}

static void assert_items(const char *count)
{
	assert_string_equal(owner_sql("SELECT count(*)"
				      " FROM db_atomic_test.item"), count);
}

static void a_transaction_is_all_or_nothing(void **state)
{
	struct body denied = { .result = ERR_DENIED }, good = { 0 };

	(void)state;
	assert_int_equal(db_atomic(db, run_body, &denied), ERR_DENIED);
	assert_items("2");
	assert_int_equal(db_atomic(db, run_body, &good), OK);
	assert_items("3");
	assert_int_equal(db_atomic(db, run_body, &good), ERR_CONFLICT);
	assert_int_equal(good.runs, 2);
}

static void what_others_undid_runs_three_times(void **state)
{
	struct body good = { &fail_first, ARGS("2", "40001") };
	struct body hopeless = { &fail_first, ARGS("3", "40P01") };

	(void)state;
	assert_int_equal(db_atomic(db, run_body, &hopeless), ERR_UNAVAILABLE);
	assert_int_equal(hopeless.runs, 3);
	assert_items("2");

	owner_sql("ALTER SEQUENCE db_atomic_test.tries RESTART");
	assert_int_equal(db_atomic(db, run_body, &good), OK);
	assert_int_equal(good.runs, 3);
	assert_items("3");
}

static void commit_may_be_what_fails(void **state)
{
	struct body bad = { &add_part, ARGS("9") };
	struct body good = { &add_part, ARGS("1") };

	(void)state;
	assert_int_equal(db_atomic(db, run_body, &bad), ERR_CONFLICT);
	assert_int_equal(bad.runs, 1);
	assert_items("2");

	assert_int_equal(db_atomic(db, run_body, &good), OK);
	assert_int_equal(good.runs, 2);
	assert_items("3");
}

/* The body as a part of another; what the part gave. */
static enum err run_inside(struct db *in, void *arg)
{
	const char *cell;
	enum err err;

	err = db_one(in, &grow, ARGS("1"), &cell);
	return err ?: db_atomic(in, run_body, arg);
}

static void a_transaction_inside_another_is_part_of_it(void **state)
{
	struct body denied = { .result = ERR_DENIED };
	struct body good = { &fail_first, ARGS("2", "40001") };

	(void)state;
	assert_int_equal(db_atomic(db, run_inside, &denied), ERR_DENIED);
	assert_items("2");
	assert_int_equal(denied.runs, 1);

	assert_int_equal(db_atomic(db, run_inside, &good), OK);
	assert_items("3");
	assert_int_equal(good.runs, 3);
	assert_string_equal(owner_sql("SELECT size FROM db_atomic_test.item"
				      " WHERE id = 1"), "2");
}

static enum err hide_a_failure(struct db *in, void *arg)
{
	const char *cell;

	(void)arg;
	assert_int_equal(db_one(in, &add, ARGS("3"), &cell), OK);
	assert_int_equal(db_one(in, &add, ARGS("1"), &cell), ERR_CONFLICT);
	return OK;
}

static void a_failure_that_body_hides_is_found_out(void **state)
{
	(void)state;
	assert_int_equal(db_atomic(db, hide_a_failure, NULL), ERR_INTERNAL);
	assert_items("2");
}

static void forgotten_statements_are_prepared_again(void **state)
{
	struct body body = { 0 };
	struct db_rows rows;

	(void)state;
	assert_int_equal(db_all(db, &add, ARGS("4"), &rows), OK);
	assert_int_equal(db_all(db, &forget, NO_ARGS, &rows), OK);
	assert_int_equal(db_atomic(db, run_body, &body), OK);
	assert_items("4");
}

static void statements_that_no_longer_fit_are_prepared_again(void **state)
{
	struct body body = { &size, ARGS("1") };
	struct db_rows rows;

	(void)state;
	assert_int_equal(db_all(db, &size, ARGS("1"), &rows), OK);
	owner_sql("ALTER TABLE db_atomic_test.item ALTER size TYPE bigint");
	assert_int_equal(db_atomic(db, run_body, &body), OK);
	assert_items("3");
}

static pthread_barrier_t both;

/* Grows two items, the second when the other thread has it. */
struct pair {
	const char *first, *second;
	bool met;
	enum err err;
};

static enum err grow_pair(struct db *in, void *arg)
{
	struct pair *pair = arg;
	const char *cell;
	enum err err;

	err = db_one(in, &grow, ARGS(pair->first), &cell);
	if (err)
		return err;
	if (!pair->met)
		pthread_barrier_wait(&both);
	pair->met = true;

	return db_one(in, &grow, ARGS(pair->second), &cell);
}

static void *grow_pair_alone(void *arg)
{
	struct arena *own = arena_new();
	struct db *in = db_new(pool, own);
	struct pair *pair = arg;

	pair->err = db_atomic(in, grow_pair, pair);
	db_free(in);
	arena_free(own);

	return NULL;
}

static void a_deadlock_is_resolved(void **state)
{
	struct pair pairs[] = { { "1", "2" }, { "2", "1" } };
	pthread_t thread[2];

	(void)state;
	pthread_barrier_init(&both, NULL, 2);
	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, grow_pair_alone, &pairs[i]);
	for (int i = 0; i < 2; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(pairs[i].err, OK);
	}
	pthread_barrier_destroy(&both);
	assert_string_equal(owner_sql("SELECT string_agg(size::text, ' ')"
				      " FROM db_atomic_test.item"), "3 3");
}

#define ON_A_DB(f) cmocka_unit_test_setup_teardown(f, open_db, close_db)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_DB(a_transaction_is_all_or_nothing),
		ON_A_DB(what_others_undid_runs_three_times),
		ON_A_DB(commit_may_be_what_fails),
		ON_A_DB(a_transaction_inside_another_is_part_of_it),
		ON_A_DB(a_failure_that_body_hides_is_found_out),
		ON_A_DB(forgotten_statements_are_prepared_again),
		ON_A_DB(statements_that_no_longer_fit_are_prepared_again),
		ON_A_DB(a_deadlock_is_resolved),
	};

	return cmocka_run_group_tests(tests, open_schema, close_schema);
}
