/*
 * chat-worker - who leaves Kith leaves their chats.
 *
 *	UserDeleted	out of all groups; the longest member takes over from
 *			an owner.  A chat of two stays for the other one, and
 *			ends with the second.
 */
#include "runtime/consumer.h"

#include "worker.sql.h"

static enum err user_deleted(struct delivery *d)
{
	const char *groups;

	return db_one(d->db, &sql_user_deleted, ARGS(d->data, d->traceparent),
		      &groups);
}

const struct consumption consumptions[] = {
	{ "user.events", "UserDeleted", user_deleted },
	{ 0 }
};
