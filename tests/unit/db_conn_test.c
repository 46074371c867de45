/* A connection holds nobody, says little, and ends when it is of no use. */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/db_fixture.h"

#include "runtime/conf.h"

static struct db_pool *pool;
static struct db *db;

STATEMENT(backend, "SELECT pg_backend_pid()", 0);
STATEMENT(who, "SELECT session_user", 0);
STATEMENT(fail, "SELECT db_conn_test.fail($1)", 1);
STATEMENT(copy, "COPY (SELECT 1) TO STDOUT", 0);
STATEMENT(start, "BEGIN", 0);
STATEMENT(forget, "DEALLOCATE ALL", 0);
STATEMENT(end, "SELECT pg_terminate_backend(pg_backend_pid())", 0);
STATEMENT(lock, "SELECT pg_advisory_lock(4711)", 0);
STATEMENT(try_lock, "SELECT pg_try_advisory_lock(4711)", 0);

static int open_schema(void **state)
{
	(void)state;
	return fixture_open("db_conn_test",
		"CREATE SEQUENCE db_conn_test.calls;"
		"CREATE FUNCTION db_conn_test.fail(state text) RETURNS text"
		" LANGUAGE plpgsql AS $$ BEGIN"
		"	PERFORM nextval('db_conn_test.calls');"
		"	RAISE WARNING 'secret';"
		"	RAISE EXCEPTION 'as told' USING ERRCODE = state,"
		"		DETAIL = 'secret';"
		" END $$");
}

static int close_schema(void **state)
{
	(void)state;
	return fixture_close("db_conn_test");
}

static void open_on(const char *url, const char *role)
{
	pool = db_pool_new(&(struct db_config){
		.url = url, .role = role, .connections = 2, .wait_ms = 100,
		.timeout_ms = 1000,
	});
	db = db_new(pool, arena);
}

