/* user_fixture.h - people, for tests of the function user. */
#ifndef TESTS_UNIT_USER_FIXTURE_H
#define TESTS_UNIT_USER_FIXTURE_H

#include <string.h>

#include "tests/unit/harness.h"

struct person {
	const char *id, *email;
	const char *session, *token;
};

/* Who has the account, with a session of it. */
static inline struct person person_with(const char *account)
{
	const char *session = session_of(account);

	return (struct person){
		.id = account,
		.email = sql("SELECT email FROM auth.account WHERE id = '%s'",
			     account),
		.session = session, .token = token_of(account, session),
	};
}

/* Somebody new, with the password PASSWORD. */
static inline struct person person_new(void)
{
	return person_with(account_new(fresh_email()));
}

/* Somebody new, without a password. */
static inline struct person passwordless_new(void)
{
	return person_with(sql("INSERT INTO auth.account (id, email) VALUES"
			       " (gen_random_uuid(), '%s') RETURNING id",
			       fresh_email()));
}

static inline struct reply put(struct person p, const char *body)
{
	return PUT("/user/me", body, .token = p.token);
}

static inline void name(struct person p, const char *nickname)
{
	const char *body = sql("SELECT json_build_object('nickname',"
			       " $name$%s$name$)", nickname);

	assert_int_equal(put(p, body).status, 200);
}

/* Gives the profile an image; the path of it. */
static inline const char *draw(struct person p)
{
	return sql("WITH drawn AS (INSERT INTO profile.avatar (user_id, name,"
		   " image) VALUES ('%s', gen_random_uuid(), repeat('RIFF', 99)"
		   "::bytea)"
		   " RETURNING *)"
		   " UPDATE profile.profile SET avatar = drawn.name FROM drawn"
		   " WHERE id = user_id RETURNING profile.avatar_path(avatar)",
		   p.id);
}

/* What each of two is to the other. */
static inline void relate(struct person a, const char *mine, struct person b,
			  const char *theirs)
{
	sql("INSERT INTO social.subscription (user_id, other_id, state)"
	    " VALUES ('%s', '%s', '%s'), ('%s', '%s', '%s')",
	    a.id, b.id, mine, b.id, a.id, theirs);
}

/* The names of a JSON object's members, in order. */
static inline const char *members(const char *json)
{
	return sql("SELECT string_agg(name, ' ') FROM"
		   " json_object_keys($doc$%s$doc$) name", json);
}

/* All that the database has of a profile, for comparing. */
static inline const char *profile_row(struct person p)
{
	return sql("SELECT concat(p, a) FROM profile.profile p LEFT JOIN"
		   " profile.avatar a ON user_id = id WHERE id = '%s'", p.id);
}

/* The person's events so far, the first one first. */
static inline const char *events(struct person p)
{
	return sql("SELECT string_agg(concat_ws(' ', topic, type, data), ','"
		   " ORDER BY id) FROM event.outbox WHERE key = '%s'", p.id);
}

#endif
