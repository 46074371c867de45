/*
 * worker_presence.h - who came and who left, until the database knows.
 *
 * The first stream of a user is news at once; that the last one has ended, only
 * when the user was not back in 5 s.  Some news at a time is taken to be told
 * to the database; while it is told, further changes wait.
 *
 * Ownership: an attendance is part of its user, who stays as long as it is not
 * idle.  Times are of CLOCK_MONOTONIC.
 */
#ifndef STREAM_WORKER_PRESENCE_H
#define STREAM_WORKER_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

enum { PRESENCE_LINGER_MS = 5000 };

/* Of a user; zeroed: not here, and nobody was told otherwise. */
struct attendance {
	TAILQ_ENTRY(attendance) link;
	TAILQ_HEAD(attendances, attendance) *queue;	/* NULL: in none */
	int64_t left_ms;
	bool here;			/* has a stream */
	bool known_here;		/* to the database */
	bool taken, taken_here;		/* it is being told this */
};

struct presence {
	struct attendances soon, later;	/* to be told, the oldest first */
};

void presence_open(struct presence *);

void presence_come(struct presence *, struct attendance *);
void presence_leave(struct presence *, struct attendance *, int64_t now_ms);

/* The next news that is due.  False: there is none. */
bool presence_take(struct presence *, int64_t now_ms, struct attendance **out);

/* What was taken has been told; or not, and is news again. */
void presence_settle(struct presence *, struct attendance *, bool told,
		     int64_t now_ms);

/* The database has forgotten this one. */
void presence_forgotten(struct presence *, struct attendance *);

/* There is nothing more to tell. */
bool presence_idle(const struct attendance *);

#endif
