/*
 * stream - live delivery: what nginx then hands over to stream-worker, which
 * keeps the streams and knows who is typing; and who is online.
 *
 *	GET /stream	200, text/event-stream
 *	POST /typing	204 | 404
 *	GET /presence	200 list
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "runtime/http.h"
#include "runtime/json.h"

#include "stream.sql.h"

static enum err stream_open(struct req *req)
{
	/* The verifier's leeway would make a stream that ends at once. */
	if (req->expires_s <= time(NULL))
		return ERR_AUTH;
	if (strcmp(req->method, "HEAD") == 0)
		return http_text(req, 200, "text/event-stream", "");

	return http_hand_over(req, "stream", arena_printf(req->arena,
		"/open?user=%s&session=%s&until=%" PRId64, req->user,
		req->session, req->expires_s));
}

struct typing {
	const char *chat_id;
};

static const struct json_field typing_fields[] = {
	JSON_ID(struct typing, chat_id),
	{ 0 }
};

static enum err typing_tell(struct req *req)
{
	struct typing typing;
	const char *readers;
	enum err err;

	err = http_body(req, typing_fields, &typing);
	if (err)
		return err;
	err = db_one(req->db, &sql_typing_readers,
		     ARGS(req->user, typing.chat_id), &readers);
	if (err)
		return err;
	if (!readers)
		return http_empty(req, 204);

	return http_hand_over(req, "stream", arena_printf(req->arena,
		"/typing?chat=%s&user=%s&to=%s", typing.chat_id, req->user,
		readers));
}

static enum err presence_list(struct req *req)
{
	const char *limit, *after;
	struct db_rows rows;
	enum err err;

	err = http_paging(req, &limit, &after);
	if (err)
		return err;
	err = db_all(req->db, &sql_presence_list,
		     ARGS(req->user, limit, after), &rows);
	if (err)
		return err;

	return http_page(req, &rows, limit);
}

const struct route routes[] = {
	{ "GET",  "/stream",   AUTH_USER, stream_open, .live = true },
	{ "POST", "/typing",   AUTH_USER, typing_tell, .live = true },
	{ "GET",  "/presence", AUTH_USER, presence_list },
	{ 0 }
};
