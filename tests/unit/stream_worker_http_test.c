/* What the gateway answers to requests, whole, in pieces, and broken. */
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/stream_worker_fixture.h"

#include "functions/stream/worker_http.h"
#include "runtime/conf.h"

#define ID "0190a6b2-7c1e-7d3a-9f10-0123456789ab"
#define OPEN "GET /open?user=" ID "&session=" ID "&until=9999999999"
#define END " HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n"
#define OK_HEAD "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

static char path[64];
static struct live *live;
static struct typing *typing;
static struct gate *gate;

static int open_gate(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	open_hub(state);
	snprintf(path, sizeof(path), "/tmp/gate.%d", getpid());
	strcpy(address.sun_path, path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
			      sizeof(address)), 0);
	assert_int_equal(listen(fd, 64), 0);

	conf.kafka_brokers = "127.0.0.1:1";	/* nobody listens there */
	live = live_new();
	typing = typing_new(live);
	gate = gate_new(base, fd, hub, typing);
	return 0;
}

static int close_gate(void **state)
{
	unlink(path);
	gate_free(gate);
	typing_free(typing);
	live_free(live);
	return close_hub(state);
}

static int connected(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address,
				 sizeof(address)), 0);
	return fd;
}

static void say(int fd, const char *text, size_t bytes)
{
	assert_int_equal(write(fd, text, bytes), bytes);
	for (int i = 0; i < 4; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

/* "" for nothing yet. */
static const char *answer(int fd)
{
	static char text[1024];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static bool is_closed(int fd)
{
	char byte;

	return read(fd, &byte, 1) == 0;
}

static const char *asked(const char *request)
{
	static char text[1024];
	int fd = connected();

	say(fd, request, strlen(request));
	strcpy(text, answer(fd));
	if (!strstr(text, "200 OK"))
		assert_true(is_closed(fd));
	close(fd);
	event_base_loop(base, EVLOOP_NONBLOCK);
	return text;
}

static void a_stream_is_opened(void **state)
{
	const char *text = asked(OPEN END);

	(void)state;
	assert_memory_equal(text, OK_HEAD, strlen(OK_HEAD));
	assert_non_null(strstr(text, "\r\n\r\nevent: resync\nid: "));
}

static void a_stream_is_resumed(void **state)
{
	static const char *const names[] = {
		"Last-Event-ID: ", "last-event-id:", "LAST-EVENT-ID:  ",
	};
	char id[64], request[512];

	(void)state;
	sscanf(strstr(asked(OPEN END), "id: "), "id: %63s", id);
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(request, sizeof(request), OPEN " HTTP/1.0\r\n"
			 "Host: localhost\r\n%s%s\r\n\r\n", names[i], id);
		assert_string_equal(asked(request), OK_HEAD);
	}
}

static void a_request_may_come_in_pieces(void **state)
{
	static const char request[] = OPEN END;
	int fd = connected();

	(void)state;
	for (size_t i = 0; i < sizeof(request) - 1; i++) {
		assert_string_equal(answer(fd), "");
		say(fd, request + i, 1);
	}
	assert_memory_equal(answer(fd), OK_HEAD, strlen(OK_HEAD));
	close(fd);
}

static void typing_has_no_content(void **state)
{
	static char group[64 << 10];

	(void)state;
	assert_string_equal(asked("GET /typing?chat=" ID "&user=" ID "&to=" ID
				  END), "HTTP/1.0 204 No Content\r\n\r\n");
	strcpy(group, "GET /typing?chat=" ID "&user=" ID "&to=" ID);
	for (int i = 1; i < 256; i++)
		strcat(group, "," ID);
	strcat(group, END);
	assert_string_equal(asked(group),
			    "HTTP/1.0 204 No Content\r\n\r\n");
}

static void what_is_broken_is_refused(void **state)
{
	static const char *const requests[] = {
		"\r\n\r\n", "GET\r\n\r\n", "POST /open HTTP/1.0\r\n\r\n",
		"GET /open" END, "GET /open?" END, "GET /open?user" END,
		"GET /open?&&=&user=&session=&until=1" END,
		"GET /open?user=" ID "&session=" ID END,
		"GET /open?user=" ID "x&session=" ID "&until=1" END,
		"GET /open?user=" ID "&session=x&until=1" END,
		"GET /typing?chat=" ID "&user=" ID END,
		"GET /typing?chat=" ID "&user=" ID "&to=x" END,
		"GET /typing?chat=" ID "&user=" ID "&to=" ID "," ID "x" END,
		"GET /typing?chat=" ID "&user=" ID "&to=" ID ";" ID END,
		"GET /typing?chat=x&user=" ID "&to=" ID END,
		"GET /typing?chat=" ID "&user=x&to=" ID END,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(requests); i++)
		assert_string_equal(asked(requests[i]),
				    "HTTP/1.0 400 Bad Request\r\n\r\n");
	assert_string_equal(asked("GET /" END),
			    "HTTP/1.0 404 Not Found\r\n\r\n");
}

static void a_head_without_an_end_is_refused(void **state)
{
	static char piece[4096];
	const char *text = "";
	int fd = connected();

	(void)state;
	memset(piece, 'a', sizeof(piece));
	for (int i = 0; i < 64 && !*text; i++) {
		say(fd, piece, sizeof(piece));
		text = answer(fd);
	}
	assert_string_equal(text, "HTTP/1.0 400 Bad Request\r\n\r\n");
	close(fd);
}

static void a_user_with_too_many_streams_is_told_so(void **state)
{
	int fd[HUB_STREAMS_A_USER];

	(void)state;
	for (size_t i = 0; i < COUNT(fd); i++) {
		fd[i] = connected();
		say(fd[i], OPEN END, strlen(OPEN END));
	}
	assert_string_equal(asked(OPEN END),
			    "HTTP/1.0 429 Too Many Requests\r\n\r\n");
	assert_int_equal(slot.streams, COUNT(fd));
	for (size_t i = 0; i < COUNT(fd); i++)
		close(fd[i]);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(slot.streams, 0);
}

static void what_comes_behind_a_request_is_ignored(void **state)
{
	int fd = connected();

	(void)state;
	say(fd, OPEN END OPEN END, strlen(OPEN END OPEN END));
	answer(fd);
	say(fd, OPEN END, strlen(OPEN END));
	assert_string_equal(answer(fd), "");
	assert_int_equal(slot.streams, 1);
	close(fd);
}

static void a_closed_gate_leaves_visitors_outside(void **state)
{
	int inside = connected(), outside;

	(void)state;
	say(inside, "GET", 3);
	gate_close(gate);
	outside = connected();
	say(outside, OPEN END, strlen(OPEN END));
	assert_string_equal(answer(outside), "");
	assert_int_equal(slot.streams, 0);
	close(inside);
	close(outside);
}

#define AT_GATE(f) cmocka_unit_test_setup_teardown(f, open_gate, close_gate)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AT_GATE(a_stream_is_opened),
		AT_GATE(a_stream_is_resumed),
		AT_GATE(a_request_may_come_in_pieces),
		AT_GATE(typing_has_no_content),
		AT_GATE(what_is_broken_is_refused),
		AT_GATE(a_head_without_an_end_is_refused),
		AT_GATE(a_user_with_too_many_streams_is_told_so),
		AT_GATE(what_comes_behind_a_request_is_ignored),
		AT_GATE(a_closed_gate_leaves_visitors_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
