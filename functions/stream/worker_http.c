/* worker_http.c - see worker_http.h. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <time.h>

#include "functions/stream/worker_http.h"
#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/uuid.h"

enum {
	HEAD_BYTES = 32 << 10,		/* a group's ids and a long header */
	HEAD_S = 5,			/* until all of a request is here */
	PAUSE_MS = 100,			/* when no descriptor is left */
};

/* A connection until it is a stream, or over. */
struct visit {
	TAILQ_ENTRY(visit) link;
	struct gate *gate;
	struct bufferevent *bev;
};

struct gate {
	struct event_base *base;
	struct hub *hub;
	struct typing *typing;
	struct evconnlistener *listener;
	struct event *again;
	TAILQ_HEAD(, visit) visits;
	char head[HEAD_BYTES + 1];	/* of the request that is read now */
};

/* What a request says; NULL: it doesn't. */
struct request {
	const char *path, *last_event_id;
	const char *user, *session, *until, *chat, *to;
};

static void leave(struct visit *v)
{
	TAILQ_REMOVE(&v->gate->visits, v, link);
	free(v);
}

static void on_event(struct bufferevent *bev, short what, void *visit)
{
	(void)what;
	leave(visit);
	bufferevent_free(bev);
}

static void on_written(struct bufferevent *bev, void *visit)
{
	on_event(bev, BEV_EVENT_WRITING, visit);
}

static void write_text(struct bufferevent *bev, const char *text)
{
	if (bufferevent_write(bev, text, strlen(text)) != 0)
		log_exit(EXIT_SYSTEM, "out of memory");
}

/* Answer without a body, and close. */
static void answer(struct visit *v, const char *status)
{
	bufferevent_disable(v->bev, EV_READ);
	bufferevent_setcb(v->bev, NULL, on_written, on_event, v);
	write_text(v->bev, "HTTP/1.0 ");
	write_text(v->bev, status);
	write_text(v->bev, "\r\n\r\n");
}

static void read_param(struct request *r, const char *name, const char *value)
{
	const struct {
		const char *name, **value;
	} known[] = {
		{ "user", &r->user }, { "session", &r->session },
		{ "until", &r->until }, { "chat", &r->chat },
		{ "to", &r->to },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i].name, name) == 0)
			*known[i].value = value;
}

/* "GET PATH?QUERY HTTP/1.0"; no value needs decoding. */
static bool read_request_line(char *line, struct request *r)
{
	char *target = line + strlen("GET "), *query, *pair;

	if (strncmp(line, "GET ", strlen("GET ")) != 0)
		return false;
	target[strcspn(target, " ")] = '\0';
	query = target;
	r->path = strsep(&query, "?");
	while ((pair = strsep(&query, "&"))) {
		const char *name = strsep(&pair, "=");

		if (pair)
			read_param(r, name, pair);
	}
	return true;
}

/* head ends with an empty line. */
static bool read_head(char *head, struct request *r)
{
	static const char name[] = "Last-Event-ID:";
	char *line = strsep(&head, "\n");

	if (!read_request_line(line, r))
		return false;
	while ((line = strsep(&head, "\n"))) {
		line[strcspn(line, "\r")] = '\0';
		if (strncasecmp(line, name, sizeof(name) - 1) == 0) {
			line += sizeof(name) - 1;
			r->last_event_id = line + strspn(line, " ");
		}
	}
	return true;
}

static bool read_id(const char *text, unsigned char out[UUID_BYTES])
{
	if (!text || !uuid_valid(text))
		return false;
	uuid_bytes(text, out);

	return true;
}

static void open_stream(struct visit *v, const struct request *r)
{
	struct opening o = { .last_event_id = r->last_event_id };
	struct bufferevent *bev = v->bev;
	struct hub *hub = v->gate->hub;

	if (!read_id(r->user, o.user) || !read_id(r->session, o.session) ||
	    !r->until) {
		answer(v, "400 Bad Request");
		return;
	}
	o.until_s = strtoll(r->until, NULL, 10);
	if (hub_full(hub, o.user)) {
		answer(v, "429 Too Many Requests");
		return;
	}
	leave(v);
	write_text(bev, "HTTP/1.0 200 OK\r\n"
		   "Content-Type: text/event-stream\r\n\r\n");
	hub_open(hub, bev, &o);
}

