/* members.c - who is in a group: adding, removing, leaving. */
#include <stdlib.h>
#include <string.h>

#include "runtime/json.h"

#include "functions/chat/chat.h"

#include "chat.sql.h"

/* Whom, and where. */
struct change {
	const char *chat_id, *user_id;
	struct req *req;
	bool added;			/* is a member only now */
};

static const struct json_field change_fields[] = {
	JSON_ID(struct change, chat_id),
	JSON_ID(struct change, user_id),
	{ 0 }
};

/* What the caller finds in a group, which nobody else changes now. */
struct standing {
	bool is_owner, is_there;	/* the caller; the other one */
	int members;
};

static enum err stand(struct change *c, struct standing *out)
{
	enum { OWNER, THERE, MEMBERS };
	struct req *req = c->req;
	const char *const *row, *kind;
	enum err err;

	err = db_one(req->db, &sql_chat_lock, ARGS(req->user, c->chat_id),
		     &kind);
	if (err)
		return err;
	err = db_row(req->db, &sql_member_standing,
		     ARGS(req->user, c->chat_id, c->user_id), &row);
	if (err)
		return err;
	if (strcmp(kind, "pair") == 0)
		return http_fail(req, ERR_CONFLICT, "pair_chat",
				 "The members of a pair's chat never change");
	*out = (struct standing){ row[OWNER], row[THERE], atoi(row[MEMBERS]) };

	return OK;
}

static enum err add(struct db *db, void *arg)
{
	struct change *c = arg;
	struct req *req = c->req;
	struct standing s;
	const char *added;
	enum err err;

	err = stand(c, &s);
	if (err)
		return err;
	if (!s.is_owner)
		return ERR_DENIED;
	if (s.is_there)
		return OK;
	if (s.members >= MEMBERS_MAX)
		return http_fail(req, ERR_CONFLICT, "full",
				 "The chat has as many members as it can have");
	err = chat_refuse_people(req, arena_printf(req->arena, "{%s}",
						   c->user_id), false);
	if (err)
		return err;

	c->added = true;
	return db_one(db, &sql_member_add,
		      ARGS(req->user, c->chat_id, c->user_id,
			   req->traceparent), &added);
}

enum err member_add(struct req *req)
{
	struct change c = { 0 };
	enum err err;

	err = http_body(req, change_fields, &c);
	if (err)
		return err;
	c.req = req;
	err = db_atomic(req->db, add, &c);
	if (err)
		return err;

	return chat_reply(req, c.added ? 201 : 200, c.chat_id);
}

static enum err remove_one(struct db *db, void *arg)
{
	struct change *c = arg;
	struct req *req = c->req;
	struct standing s;
	const char *removed;
	enum err err;

	err = stand(c, &s);
	if (err)
		return err;
	if (!s.is_owner && strcmp(c->user_id, req->user) != 0)
		return ERR_DENIED;
	if (!s.is_there)
		return ERR_NOT_FOUND;

	return db_one(db, &sql_member_remove,
		      ARGS(req->user, c->chat_id, c->user_id,
			   req->traceparent), &removed);
}

enum err member_remove(struct req *req)
{
	struct change c = { .req = req };
	enum err err;

	err = chat_query_id(req, "chat_id", &c.chat_id);
	if (err)
		return err;
	err = chat_query_id(req, "user_id", &c.user_id);
	if (err)
		return err;
	err = db_atomic(req->db, remove_one, &c);
	if (err)
		return err;

	return http_empty(req, 204);
}
