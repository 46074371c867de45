/* One well-formed FastCGI request passes; nothing else does. */
#include <fastcgi.h>
#include <fcgiapp.h>
#include <fcgios.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "tests/unit/test.h"

#include "runtime/fcgi.h"

enum { LIMIT = 100, MUTATIONS = 20000, TIMEOUT_US = 2000000 };

/* A request as bytes. */
struct bytes {
	unsigned char at[70000];
	size_t n;
};

static void put(struct bytes *b, const void *data, size_t n)
{
	memcpy(b->at + b->n, data, n);
	b->n += n;
}

static void record(struct bytes *b, int type, const void *content, size_t n,
		   size_t padding)
{
	static const unsigned char zeros[256];
	const unsigned char header[8] = {
		1, (unsigned char)type, 0, 1, (unsigned char)(n >> 8),
		(unsigned char)n, (unsigned char)padding, 0,
	};

	put(b, header, sizeof(header));
	put(b, content, n);
	put(b, zeros, padding);
}

static void begin(struct bytes *b)
{
	b->n = 0;
	record(b, FCGI_BEGIN_REQUEST, "\0\1\1\0\0\0\0", 8, 0);
}

static struct bytes good_request(void)
{
	static const char params[] =
		"\x0e\x04" "REQUEST_METHODPOST"
		"\x80\x00\x00\x04\x05" "PATH/item"
		"\x0e\x01" "CONTENT_LENGTH5";
	struct bytes b;

	begin(&b);
	record(&b, FCGI_PARAMS, params, sizeof(params) - 1, 3);
	record(&b, FCGI_PARAMS, "", 0, 0);
	record(&b, FCGI_STDIN, "hello", 5, 0);
	record(&b, FCGI_STDIN, "", 0, 5);
	return b;
}

/* Bytes written by one thread, some at a time, and then the end. */
struct sender {
	const struct bytes *bytes;
	size_t piece;
	int fd;
};

static void *send_all(void *arg)
{
	struct sender *s = arg;

	for (size_t i = 0; i < s->bytes->n; i += s->piece) {
		size_t left = s->bytes->n - i;

		if (send(s->fd, s->bytes->at + i,
			 left < s->piece ? left : s->piece, MSG_NOSIGNAL) < 0)
			break;
	}
	shutdown(s->fd, SHUT_WR);
	return NULL;
}

/* The body that libfcgi read, or -1 if it refused the request. */
static int receive(const struct bytes *b, size_t piece, char body[LIMIT + 1])
{
	struct sender sender = { b, piece, -1 };
	FCGX_Request r;
	pthread_t id;
	int fds[2], n = -1;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	sender.fd = fds[0];
	pthread_create(&id, NULL, send_all, &sender);

	FCGX_InitRequest(&r, -1, 0);
	r.ipcFd = fds[1];
	r.keepConnection = 1;
	r.detached = 1;
	fcgi_expect(LIMIT, now_us() + TIMEOUT_US);
	if (FCGX_Accept_r(&r) == 0) {
		n = FCGX_GetStr(body, LIMIT, r.in);
		if (FCGX_GetChar(r.in) != EOF || FCGX_GetError(r.in))
			n = -1;
		FCGX_Free(&r, 1);
	}
	pthread_join(id, NULL);
	close(fds[0]);

	return n;
}

static void reads_a_request_in_pieces_of_any_size(void **state)
{
	const struct bytes b = good_request();
	char body[LIMIT + 1] = "";

	(void)state;
	for (size_t piece = 1; piece <= b.n; piece++) {
		assert_int_equal(receive(&b, piece, body), 5);
		assert_memory_equal(body, "hello", 5);
	}
}

static void refuses_a_request_cut_anywhere(void **state)
{
	const struct bytes whole = good_request();
	char body[LIMIT + 1];

	(void)state;
	/* The padding of the last record may be missing. */
	for (size_t n = 0; n < whole.n - 5; n++) {
		struct bytes cut = whole;

		cut.n = n;
		if (receive(&cut, cut.n + 1, body) == 5)
			fail_msg("cut after %zu bytes", n);
	}
}

static void refuses_lengths_that_lie(void **state)
{
	static const struct {
		const char *text;
		size_t n;
	} params[] = {
		{ "\xff\xff\xff\xff\xff\xff\xff\xff" "A", 9 },
		{ "\x80\x00\x00\x00\xff\xff\xff\xff", 8 },
		{ "\x01\xff\xff\xff\xff" "A", 6 },
		{ "\x01\x80\x02\x00\x00" "A", 6 },
		{ "\x05\x00" "A", 3 },
		{ "\x80", 1 },
	};
	char body[LIMIT + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(params); i++) {
		struct bytes b;

		begin(&b);
		record(&b, FCGI_PARAMS, params[i].text, params[i].n, 0);
		record(&b, FCGI_PARAMS, "", 0, 0);
		record(&b, FCGI_STDIN, "", 0, 0);
		assert_int_equal(receive(&b, b.n, body), -1);
	}
}

