/* What is refused, who is not there, and requests that come twice. */
#include "tests/unit/subscriptions_fixture.h"

static const char *const posts[] = {
	"/subscriptions/request", "/subscriptions/accept",
	"/subscriptions/decline", "/subscriptions/block",
};

static const char *const deletes[] = {
	"/subscriptions/remove", "/subscriptions/block",
};

/* The pair's start from which each of posts[] changes something. */
static const char *const ready[] = {
	"none/none", "incoming/outgoing", "incoming/outgoing", "none/none",
};

/* Nobody but they themselves would have noticed. */
static void assert_untouched(struct person p)
{
	assert_int_equal(rows_of("subscription", p.id), 0);
	assert_int_equal(events_of(p.id), 0);
	assert_string_equal(used_until(p), "");
}

static void bad_bodies_are_refused(void **state)
{
	struct person one = person_new(), other = person_new();
	const struct {
		const char *body;
		int status;
		const char *code, *error;
	} cases[] = {
		{ "", 400, "malformed" },
		{ "{", 400, "malformed" },
		{ text("%s x", body_of(other.id)), 400, "malformed" },
		{ "[]", 422, "invalid", "\"\",\"code\":\"wrong_type\"" },
		{ "{}", 422, "invalid", "\"/user_id\",\"code\":\"required\"" },
		{ "{\"user_id\":null}", 422, "invalid",
		  "\"/user_id\",\"code\":\"required\"" },
		{ "{\"user_id\":7}", 422, "invalid",
		  "\"/user_id\",\"code\":\"wrong_type\"" },
		{ text("{\"user_id\":[\"%s\"]}", other.id), 422, "invalid",
		  "\"/user_id\",\"code\":\"wrong_type\"" },
		{ body_of("me"), 422, "invalid",
		  "\"/user_id\",\"code\":\"not_an_id\"" },
		{ body_of(""), 422, "invalid",
		  "\"/user_id\",\"code\":\"not_an_id\"" },
		{ body_of("0190A6B2-7C1E-7D3A-9F10-0123456789AB"), 422,
		  "invalid", "\"/user_id\",\"code\":\"not_an_id\"" },
		{ body_of(text("{%s}", other.id)), 422, "invalid",
		  "\"/user_id\",\"code\":\"not_an_id\"" },
		{ body_of(one.id), 422, "invalid",
		  "\"/user_id\",\"code\":\"oneself\"" },
		{ text("{\"user_id\":\"%s\",\"state\":\"accepted\"}", other.id),
		  422, "invalid", "\"/state\",\"code\":\"unknown\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(posts) * COUNT(cases); i++) {
		const size_t n = i / COUNT(posts);
		struct reply r = POST(posts[i % COUNT(posts)], cases[n].body,
				      .token = one.token);

		assert_problem(r, cases[n].status, cases[n].code);
		assert_non_null(strstr(r.body, cases[n].error
			? text("\"errors\":[{\"pointer\":%s}]", cases[n].error)
			: "\"errors\":[]"));
	}
	assert_untouched(one);
	assert_untouched(other);
}

static void a_body_is_json(void **state)
{
	struct person one = person_new(), other = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(posts); i++)
		assert_problem(POST(posts[i], body_of(other.id),
				    .type = "text/plain", .token = one.token),
			       415, "unsupported_media_type");
	assert_untouched(one);
}

static void bad_parameters_are_refused(void **state)
{
	struct person one = person_new(), other = person_new();
	const struct {
		const char *query;
		int status;
		const char *code;
	} cases[] = {
		{ "", 422, "required" },
		{ "user", 422, "required" },
		{ "USER_ID=x", 422, "required" },
		{ "user_id=", 422, "not_an_id" },
		{ "user_id=me", 422, "not_an_id" },
		{ "user_id=%27%20OR%201=1--", 422, "not_an_id" },
		{ "user_id=0190A6B2-7C1E-7D3A-9F10-0123456789AB", 422,
		  "not_an_id" },
		{ "user_id=%00", 400 },
		{ "user_id=%ff", 400 },
		{ text("user_id=%s&user_id=%s", other.id, other.id), 400 },
		{ text("user_id=%s", one.id), 404 },
	};

	(void)state;
	set_states(one, other, "accepted/accepted");
	for (size_t i = 0; i < COUNT(deletes) * COUNT(cases); i++) {
		const size_t n = i / COUNT(deletes);
		struct reply r = DELETE(deletes[i % COUNT(deletes)],
					.query = cases[n].query,
					.token = one.token);

		assert_int_equal(r.status, cases[n].status);
		if (cases[n].code)
			assert_non_null(strstr(r.body, text(
				"[{\"pointer\":\"user_id\",\"code\":\"%s\"}]",
				cases[n].code)));
	}
	assert_string_equal(states_of(one, other), "accepted/accepted");
}

static void nobody_acts_without_a_token(void **state)
{
	struct person other = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(posts); i++)
		assert_problem(POST(posts[i], body_of(other.id)), 401,
			       "unauthorized");
	for (size_t i = 0; i < COUNT(deletes); i++)
		assert_problem(DELETE(deletes[i], .query = text("user_id=%s",
								other.id)),
			       401, "unauthorized");
	assert_problem(GET("/subscriptions/me"), 401, "unauthorized");
	assert_problem(GET(text("/subscriptions/%s", other.id)), 401,
		       "unauthorized");
}

