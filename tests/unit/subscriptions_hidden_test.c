/* Who is blocked can't find out. */
#include "tests/unit/subscriptions_fixture.h"

/* Somebody, and whom they see. */
struct view {
	struct person me, they;
};

/* A whole answer. */
static const char *answer(struct reply r)
{
	return text("%d %s\n%s%s\n", r.status, r.type ?: "", r.headers ?: "",
		    r.body);
}

/* Answers without what tells one person or moment from another. */
static const char *anonymous(const char *answers)
{
	return sql("SELECT regexp_replace(regexp_replace(regexp_replace($$%s$$,"
		   " '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '<id>', 'g'),"
		   " '\\d{4}-[-0-9]+T[0-9:.]+Z', '<time>', 'g'),"
		   " 'After: \\d+', 'After: <seconds>', 'g')", answers);
}

/* What comes of three actions, numbered in turn, and what lists show then. */
static const char *seen(struct view v, int script)
{
	static const char *const actions[] = {
		"request", "accept", "decline", "remove", "block", "unblock",
	};
	const char *all = "", *action;

	for (int i = 0; i < 3; i++, script /= (int)COUNT(actions)) {
		action = actions[script % (int)COUNT(actions)];
		all = text("%s%s: %s", all, action,
			   answer(act(v.me, action, v.they.id)));
	}
	return text("%s%s%s", all,
		    answer(GET("/subscriptions/me", .token = v.me.token)),
		    answer(GET(text("/subscriptions/%s", v.they.id),
			       .token = v.me.token)));
}

static void no_three_actions_tell_who_blocks(void **state)
{
	static const struct {
		const char *blocked, *free;
	} starts[] = {
		{ "none/blocked",     "none/none" },
		{ "outgoing/blocked", "outgoing/incoming" },
		{ "outgoing/blocked", "outgoing/none" },
		{ "blocked/blocked",  "blocked/none" },
	};
	struct view blocked = { person_new(), person_new() };
	struct view free = { person_new(), person_new() };

	(void)state;
	for (size_t i = 0; i < COUNT(starts); i++)
		for (int script = 0; script < 6 * 6 * 6; script++) {
			set_states(blocked.me, blocked.they, starts[i].blocked);
			set_states(free.me, free.they, starts[i].free);
			assert_string_equal(anonymous(seen(blocked, script)),
					    anonymous(seen(free, script)));
		}
}

/* Who asked twice, and was declined by somebody who blocks now, or doesn't. */
static struct view asks_much(bool blocked)
{
	struct view v = { person_new(), person_new() };

	request(v.me, v.they);
	act(v.they, "decline", v.me.id);
	if (blocked)
		act(v.they, "block", v.me.id);
	request_stranger(v.me);

	return v;
}

static struct reply request_of(struct view v)
{
	return request(v.me, v.they);
}

static void no_limit_tells_who_blocks(void **state)
{
	static const struct {
		int pending, hourly, declined_s, status;
	} cases[] = {
		{ 1, FAR, 0, 429 }, { FAR, 2, 0, 429 },
		{ FAR, FAR, WEEK_S, 429 }, { FAR, FAR, 0, 201 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reply blocked, free;

		conf.requests_pending = cases[i].pending;
		conf.requests_hourly = cases[i].hourly;
		conf.declined_s = cases[i].declined_s;
		blocked = request_of(asks_much(true));
		free = request_of(asks_much(false));
		assert_int_equal(free.status, cases[i].status);
		assert_string_equal(anonymous(answer(blocked)),
				    anonymous(answer(free)));
	}
}

FUNCTION_TESTS("subscriptions",
	WITHOUT_LIMITS(no_three_actions_tell_who_blocks),
	WITHOUT_LIMITS(no_limit_tells_who_blocks))
