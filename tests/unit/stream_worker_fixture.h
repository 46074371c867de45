/*
 * stream_worker_fixture.h - a hub, people, and clients that read its streams.
 *
 * A client that doesn't read is a pair of bufferevents of which the other end
 * takes nothing.
 */
#ifndef TESTS_UNIT_STREAM_WORKER_FIXTURE_H
#define TESTS_UNIT_STREAM_WORKER_FIXTURE_H

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"

#include "functions/stream/worker_hub.h"

static const unsigned char people[][UUID_BYTES] = {
	"ann", "bob", "cat", "dan",
};
#define ANN people[0]
#define BOB people[1]
#define CAT people[2]

static struct event_base *base;
static struct scoreboard_worker slot;
static struct hub *hub;

struct client {
	struct bufferevent *bev;
	char text[4096];		/* what it was sent since */
	char id[64];			/* the last one it was sent */
};

static inline int open_hub(void **state)
{
	(void)state;
	memset(&slot, 0, sizeof(slot));
	base = event_base_new();
	hub = hub_new(&slot);
	return 0;
}

static inline int close_hub(void **state)
{
	(void)state;
	hub_free(hub);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
	return 0;
}

/* A stream of a user, with a session that has the user's name and a letter. */
static inline struct client client_new(const unsigned char *user,
				       char session, const char *last_event_id)
{
	struct opening o = { .until_s = INT64_MAX,
			     .last_event_id = last_event_id };
	struct bufferevent *pair[2];

	memcpy(o.user, user, UUID_BYTES);
	memcpy(o.session, user, UUID_BYTES);
	o.session[UUID_BYTES - 1] = (unsigned char)session;
	assert_int_equal(bufferevent_pair_new(base, 0, pair), 0);
	bufferevent_enable(pair[0], EV_READ | EV_WRITE);
	bufferevent_enable(pair[1], EV_READ);
	hub_open(hub, pair[0], &o);

	return (struct client){ .bev = pair[1] };
}

static inline struct client anns_client(const char *last_event_id)
{
	return client_new(ANN, 'a', last_event_id);
}

static inline void client_free(struct client *c)
{
	bufferevent_free(c->bev);
}

static inline bool has_ended(const struct client *c)
{
	return !bufferevent_pair_get_partner(c->bev);
}

/* What it was sent since it was asked last, in c->text. */
static inline const char *sent_to(struct client *c)
{
	struct evbuffer *input = bufferevent_get_input(c->bev);
	const char *id;
	int bytes;

	event_base_loop(base, EVLOOP_NONBLOCK);
	bytes = evbuffer_remove(input, c->text, sizeof(c->text) - 1);
	c->text[bytes > 0 ? bytes : 0] = '\0';
	for (id = strstr(c->text, "\nid: "); id; id = strstr(id, "\nid: ")) {
		id += strlen("\nid: ");
		snprintf(c->id, sizeof(c->id), "%.*s",
			 (int)strcspn(id, "\n"), id);
	}
	return c->text;
}

/* Events "data: first" and so on, for the first n of the people. */
static inline void deliver(int first, int last, size_t n)
{
	char text[16];

	for (int i = first; i <= last; i++) {
		snprintf(text, sizeof(text), "%d", i);
		hub_deliver(hub, &(struct delivery){
			.name = "message", .data = text, .to = people, .n = n,
			.kept = true,
		});
	}
}

/* The data of what it was sent, with spaces between; resync is "{}". */
static inline const char *data_sent_to(struct client *c)
{
	static char all[1024];
	const char *data = sent_to(c);

	all[0] = '\0';
	while ((data = strstr(data, "\ndata: "))) {
		data += strlen("\ndata: ");
		if (all[0])
			strcat(all, " ");
		strncat(all, data, strcspn(data, "\n"));
	}
	return all;
}

#define WITH_HUB(f) cmocka_unit_test_setup_teardown(f, open_hub, close_hub)

#endif
