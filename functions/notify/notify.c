/*
 * notify - notifications, and the devices that they are pushed to.
 *
 *	POST /notifications/send		202 {id} | 422
 *	GET /notifications			200 list
 *	POST /notifications/read		204 | 422
 *	DELETE /notifications/{number}		204 | 404
 *	GET /notifications/platforms		200
 *	GET /notifications/devices		200 list
 *	POST /notifications/devices		201, 200 device | 422
 *	DELETE /notifications/devices/{id}	204 | 404
 *	GET, PUT /notifications/preferences	200
 *	POST /notifications/mute		204 | 404
 *	DELETE /notifications/mute		204
 *
 * notify-worker makes those of events and pushes all.  sql/0008_notify.sql says
 * how they stay in order.
 */
#include <string.h>

#include "runtime/json.h"
#include "runtime/uuid.h"

#include "functions/notify/notify.h"

#include "notify.sql.h"

enum {
	USERS_MAX = 1000,		/* of one request */
	TTL_MAX_S = 28 * 86400,		/* what FCM takes */
};

struct sending {
	const char *user_ids, *title, *body, *data;
	const char *collapse_key;	/* NULL: collapses with no other */
	const char *ttl_s;		/* NULL: TTL_MAX_S */
};

static const struct json_field sending_fields[] = {
	JSON_IDS(struct sending, user_ids, 1, USERS_MAX),
	JSON_TEXT(struct sending, title, 1, 100),
	JSON_TEXT(struct sending, body, 0, 500),
	JSON_STRINGS(struct sending, data, 1000),
	JSON_TEXT(struct sending, collapse_key, 0, 64),
	JSON_NUMBER_OR_NULL(struct sending, ttl_s, TTL_MAX_S),
	{ 0 }
};

struct reading {
	const char *up_to, *numbers;	/* one of them is NULL */
};

static const struct json_field reading_fields[] = {
	JSON_NUMBER_OR_NULL(struct reading, up_to, JSON_NUMBER_MAX),
	JSON_NUMBERS_OR_NULL(struct reading, numbers, 100),
	{ 0 }
};

/* Who is no user any more gets none; the service need not know. */
static enum err notification_send(struct req *req)
{
	const char *id = uuid_new(req->arena), *made;
	struct sending s;
	enum err err;

	err = http_body(req, sending_fields, &s);
	if (err)
		return err;
	if (s.collapse_key && !*s.collapse_key)
		return http_invalid(req, "/collapse_key", "too_short");

	err = db_one(req->db, &sql_notification_send,
		     ARGS(s.user_ids, id, req->user, s.collapse_key, s.title,
			  s.body, s.data,
			  s.ttl_s ?: arena_printf(req->arena, "%d", TTL_MAX_S),
			  req->traceparent), &made);
	if (err)	/* a foreign key: somebody is just leaving */
		return err == ERR_CONFLICT ? ERR_UNAVAILABLE : err;

	return http_json(req, 202, arena_printf(req->arena, "{\"id\":\"%s\"}",
						id));
}

/* The number behind which a list ascends; NULL: it descends. */
static enum err read_after(struct req *req, const char **after)
{
	enum err err;

	err = http_query(req, "after", after);
	if (err)
		return err;
	if (*after && strcmp(*after, "0") != 0 && !http_seq_valid(*after))
		return http_invalid(req, "after", "out_of_range");

	return OK;
}

static enum err notification_list(struct req *req)
{
	const char *limit, *position, *after, *unread;
	struct db_rows rows;
	enum err err;

	err = http_paging(req, &limit, &position);
	if (!err)
		err = read_after(req, &after);
	if (err)
		return err;

	err = after ? db_all(req->db, &sql_notification_list_after,
			     ARGS(req->user, limit, position ?: after), &rows)
		    : db_all(req->db, &sql_notification_list,
			     ARGS(req->user, limit, position), &rows);
	if (err)
		return err;
	if (rows.nrows > 0)
		unread = rows.cell[2];
	else
		err = db_one(req->db, &sql_notification_unread,
			     ARGS(req->user), &unread);
	if (err)
		return err;

	return http_page_and(req, &rows, limit,
			     arena_printf(req->arena, ",\"unread\":%s",
					  unread));
}

static enum err notification_read(struct req *req)
{
	const char *marked;
	struct reading r;
	enum err err;

	err = http_body(req, reading_fields, &r);
	if (err)
		return err;
	if (!r.up_to == !r.numbers)
		return http_invalid(req, "/up_to", r.up_to ? "not_with_numbers"
							   : "required");

	err = db_one(req->db, &sql_notification_read,
		     ARGS(req->user, r.up_to, r.numbers, req->session,
			  req->traceparent), &marked);

	return err ?: http_empty(req, 204);
}

static enum err notification_delete(struct req *req)
{
	const char *deleted;
	enum err err;

	err = db_one(req->db, &sql_notification_delete,
		     ARGS(req->user, req->seq, req->session, req->traceparent),
		     &deleted);

	return err ?: http_empty(req, 204);
}

const struct route routes[] = {
	{ "POST",   "/notifications/send", AUTH_SERVICE, notification_send,
	  .scope = "notifications:send", .creates = true },
	{ "GET",    "/notifications",              AUTH_USER, notification_list },
	{ "POST",   "/notifications/read",         AUTH_USER, notification_read },
	{ "DELETE", "/notifications/{seq}",        AUTH_USER, notification_delete },
	{ "GET",    "/notifications/platforms",    AUTH_USER, platform_list },
	{ "GET",    "/notifications/devices",      AUTH_USER, device_list },
	{ "POST",   "/notifications/devices",      AUTH_USER, device_put },
	{ "DELETE", "/notifications/devices/{id}", AUTH_USER, device_delete },
	{ "GET",    "/notifications/preferences",  AUTH_USER, preferences_get },
	{ "PUT",    "/notifications/preferences",  AUTH_USER, preferences_put },
	{ "POST",   "/notifications/mute",         AUTH_USER, mute_add },
	{ "DELETE", "/notifications/mute",         AUTH_USER, mute_remove },
	{ 0 }
};
