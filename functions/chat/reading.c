/* reading.c - a chat's messages in pages, and how far they have come. */
#include <stdlib.h>
#include <string.h>

#include "runtime/json.h"

#include "functions/chat/chat.h"

#include "chat.sql.h"

enum { SEQ, DOC };			/* the columns of a list of messages */

/* Where a page begins; at most one of the two. */
struct place {
	const char *before, *after;
};

static enum err read_place(struct req *req, struct place *out)
{
	enum err err;

	err = http_query(req, "before", &out->before);
	if (err)
		return err;
	err = http_query(req, "after", &out->after);
	if (err)
		return err;

	if (out->before && !http_seq_valid(out->before))
		return http_invalid(req, "before", "out_of_range");
	if (out->after && strcmp(out->after, "0") != 0 &&
	    !http_seq_valid(out->after))
		return http_invalid(req, "after", "out_of_range");
	if (out->before && out->after)
		return http_invalid(req, "after", "not_both");

	return OK;
}

/* The first n rows, the last one first. */
static struct db_rows backwards(struct req *req, const struct db_rows *rows,
				int n)
{
	const char **cell = arena_alloc(req->arena,
					(size_t)n * 2 * sizeof(*cell));

	for (int i = 0; i < n; i++)
		memcpy(cell + 2 * i, rows->cell + 2 * (n - 1 - i),
		       2 * sizeof(*cell));

	return (struct db_rows){ n, 2, cell };
}

static enum err list(struct req *req, const char *chat)
{
	struct db_rows rows, page;
	const char *limit, *next, *one;
	struct place place;
	enum err err;

	err = read_place(req, &place);
	if (err)
		return err;
	err = http_limit(req, &limit);
	if (err)
		return err;

	err = db_all(req->db, place.after ? &sql_messages_after
					  : &sql_messages_before,
		     ARGS(req->user, chat, place.after ?: place.before, limit),
		     &rows);
	if (!err && rows.nrows == 0)
		err = db_one(req->db, &sql_member_exists,
			     ARGS(req->user, chat), &one);
	if (err)
		return err;

	page = rows;
	if (rows.nrows > atoi(limit))
		page.nrows = atoi(limit);
	next = rows.nrows > page.nrows ? page.cell[(page.nrows - 1) * 2 + SEQ]
				       : NULL;
	if (!place.after)
		page = backwards(req, &page, page.nrows);

	return http_items(req, &page, next);
}

enum err message_list(struct req *req)
{
	return list(req, req->id);
}

enum err message_list_of_pair(struct req *req)
{
	struct wanted pair = { .req = req };
	enum err err;

	err = chat_query_id(req, "user_id", &pair.other);
	if (err)
		return err;
	err = chat_find_pair(&pair);
	if (err)
		return err;

	return pair.there ? list(req, pair.id) : ERR_NOT_FOUND;
}

struct mark {
	const char *chat_id, *seq;
};

static const struct json_field mark_fields[] = {
	JSON_ID(struct mark, chat_id),
	JSON_NUMBER(struct mark, seq, 1, JSON_NUMBER_MAX),
	{ 0 }
};

static enum err move_mark(struct req *req, const char *event)
{
	const char *is_beyond;
	struct mark mark;
	enum err err;

	err = http_body(req, mark_fields, &mark);
	if (err)
		return err;

	err = db_one(req->db, &sql_mark_move,
		     ARGS(req->user, mark.chat_id, mark.seq, event,
			  req->traceparent), &is_beyond);
	if (err)
		return err;
	if (is_beyond)
		return http_invalid(req, "/seq", "out_of_range");

	return http_empty(req, 204);
}

enum err mark_received(struct req *req)
{
	return move_mark(req, "MessageReceived");
}

enum err mark_read(struct req *req)
{
	return move_mark(req, "MessagesRead");
}
