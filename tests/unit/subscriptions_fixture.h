/*
 * subscriptions_fixture.h - people, pairs of them, and what they do.
 *
 * A state is written as in the table of subscriptions.sql; of a pair it is
 * "<mine>/<theirs>".
 */
#ifndef TESTS_UNIT_SUBSCRIPTIONS_FIXTURE_H
#define TESTS_UNIT_SUBSCRIPTIONS_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

#include "runtime/conf.h"

#define SENT	 "SubscriptionRequestSent"
#define ACCEPTED "SubscriptionRequestAccepted"
#define DECLINED "SubscriptionRequestDeclined"
#define REMOVED	 "SubscriptionRemoved"

/* A well-formed id that nobody has. */
#define NOBODY "0190a6b2-7c1e-7d3a-9f10-0123456789ab"

enum {
	HOUR_S = 3600, WEEK_S = 7 * 24 * HOUR_S,
	FAR = 1000000,			/* a limit that nobody reaches */
};

struct person {
	const char *id, *token;
};

static inline struct person person_new(void)
{
	const char *id = sql("INSERT INTO auth.account (id, email) VALUES"
			     " (gen_random_uuid(), '%s') RETURNING id",
			     fresh_email());

	return (struct person){ id, token_of(id, session_of(id)) };
}

static inline void person_delete(struct person p)
{
	sql("DELETE FROM auth.account WHERE id = '%s'", p.id);
}

/* The lower id first. */
struct pair {
	struct person of[2];
};

static inline struct pair pair_new(void)
{
	struct person a = person_new(), b = person_new();

	return strcmp(a.id, b.id) < 0 ? (struct pair){ { a, b } }
				      : (struct pair){ { b, a } };
}

static inline const char *body_of(const char *id)
{
	return text("{\"user_id\":\"%s\"}", id);
}

/* What one does with another: an action of the table. */
static inline struct reply act(struct person one, const char *action,
			       const char *other)
{
	const char *query = text("user_id=%s", other);

	if (strcmp(action, "remove") == 0)
		return DELETE("/subscriptions/remove", .token = one.token,
			      .query = query);
	if (strcmp(action, "unblock") == 0)
		return DELETE("/subscriptions/block", .token = one.token,
			      .query = query);

	return POST(text("/subscriptions/%s", action), body_of(other),
		    .token = one.token);
}

static inline struct reply request(struct person one, struct person other)
{
	return act(one, "request", other.id);
}

static inline struct reply request_stranger(struct person one)
{
	return request(one, person_new());
}

/* Make it so, since a while ago: "<mine>/<theirs>". */
static inline void set_states(struct person me, struct person they,
			      const char *states)
{
	const char *slash = strchr(states, '/');

	sql("INSERT INTO social.subscription"
	    " (user_id, other_id, state, since)"
	    " VALUES ('%s', '%s', '%.*s', '2026-01-01'),"
	    " ('%s', '%s', '%s', '2026-01-01')"
	    " ON CONFLICT (user_id, other_id) DO UPDATE"
	    " SET state = excluded.state, since = excluded.since",
	    me.id, they.id, (int)(slash - states), states,
	    they.id, me.id, slash + 1);
}

static inline const char *state_of(struct person mine, struct person theirs)
{
	return sql("SELECT coalesce((SELECT state FROM social.subscription"
		   " WHERE (user_id, other_id) = ('%s', '%s')), 'none')",
		   mine.id, theirs.id);
}

/* "<mine>/<theirs>" */
static inline const char *states_of(struct person me, struct person they)
{
	return text("%s/%s", state_of(me, they), state_of(they, me));
}

static inline const char *key_of(struct pair p)
{
	return text("%s:%s", p.of[0].id, p.of[1].id);
}

/* How many of a table's rows are a person's. */
static inline int rows_of(const char *table, const char *id)
{
	return atoi(sql("SELECT count(*) FROM social.%s r"
			" WHERE r::text LIKE '%%%s%%'", table, id));
}

static inline int events_of(const char *id)
{
	return atoi(sql("SELECT count(*) FROM event.outbox"
			" WHERE topic = 'subscription.events'"
			"   AND key LIKE '%%%s%%'", id));
}

/* How much of the hour is used; "" for nothing yet. */
static inline const char *used_until(struct person p)
{
	return sql("SELECT used_until FROM social.request_rate"
		   " WHERE user_id = '%s'", p.id);
}

/* Seconds of Retry-After. */
static inline int wait_of(struct reply r)
{
	static const char name[] = "Retry-After: ";

	assert_problem(r, 429, "too_many_requests");
	assert_memory_equal(r.headers, name, strlen(name));
	return atoi(r.headers + strlen(name));
}

/* A claim's setup: no limit that it doesn't set. */
static inline int no_limits(void **state)
{
	(void)state;
	conf.requests_pending = conf.requests_hourly = FAR;
	conf.declined_s = 0;

	return 0;
}

#define WITHOUT_LIMITS(f) cmocka_unit_test_setup(f, no_limits)

#endif
