/*
 * user - profiles: read, replace, search, export, delete.
 *
 *	GET /user/{id}		200 profile, ETag | 404
 *	PUT /user/{id}		200 profile, ETag | 403 not one's own
 *				409 nickname_taken | 412 changed_meanwhile | 422
 *	DELETE /user/{id}	204 | 403 | 429
 *	GET /user/me/export	200
 *	GET /users/search	200 list | 422
 *	GET /avatars/{id}.webp	200 image | 404
 *
 * /user/me is the caller's.  A user who has blocked the caller looks like any
 * other.  user.sql decides what is shown and announces each change.
 */
#include <string.h>

#include "runtime/bytea.h"
#include "runtime/json.h"
#include "runtime/nickname.h"

#include "functions/user/user.h"

#include "user.sql.h"

/* The body of PUT; NULL: not set. */
struct profile {
	const char *nickname;
	const char *about;
	const char *avatar;
};

static const struct json_field profile_fields[] = {
	JSON_TEXT(struct profile, nickname, 0, 128),
	JSON_TEXT(struct profile, about,    0, 500),
	JSON_TEXT(struct profile, avatar,   0, 64),
	{ 0 }
};

static bool is_own(const struct req *req)
{
	return !req->id || strcmp(req->id, req->user) == 0;
}

static enum err user_get(struct req *req)
{
	const char *const *row;		/* document, revision */
	enum err err;

	if (is_own(req))
		err = db_row(req->db, &sql_user_get_own, ARGS(req->user),
			     &row);
	else
		err = db_row(req->db, &sql_user_get, ARGS(req->id), &row);
	if (err)
		return err;

	http_etag(req, row[1]);
	return http_json(req, 200, row[0]);
}

/* What user_put found. */
enum { MATCHES, HAS_AVATAR, DOC, REVISION };

static enum err answer_put(struct req *req, const char *const *row)
{
	if (!row[MATCHES])
		return ERR_CHANGED;
	if (!row[HAS_AVATAR])
		return http_invalid(req, "/avatar", "unknown_avatar");

	http_etag(req, row[REVISION]);
	return http_json(req, 200, row[DOC]);
}

static enum err user_put(struct req *req)
{
	struct nickname nickname = { 0 };
	const char *const *row, *reason;
	struct profile p;
	enum err err;

	if (!is_own(req))
		return ERR_DENIED;
	err = http_body(req, profile_fields, &p);
	if (err)
		return err;
	reason = p.nickname ? nickname_read(req->arena, p.nickname, &nickname)
			    : NULL;
	if (reason)
		return http_invalid(req, "/nickname", reason);

	err = db_row(req->db, &sql_user_put,
		     ARGS(req->user, nickname.shown, nickname.key,
			  nickname.search, p.about, p.avatar, req->if_match,
			  req->traceparent), &row);
	if (err == ERR_CONFLICT)
		return http_fail(req, err, "nickname_taken",
				 "The nickname is taken");
	if (err)
		return err;

	return answer_put(req, row);
}

static enum err user_delete(struct req *req)
{
	return is_own(req) ? account_delete(req) : ERR_DENIED;
}

/*
 * A name never gets another image, so clients keep it for ever; nginx does for
 * two seconds, so that a deleted one is gone then.
 */
static enum err avatar_get(struct req *req)
{
	const char *cell;
	const void *image;
	size_t bytes;
	enum err err;

	err = db_one(req->db, &sql_avatar_get, ARGS(req->id), &cell);
	if (err)
		return err;
	image = bytea_bytes(req->arena, cell, &bytes);

	req->reply.headers = "Cache-Control: public, max-age=31536000, "
			     "immutable\r\nX-Accel-Expires: 1\r\n";
	return http_bytes(req, 200, "image/webp", image, bytes);
}

const struct route routes[] = {
	{ "GET",    "/user/me",        AUTH_USER, user_get },
	{ "PUT",    "/user/me",        AUTH_USER, user_put },
	{ "DELETE", "/user/me",        AUTH_USER, user_delete },
	{ "GET",    "/user/{id}",      AUTH_USER, user_get },
	{ "PUT",    "/user/{id}",      AUTH_USER, user_put },
	{ "DELETE", "/user/{id}",      AUTH_USER, user_delete },
	{ "GET",    "/user/me/export", AUTH_USER, account_export },
	{ "GET",    "/users/search",   AUTH_USER, user_search },
	{ "GET",    "/avatars/{id}.webp", AUTH_NONE, avatar_get,
	  .cached = true },
	{ 0 }
};
