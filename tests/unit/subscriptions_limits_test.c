/* How many requests are too many. */
#include "tests/unit/subscriptions_fixture.h"

enum { SLOW_S = 60 };		/* that a claim may take */

/* All that a request could leave, but for what was there before. */
static const char *traces(struct person one, struct person other)
{
	return text("%s, %d rows, %d events, hour used until %s",
		    states_of(one, other),
		    rows_of("subscription", other.id), events_of(other.id),
		    used_until(one));
}

/* For how long; nothing is left of the request. */
static int refused(struct person one, struct person other)
{
	const char *before = traces(one, other);
	const int wait_s = wait_of(request(one, other));

	assert_string_equal(traces(one, other), before);
	return wait_s;
}

/* Time goes by for the requests that a person made. */
static void pretend_hour_goes_by(struct person p, int seconds)
{
	sql("UPDATE social.request_rate"
	    " SET used_until = used_until - interval '%d s'"
	    " WHERE user_id = '%s'", seconds, p.id);
}

static void pretend_decline_was(struct person p, int seconds_ago)
{
	sql("UPDATE social.subscription"
	    " SET declined_at = now() - interval '%d s'"
	    " WHERE user_id = '%s' AND declined_at IS NOT NULL",
	    seconds_ago, p.id);
}

static void after_so_many_one_more_for_every_share_of_the_hour(void **state)
{
	static const int hourly[] = { 1, 2, 30 };
	int wait_s;

	(void)state;
	for (size_t i = 0; i < COUNT(hourly); i++) {
		struct person one = person_new(), other = person_new();

		conf.requests_hourly = hourly[i];
		for (int n = 0; n < hourly[i]; n++)
			assert_int_equal(request_stranger(one).status, 201);
		wait_s = refused(one, other);
		assert_in_range(wait_s, HOUR_S / hourly[i] - SLOW_S,
				HOUR_S / hourly[i]);

		pretend_hour_goes_by(one, wait_s - SLOW_S);
		assert_in_range(refused(one, other), 1, SLOW_S);
		pretend_hour_goes_by(one, SLOW_S);
		assert_int_equal(request_stranger(one).status, 201);
		refused(one, other);
	}
}

static void hours_without_requests_are_not_saved_up(void **state)
{
	struct person one = person_new();

	(void)state;
	conf.requests_hourly = 3;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 3; i++)
			assert_int_equal(request_stranger(one).status, 201);
		refused(one, person_new());
		pretend_hour_goes_by(one, 100 * HOUR_S);
	}
}

static void so_many_may_be_pending_until_one_ends(void **state)
{
	static const struct {
		const char *who, *action;
	} ends[] = {
		{ "other", "accept" }, { "other", "decline" },
		{ "other", "request" },
		{ "one", "remove" }, { "one", "block" },
	};

	(void)state;
	conf.requests_pending = 2;
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct person one = person_new(), other = person_new();
		struct person third = person_new();

		assert_int_equal(request(one, other).status, 201);
		assert_int_equal(request_stranger(one).status, 201);
		assert_int_equal(refused(one, third), HOUR_S);
		if (strcmp(ends[i].who, "one") == 0)
			act(one, ends[i].action, other.id);
		else
			act(other, ends[i].action, one.id);
		assert_int_equal(request(one, third).status, 201);
	}
}

static void a_request_to_one_who_blocks_stays_pending(void **state)
{
	struct person one = person_new(), other = person_new();

	(void)state;
	conf.requests_pending = 1;
	assert_int_equal(request(one, other).status, 201);
	act(other, "block", one.id);
	assert_int_equal(refused(one, person_new()), HOUR_S);
	act(other, "unblock", one.id);
	assert_int_equal(refused(one, person_new()), HOUR_S);
}

static void who_was_declined_waits(void **state)
{
	struct person one = person_new(), other = person_new();
	int wait_s;

	(void)state;
	conf.declined_s = WEEK_S;
	request(one, other);
	act(other, "decline", one.id);
	assert_in_range(refused(one, other), WEEK_S - SLOW_S, WEEK_S);

	pretend_decline_was(one, WEEK_S - SLOW_S);
	wait_s = refused(one, other);
	assert_in_range(wait_s, 1, SLOW_S);
	pretend_decline_was(one, WEEK_S - SLOW_S + wait_s);
	assert_int_equal(request(one, other).status, 201);
}

