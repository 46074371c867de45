/*
 * worker_database.h - PostgreSQL, in a thread of its own.
 *
 * The event loop gives a turn to the thread, which asks the database what the
 * turn says and gives it back; a descriptor tells the loop.  There is one turn.
 *
 * Ownership: a turn, and all that is in its arena, belongs to whoever has it.
 */
#ifndef STREAM_WORKER_DATABASE_H
#define STREAM_WORKER_DATABASE_H

#include <stdbool.h>

#include "runtime/arena.h"
#include "runtime/db.h"

struct turn {
	struct arena *arena;

	/* Asked: arrays of ids as PostgreSQL reads them; NULL: nothing. */
	bool beat;			/* tell that this gateway lives */
	const char *sessions;
	const char *came, *left;	/* users; both or none */

	/* Answered. */
	bool failed;			/* nothing of it counts */
	bool forgotten;			/* nobody is known to be here */
	struct db_rows ended;		/* sessions */
	struct db_rows changed, buried;	/* a user and the data of Presence */
};

struct database;

/*
 * Never NULL.  gateway names this process to the others, by a UUID.  The
 * database need not be there.
 */
struct database *database_new(const char *gateway);
/* The loop has the turn, or it is lost. */
void database_free(struct database *);

/* Readable when the thread has done. */
int database_fd(const struct database *);

/* The turn, at the start and when the thread has done; else NULL. */
struct turn *database_take(struct database *);

/* It was taken before. */
void database_give(struct database *, struct turn *);

#endif
