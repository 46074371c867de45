/* chat_fixture.h - people in chats, and what they do there. */
#ifndef TESTS_UNIT_CHAT_FIXTURE_H
#define TESTS_UNIT_CHAT_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

#include "runtime/conf.h"

/* A well-formed id that nobody and nothing has. */
#define NOBODY "0190a6b2-7c1e-7d3a-9f10-0123456789ab"

enum { FAR = 1000000 };			/* a limit that nobody reaches */

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

/* The account with all that goes with it; not what is in chats. */
static inline void person_delete(struct person p)
{
	sql("DELETE FROM auth.account WHERE id = '%s'", p.id);
}

/* What each of two is to the other: "<mine>/<theirs>". */
static inline void relate(struct person me, struct person they,
			  const char *states)
{
	const char *slash = strchr(states, '/');

	sql("INSERT INTO social.subscription (user_id, other_id, state)"
	    " VALUES ('%s', '%s', '%.*s'), ('%s', '%s', '%s')"
	    " ON CONFLICT (user_id, other_id) DO UPDATE"
	    " SET state = excluded.state", me.id, they.id,
	    (int)(slash - states), states, they.id, me.id, slash + 1);
}

static inline const char *fresh_id(void)
{
	return sql("SELECT gen_random_uuid()");
}

/* Somebody who has accepted p. */
static inline struct person friend_of(struct person p)
{
	struct person friend = person_new();

	relate(p, friend, "accepted/accepted");
	return friend;
}

/* {"user_ids": [...], "title": ...}; title NULL: without. */
static inline const char *creation(const char *title, const char *ids)
{
	return title ? text("{\"user_ids\":[%s],\"title\":\"%s\"}", ids, title)
		     : text("{\"user_ids\":[%s]}", ids);
}

static inline const char *quoted(struct person p)
{
	return text("\"%s\"", p.id);
}

/* The chat of two who have accepted each other; its id. */
static inline const char *pair_of(struct person a, struct person b)
{
	struct reply r;

	relate(a, b, "accepted/accepted");
	r = POST("/chat/create", creation(NULL, quoted(b)), .token = a.token);
	assert_in_range(r.status, 200, 201);

	return member(r.body, "id");
}

static inline const char *group_with(struct person owner, const char *ids)
{
	struct reply r = POST("/chat/create", creation("Trip", ids),
			      .token = owner.token);

	assert_int_equal(r.status, 201);
	return member(r.body, "id");
}

/* A group of an owner and those who have accepted the owner; its id. */
static inline const char *group_of(struct person owner, struct person other)
{
	relate(owner, other, "accepted/accepted");
	return group_with(owner, quoted(other));
}

/* A group of many more, whom the owner has put there; its id. */
static inline const char *crowd_of(struct person owner, int members)
{
	const char *id = fresh_id();

	sql("INSERT INTO chat.chat (id, kind, title)"
	    " VALUES ('%s', 'group', 'Crowd')", id);
	sql("INSERT INTO chat.member (chat_id, user_id, role)"
	    " SELECT '%s', CASE n WHEN 1 THEN '%s' ELSE gen_random_uuid() END,"
	    " (CASE n WHEN 1 THEN 'owner' ELSE 'member' END)::chat.role"
	    " FROM generate_series(1, %d) n", id, owner.id, members);

	return id;
}

static inline const char *sending(const char *chat, const char *client_id,
				  const char *what)
{
	return text("{\"chat_id\":\"%s\",\"client_id\":\"%s\",\"text\":\"%s\"}",
		    chat, client_id, what);
}

static inline struct reply say(struct person p, const char *chat,
			       const char *what)
{
	return POST("/messages/send", sending(chat, fresh_id(), what),
		    .token = p.token);
}

static inline struct reply edit(struct person p, const char *chat,
				const char *seq, const char *what)
{
	return PUT(text("/messages/%s/%s", chat, seq),
		   text("{\"text\":\"%s\"}", what), .token = p.token);
}

static inline struct reply delete(struct person p, const char *chat,
				  const char *seq)
{
	return DELETE(text("/messages/%s/%s", chat, seq), .token = p.token);
}

/* kind: received or read. */
static inline struct reply mark(struct person p, const char *kind,
				const char *chat, int seq)
{
	return POST(text("/messages/%s", kind),
		    text("{\"chat_id\":\"%s\",\"seq\":%d}", chat, seq),
		    .token = p.token);
}

static inline struct reply look(struct person p, const char *chat)
{
	return GET(text("/chat/%s", chat), .token = p.token);
}

static inline struct reply list(struct person p, const char *chat,
				const char *query)
{
	return GET(text("/messages/chat/%s", chat), .query = query,
		   .token = p.token);
}

static inline struct reply add(struct person p, const char *chat,
			       const char *whom)
{
	return POST("/chat/members",
		    text("{\"chat_id\":\"%s\",\"user_id\":\"%s\"}", chat, whom),
		    .token = p.token);
}

static inline struct reply take_out(struct person p, const char *chat,
				    const char *whom)
{
	return DELETE("/chat/members", .token = p.token,
		      .query = text("chat_id=%s&user_id=%s", chat, whom));
}

/* A value of a JSON document, by its path: "a,0,b". */
static inline const char *at(const char *json, const char *path)
{
	return sql("SELECT $doc$%s$doc$::json #>> '{%s}'", json, path);
}

/* The texts of a list of messages, in order: "a b". */
static inline const char *texts(struct reply list)
{
	assert_int_equal(list.status, 200);
	return sql("SELECT string_agg(m->>'text', ' ') FROM"
		   " json_array_elements($doc$%s$doc$::json->'items') m",
		   list.body);
}

/* The events of a chat so far, the first one first: "A B". */
static inline const char *events(const char *chat)
{
	return sql("SELECT string_agg(type, ' ' ORDER BY id) FROM event.outbox"
		   " WHERE topic = 'chat.events' AND key = '%s'", chat);
}

/* The data of a chat's last event. */
static inline const char *last_event(const char *chat)
{
	return sql("SELECT data FROM event.outbox"
		   " WHERE topic = 'chat.events' AND key = '%s'"
		   " ORDER BY id DESC LIMIT 1", chat);
}

/* Is the person among those who are told by an event? */
static inline bool tells(const char *event, struct person p)
{
	return strcmp(sql("SELECT '%s'::jsonb->'to' ? '%s'",
			  sql("SELECT $doc$%s$doc$::jsonb - 'text'", event),
			  p.id), "t") == 0;
}

/* How many are told. */
static inline int told(const char *event)
{
	return atoi(sql("SELECT jsonb_array_length($doc$%s$doc$::jsonb->'to')",
			event));
}

/* Seconds of Retry-After. */
static inline int wait_of(struct reply r)
{
	static const char name[] = "Retry-After: ";

	assert_problem(r, 429, "too_many_requests");
	assert_memory_equal(r.headers, name, strlen(name));
	return atoi(r.headers + strlen(name));
}

/* A claim's setup: the settings as shipped, but for the hour's limit. */
static inline int as_shipped(void **state)
{
	(void)state;
	conf.chats_with = "accepted";
	conf.chats_hourly = FAR;

	return 0;
}

#define CHAT_CLAIM(f) cmocka_unit_test_setup(f, as_shipped)

#endif
