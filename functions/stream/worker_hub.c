/* worker_hub.c - see worker_hub.h. */
#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "functions/stream/worker_hub_private.h"
#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/log.h"

enum { RING_EVENTS = 16384, RING_BYTES = 16 << 20 };

static void *new(size_t bytes)
{
	void *object = calloc(1, bytes);

	if (!object)
		log_exit(EXIT_SYSTEM, "out of memory");
	return object;
}

struct hub *hub_new(struct scoreboard_worker *slot)
{
	struct hub *h = new(sizeof(*h));

	h->slot = slot;
	h->ring = ring_new(RING_EVENTS, RING_BYTES);
	TAILQ_INIT(&h->streams);
	TAILQ_INIT(&h->due);
	table_open(&h->users);
	table_open(&h->sessions);
	presence_open(&h->presence);
	hub_new_epoch(h);

	return h;
}

static struct user *user_of(struct hub *h, const unsigned char *id)
{
	struct user *u = (struct user *)table_find(&h->users, id);

	if (u)
		return u;
	u = new(sizeof(*u));
	memcpy(u->node.id, id, UUID_BYTES);
	TAILQ_INIT(&u->streams);
	table_add(&h->users, &u->node);

	return u;
}

static void user_release(struct hub *h, struct user *u)
{
	if (!presence_idle(&u->attendance))
		return;
	table_remove(&h->users, &u->node);
	free(u);
}

/* A new one is the next to be looked at. */
static struct session *session_of(struct hub *h, const unsigned char *id)
{
	struct session *s = (struct session *)table_find(&h->sessions, id);

	if (s)
		return s;
	s = new(sizeof(*s));
	memcpy(s->node.id, id, UUID_BYTES);
	TAILQ_INIT(&s->streams);
	TAILQ_INSERT_HEAD(&h->due, s, due);
	table_add(&h->sessions, &s->node);

	return s;
}

static void session_release(struct hub *h, struct session *s)
{
	if (!TAILQ_EMPTY(&s->streams))
		return;
	TAILQ_REMOVE(&h->due, s, due);
	table_remove(&h->sessions, &s->node);
	free(s);
}

void hub_end(struct stream *s)
{
	struct hub *h = s->hub;
	struct user *u = s->user;

	bufferevent_free(s->bev);
	TAILQ_REMOVE(&h->streams, s, of_all);
	TAILQ_REMOVE(&u->streams, s, of_user);
	TAILQ_REMOVE(&s->session->streams, s, of_session);
	session_release(h, s->session);
	free(s);

	atomic_fetch_sub(&h->slot->streams, 1);
	if (--u->nstreams > 0)
		return;
	presence_leave(&h->presence, &u->attendance, now_ms());
	user_release(h, u);
}

void hub_free(struct hub *h)
{
	hub_end_some(h, SIZE_MAX);
	table_close(&h->users);
	table_close(&h->sessions);
	ring_free(h->ring);
	free(h);
}

/* nginx has nothing more to say, but that the client has left. */
static void on_read(struct bufferevent *bev, void *stream)
{
	struct evbuffer *input = bufferevent_get_input(bev);

	(void)stream;
	evbuffer_drain(input, evbuffer_get_length(input));
}

static void on_event(struct bufferevent *bev, short what, void *stream)
{
	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		hub_end(stream);
}

bool hub_full(const struct hub *h, const unsigned char user[UUID_BYTES])
{
	struct user *u = (struct user *)table_find(&h->users, user);

	return u && u->nstreams >= HUB_STREAMS_A_USER;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void hub_open(struct hub *h, struct bufferevent *bev, const struct opening *o)
{
	struct stream *s = new(sizeof(*s));

	*s = (struct stream){
		.hub = h, .bev = bev, .user = user_of(h, o->user),
		.session = session_of(h, o->session),
		.until_s = earlier(o->until_s, time(NULL) + HUB_STREAM_S),
		.number = h->opened++,
	};
	TAILQ_INSERT_TAIL(&h->streams, s, of_all);
	TAILQ_INSERT_TAIL(&s->user->streams, s, of_user);
	TAILQ_INSERT_TAIL(&s->session->streams, s, of_session);
	atomic_fetch_add(&h->slot->streams, 1);
	if (s->user->nstreams++ == 0)
		presence_come(&h->presence, &s->user->attendance);

	bufferevent_setcb(bev, on_read, NULL, on_event, s);
	bufferevent_set_timeouts(bev, NULL, NULL);
	hub_begin(s, o->last_event_id);
}

void hub_tick(struct hub *h, int64_t now_s)
{
	static const char beat[] = ":\n\n";
	struct stream *next;

	for (struct stream *s = TAILQ_FIRST(&h->streams); s; s = next) {
		next = TAILQ_NEXT(s, of_all);
		if (now_s >= s->until_s)
			hub_end(s);
		else if ((now_s + s->number) % HUB_BEAT_S == 0)
			hub_send(s, beat, sizeof(beat) - 1);
	}
}

size_t hub_end_some(struct hub *h, size_t n)
{
	struct stream *s;

	while (n-- > 0 && (s = TAILQ_FIRST(&h->streams)))
		hub_end(s);

	return (size_t)atomic_load(&h->slot->streams);
}

size_t hub_sessions_due(struct hub *h, int64_t now_ms_,
			unsigned char (*out)[UUID_BYTES], size_t n)
{
	struct session *s;
	size_t due = 0;

	while (due < n && (s = TAILQ_FIRST(&h->due)) &&
	       (s->asked_ms == 0 || now_ms_ - s->asked_ms >= HUB_CHECK_MS)) {
		memcpy(out[due++], s->node.id, UUID_BYTES);
		s->asked_ms = now_ms_;
		TAILQ_REMOVE(&h->due, s, due);
		TAILQ_INSERT_TAIL(&h->due, s, due);
	}
	return due;
}

void hub_end_session(struct hub *h, const unsigned char id[UUID_BYTES])
{
	struct session *s = (struct session *)table_find(&h->sessions, id);
	struct stream *next;

	if (!s)
		return;
	for (struct stream *t = TAILQ_FIRST(&s->streams); t; t = next) {
		next = TAILQ_NEXT(t, of_session);
		hub_end(t);
	}
}

static struct user *user_attending(struct attendance *a)
{
	return (struct user *)((char *)a - offsetof(struct user, attendance));
}

size_t hub_news(struct hub *h, int64_t at_ms, struct news *out, size_t n)
{
	struct attendance *taken;
	size_t i;

	for (i = 0; i < n && presence_take(&h->presence, at_ms, &taken); i++)
		out[i] = (struct news){
			.user = user_attending(taken)->node.id,
			.here = taken->taken_here, .attendance = taken,
		};
	return i;
}

void hub_settle(struct hub *h, const struct news *n, bool told, int64_t at_ms)
{
	presence_settle(&h->presence, n->attendance, told, at_ms);
	user_release(h, user_attending(n->attendance));
}

void hub_forgotten(struct hub *h)
{
	struct stream *s;

	TAILQ_FOREACH(s, &h->streams, of_all)
		presence_forgotten(&h->presence, &s->user->attendance);
}