static void refuses_too_many_parameters(void **state)
{
	char body[LIMIT + 1];
	struct bytes b;

	(void)state;
	begin(&b);
	for (int i = 0; i < 65; i++)
		record(&b, FCGI_PARAMS, "\x01\x01" "AB", 4, 0);
	record(&b, FCGI_PARAMS, "", 0, 0);
	record(&b, FCGI_STDIN, "", 0, 0);
	assert_int_equal(receive(&b, b.n, body), -1);
}

static void refuses_a_body_over_the_limit(void **state)
{
	static const char big[LIMIT + 1];
	char body[LIMIT + 1];
	struct bytes b;

	(void)state;
	for (size_t over = 0; over < 2; over++) {
		begin(&b);
		record(&b, FCGI_PARAMS, "", 0, 0);
		record(&b, FCGI_STDIN, big, LIMIT + over, 0);
		record(&b, FCGI_STDIN, "", 0, 0);
		assert_int_equal(receive(&b, b.n, body), over ? -1 : LIMIT);
	}
}

static void refuses_records_out_of_order(void **state)
{
	static const int types[] = {
		FCGI_BEGIN_REQUEST, FCGI_ABORT_REQUEST, FCGI_STDIN, FCGI_DATA,
		FCGI_GET_VALUES, FCGI_STDOUT, 99,
	};
	char body[LIMIT + 1];
	struct bytes b;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		begin(&b);
		record(&b, types[i], "", 0, 0);
		record(&b, FCGI_PARAMS, "", 0, 0);
		record(&b, FCGI_STDIN, "", 0, 0);
		assert_int_equal(receive(&b, b.n, body), -1);
	}
}

/* libfcgi would answer a record of number 0 itself, and lose memory. */
static void refuses_a_record_of_another_request(void **state)
{
	const struct bytes good = good_request();
	char body[LIMIT + 1];
	struct bytes b;

	(void)state;
	for (size_t i = 0; i < good.n;
	     i += 8 + good.at[i + 5] + (size_t)good.at[i + 6]) {
		for (unsigned char number = 0; number <= 2; number += 2) {
			b = good;
			b.at[i + 3] = number;
			assert_int_equal(receive(&b, b.n, body), -1);
		}
	}
}

/* Where the parameters end libfcgi would take it for the next record. */
static void refuses_a_record_in_the_padding(void **state)
{
	char body[LIMIT + 1];
	struct bytes b;

	(void)state;
	begin(&b);
	put(&b, "\1\4\0\1\0\0\10\0" "\1\143\0\0\0\0\0\0", 16);
	record(&b, FCGI_STDIN, "", 0, 0);
	assert_int_equal(receive(&b, b.n, body), -1);
}

static void gives_up_at_the_deadline(void **state)
{
	char buffer[8];
	int fds[2];
	uint64_t start = now_us();

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	fcgi_expect(LIMIT, start + 50000);

	assert_int_equal(OS_Read(fds[0], buffer, sizeof(buffer)), -1);
	assert_true(now_us() - start >= 50000);
	close(fds[0]);
	close(fds[1]);
}

static void mutated_requests_do_no_harm(void **state)
{
	const struct bytes good = good_request();
	unsigned int seed = 20261124;
	char body[LIMIT + 1];
	struct bytes b;

	(void)state;
	for (int i = 0; i < MUTATIONS; i++) {
		b = good;
		for (int n = 1 + rand_r(&seed) % 4; n > 0; n--)
			b.at[(size_t)rand_r(&seed) % b.n] =
				(unsigned char)rand_r(&seed);
		if (rand_r(&seed) % 4 == 0)
			b.n = (size_t)rand_r(&seed) % b.n;
		assert_true(receive(&b, b.n + 1, body) <= LIMIT);
	}
}

static int open_library(void **state)
{
	(void)state;
	return FCGX_Init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(reads_a_request_in_pieces_of_any_size),
		CLAIM(refuses_a_request_cut_anywhere),
		CLAIM(refuses_lengths_that_lie),
		CLAIM(refuses_too_many_parameters),
		CLAIM(refuses_a_body_over_the_limit),
		CLAIM(refuses_records_out_of_order),
		CLAIM(refuses_a_record_of_another_request),
		CLAIM(refuses_a_record_in_the_padding),
		CLAIM(gives_up_at_the_deadline),
		CLAIM(mutated_requests_do_no_harm),
	};

	return cmocka_run_group_tests(tests, open_library, NULL);
}
