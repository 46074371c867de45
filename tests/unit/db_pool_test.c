/* Connections are lent, shared and replaced; a server may come and go. */
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/scoreboard.h"
#include "tests/unit/db_fixture.h"

enum { THREADS = 8, CONNECTIONS = 3, ROUNDS = 50, WAIT_MS = 100 };

static struct db_pool *pool;
static struct db *db;
static struct scoreboard_database board;

STATEMENT(backend, "SELECT pg_backend_pid()", 0);
STATEMENT(linger, "SELECT pg_sleep(60)", 0);
STATEMENT(count, "UPDATE db_pool_test.item SET n = n + 1 WHERE id = $1"
	  " RETURNING n", 1);

static int open_schema(void **state)
{
	(void)state;
	return fixture_open("db_pool_test", "CREATE TABLE db_pool_test.item"
			    " (id integer PRIMARY KEY, n integer NOT NULL);"
			    "INSERT INTO db_pool_test.item VALUES (1, 0)");
}

static int close_schema(void **state)
{
	(void)state;
	return fixture_close("db_pool_test");
}

static void open_on(struct db_config config)
{
	memset(&board, 0, sizeof(board));
	config.board = &board;
	pool = db_pool_new(&config);
	db = db_new(pool, arena);
}

static int open_db(void **state)
{
	(void)state;
	open_on((struct db_config){
		.url = getenv("OWNER_URL"), .connections = 1,
		.wait_ms = WAIT_MS, .timeout_ms = 5000,
	});
	return 0;
}

static int close_db(void **state)
{
	(void)state;
	db_free(db);
	db_pool_free(pool);

	return 0;
}

/* A pool of so many connections instead, and time to wait for one. */
static void share(int connections)
{
	close_db(NULL);
	open_on((struct db_config){
		.url = getenv("OWNER_URL"), .connections = connections,
		.wait_ms = 5000, .timeout_ms = 5000,
	});
}

/* The server's process behind our connection. */
static const char *our_backend(struct db *of)
{
	const char *pid;

	assert_int_equal(db_one(of, &backend, NO_ARGS, &pid), OK);
	return pid;
}

static void terminate(const char *pid)
{
	owner_sql(arena_printf(arena, "SELECT pg_terminate_backend(%s, 5000)",
			       pid));
}

static void a_connection_is_kept_for_the_next_request(void **state)
{
	const char *first = our_backend(db);

	(void)state;
	db_release(db);
	assert_string_equal(our_backend(db), first);
}

static void when_all_are_lent_the_wait_is_short(void **state)
{
	struct db *other = db_new(pool, arena);
	const char *pid = our_backend(db), *cell;
	const int64_t begin = now_ms();

	(void)state;
	assert_int_equal(db_one(other, &backend, NO_ARGS, &cell),
			 ERR_UNAVAILABLE);
	assert_in_range(now_ms() - begin, WAIT_MS, WAIT_MS + 500);

	db_release(db);
	assert_string_equal(our_backend(other), pid);
	db_free(other);
}

static void assert_board(int limit, int open, int used)
{
	assert_int_equal(board.limit, limit);
	assert_int_equal(board.open, open);
	assert_int_equal(board.used, used);
}

static void the_board_has_what_is_open_and_lent(void **state)
{
	(void)state;
	share(CONNECTIONS);
	assert_board(CONNECTIONS, 0, 0);
	terminate(our_backend(db));
	assert_board(CONNECTIONS, 1, 1);
	db_release(db);
	assert_board(CONNECTIONS, 1, 0);
	our_backend(db);
	assert_board(CONNECTIONS, 1, 1);
	terminate(our_backend(db));
	assert_int_equal(db_hold(db), OK);

	close_db(NULL);
	assert_board(0, 0, 0);
	assert_int_equal(board.waits, 0);
	open_db(NULL);
}

