/* operator.c - see operator.h. */
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "functions/ops/operator.h"
#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/json.h"
#include "runtime/log.h"

enum { ANSWER_BYTES = 16 << 10 };

/* A socket to it; -1: it is away. */
static int reach(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd;

	if (!conf.operator_socket ||
	    strlen(conf.operator_socket) >= sizeof(to.sun_path))
		return -1;
	strcpy(to.sun_path, conf.operator_socket);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* The request ends where our side of the connection does. */
static bool send_line(int fd, const char *line)
{
	const size_t bytes = strlen(line);

	return send(fd, line, bytes, MSG_NOSIGNAL) == (ssize_t)bytes &&
	       send(fd, "\n", 1, MSG_NOSIGNAL) == 1 &&
	       shutdown(fd, SHUT_WR) == 0;
}

/* Bytes until the other side ends; 0: none, too many, or not in time. */
static size_t receive(int fd, char *buffer, int64_t end_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t bytes = 0;
	ssize_t n;

	while (bytes < ANSWER_BYTES) {
		const int64_t left_ms = end_ms - now_ms();

		if (left_ms <= 0 || poll(&p, 1, (int)left_ms) != 1)
			return 0;
		n = read(fd, buffer + bytes, ANSWER_BYTES - bytes);
		if (n <= 0)
			return n == 0 ? bytes : 0;
		bytes += (size_t)n;
	}
	return 0;
}

static bool understand(struct arena *arena, const char *text, size_t bytes,
		       struct outcome *out)
{
	json_t *doc = bytes ? json_document(arena, text, bytes) : NULL;

	return doc && json_unpack(doc, "{s:i,s:s}", "code", &out->code,
				  "output", &out->output) == 0;
}

enum err operator_ask(struct arena *arena, const char *line, int timeout_ms,
		      struct outcome *out)
{
	const int64_t end_ms = now_ms() + timeout_ms;
	char *answer = arena_alloc(arena, ANSWER_BYTES);
	size_t bytes = 0;
	int fd = reach();

	if (fd < 0) {
		log_error("the operator is away");
		return ERR_UNAVAILABLE;
	}
	if (send_line(fd, line))
		bytes = receive(fd, answer, end_ms);
	close(fd);
	if (!understand(arena, answer, bytes, out)) {
		log_error("the operator gave no answer in time: %s", line);
		return ERR_UNAVAILABLE;
	}
	return OK;
}
