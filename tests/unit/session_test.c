/* POST /refresh-token, POST /logout, GET /sessions, DELETE /sessions/{id} */
#include <string.h>

#include "tests/unit/harness.h"

#include "runtime/token.h"

/* One account for the claims that need no other. */
static const char *account(void)
{
	static const char *id;

	return id = id ?: account_new(fresh_email());
}

/* The refresh token with this counter. */
static const char *refresh_token(const char *session, uint32_t counter)
{
	struct arena *arena = arena_new();
	const char *token, *copy;

	assert_int_equal(token_refresh_make(arena, session, counter, &token),
			 OK);
	copy = text("%s", token);
	arena_free(arena);

	return copy;
}

static struct reply refresh(const char *token)
{
	return POST("/refresh-token", text("{\"refresh_token\":\"%s\"}",
					   token));
}

static const char *end_reason(const char *session)
{
	return sql("SELECT coalesce(end_reason, 'live') FROM auth.session"
		   " WHERE id = '%s'", session);
}

static void pretend_rotation_was(const char *session, const char *ago)
{
	sql("UPDATE auth.session SET rotated_at = now() - interval '%s'"
	    " WHERE id = '%s'", ago, session);
}

static void the_current_token_rotates(void **state)
{
	const char *session = session_of(account());
	struct reply r = refresh(refresh_token(session, 0));

	(void)state;
	assert_int_equal(r.status, 200);
	assert_string_equal(member(r.body, "user.id"), account());
	assert_string_equal(member(r.body, "refresh_token"),
			    refresh_token(session, 1));
	assert_int_equal(refresh(refresh_token(session, 1)).status, 200);
	assert_string_equal(end_reason(session), "live");
}

static void a_lost_answer_is_given_again(void **state)
{
	const char *session = session_of(account());

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_string_equal(member(refresh(refresh_token(session, 0))
					   .body, "refresh_token"),
				    refresh_token(session, 1));
	assert_string_equal(sql("SELECT counter FROM auth.session WHERE"
				" id = '%s'", session), "1");
}

static void the_token_before_ends_the_session_after_its_grace(void **state)
{
	const char *session = session_of(account());

	(void)state;
	assert_int_equal(refresh(refresh_token(session, 0)).status, 200);
	pretend_rotation_was(session, "29 seconds");
	assert_int_equal(refresh(refresh_token(session, 0)).status, 200);
	pretend_rotation_was(session, "31 seconds");
	assert_problem(refresh(refresh_token(session, 0)), 401,
		       "invalid_token");
	assert_string_equal(end_reason(session), "reuse");
	assert_problem(refresh(refresh_token(session, 1)), 401,
		       "invalid_token");
}

static void an_older_token_ends_the_session(void **state)
{
	const char *session = session_of(account());

	(void)state;
	assert_int_equal(refresh(refresh_token(session, 0)).status, 200);
	assert_int_equal(refresh(refresh_token(session, 1)).status, 200);
	assert_int_equal(refresh(refresh_token(session, 0)).status, 401);
	assert_string_equal(end_reason(session), "reuse");
	assert_problem(GET("/sessions", .token = token_of(account(), session)),
		       401, "unauthorized");
}

static void a_token_from_the_future_ends_the_session(void **state)
{
	const char *session = session_of(account());

	(void)state;
	assert_int_equal(refresh(refresh_token(session, 5)).status, 401);
	assert_string_equal(end_reason(session), "reuse");
}

static void lifetimes_end_idle_and_old_sessions(void **state)
{
	static const char *const columns[] = { "idle_expires_at", "expires_at" };

	(void)state;
	for (size_t i = 0; i < COUNT(columns); i++) {
		const char *session = session_of(account());

		sql("UPDATE auth.session SET %s = now() WHERE id = '%s'",
		    columns[i], session);
		assert_problem(refresh(refresh_token(session, 0)), 401,
			       "invalid_token");
	}
}

static void no_other_token_refreshes(void **state)
{
	const char *session = session_of(account());
	const char *good = refresh_token(session, 0);
	const char *const tokens[] = {
		token_of(account(), session), "v1.", "x", text("%sA", good),
		text("%.*s", (int)strlen(good) - 1, good), text("%s=", good),
		text("v2%s", good + 2), text(" %s", good),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(tokens); i++)
		assert_problem(refresh(tokens[i]), 401, "invalid_token");
	assert_problem(refresh(""), 422, "invalid");
	assert_string_equal(end_reason(session), "live");
}

