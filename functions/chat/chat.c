/*
 * chat - chats of two and of many, their members and messages.
 *
 *	POST /chat/create		201, 200 chat | 403 | 422 | 429
 *	GET /chat/{id}			200 chat | 404
 *	GET /chats			200 list
 *	POST /chat/members		201, 200 chat | 403 | 404 | 409 | 422
 *	DELETE /chat/members		204 | 403 | 404 | 409
 *	POST /messages/send		201, 200 message | 403 | 404 | 409 | 422
 *	PUT /messages/{id}/{seq}	200 message | 403 | 404 | 409 | 422
 *	DELETE /messages/{id}/{seq}	200 message | 403 | 404
 *	GET /messages/chat/{id}		200 list | 404
 *	GET /messages/chat		200 list | 404
 *	POST /messages/received		204 | 404 | 422
 *	POST /messages/read		204 | 404 | 422
 *
 * A chat that the caller isn't a member of is not there.  sql/0005_chat.sql
 * says how writers keep each other in order.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/conf.h"
#include "runtime/json.h"
#include "runtime/uuid.h"

#include "functions/chat/chat.h"

#include "chat.sql.h"

enum { ID_BYTES = 36 };

struct creation {
	const char *user_ids;
	const char *title;		/* NULL: a pair */
};

static const struct json_field creation_fields[] = {
	JSON_IDS(struct creation, user_ids, 1, MEMBERS_MAX - 1),
	JSON_TEXT(struct creation, title, 0, 100),
	{ 0 }
};

enum err chat_query_id(struct req *req, const char *name, const char **id)
{
	enum err err;

	err = http_query(req, name, id);
	if (err)
		return err;
	if (!*id)
		return http_invalid(req, name, "required");
	if (!uuid_valid(*id))
		return http_invalid(req, name, "not_an_id");

	return OK;
}

enum err chat_reply(struct req *req, int status, const char *id)
{
	const char *doc;
	enum err err;

	err = db_one(req->db, &sql_chat_get, ARGS(req->user, id), &doc);
	if (err)
		return err;

	return http_json(req, status, doc);
}

/* One error for each position. */
static enum err refuse(struct req *req, const struct db_rows *positions,
		       bool listed)
{
	req->errors = NULL;
	for (int i = positions->nrows - 1; i >= 0; i--) {
		struct json_error *e = arena_alloc(req->arena, sizeof(*e));

		e->pointer = listed ? arena_printf(req->arena, "/user_ids/%s",
						   positions->cell[i])
				    : "/user_id";
		e->code = "not_allowed";
		e->next = req->errors;
		req->errors = e;
	}
	return req->errors ? http_fail(req, ERR_DENIED, NULL, NULL) : OK;
}

enum err chat_refuse_people(struct req *req, const char *ids, bool listed)
{
	struct db_rows refused;
	enum err err;

	err = db_all(req->db, &sql_people_refused,
		     ARGS(req->user, ids, conf.chats_with), &refused);

	return err ?: refuse(req, &refused, listed);
}

enum err chat_find_pair(struct wanted *w)
{
	const char *const *row;		/* id, whether it is there */
	enum err err;

	err = db_row(w->req->db, &sql_pair_find, ARGS(w->req->user, w->other),
		     &row);
	if (err)
		return err;
	w->id = row[0];
	w->there = row[1];

	return OK;
}

enum err chat_make(struct db *db, void *wanted)
{
	struct wanted *w = wanted;
	struct req *req = w->req;
	const char *hourly = arena_printf(req->arena, "%d", conf.chats_hourly);
	const char *wait_s, *id;
	struct db_rows refused;
	enum err err;

	err = db_all(db, &sql_people_refused,
		     ARGS(req->user, w->ids, conf.chats_with), &refused);
	if (err)
		return err;
	err = db_one(db, &sql_creator_lock, ARGS(req->user, hourly), &wait_s);
	if (err)	/* a foreign key: the caller has just left */
		return err == ERR_CONFLICT ? ERR_AUTH : err;

	if (w->other) {
		err = chat_find_pair(w);
		if (err || w->there)
			return err;
	}
	err = refuse(req, &refused, w->listed);
	if (err)
		return err;
	if (wait_s)
		return http_later(req, ERR_THROTTLED, atoi(wait_s));

	err = db_one(db, &sql_chat_create,
		     ARGS(req->user, w->id, w->ids, w->title, hourly,
			  req->traceparent), &id);
	w->made = !err;

	return err == ERR_NOT_FOUND ? OK : err;
}

/* The index in a PostgreSQL array; -1 if it isn't there. */
static long position_of(const char *id, const char *ids)
{
	const char *at = strstr(ids, id);

	return at ? (at - ids - 1) / (ID_BYTES + 1) : -1;
}

static enum err read_creation(struct req *req, struct wanted *out)
{
	struct creation c;
	long oneself;
	enum err err;

	err = http_body(req, creation_fields, &c);
	if (err)
		return err;
	if (c.title && !*c.title)
		return http_invalid(req, "/title", "too_short");
	if (!c.title && strchr(c.user_ids, ','))
		return http_invalid(req, "/title", "required");
	oneself = position_of(req->user, c.user_ids);
	if (oneself >= 0)
		return http_invalid(req, arena_printf(req->arena,
						      "/user_ids/%ld",
						      oneself), "oneself");

	*out = (struct wanted){
		.req = req, .ids = c.user_ids, .title = c.title,
		.listed = true,
	};
	if (c.title)
		out->id = uuid_new(req->arena);
	else
		out->other = arena_copy(req->arena, c.user_ids + 1, ID_BYTES);

	return OK;
}

static enum err chat_create(struct req *req)
{
	struct wanted w;
	enum err err;

	err = read_creation(req, &w);
	if (err)
		return err;

	if (w.other)
		err = chat_find_pair(&w);
	if (!err && !w.there)
		err = db_atomic(req->db, chat_make, &w);
	if (err)
		return err;

	return chat_reply(req, w.made ? 201 : 200, w.id);
}

static enum err chat_get(struct req *req)
{
	return chat_reply(req, 200, req->id);
}

static enum err chat_list(struct req *req)
{
	const char *limit, *after;
	struct db_rows rows;
	enum err err;

	err = http_paging(req, &limit, &after);
	if (err)
		return err;

	err = db_all(req->db, &sql_chat_list, ARGS(req->user, limit, after),
		     &rows);
	if (err)
		return err;

	return http_page(req, &rows, limit);
}

const struct route routes[] = {
	{ "POST",   "/chat/create",         AUTH_USER, chat_create,
	  .creates = true },
	{ "POST",   "/chat/members",        AUTH_USER, member_add,
	  .creates = true },
	{ "DELETE", "/chat/members",        AUTH_USER, member_remove },
	{ "GET",    "/chat/{id}",           AUTH_USER, chat_get },
	{ "GET",    "/chats",               AUTH_USER, chat_list },
	{ "POST",   "/messages/send",       AUTH_USER, message_send },
	{ "POST",   "/messages/received",   AUTH_USER, mark_received },
	{ "POST",   "/messages/read",       AUTH_USER, mark_read },
	{ "GET",    "/messages/chat",       AUTH_USER, message_list_of_pair },
	{ "GET",    "/messages/chat/{id}",  AUTH_USER, message_list },
	{ "PUT",    "/messages/{id}/{seq}", AUTH_USER, message_edit },
	{ "DELETE", "/messages/{id}/{seq}", AUTH_USER, message_delete },
	{ 0 }
};
