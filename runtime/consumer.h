/*
 * consumer.h - what a worker does with events that come from Kafka.
 *
 * A worker is a table: functions/NAME/worker.c defines consumptions[] and the
 * functions it names.  main() is the runtime's, unless the worker has its own.
 *
 *	static enum err user_deleted(struct delivery *d)
 *	{
 *		const char *done;
 *
 *		return db_one(d->db, &sql_user_deleted,
 *			      ARGS(d->data, d->traceparent), &done);
 *	}
 *
 *	const struct consumption consumptions[] = {
 *		{ "user.events", "UserDeleted", user_deleted },
 *		{ 0 }
 *	};
 *
 * Each event takes effect once, however often it comes: in one transaction
 * with a row of event.inbox.  Events of a key come in their order.  Several
 * events may share a transaction, so that a consumption must be happy to run
 * again, and have no effect outside the database.
 *
 * Ownership: a delivery and what is allocated in its arena end with the call.
 *
 * Errors: after ERR_UNAVAILABLE the event is tried again until the database is
 * back.  After any other error that comes 3 times, or if it is no event of
 * Kith's, it goes to the topic's dead letters, TOPIC.dlq, and the next one
 * follows.  db_one() without a row is ERR_NOT_FOUND, an error like others.
 */
#ifndef RUNTIME_CONSUMER_H
#define RUNTIME_CONSUMER_H

#include "runtime/arena.h"
#include "runtime/db.h"
#include "runtime/err.h"

/* An event, as asyncapi.yaml describes it. */
struct delivery {
	struct arena *arena;
	struct db *db;
	const char *id;			/* decimal; fits a bigint */
	const char *type;
	const char *key;		/* "" if it has none */
	const char *data;		/* a JSON object that nobody checked */
	const char *traceparent;	/* for events that follow; never NULL */
};

struct consumption {
	const char *topic, *type;	/* NULL ends the table */
	enum err (*consume)(struct delivery *);
};

/* Other types of these topics are passed over. */
extern const struct consumption consumptions[];

/*
 * Consume until SIGTERM, as the group and the inbox's consumer of that name,
 * which is kept.  POOL_SLOT, if set, makes the process a lasting member of the
 * group.  conf must have been read.  What a restart can help ends the process
 * with EXIT_SYSTEM.
 */
void consumer_run(const char *name, const struct consumption *);

#endif