static void logout_ends_this_the_others_or_all(void **state)
{
	static const struct {
		const char *body, *ended;
	} cases[] = {
		{ NULL, "this" }, { "{}", "this" },
		{ "{\"scope\":\"this\"}", "this" },
		{ "{\"scope\":\"others\"}", "other" },
		{ "{\"scope\":\"all\"}", "other,this" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *user = account_new(fresh_email());
		const char *this = session_of(user);
		const char *other = session_of(user);
		const char *stranger = session_of(account());

		sql("UPDATE auth.session SET device = CASE id WHEN '%s' THEN"
		    " 'this' ELSE 'other' END WHERE account_id = '%s'", this,
		    user);
		assert_int_equal(POST("/logout", cases[i].body,
				      .token = token_of(user, this)).status,
				 204);
		assert_string_equal(sql("SELECT string_agg(device, ',' ORDER BY"
			" device) FROM auth.session WHERE account_id = '%s'"
			" AND ended_at IS NOT NULL", user), cases[i].ended);
		assert_string_equal(end_reason(stranger), "live");
		assert_string_equal(end_reason(other), strchr(cases[i].ended,
			'o') ? "logout" : "live");
	}
	assert_problem(POST("/logout", "{\"scope\":\"world\"}",
			    .token = token_of(account(), session_of(account()))),
		       422, "invalid");
}

/* The nth of the account's sessions, newest first. */
static const char *session_at(const char *user, int n)
{
	return sql("SELECT id FROM auth.session WHERE account_id = '%s'"
		   " ORDER BY id DESC OFFSET %d LIMIT 1", user, n);
}

static void lists_own_live_sessions_in_pages(void **state)
{
	const char *user = account_new(fresh_email());
	const char *token = token_of(user, session_of(user));
	struct reply r;

	(void)state;
	session_of(user);
	session_of(user);
	r = GET("/sessions", .token = token, .query = "limit=2");
	assert_int_equal(r.status, 200);
	assert_non_null(strstr(r.body, session_at(user, 0)));
	assert_non_null(strstr(r.body, session_at(user, 1)));
	assert_null(strstr(r.body, session_at(user, 2)));

	r = GET("/sessions", .token = token,
		.query = text("limit=2&cursor=%s", member(r.body, "next")));
	assert_non_null(strstr(r.body, session_at(user, 2)));
	assert_null(strstr(r.body, session_at(user, 1)));
	assert_null(member(r.body, "next"));
}

static void lists_no_ended_session(void **state)
{
	const char *user = account_new(fresh_email());
	const char *ended = session_of(user);
	const char *token = token_of(user, session_of(user));

	(void)state;
	sql("UPDATE auth.session SET ended_at = now(), end_reason = 'logout'"
	    " WHERE id = '%s'", ended);
	assert_null(strstr(GET("/sessions", .token = token).body, ended));
}

static void a_session_shows_what_the_contract_says(void **state)
{
	const char *user = account_new(fresh_email());
	const char *session = session_of(user);

	(void)state;
	assert_string_equal(GET("/sessions",
				.token = token_of(user, session)).body,
		sql("SELECT format('{\"items\":[{\"id\" : \"%%s\","
		    " \"device\" : \"test\", \"address\" : \"127.0.0.1\","
		    " \"created_at\" : \"%%s\", \"last_used_at\" : \"%%s\","
		    " \"current\" : true}],\"next\":null}', id,"
		    " auth.rfc3339(created_at), auth.rfc3339(last_used_at))"
		    " FROM auth.session WHERE id = '%s'", session));
}

static void ends_one_session(void **state)
{
	const char *session = session_of(account());
	const char *token = token_of(account(), session_of(account()));
	const char *path = text("/sessions/%s", session);

	(void)state;
	assert_int_equal(DELETE(path, .token = token).status, 204);
	assert_string_equal(end_reason(session), "logout");
	assert_problem(DELETE(path, .token = token), 404, "not_found");
}

static void a_strangers_session_is_not_there(void **state)
{
	const char *stranger = account_new(fresh_email());
	const char *token = token_of(stranger, session_of(stranger));
	const char *session = session_of(account());

	(void)state;
	assert_problem(DELETE(text("/sessions/%s", session), .token = token),
		       404, "not_found");
	assert_string_equal(end_reason(session), "live");
	assert_null(strstr(GET("/sessions", .token = token).body, session));
}

static void a_token_of_an_ended_session_is_refused(void **state)
{
	const char *session = session_of(account());

	(void)state;
	sql("UPDATE auth.session SET ended_at = now(), end_reason = 'logout'"
	    " WHERE id = '%s'", session);
	assert_problem(GET("/sessions", .token = token_of(account(), session)),
		       401, "unauthorized");
}

static void a_token_of_a_deleted_account_is_refused(void **state)
{
	const char *user = account_new(fresh_email());
	const char *token = token_of(user, session_of(user));

	(void)state;
	sql("DELETE FROM auth.account WHERE id = '%s'", user);
	assert_problem(GET("/sessions", .token = token), 401, "unauthorized");
}

FUNCTION_TESTS("session",
	CLAIM(the_current_token_rotates),
	CLAIM(a_lost_answer_is_given_again),
	CLAIM(the_token_before_ends_the_session_after_its_grace),
	CLAIM(an_older_token_ends_the_session),
	CLAIM(a_token_from_the_future_ends_the_session),
	CLAIM(lifetimes_end_idle_and_old_sessions),
	CLAIM(no_other_token_refreshes),
	CLAIM(logout_ends_this_the_others_or_all),
	CLAIM(lists_own_live_sessions_in_pages),
	CLAIM(lists_no_ended_session),
	CLAIM(a_session_shows_what_the_contract_says),
	CLAIM(ends_one_session),
	CLAIM(a_strangers_session_is_not_there),
	CLAIM(a_token_of_an_ended_session_is_refused),
	CLAIM(a_token_of_a_deleted_account_is_refused))