static void nothing_is_done_with_one_who_does_not_exist(void **state)
{
	static const struct {
		const char *action;
		int status;
		const char *code;
	} cases[] = {
		{ "request", 404, "not_found" },
		{ "block",   404, "not_found" },
		{ "accept",  409, "no_request" },
		{ "decline", 409, "no_request" },
		{ "remove",  404, "not_found" },
		{ "unblock", 404, "not_found" },
	};
	struct person one = person_new(), deleted = person_new();
	const char *const others[] = { NOBODY, deleted.id };

	(void)state;
	set_states(one, deleted, "incoming/outgoing");
	person_delete(deleted);
	for (size_t i = 0; i < COUNT(cases) * COUNT(others); i++) {
		const size_t n = i / COUNT(others);

		assert_problem(act(one, cases[n].action,
				   others[i % COUNT(others)]),
			       cases[n].status, cases[n].code);
	}
	assert_untouched(one);
}

static void whoever_is_deleted_is_gone_from_both_sides(void **state)
{
	static const char *const states[] = {
		"none/none", "outgoing/incoming", "incoming/outgoing",
		"accepted/accepted", "blocked/none", "none/blocked",
		"blocked/blocked",
	};
	struct person deleted = person_new(), others[COUNT(states)];

	(void)state;
	request_stranger(deleted);
	for (size_t i = 0; i < COUNT(states); i++) {
		others[i] = person_new();
		set_states(deleted, others[i], states[i]);
	}
	person_delete(deleted);
	assert_int_equal(rows_of("subscription", deleted.id), 0);
	assert_int_equal(rows_of("request_rate", deleted.id), 0);
	for (size_t i = 0; i < COUNT(states); i++)
		assert_null(strstr(GET("/subscriptions/me",
				       .token = others[i].token).body,
				   deleted.id));
}

static void the_same_key_gives_the_same_answer_and_changes_nothing(void **state)
{
	static const int status[] = { 201, 200, 204, 201 };
	static const int events[] = { 1, 1, 1, 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(posts); i++) {
		struct person one = person_new(), other = person_new();
		const char *body = body_of(other.id), *states, *used;
		struct reply first, again;

		set_states(one, other, ready[i]);
		first = POST(posts[i], body, .token = one.token, .key = "k");
		states = states_of(one, other);
		used = used_until(one);
		again = POST(posts[i], body, .token = one.token, .key = "k");
		assert_int_equal(first.status, status[i]);
		assert_int_equal(again.status, status[i]);
		assert_string_equal(again.body, first.body);

		assert_string_equal(states_of(one, other), states);
		assert_string_equal(used_until(one), used);
		assert_int_equal(events_of(one.id), events[i]);
	}
}

/* Even if it would do something else by now. */
static void the_same_key_is_answered_from_before(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(posts); i++) {
		struct person one = person_new(), other = person_new();
		const char *body = body_of(other.id);
		struct reply first;

		set_states(one, other, ready[i]);
		first = POST(posts[i], body, .token = one.token, .key = "k");
		set_states(one, other, ready[i]);
		assert_string_equal(POST(posts[i], body, .token = one.token,
					 .key = "k").body, first.body);
		assert_string_equal(states_of(one, other), ready[i]);
	}
}

static void a_key_with_another_body_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(posts); i++) {
		struct person one = person_new(), other = person_new();
		struct person third = person_new();

		set_states(one, other, ready[i]);
		set_states(one, third, ready[i]);
		POST(posts[i], body_of(other.id), .token = one.token,
		     .key = "k");
		assert_problem(POST(posts[i], body_of(third.id),
				    .token = one.token, .key = "k"), 422,
			       "idempotency_key_reused");
		assert_string_equal(states_of(one, third), ready[i]);
	}
}

/* What was refused may be asked again once it can go well. */
static void a_refusal_keeps_no_key(void **state)
{
	struct person one = person_new(), other = person_new();
	const char *body = body_of(other.id);

	(void)state;
	assert_problem(POST("/subscriptions/accept", body, .token = one.token,
			    .key = "k"), 409, "no_request");
	set_states(one, other, "incoming/outgoing");
	assert_int_equal(POST("/subscriptions/accept", body,
			      .token = one.token, .key = "k").status, 200);
}

FUNCTION_TESTS("subscriptions",
	CLAIM(bad_bodies_are_refused),
	CLAIM(a_body_is_json),
	CLAIM(bad_parameters_are_refused),
	CLAIM(nobody_acts_without_a_token),
	CLAIM(nothing_is_done_with_one_who_does_not_exist),
	CLAIM(whoever_is_deleted_is_gone_from_both_sides),
	CLAIM(the_same_key_gives_the_same_answer_and_changes_nothing),
	CLAIM(the_same_key_is_answered_from_before),
	CLAIM(a_key_with_another_body_is_refused),
	CLAIM(a_refusal_keeps_no_key))
