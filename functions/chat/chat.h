/* chat.h - what the files of the function chat share. */
#ifndef FUNCTIONS_CHAT_CHAT_H
#define FUNCTIONS_CHAT_CHAT_H

#include "runtime/http.h"

enum { MEMBERS_MAX = 256 };

/* A chat that is wanted. */
struct wanted {
	struct req *req;
	const char *ids;		/* of the others: PostgreSQL's array */
	const char *other;		/* of a pair: the same one; or NULL */
	const char *title;		/* of a group; or NULL */
	bool listed;			/* the request had a list of ids */

	/* Once it was looked for, or made. */
	const char *id;
	bool there, made;
};

/* Look for a pair's chat: sets id and there. */
enum err chat_find_pair(struct wanted *);

/*
 * Make it, or find it, in a transaction: a body of db_atomic().  ERR_DENIED
 * names in the reply who may not be added; ERR_THROTTLED.
 */
enum err chat_make(struct db *, void *wanted);

/* ERR_DENIED if the caller may not add somebody: names them in the reply. */
enum err chat_refuse_people(struct req *, const char *ids, bool listed);

/* The chat, as the caller sees it.  ERR_NOT_FOUND: not a member. */
enum err chat_reply(struct req *, int status, const char *id);

/* One parameter of the query that must be an id. */
enum err chat_query_id(struct req *, const char *name, const char **id);

/* Handlers. */
enum err member_add(struct req *);
enum err member_remove(struct req *);
enum err message_send(struct req *);
enum err message_edit(struct req *);
enum err message_delete(struct req *);
enum err message_list(struct req *);
enum err message_list_of_pair(struct req *);
enum err mark_received(struct req *);
enum err mark_read(struct req *);

#endif
