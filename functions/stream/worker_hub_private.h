/*
 * worker_hub_private.h - what the parts of the hub share.
 *
 *	worker_hub.c		users, sessions and streams: opening and ending
 *	worker_delivery.c	what streams are sent
 */
#ifndef STREAM_WORKER_HUB_PRIVATE_H
#define STREAM_WORKER_HUB_PRIVATE_H

#include <sys/queue.h>

#include "functions/stream/worker_hub.h"
#include "functions/stream/worker_presence.h"
#include "functions/stream/worker_ring.h"

enum { EPOCH_CHARS = 16 };

struct stream {
	TAILQ_ENTRY(stream) of_all, of_user, of_session;
	struct hub *hub;
	struct bufferevent *bev;
	struct user *user;
	struct session *session;
	int64_t until_s;
	uint32_t number;		/* heartbeats are spread by it */
};

TAILQ_HEAD(streams, stream);

/* Stays while it has streams, or the database must still hear of it. */
struct user {
	struct node node;
	struct attendance attendance;
	struct streams streams;
	uint32_t nstreams;
};

/* Stays while it has streams. */
struct session {
	struct node node;
	struct streams streams;
	TAILQ_ENTRY(session) due;
	int64_t asked_ms;		/* it was looked at last; 0: never */
};

TAILQ_HEAD(sessions, session);

struct hub {
	char epoch[EPOCH_CHARS + 1];
	struct ring *ring;
	struct streams streams;
	struct table users, sessions;
	struct sessions due;		/* the one looked at first is first */
	struct presence presence;
	struct scoreboard_worker *slot;
	uint32_t opened;		/* streams ever */
};

/* worker_hub.c */

void hub_end(struct stream *);

/* worker_delivery.c */

void hub_new_epoch(struct hub *);

/* The first thing that a stream is sent. */
void hub_begin(struct stream *, const char *last_event_id);

/* False: the client reads too slowly, and the stream has ended. */
bool hub_send(struct stream *, const char *text, size_t bytes);

#endif