static void tell_typing(struct visit *v, const struct request *r)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	if (r->chat && r->user && r->to &&
	    typing_tell(v->gate->typing, r->chat, r->user, r->to,
			t.tv_sec * 1000 + t.tv_nsec / 1000000))
		answer(v, "204 No Content");
	else
		answer(v, "400 Bad Request");
}

static void serve(struct visit *v, char *head)
{
	struct request r = { 0 };

	if (!read_head(head, &r))
		answer(v, "400 Bad Request");
	else if (strcmp(r.path, "/open") == 0)
		open_stream(v, &r);
	else if (strcmp(r.path, "/typing") == 0)
		tell_typing(v, &r);
	else
		answer(v, "404 Not Found");
}

static void on_read(struct bufferevent *bev, void *visit)
{
	struct evbuffer *input = bufferevent_get_input(bev);
	struct evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, NULL);
	struct visit *v = visit;
	ssize_t bytes;

	if (end.pos < 0 && evbuffer_get_length(input) < HEAD_BYTES)
		return;
	bytes = evbuffer_remove(input, v->gate->head, HEAD_BYTES);
	if (end.pos < 0 || bytes < 0) {
		answer(v, "400 Bad Request");
		return;
	}
	v->gate->head[bytes] = '\0';
	serve(v, v->gate->head);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
		      struct sockaddr *address, int bytes, void *gate)
{
	const struct timeval time = { .tv_sec = HEAD_S };
	struct visit *v = calloc(1, sizeof(*v));
	struct gate *g = gate;

	(void)listener;
	(void)address;
	(void)bytes;
	if (v)
		v->bev = bufferevent_socket_new(g->base, fd,
						BEV_OPT_CLOSE_ON_FREE);
	if (!v || !v->bev)
		log_exit(EXIT_SYSTEM, "out of memory");
	v->gate = g;
	TAILQ_INSERT_TAIL(&g->visits, v, link);

	bufferevent_setcb(v->bev, on_read, NULL, on_event, v);
	bufferevent_setwatermark(v->bev, EV_READ, 0, HEAD_BYTES);
	bufferevent_set_timeouts(v->bev, &time, &time);
	bufferevent_enable(v->bev, EV_READ | EV_WRITE);
}

/* No descriptor is left: connections wait until some stream has ended. */
static void on_refusal(struct evconnlistener *listener, void *gate)
{
	const struct timeval time = { .tv_usec = PAUSE_MS * 1000 };
	struct gate *g = gate;

	log_error("accept: %s",
		  evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	evconnlistener_disable(listener);
	evtimer_add(g->again, &time);
}

static void on_again(evutil_socket_t fd, short what, void *gate)
{
	struct gate *g = gate;

	(void)fd;
	(void)what;
	evconnlistener_enable(g->listener);
}

struct gate *gate_new(struct event_base *base, int fd, struct hub *hub,
		      struct typing *typing)
{
	struct gate *g = calloc(1, sizeof(*g));

	if (!g)
		log_exit(EXIT_SYSTEM, "out of memory");
	*g = (struct gate){ .base = base, .hub = hub, .typing = typing };
	TAILQ_INIT(&g->visits);
	evutil_make_socket_nonblocking(fd);
	g->listener = evconnlistener_new(base, on_accept, g, 0, 0, fd);
	g->again = evtimer_new(base, on_again, g);
	if (!g->listener || !g->again)
		log_exit(EXIT_SYSTEM, "no listener");
	evconnlistener_set_error_cb(g->listener, on_refusal);

	return g;
}

void gate_close(struct gate *g)
{
	evtimer_del(g->again);
	evconnlistener_disable(g->listener);
}

void gate_free(struct gate *g)
{
	struct visit *v;

	while ((v = TAILQ_FIRST(&g->visits)))
		on_event(v->bev, 0, v);
	event_free(g->again);
	evconnlistener_free(g->listener);
	free(g);
}
