/*
 * worker_hub.h - the open streams, whose they are, and what they are sent.
 *
 * A stream begins with what its client missed, if the ring still has it, or
 * with "resync".  From then on every event for its user is written to it.  It
 * ends when its time is up, its session has ended, its client has left or
 * reads so slowly that 256 KB wait.
 *
 * Ownership: the hub owns streams with their bufferevents, users and sessions.
 * All of it belongs to the thread of the event loop.
 */
#ifndef STREAM_WORKER_HUB_H
#define STREAM_WORKER_HUB_H

#include <event2/bufferevent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "functions/stream/worker_table.h"
#include "runtime/scoreboard.h"

enum {
	HUB_STREAMS_A_USER = 50,
	HUB_STREAM_S = 15 * 60,		/* a stream lives at most */
	HUB_WAITING_BYTES = 256 << 10,	/* unread by a client at most */
	HUB_BEAT_S = 20,		/* between heartbeats */
	HUB_CHECK_MS = 800,		/* between looks at a session */
};

struct hub;

struct opening {
	unsigned char user[UUID_BYTES], session[UUID_BYTES];
	int64_t until_s;		/* since the epoch */
	const char *last_event_id;	/* NULL: none */
};

struct delivery {
	const char *name;		/* of the event, as streams see it */
	const char *data;		/* JSON in one line */
	const unsigned char (*to)[UUID_BYTES];	/* v[n] */
	size_t n;
	bool kept;			/* for who comes back */
};

/* A user who came or left, and the database must know. */
struct news {
	const unsigned char *user;
	bool here;
	struct attendance *attendance;	/* the hub's */
};

/* Never NULL.  Counts in the slot. */
struct hub *hub_new(struct scoreboard_worker *);
/* Ends all streams. */
void hub_free(struct hub *);

/* The user has as many streams as anybody may. */
bool hub_full(const struct hub *, const unsigned char user[UUID_BYTES]);

/* A stream on this connection, to which a response's head was written. */
void hub_open(struct hub *, struct bufferevent *, const struct opening *);

void hub_deliver(struct hub *, const struct delivery *);

/* Events may be missing: nobody can resume, all must load anew. */
void hub_gap(struct hub *);

/* Once a second. */
void hub_tick(struct hub *, int64_t now_s);

/* Ends up to n streams; returns how many are left. */
size_t hub_end_some(struct hub *, size_t n);

/* Sessions of open streams that are to be looked at: up to n ids. */
size_t hub_sessions_due(struct hub *, int64_t now_ms,
			unsigned char (*out)[UUID_BYTES], size_t n);
void hub_end_session(struct hub *, const unsigned char session[UUID_BYTES]);

/* Up to n; each is to be settled afterwards, whether it was told or not. */
size_t hub_news(struct hub *, int64_t now_ms, struct news *out, size_t n);
void hub_settle(struct hub *, const struct news *, bool told, int64_t now_ms);

/* The database knows of nobody here. */
void hub_forgotten(struct hub *);

#endif
