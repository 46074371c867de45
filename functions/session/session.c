/*
 * session - refresh tokens, log out, list and end devices.
 *
 *	POST /refresh-token	200 tokens | 401 invalid_token
 *	POST /logout		204
 *	GET /sessions		200 list
 *	DELETE /sessions/{id}	204 | 404
 */
#include "runtime/conf.h"
#include "runtime/http.h"
#include "runtime/json.h"
#include "runtime/log.h"
#include "runtime/session.h"
#include "runtime/token.h"

#include "session.sql.h"

struct refresh {
	const char *refresh_token;
};

static const struct json_field refresh_fields[] = {
	JSON_TEXT(struct refresh, refresh_token, 1, 512),
	{ 0 }
};

static const char *const scopes[] = { "this", "others", "all", NULL };

struct logout {
	const char *scope;	/* NULL: this */
};

static const struct json_field logout_fields[] = {
	JSON_CHOICE(struct logout, scope, scopes),
	{ 0 }
};

static enum err invalid_token(struct req *req)
{
	return http_fail(req, ERR_AUTH, "invalid_token",
			 "The refresh token is not valid");
}

/* What session_refresh found. */
enum { ACCOUNT, DOC, LIVE };

static enum err session_refresh(struct req *req)
{
	char session[UUID_TEXT];
	const char *const *row;
	struct refresh body;
	uint32_t counter;
	enum err err;

	err = http_body(req, refresh_fields, &body);
	if (err)
		return err;
	if (token_refresh_read(body.refresh_token, session, &counter))
		return invalid_token(req);

	err = db_row(req->db, &sql_session_refresh,
		     ARGS(session, arena_printf(req->arena, "%u", counter),
			  arena_printf(req->arena, "%d", conf.refresh_grace_s),
			  arena_printf(req->arena, "%d", conf.refresh_idle_s)),
		     &row);
	if (err == ERR_NOT_FOUND)
		return invalid_token(req);
	if (err)
		return err;
	if (!row[LIVE]) {
		log_warn("a used refresh token came back: session ended");
		return invalid_token(req);
	}

	return session_tokens(req, 200, row[ACCOUNT], session, counter + 1,
			      row[DOC]);
}

static enum err session_logout(struct req *req)
{
	struct logout body = { 0 };
	const char *ended;
	enum err err = OK;

	if (req->body_bytes > 0)
		err = http_body(req, logout_fields, &body);
	if (err)
		return err;

	err = db_one(req->db, &sql_session_logout,
		     ARGS(req->user, req->session, body.scope ?: "this"),
		     &ended);
	if (err)
		return err;

	return http_empty(req, 204);
}

static enum err session_list(struct req *req)
{
	const char *limit, *after;
	struct db_rows rows;
	enum err err;

	err = http_paging(req, &limit, &after);
	if (err)
		return err;

	err = db_all(req->db, &sql_session_list,
		     ARGS(req->user, req->session, limit, after), &rows);
	if (err)
		return err;

	return http_page(req, &rows, limit);
}

static enum err session_end(struct req *req)
{
	const char *ended;
	enum err err;

	err = db_one(req->db, &sql_session_end, ARGS(req->user, req->id),
		     &ended);
	if (err)
		return err;

	return http_empty(req, 204);
}

const struct route routes[] = {
	{ "POST",   "/refresh-token", AUTH_NONE, session_refresh },
	{ "POST",   "/logout",        AUTH_USER, session_logout },
	{ "GET",    "/sessions",      AUTH_USER, session_list },
	{ "DELETE", "/sessions/{id}", AUTH_USER, session_end },
	{ 0 }
};
