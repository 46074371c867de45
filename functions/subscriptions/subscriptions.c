/*
 * subscriptions - who subscribes to whom: requests, answers, blocks, lists.
 *
 *	POST /subscriptions/request	201, 200 subscription | 404 no such user
 *					409 blocked | 422 | 429
 *	POST /subscriptions/accept	200 subscription | 409 no_request
 *	POST /subscriptions/decline	204 | 409 no_request
 *	POST /subscriptions/block	201, 200 subscription | 404 no such user
 *	DELETE /subscriptions/remove	204 | 404
 *	DELETE /subscriptions/block	204 | 404
 *	GET /subscriptions/{id}		200 list | 403 | 404 no such user
 *
 * What each does to a pair stands in subscriptions.sql, as a table.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/conf.h"
#include "runtime/http.h"
#include "runtime/json.h"
#include "runtime/uuid.h"

#include "subscriptions.sql.h"

struct target {
	const char *user_id;
};

static const struct json_field target_fields[] = {
	JSON_ID(struct target, user_id),
	{ 0 }
};

static const char *number(struct req *req, int n)
{
	return arena_printf(req->arena, "%d", n);
}

/* What subscription_act tells of a step that the table has. */
struct step {
	const char *changed;	/* NULL: it already was so */
	const char *doc;	/* the subscription */
};

/* ERR_CONFLICT: the pair is in no state for this.  ERR_NOT_FOUND: no user. */
static enum err act(struct req *req, const char *action, const char *other,
		    struct step *out)
{
	enum { WAIT_S, CHANGED, DOC };
	const char *pending = number(req, conf.requests_pending);
	const char *hourly = number(req, conf.requests_hourly);
	const char *declined_s = number(req, conf.declined_s);
	const char *const *row;
	enum err err;

	err = db_row(req->db, &sql_subscription_act,
		     ARGS(req->user, other, action, pending, hourly,
			  declined_s, req->traceparent), &row);
	if (err == ERR_NOT_FOUND)
		return ERR_CONFLICT;
	if (err == ERR_CONFLICT)	/* a foreign key */
		return ERR_NOT_FOUND;
	if (err)
		return err;
	if (row[WAIT_S])
		return http_later(req, ERR_THROTTLED, atoi(row[WAIT_S]));
	*out = (struct step){ row[CHANGED], row[DOC] };

	return OK;
}

/* Act on the user whom the body names. */
static enum err act_on_body(struct req *req, const char *action,
			    struct step *out)
{
	struct target target;
	enum err err;

	err = http_body(req, target_fields, &target);
	if (err)
		return err;
	if (strcmp(target.user_id, req->user) == 0)
		return http_invalid(req, "/user_id", "oneself");

	return act(req, action, target.user_id, out);
}

/* End what there is with the user whom the query names. */
static enum err end(struct req *req, const char *action)
{
	const char *other;
	struct step step;
	enum err err;

	err = http_query(req, "user_id", &other);
	if (err)
		return err;
	if (!other)
		return http_invalid(req, "user_id", "required");
	if (!uuid_valid(other))
		return http_invalid(req, "user_id", "not_an_id");

	err = act(req, action, other, &step);
	if (err == ERR_CONFLICT)
		return ERR_NOT_FOUND;
	if (err)
		return err;

	return http_empty(req, 204);
}

static enum err no_request(struct req *req)
{
	return http_fail(req, ERR_CONFLICT, "no_request",
			 "There is no request of this user");
}

static enum err subscription_request(struct req *req)
{
	struct step step;
	enum err err;

	err = act_on_body(req, "request", &step);
	if (err == ERR_CONFLICT)
		return http_fail(req, err, "blocked", "You block this user");
	if (err)
		return err;

	return http_json(req, step.changed ? 201 : 200, step.doc);
}

static enum err subscription_accept(struct req *req)
{
	struct step step;
	enum err err;

	err = act_on_body(req, "accept", &step);
	if (err == ERR_CONFLICT)
		return no_request(req);
	if (err)
		return err;

	return http_json(req, 200, step.doc);
}

static enum err subscription_decline(struct req *req)
{
	struct step step;
	enum err err;

	err = act_on_body(req, "decline", &step);
	if (err == ERR_CONFLICT)
		return no_request(req);
	if (err)
		return err;

	return http_empty(req, 204);
}

static enum err subscription_remove(struct req *req)
{
	return end(req, "remove");
}

static enum err block_create(struct req *req)
{
	struct step step;
	enum err err;

	err = act_on_body(req, "block", &step);
	if (err)
		return err;

	return http_json(req, step.changed ? 201 : 200, step.doc);
}

static enum err block_remove(struct req *req)
{
	return end(req, "unblock");
}

/* *state: NULL for all of one's own; of others only the accepted are shown. */
static enum err read_state(struct req *req, bool own, const char **state)
{
	static const char *const states[] = {
		"accepted", "incoming", "outgoing", "blocked", NULL
	};
	const char *asked;
	enum err err;

	err = http_query(req, "state", &asked);
	if (err)
		return err;
	if (asked && !json_chosen(states, asked))
		return http_invalid(req, "state", "not_a_choice");
	if (!own && asked && strcmp(asked, "accepted") != 0)
		return ERR_DENIED;
	*state = own ? asked : "accepted";

	return OK;
}

static enum err subscription_list(struct req *req)
{
	const char *user = req->id ?: req->user, *state = NULL;
	const char *limit, *after, *one;
	const bool own = strcmp(user, req->user) == 0;
	struct db_rows rows;
	enum err err;

	err = read_state(req, own, &state);
	if (err)
		return err;
	err = http_paging(req, &limit, &after);
	if (err)
		return err;

	err = db_all(req->db, &sql_subscription_list,
		     ARGS(user, state, limit, after), &rows);
	if (!err && !own && rows.nrows == 0)
		err = db_one(req->db, &sql_user_exists, ARGS(user), &one);
	if (err)
		return err;

	return http_page(req, &rows, limit);
}

const struct route routes[] = {
	{ "POST",   "/subscriptions/request", AUTH_USER, subscription_request,
	  .creates = true },
	{ "POST",   "/subscriptions/accept",  AUTH_USER, subscription_accept,
	  .creates = true },
	{ "POST",   "/subscriptions/decline", AUTH_USER, subscription_decline,
	  .creates = true },
	{ "DELETE", "/subscriptions/remove",  AUTH_USER, subscription_remove },
	{ "POST",   "/subscriptions/block",   AUTH_USER, block_create,
	  .creates = true },
	{ "DELETE", "/subscriptions/block",   AUTH_USER, block_remove },
	{ "GET",    "/subscriptions/me",      AUTH_USER, subscription_list },
	{ "GET",    "/subscriptions/{id}",    AUTH_USER, subscription_list },
	{ 0 }
};