static void the_board_counts_who_waits_and_who_waits_in_vain(void **state)
{
	struct db *other = db_new(pool, arena);
	const char *cell;

	(void)state;
	our_backend(db);
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(db_one(other, &backend, NO_ARGS, &cell),
				 ERR_UNAVAILABLE);
		assert_int_equal(board.waits, i);
		assert_int_equal(board.refused, i);
		assert_board(1, 1, 1);
	}
	db_free(other);
}

static void the_next_request_sees_nothing_of_a_lost_connection(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		const char *pid = our_backend(db);

		db_release(db);
		terminate(pid);
		assert_string_not_equal(our_backend(db), pid);
	}
}

/* Ends the backend of the statement `linger` once it runs. */
static void *end_lingering(void *arg)
{
	PGconn *other = PQconnectdb(getenv("OWNER_URL"));
	bool found = false;

	(void)arg;
	while (!found) {
		PGresult *r = PQexec(other,
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
			" WHERE query = 'SELECT pg_sleep(60)'"
			" AND state = 'active'");

		found = PQntuples(r) == 1;
		PQclear(r);
	}
	PQfinish(other);
	return NULL;
}

static void a_connection_lost_in_a_statement_is_replaced_after_it(void **state)
{
	const char *cell;
	pthread_t thread;

	(void)state;
	pthread_create(&thread, NULL, end_lingering, NULL);
	assert_int_equal(db_one(db, &linger, NO_ARGS, &cell), ERR_UNAVAILABLE);
	pthread_join(thread, NULL);
	our_backend(db);
}

static enum err lose_it(struct db *in, void *arg)
{
	const char *cell;

	*(int *)arg += 1;
	terminate(our_backend(in));
	for (int i = 0; i < 2; i++)
		assert_int_equal(db_one(in, &backend, NO_ARGS, &cell),
				 ERR_UNAVAILABLE);
	return ERR_DENIED;
}

static void a_transaction_does_not_go_on_elsewhere(void **state)
{
	int runs = 0;

	(void)state;
	assert_int_equal(db_atomic(db, lose_it, &runs), ERR_DENIED);
	assert_int_equal(runs, 1);
	our_backend(db);
}

static void a_held_connection_is_neither_shared_nor_replaced(void **state)
{
	struct db *other = db_new(pool, arena);
	const char *pid, *cell;

	(void)state;
	assert_int_equal(db_hold(db), OK);
	pid = our_backend(db);
	db_release(db);
	assert_int_equal(db_one(other, &backend, NO_ARGS, &cell),
			 ERR_UNAVAILABLE);

	terminate(pid);
	for (int i = 0; i < 2; i++)
		assert_int_equal(db_one(db, &backend, NO_ARGS, &cell),
				 ERR_UNAVAILABLE);
	db_free(other);
}

static void *count_often(void *err)
{
	struct arena *own = arena_new();
	struct db *in = db_new(pool, own);
	const char *cell;

	for (int i = 0; i < ROUNDS && *(enum err *)err == OK; i++) {
		*(enum err *)err = db_one(in, &count, ARGS("1"), &cell);
		db_release(in);
		arena_reset(own);
	}
	db_free(in);
	arena_free(own);

	return NULL;
}

static void many_threads_share_few_connections(void **state)
{
	enum err err[THREADS] = { OK };
	pthread_t thread[THREADS];

	(void)state;
	share(CONNECTIONS);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, count_often, &err[i]);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(err[i], OK);
	}
	assert_board(CONNECTIONS, CONNECTIONS, 0);
	assert_in_range(board.waits, 1, THREADS * ROUNDS);
	assert_int_equal(board.refused, 0);
	assert_string_equal(owner_sql("SELECT n FROM db_pool_test.item"
				      " WHERE id = 1"), "400");
	assert_string_equal(owner_sql("SELECT count(*) FROM pg_stat_activity"
				      " WHERE application_name ="
				      " 'kith-db_pool_test'"), "3");
}

