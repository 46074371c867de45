/* What a provider publishes is asked for once, whoever wants it. */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "tests/unit/test.h"

#include "functions/oauth/document.h"
#include "functions/oauth/fetch.h"
#include "runtime/conf.h"

enum { THREADS = 8, LONG_MS = 5000 };

static struct arena *arena;
static struct document_source source;
static struct document *document;
static int listener;
static pthread_t server;

/* Of the server: how often it was asked, and what it answers. */
static atomic_int asked, status;

static void answer(int fd)
{
	char request[4096], reply[200];
	size_t bytes = 0;
	ssize_t n;

	do {
		n = read(fd, request + bytes, sizeof(request) - 1 - bytes);
		bytes += n > 0 ? (size_t)n : 0;
		request[bytes] = '\0';
	} while (n > 0 && !strstr(request, "\r\n\r\n"));

	snprintf(reply, sizeof(reply), "HTTP/1.1 %d -\r\n"
		 "Content-Type: application/json\r\nConnection: close\r\n\r\n"
		 "{\"number\":%d}", status, atomic_fetch_add(&asked, 1) + 1);
	assert(write(fd, reply, strlen(reply)) > 0);
	close(fd);
}

static void *serve(void *unused)
{
	int fd;

	(void)unused;
	while ((fd = accept(listener, NULL, NULL)) >= 0)
		answer(fd);

	return NULL;
}

static bool has_number(const json_t *json, const void *unused)
{
	(void)unused;
	return json_is_integer(json_object_get(json, "number"));
}

static int open_server(void **state)
{
	struct sockaddr_in address;
	socklen_t bytes = sizeof(address);

	(void)state;
	conf.oauth_private = "allowed";
	arena = arena_new();
	listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(listen(listener, 64), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address,
				     &bytes), 0);
	source = (struct document_source){
		.url = arena_printf(arena, "http://127.0.0.1:%d/",
				    ntohs(address.sin_port)),
		.valid = has_number,
	};
	return pthread_create(&server, NULL, serve, NULL);
}

static int close_server(void **state)
{
	(void)state;
	shutdown(listener, SHUT_RDWR);
	pthread_join(server, NULL);
	close(listener);
	arena_free(arena);

	return 0;
}

static int new_document(void **state)
{
	(void)state;
	document = document_new(arena);
	asked = 0;
	status = 200;
	return 0;
}

static int number_of(const json_t *json)
{
	return (int)json_integer_value(json_object_get(json, "number"));
}

typedef enum err getter(struct arena *, struct document *,
			const struct document_source *, int64_t, json_t **);

/* The number that it has; 0: none, -1: not now. */
static int get(getter *how)
{
	struct arena *own = arena_new();
	json_t *json;
	enum err err = how(own, document, &source,
			   now_ms() + LONG_MS, &json);
	const int number = err == OK ? number_of(json) :
			   err == ERR_NOT_FOUND ? -1 : 0;

	arena_free(own);
	return number;
}

struct thread {
	pthread_t id;
	getter *how;
	pthread_barrier_t *start;
	int number;
};

static void *get_thread(void *arg)
{
	struct thread *t = arg;

	pthread_barrier_wait(t->start);
	t->number = get(t->how);
	return NULL;
}

static void get_at_once(getter *how, int numbers[THREADS])
{
	struct thread threads[THREADS];
	pthread_barrier_t start;

	pthread_barrier_init(&start, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		threads[i].how = how;
		threads[i].start = &start;
		assert_int_equal(pthread_create(&threads[i].id, NULL,
						get_thread, &threads[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i].id, NULL);
		numbers[i] = threads[i].number;
	}
	pthread_barrier_destroy(&start);
}

static void next_ms(void)
{
	const int64_t begin_ms = now_ms();

	while (now_ms() == begin_ms)
		;
}

static void all_who_come_at_once_have_one_answer(void **state)
{
	int numbers[THREADS];

	(void)state;
	get_at_once(document_get, numbers);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(numbers[i], 1);
	assert_int_equal(get(document_get), 1);
	assert_int_equal(asked, 1);
}

static void it_is_renewed_once_a_minute_whoever_wants_it(void **state)
{
	int numbers[THREADS];

	(void)state;
	assert_int_equal(get(document_get), 1);
	next_ms();
	get_at_once(document_renew, numbers);
	for (int i = 0; i < THREADS; i++)
		assert_true(numbers[i] == 2 || numbers[i] == -1);
	next_ms();
	assert_int_equal(get(document_renew), -1);
	assert_int_equal(get(document_get), 2);
	assert_int_equal(asked, 2);
}

static void who_failed_is_not_asked_at_once_again(void **state)
{
	int numbers[THREADS];

	(void)state;
	status = 500;
	get_at_once(document_get, numbers);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(numbers[i], 0);
	assert_int_equal(get(document_get), 0);
	assert_int_equal(asked, 1);
}

static void what_cannot_be_renewed_stays(void **state)
{
	(void)state;
	assert_int_equal(get(document_get), 1);
	next_ms();
	status = 500;
	assert_int_equal(get(document_renew), 0);
	assert_int_equal(get(document_get), 1);
	assert_int_equal(asked, 2);
}

static void whose_time_is_up_asks_nobody_and_blames_nobody(void **state)
{
	json_t *json;

	(void)state;
	assert_int_equal(document_get(arena, document, &source,
				      now_ms(), &json),
			 ERR_UNAVAILABLE);
	assert_int_equal(asked, 0);
	assert_int_equal(get(document_get), 1);
}

#define FRESH(f) cmocka_unit_test_setup(f, new_document)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(all_who_come_at_once_have_one_answer),
		FRESH(it_is_renewed_once_a_minute_whoever_wants_it),
		FRESH(who_failed_is_not_asked_at_once_again),
		FRESH(what_cannot_be_renewed_stays),
		FRESH(whose_time_is_up_asks_nobody_and_blames_nobody),
	};

	fetch_start();
	return cmocka_run_group_tests(tests, open_server, close_server);
}
