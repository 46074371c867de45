/* What a server has not said is not taken for granted. */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/test.h"

#include "runtime/arena.h"
#include "runtime/db.h"

/* Messages of PostgreSQL's protocol. */
#define READY "Z\0\0\0\5I"
#define WELCOME "R\0\0\0\10\0\0\0\0" READY
#define PREPARED "1\0\0\0\4" READY
#define RESULT "2\0\0\0\4" "n\0\0\0\4" "C\0\0\0\17INSERT 0 1\0"
#define ERROR(state) "E\0\0\0\26SERROR\0C" state "\0Mx\0\0"

struct words {
	const char *text;
	size_t bytes;
};
#define WORDS(text) { text, sizeof(text) - 1 }

static const struct db_stmt put = { "put", "INSERT", 0 };

static char place[] = "/tmp/kith-wire-XXXXXX";
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static struct arena *arena;

/* A server that says the same to every statement. */
static struct server {
	int listener, clients;
	struct words answer;
	bool leaves;			/* after the answer */
} server;

static int open_place(void **state)
{
	(void)state;
	arena = arena_new();
	assert_non_null(mkdtemp(place));
	snprintf(address.sun_path, sizeof(address.sun_path),
		 "%s/.s.PGSQL.5432", place);
	return 0;
}

static int close_place(void **state)
{
	(void)state;
	arena_free(arena);
	return rmdir(place);
}

/* False when the client has gone. */
static bool reply(int client, struct words words)
{
	char heard[1024];

	return read(client, heard, sizeof(heard)) > 0 &&
	       send(client, words.text, words.bytes, MSG_NOSIGNAL) > 0;
}

static void talk(int client)
{
	const struct words before[] = { WORDS(WELCOME), WORDS(PREPARED) };
	bool there = true;

	for (size_t i = 0; i < COUNT(before) && there; i++)
		there = reply(client, before[i]);
	while (there)
		there = reply(client, server.answer) && !server.leaves;
}

static void *serve(void *arg)
{
	int client;

	(void)arg;
	while ((client = accept(server.listener, NULL, NULL)) >= 0) {
		server.clients++;
		talk(client);
		close(client);
	}
	return NULL;
}

/* The error of a statement that runs twice; server.clients were connected. */
static enum err put_twice(void)
{
	const struct db_config config = {
		.url = arena_printf(arena, "host=%s user=x", place),
		.connections = 1, .wait_ms = 100, .timeout_ms = 200,
	};
	struct db_pool *pool = db_pool_new(&config);
	struct db *db = db_new(pool, arena);
	struct db_rows rows;
	pthread_t thread;
	enum err err;

	server.clients = 0;
	server.listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(server.listener, (struct sockaddr *)&address,
			      sizeof(address)), 0);
	assert_int_equal(listen(server.listener, 1), 0);
	pthread_create(&thread, NULL, serve, NULL);

	err = db_all(db, &put, NO_ARGS, &rows);
	assert_int_equal(db_all(db, &put, NO_ARGS, &rows), err);

	db_free(db);
	db_pool_free(pool);
	shutdown(server.listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(server.listener);
	unlink(address.sun_path);
	arena_reset(arena);

	return err;
}

static void a_result_is_one_when_the_server_is_ready_again(void **state)
{
	(void)state;
	server = (struct server){ .answer = WORDS(RESULT READY) };
	assert_int_equal(put_twice(), OK);
	assert_int_equal(server.clients, 1);
}

/* Until then the statement may still fail to commit. */
static void a_result_before_silence_is_none(void **state)
{
	(void)state;
	server = (struct server){ .answer = WORDS(RESULT) };
	assert_int_equal(put_twice(), ERR_UNAVAILABLE);
	assert_int_equal(server.clients, 2);
}

static void a_result_before_the_end_is_none(void **state)
{
	(void)state;
	server = (struct server){ .answer = WORDS(RESULT), .leaves = true };
	assert_int_equal(put_twice(), ERR_UNAVAILABLE);
	assert_int_equal(server.clients, 2);
}

static void an_error_after_the_result_counts(void **state)
{
	(void)state;
	server = (struct server){
		.answer = WORDS(RESULT ERROR("23505") READY)
	};
	assert_int_equal(put_twice(), ERR_CONFLICT);
	assert_int_equal(server.clients, 1);
}

static void an_error_before_silence_is_one_and_the_last(void **state)
{
	(void)state;
	server = (struct server){ .answer = WORDS(ERROR("23505")) };
	assert_int_equal(put_twice(), ERR_CONFLICT);
	assert_int_equal(server.clients, 2);
}

static void nothing_is_tried_again_elsewhere(void **state)
{
	(void)state;
	server = (struct server){
		.answer = WORDS(ERROR("40001")), .leaves = true
	};
	assert_int_equal(put_twice(), ERR_UNAVAILABLE);
	assert_int_equal(server.clients, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_result_is_one_when_the_server_is_ready_again),
		CLAIM(a_result_before_silence_is_none),
		CLAIM(a_result_before_the_end_is_none),
		CLAIM(an_error_after_the_result_counts),
		CLAIM(an_error_before_silence_is_one_and_the_last),
		CLAIM(nothing_is_tried_again_elsewhere),
	};

	return cmocka_run_group_tests(tests, open_place, close_place);
}