/* A server's socket in a directory of its own, which listens to nobody. */
static char place[] = "/tmp/kith-db-XXXXXX";
static struct sockaddr_un address = { .sun_family = AF_UNIX };

static void open_nowhere(void)
{
	strcpy(place + sizeof(place) - sizeof("XXXXXX"), "XXXXXX");
	assert_non_null(mkdtemp(place));
	snprintf(address.sun_path, sizeof(address.sun_path),
		 "%s/.s.PGSQL.5432", place);
	close_db(NULL);
	open_on((struct db_config){
		.url = arena_printf(arena, "host=%s port=5432", place),
		.connections = 1, .wait_ms = WAIT_MS, .timeout_ms = 200,
	});
}

static void leave_nowhere(void)
{
	unlink(address.sun_path);
	assert_int_equal(rmdir(place), 0);
}

static void a_server_that_is_away_takes_no_time(void **state)
{
	const char *cell;
	int64_t begin;

	(void)state;
	open_nowhere();
	begin = now_ms();
	for (int i = 0; i < 20; i++)
		assert_int_equal(db_one(db, &backend, NO_ARGS, &cell),
				 ERR_UNAVAILABLE);
	assert_in_range(now_ms() - begin, 0, 20 * 5);
	assert_int_equal(board.unmade, 1);	/* and then a pause */
	assert_board(1, 0, 0);
	leave_nowhere();
}

/* Takes what a client says first, greets it, and says nothing more. */
static void *greet(void *listener)
{
	static const char greeting[] =
		"R\0\0\0\x8\0\0\0\0" "Z\0\0\0\x5I";
	const int fd = accept(*(int *)listener, NULL, NULL);
	char said[512];

	if (read(fd, said, sizeof(said)) > 0 &&
	    write(fd, greeting, sizeof(greeting) - 1) > 0)
		while (read(fd, said, sizeof(said)) > 0)
			continue;
	close(fd);

	return NULL;
}

static void a_server_that_is_mute_is_not_waited_for_long(void **state)
{
	const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	const char *cell;
	pthread_t thread;
	int64_t begin;

	(void)state;
	open_nowhere();
	assert_int_equal(bind(listener, (struct sockaddr *)&address,
			      sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	pthread_create(&thread, NULL, greet, (void *)(uintptr_t)&listener);
	for (int i = 0; i < 2; i++) {
		begin = now_ms();
		assert_int_equal(db_one(db, &backend, NO_ARGS, &cell),
				 ERR_UNAVAILABLE);
		assert_in_range(now_ms() - begin, 200, 999);
		db_release(db);
	}
	/* The first connection was closed; the second was never greeted. */
	pthread_join(thread, NULL);
	begin = now_ms();
	for (int i = 0; i < 5; i++)
		assert_int_equal(db_one(db, &backend, NO_ARGS, &cell),
				 ERR_UNAVAILABLE);
	assert_in_range(now_ms() - begin, 0, 4 * 200);
	close(listener);
	leave_nowhere();
}

#define ON_A_DB(f) cmocka_unit_test_setup_teardown(f, open_db, close_db)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_DB(a_connection_is_kept_for_the_next_request),
		ON_A_DB(when_all_are_lent_the_wait_is_short),
		ON_A_DB(the_board_has_what_is_open_and_lent),
		ON_A_DB(the_board_counts_who_waits_and_who_waits_in_vain),
		ON_A_DB(the_next_request_sees_nothing_of_a_lost_connection),
		ON_A_DB(a_connection_lost_in_a_statement_is_replaced_after_it),
		ON_A_DB(a_transaction_does_not_go_on_elsewhere),
		ON_A_DB(a_held_connection_is_neither_shared_nor_replaced),
		ON_A_DB(many_threads_share_few_connections),
		ON_A_DB(a_server_that_is_away_takes_no_time),
		ON_A_DB(a_server_that_is_mute_is_not_waited_for_long),
	};

	return cmocka_run_group_tests(tests, open_schema, close_schema);
}
