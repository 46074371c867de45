/* fcgi.c - see fcgi.h. */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <fastcgi.h>
#include <fcgios.h>

#include "runtime/clock.h"
#include "runtime/fcgi.h"

enum {
	HEADER_BYTES = 8,
	PARAMS_BYTES = 64 * 1024,	/* of all names and values */
	PARAMS = 64,			/* nginx sends 14 */
	RECORDS = 4096,			/* none of them may be empty for long */
};

/* What the next byte of the parameters is. */
enum step { NAME_LENGTH, VALUE_LENGTH, TEXT };

/* One request, as far as its bytes have been seen. */
struct request {
	unsigned char header[HEADER_BYTES];
	size_t header_seen;
	size_t content, padding;	/* bytes left of this record */
	int records;
	int expected;			/* type of record; 0: nothing more */
	unsigned char id[2];

	enum step step;
	unsigned char length[4];
	size_t length_seen;
	size_t text;			/* bytes left of a name and its value */
	size_t params, params_bytes;

	size_t body_left;
	uint64_t deadline_us;
	bool broken;
};

static _Thread_local struct request current;

void fcgi_expect(size_t body_bytes, uint64_t deadline_us)
{
	current = (struct request){
		.expected = FCGI_BEGIN_REQUEST,
		.body_left = body_bytes,
		.deadline_us = deadline_us,
	};
}

void fcgi_deadline(uint64_t deadline_us)
{
	current.deadline_us = deadline_us;
}

/* A header is complete: is it a record that may come now? */
static bool accept_header(struct request *r)
{
	const unsigned char *h = r->header;

	r->header_seen = 0;
	r->content = (size_t)h[4] << 8 | h[5];
	r->padding = h[6];

	if (h[0] != FCGI_VERSION_1 || h[1] != r->expected ||
	    ++r->records > RECORDS)
		return false;

	switch (r->expected) {
	case FCGI_BEGIN_REQUEST:
		memcpy(r->id, h + 2, sizeof(r->id));
		r->expected = FCGI_PARAMS;
		return r->content == sizeof(FCGI_BeginRequestBody);
	case FCGI_PARAMS:
		if (r->content > 0)
			break;
		r->expected = FCGI_STDIN;
		/* libfcgi would read padding as a record. */
		if (r->step != NAME_LENGTH || r->length_seen > 0 ||
		    r->padding > 0)
			return false;
		break;
	case FCGI_STDIN:
		if (r->content == 0)
			r->expected = 0;
		if (r->content > r->body_left)
			return false;
		r->body_left -= r->content;
		break;
	}
	return memcmp(r->id, h + 2, sizeof(r->id)) == 0;
}

/* One byte of a length of 1 or 4 bytes; true once *out is known. */
static bool take_length(struct request *r, unsigned char byte, size_t *out)
{
	const unsigned char *l = r->length;

	r->length[r->length_seen++] = byte;
	if (l[0] < 0x80) {
		*out = l[0];
	} else if (r->length_seen == sizeof(r->length)) {
		*out = (size_t)(l[0] & 0x7f) << 24 | (size_t)l[1] << 16 |
		       (size_t)l[2] << 8 | l[3];
	} else {
		return false;
	}
	r->length_seen = 0;

	return true;
}

/* Takes some bytes of parameters; returns how many, 0 if they are too much. */
static size_t take_params(struct request *r, const unsigned char *bytes,
			  size_t n)
{
	size_t length;

	if (r->step == TEXT) {
		n = n < r->text ? n : r->text;
		r->text -= n;
		if (r->text == 0)
			r->step = NAME_LENGTH;
		return n;
	}

	if (!take_length(r, bytes[0], &length))
		return 1;
	r->params_bytes += length;
	if (r->params_bytes > PARAMS_BYTES)
		return 0;
	if (r->step == NAME_LENGTH) {
		r->text = length;
		r->step = VALUE_LENGTH;
		return ++r->params > PARAMS ? 0 : 1;
	}
	r->text += length;
	r->step = r->text > 0 ? TEXT : NAME_LENGTH;

	return 1;
}

/* Takes some bytes of a record's content; returns how many, 0 if refused. */
static size_t take_content(struct request *r, const unsigned char *bytes,
			   size_t n)
{
	n = n < r->content ? n : r->content;
	if (r->expected == FCGI_PARAMS && r->records > 1)
		n = take_params(r, bytes, n);
	r->content -= n;

	return n;
}

/* False once the bytes are no part of a well-formed request. */
static bool take(struct request *r, const unsigned char *bytes, size_t n)
{
	size_t taken;

	for (; n > 0; bytes += taken, n -= taken) {
		if (r->content > 0) {
			taken = take_content(r, bytes, n);
			if (taken == 0)
				return false;
		} else if (r->padding > 0) {
			taken = n < r->padding ? n : r->padding;
			r->padding -= taken;
		} else {
			taken = 1;
			r->header[r->header_seen++] = bytes[0];
			if (r->header_seen == HEADER_BYTES && !accept_header(r))
				return false;
		}
	}
	return true;
}

/* Waits for events on fd; false once the deadline has passed. */
static bool wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };
	uint64_t now;
	int n;

	do {
		now = now_us();
		if (now >= current.deadline_us)
			return false;
		n = poll(&p, 1, (int)((current.deadline_us - now) / 1000) + 1);
	} while (n == 0 || (n < 0 && errno == EINTR));

	return n > 0;
}

int OS_Read(int fd, char *buffer, size_t bytes)
{
	ssize_t n = -1;

	if (current.broken)
		return -1;
	do {
		n = recv(fd, buffer, bytes, MSG_DONTWAIT);
	} while (n < 0 && (errno == EINTR ||
			   (errno == EAGAIN && wait_for(fd, POLLIN))));

	if (n > 0 && !take(&current, (const unsigned char *)buffer, (size_t)n))
		n = -1;
	current.broken = n <= 0;

	return (int)n;
}

int OS_Write(int fd, char *buffer, size_t bytes)
{
	ssize_t n;

	do {
		n = send(fd, buffer, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && (errno == EINTR ||
			   (errno == EAGAIN && wait_for(fd, POLLOUT))));

	return (int)n;
}