static int open_db(void **state)
{
	(void)state;
	owner_sql("ALTER SEQUENCE db_conn_test.calls RESTART");
	open_on(getenv("OWNER_URL"), NULL);

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

/* From here to log_end() stderr goes to log_file. */
static int log_file, before_log;

static void log_begin(void)
{
	log_file = memfd_create("log", 0);
	before_log = dup(STDERR_FILENO);
	dup2(log_file, STDERR_FILENO);
}

static const char *log_end(void)
{
	static char log[4096];
	ssize_t bytes = pread(log_file, log, sizeof(log) - 1, 0);

	log[bytes > 0 ? bytes : 0] = '\0';
	dup2(before_log, STDERR_FILENO);
	close(before_log);
	close(log_file);

	return log;
}

/* The error of a statement, and what it logs. */
static enum err logged(const struct db_stmt *stmt, struct db_args args,
		       const char **log)
{
	const char *cell;
	enum err err;

	log_begin();
	err = db_one(db, stmt, args, &cell);
	*log = log_end();

	return err;
}

static void assert_one_line(const char *log, const char *part)
{
	assert_ptr_equal(strchr(log, '\n'), log + strlen(log) - 1);
	assert_non_null(strstr(log, part));
}

static void a_copy_holds_nobody(void **state)
{
	const char *before = one(&backend, NO_ARGS), *cell;

	(void)state;
	assert_int_equal(db_one(db, &copy, NO_ARGS, &cell), ERR_UNAVAILABLE);
	assert_string_not_equal(one(&backend, NO_ARGS), before);
}

static void a_bug_is_logged_once_without_its_detail(void **state)
{
	const char *log;

	(void)state;
	assert_int_equal(logged(&fail, ARGS("P0001"), &log), ERR_INTERNAL);
	assert_one_line(log, "fail: P0001 as told\"");
	assert_null(strstr(log, "secret"));
}

static void warnings_and_the_doing_of_clients_are_not_logged(void **state)
{
	const char *log;

	(void)state;
	assert_int_equal(logged(&fail, ARGS("23505"), &log), ERR_CONFLICT);
	assert_string_equal(log, "");
	assert_int_equal(logged(&fail, ARGS("22P02"), &log), ERR_INVALID);
	assert_string_equal(log, "");
}

static enum err lose_it(struct db *in, void *arg)
{
	const char *log;

	(void)in;
	(void)arg;
	assert_int_equal(logged(&end, NO_ARGS, &log), ERR_UNAVAILABLE);
	assert_one_line(log, "end: 57P01 ");
	log_begin();

	return OK;
}

static void a_lost_connection_is_logged_once(void **state)
{
	(void)state;
	assert_int_equal(db_atomic(db, lose_it, NULL), ERR_UNAVAILABLE);
	assert_string_equal(log_end(), "");
	one(&backend, NO_ARGS);
}

static void assert_calls(const char *n)
{
	assert_string_equal(owner_sql("SELECT last_value"
				      "  FROM db_conn_test.calls"), n);
}

static void what_is_not_supported_is_tried_once_more(void **state)
{
	const char *cell;

	(void)state;
	assert_int_equal(db_one(db, &fail, ARGS("0A000"), &cell),
			 ERR_INTERNAL);
	assert_calls("2");
}

static void what_follows_a_given_up_statement_is_tried_once(void **state)
{
	const char *cell;

	(void)state;
	assert_int_equal(db_one(db, &fail, ARGS("40001"), &cell),
			 ERR_UNAVAILABLE);
	assert_calls("3");
	assert_int_equal(db_one(db, &fail, ARGS("40003"), &cell),
			 ERR_UNAVAILABLE);
	assert_calls("4");
}

static enum err fail_and_go_on(struct db *in, void *arg)
{
	const char *cell;

	(void)arg;
	(void)!db_one(in, &fail, ARGS("40001"), &cell);
	return db_one(in, &backend, NO_ARGS, &cell);
}

static void a_body_that_ignores_why_it_failed_runs_again_too(void **state)
{
	(void)state;
	assert_int_equal(db_atomic(db, fail_and_go_on, NULL), ERR_INTERNAL);
	assert_calls("3");
}

static void an_open_transaction_is_not_lent_on(void **state)
{
	const char *before = one(&backend, NO_ARGS);
	struct db_rows rows;

	(void)state;
	assert_int_equal(db_all(db, &start, NO_ARGS, &rows), OK);
	db_release(db);
	assert_string_not_equal(one(&backend, NO_ARGS), before);
}

static void a_held_connection_prepares_again(void **state)
{
	const char *before = one(&backend, NO_ARGS);
	struct db_rows rows;

	(void)state;
	assert_int_equal(db_hold(db), OK);
	assert_int_equal(db_all(db, &forget, NO_ARGS, &rows), OK);
	assert_string_equal(one(&backend, NO_ARGS), before);
}

static void a_lost_session_is_not_held_again(void **state)
{
	const char *cell;

	(void)state;
	assert_int_equal(db_hold(db), OK);
	assert_int_equal(db_one(db, &end, NO_ARGS, &cell), ERR_UNAVAILABLE);
	assert_int_equal(db_hold(db), ERR_UNAVAILABLE);
	assert_int_equal(db_one(db, &backend, NO_ARGS, &cell),
			 ERR_UNAVAILABLE);
}

static void a_held_session_ends_with_its_db(void **state)
{
	struct db *holder = db_new(pool, arena);
	struct db_rows rows;

	(void)state;
	assert_int_equal(db_hold(holder), OK);
	assert_int_equal(db_all(holder, &lock, NO_ARGS, &rows), OK);
	assert_string_equal(one(&try_lock, NO_ARGS), "f");
	db_free(holder);
	one(&lock, NO_ARGS);
}

static void a_failed_login_is_not_repeated_at_once_but_later(void **state)
{
	const char *cell, *log;
	int64_t begin;

	close_db(state);
	owner_sql("DROP ROLE IF EXISTS db_conn_test");
	open_on(getenv("OWNER_URL"), "db_conn_test");
	assert_int_equal(logged(&who, NO_ARGS, &log), ERR_UNAVAILABLE);
	assert_one_line(log, "can't connect");
	assert_int_equal(logged(&who, NO_ARGS, &log), ERR_UNAVAILABLE);
	assert_string_equal(log, "");

	/* It has the owner's password, so the URL's fits. */
	owner_sql(arena_printf(arena, "CREATE ROLE db_conn_test LOGIN"
			       " PASSWORD '%s'", PQpass(owner)));
	begin = now_ms();
	while (db_one(db, &who, NO_ARGS, &cell))
		assert_in_range(now_ms() - begin, 0, 5000);
	assert_string_equal(cell, "db_conn_test");

	close_db(state);
	owner_sql("DROP ROLE db_conn_test");
	open_db(state);
}

static void a_bad_url_ends_the_process_and_is_not_logged(void **state)
{
	const char *log;
	int status;
	pid_t pid;

	(void)state;
	log_begin();
	pid = fork();
	if (pid == 0) {
		open_on("postgresql://me:secret@[::1/kith", NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	log = log_end();
	assert_int_equal(WEXITSTATUS(status), EXIT_CONFIG);
	assert_one_line(log, "DATABASE_URL");
	assert_null(strstr(log, "secret"));
}

#define ON_A_DB(f) cmocka_unit_test_setup_teardown(f, open_db, close_db)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_DB(a_copy_holds_nobody),
		ON_A_DB(a_bug_is_logged_once_without_its_detail),
		ON_A_DB(warnings_and_the_doing_of_clients_are_not_logged),
		ON_A_DB(a_lost_connection_is_logged_once),
		ON_A_DB(what_is_not_supported_is_tried_once_more),
		ON_A_DB(what_follows_a_given_up_statement_is_tried_once),
		ON_A_DB(a_body_that_ignores_why_it_failed_runs_again_too),
		ON_A_DB(an_open_transaction_is_not_lent_on),
		ON_A_DB(a_held_connection_prepares_again),
		ON_A_DB(a_lost_session_is_not_held_again),
		ON_A_DB(a_held_session_ends_with_its_db),
		ON_A_DB(a_failed_login_is_not_repeated_at_once_but_later),
		ON_A_DB(a_bad_url_ends_the_process_and_is_not_logged),
	};

	return cmocka_run_group_tests(tests, open_schema, close_schema);
}
