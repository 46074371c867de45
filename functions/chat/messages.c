/* messages.c - sending, changing and reading messages. */
#include <stdlib.h>
#include <string.h>

#include "runtime/crowd.h"
#include "runtime/json.h"

#include "functions/chat/chat.h"

#include "chat.sql.h"

/* A message, to a chat or to a user. */
struct sending {
	const char *chat_id, *user_id;	/* NULL: not given */
	const char *client_id;
	const char *text;

	struct wanted pair;		/* with user_id */
	const char *const *sent;	/* what message_send found */
};

/* The columns of message_send. */
enum { DOC, IS_NEW };

static const struct json_field sending_fields[] = {
	JSON_ID_OR_NULL(struct sending, chat_id),
	JSON_ID_OR_NULL(struct sending, user_id),
	JSON_ID(struct sending, client_id),
	JSON_TEXT(struct sending, text, 1, 4096),
	{ 0 }
};

struct edit {
	const char *text;
};

static const struct json_field edit_fields[] = {
	JSON_TEXT(struct edit, text, 1, 4096),
	{ 0 }
};

/* Why nothing could be written there. */
static enum err refuse_writing(struct req *req, const char *chat)
{
	const char *closed;
	enum err err;

	err = db_one(req->db, &sql_pair_closed, ARGS(req->user, chat), &closed);
	if (err)
		return err;

	return http_fail(req, ERR_CONFLICT, "chat_closed",
			 "Nothing can be written there now");
}

/* ERR_CONFLICT: the same message was sent at the same moment. */
static enum err send_to(struct req *req, const char *chat, struct sending *s)
{
	return db_row(req->db, &sql_message_send,
		      ARGS(req->user, chat, s->client_id, s->text,
			   req->traceparent), &s->sent);
}

static enum err send_to_chat(struct req *req, const char *chat,
			     struct sending *s)
{
	enum err err;

	err = crowd_enter(chat);
	if (err)
		return err;
	err = send_to(req, chat, s);
	if (err == ERR_CONFLICT)
		err = send_to(req, chat, s);
	crowd_leave(chat);

	return err == ERR_NOT_FOUND ? refuse_writing(req, chat) : err;
}

/* In a chat that is made for it. */
static enum err make_and_send(struct db *db, void *arg)
{
	struct sending *s = arg;
	enum err err;

	err = chat_make(db, &s->pair);
	if (err || !s->pair.made)
		return err;

	return send_to(s->pair.req, s->pair.id, s);
}

static enum err send_to_user(struct req *req, struct sending *s)
{
	enum err err;

	if (strcmp(s->user_id, req->user) == 0)
		return http_invalid(req, "/user_id", "oneself");
	s->pair = (struct wanted){
		.req = req, .other = s->user_id,
		.ids = arena_printf(req->arena, "{%s}", s->user_id),
	};

	err = chat_find_pair(&s->pair);
	if (!err && !s->pair.there)
		err = db_atomic(req->db, make_and_send, s);
	if (err || s->pair.made)
		return err;

	return send_to_chat(req, s->pair.id, s);
}

enum err message_send(struct req *req)
{
	struct sending s = { 0 };
	enum err err;

	err = http_body(req, sending_fields, &s);
	if (err)
		return err;
	if (!s.chat_id == !s.user_id)
		return http_invalid(req, "/chat_id",
				    s.chat_id ? "not_both" : "required");

	err = s.chat_id ? send_to_chat(req, s.chat_id, &s)
			: send_to_user(req, &s);
	if (err)
		return err;

	return http_json(req, s.sent[IS_NEW] ? 201 : 200, s.sent[DOC]);
}

/* Why a message could not be changed. */
static enum err refuse_change(struct req *req)
{
	enum { IS_ANOTHERS, IS_DELETED };
	const char *const *row;
	enum err err;

	err = db_row(req->db, &sql_message_refusal,
		     ARGS(req->user, req->id, req->seq), &row);
	if (err)
		return err;
	if (row[IS_ANOTHERS])
		return ERR_DENIED;
	if (row[IS_DELETED])
		return http_fail(req, ERR_CONFLICT, "message_deleted",
				 "The message is deleted");

	return refuse_writing(req, req->id);
}

enum err message_edit(struct req *req)
{
	struct edit edit;
	const char *doc;
	enum err err;

	err = http_body(req, edit_fields, &edit);
	if (err)
		return err;

	err = db_one(req->db, &sql_message_edit,
		     ARGS(req->user, req->id, req->seq, edit.text,
			  req->traceparent), &doc);
	if (err == ERR_NOT_FOUND)
		return refuse_change(req);
	if (err)
		return err;

	return http_json(req, 200, doc);
}

enum err message_delete(struct req *req)
{
	const char *doc;
	enum err err;

	err = db_one(req->db, &sql_message_delete,
		     ARGS(req->user, req->id, req->seq, req->traceparent),
		     &doc);
	if (err == ERR_NOT_FOUND)
		return refuse_change(req);
	if (err)
		return err;

	return http_json(req, 200, doc);
}