/* Whatever happens between the two meanwhile. */
static void a_decline_is_not_forgotten(void **state)
{
	struct person one = person_new(), other = person_new();

	(void)state;
	conf.declined_s = WEEK_S;
	request(one, other);
	act(other, "decline", one.id);
	act(other, "block", one.id);
	refused(one, other);
	act(other, "unblock", one.id);
	refused(one, other);
	act(one, "block", other.id);
	act(one, "unblock", other.id);
	refused(one, other);
	act(other, "request", one.id);
	act(other, "remove", one.id);
	refused(one, other);
}

static void a_decline_keeps_nobody_else_waiting(void **state)
{
	struct person one = person_new(), other = person_new();

	(void)state;
	conf.declined_s = WEEK_S;
	request(one, other);
	act(other, "decline", one.id);
	assert_int_equal(request_stranger(one).status, 201);
	assert_int_equal(request(person_new(), other).status, 201);
	assert_int_equal(request(other, one).status, 201);
}

static void the_longest_wait_is_told(void **state)
{
	struct person one = person_new(), other = person_new();

	(void)state;
	conf.declined_s = WEEK_S;
	conf.requests_hourly = 1;
	request(one, other);
	act(other, "decline", one.id);
	pretend_decline_was(one, 2 * WEEK_S);
	assert_in_range(refused(one, other), HOUR_S - SLOW_S, HOUR_S);
}

static void limits_are_each_users_own(void **state)
{
	struct person one = person_new(), other = person_new();

	(void)state;
	conf.requests_hourly = conf.requests_pending = 1;
	assert_int_equal(request_stranger(one).status, 201);
	refused(one, other);
	assert_int_equal(request_stranger(other).status, 201);
	assert_int_equal(request(person_new(), one).status, 201);
}

/* A person who may make no new request, neither to other nor to anyone. */
static struct person exhausted(struct person other)
{
	struct person one = person_new();

	request(one, other);
	act(other, "decline", one.id);
	request_stranger(one);
	conf.requests_hourly = conf.requests_pending = 1;
	conf.declined_s = WEEK_S;
	refused(one, other);

	return one;
}

static void only_a_new_request_is_limited(void **state)
{
	static const struct {
		const char *before, *action;
		int status;
	} cases[] = {
		{ "incoming/outgoing", "request", 201 },
		{ "none/outgoing",     "request", 201 },
		{ "outgoing/none",     "request", 200 },
		{ "outgoing/incoming", "request", 200 },
		{ "outgoing/blocked",  "request", 200 },
		{ "accepted/accepted", "request", 200 },
		{ "incoming/outgoing", "accept",  200 },
		{ "incoming/outgoing", "decline", 204 },
		{ "none/none",	       "block",	  201 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct person one, other = person_new();
		const char *used;

		no_limits(state);
		one = exhausted(other);
		used = used_until(one);
		set_states(one, other, cases[i].before);
		assert_int_equal(act(one, cases[i].action, other.id).status,
				 cases[i].status);
		assert_string_equal(used_until(one), used);
	}
}

static void a_request_to_nobody_uses_nothing_of_the_hour(void **state)
{
	struct person one = person_new();

	(void)state;
	conf.requests_hourly = 1;
	assert_problem(act(one, "request", NOBODY), 404, "not_found");
	assert_int_equal(request_stranger(one).status, 201);
}

FUNCTION_TESTS("subscriptions",
	WITHOUT_LIMITS(after_so_many_one_more_for_every_share_of_the_hour),
	WITHOUT_LIMITS(hours_without_requests_are_not_saved_up),
	WITHOUT_LIMITS(so_many_may_be_pending_until_one_ends),
	WITHOUT_LIMITS(a_request_to_one_who_blocks_stays_pending),
	WITHOUT_LIMITS(who_was_declined_waits),
	WITHOUT_LIMITS(a_decline_is_not_forgotten),
	WITHOUT_LIMITS(a_decline_keeps_nobody_else_waiting),
	WITHOUT_LIMITS(the_longest_wait_is_told),
	WITHOUT_LIMITS(limits_are_each_users_own),
	WITHOUT_LIMITS(only_a_new_request_is_limited),
	WITHOUT_LIMITS(a_request_to_nobody_uses_nothing_of_the_hour))
