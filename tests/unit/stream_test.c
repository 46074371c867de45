/* The function stream: what it hands over, to whom, and who is online. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/harness.h"

#include "runtime/conf.h"
#include "runtime/token.h"

struct person {
	const char *id, *session, *token;
};

static struct person person_new(void)
{
	const char *id = account_new(fresh_email());
	const char *session = session_of(id);

	return (struct person){ id, session, token_of(id, session) };
}

static void befriend(struct person a, struct person b, const char *state)
{
	sql("INSERT INTO social.subscription (user_id, other_id, state)"
	    " VALUES ('%s', '%s', '%s'), ('%s', '%s', '%s')",
	    a.id, b.id, state, b.id, a.id, state);
}

/* A group of these; its id. */
static const char *group_of(struct person a, struct person b)
{
	const char *chat = sql("INSERT INTO chat.chat (id, kind, title)"
			       " VALUES (gen_random_uuid(), 'group', 'Us')"
			       " RETURNING id");

	sql("INSERT INTO chat.member (chat_id, user_id)"
	    " VALUES ('%s', '%s'), ('%s', '%s')", chat, a.id, chat, b.id);
	return chat;
}

static struct reply tell_typing(struct person who, const char *chat)
{
	return POST("/typing", text("{\"chat_id\":\"%s\"}", chat),
		    .token = who.token);
}

static void a_stream_is_handed_over_with_its_end(void **state)
{
	struct person ann = person_new();
	const long before = time(NULL) + conf.access_ttl_s - 2;
	struct reply r = GET("/stream", .token = ann.token);
	const char *prefix = text("X-Accel-Redirect: /live/stream/open?user=%s"
				  "&session=%s&until=", ann.id, ann.session);
	long until;

	(void)state;
	assert_int_equal(r.status, 200);
	assert_int_equal(r.body_bytes, 0);
	assert_memory_equal(r.headers, prefix, strlen(prefix));
	until = strtol(r.headers + strlen(prefix), NULL, 10);
	assert_in_range(until, before, before + 4);
}

static void a_look_at_the_head_opens_nothing(void **state)
{
	struct person ann = person_new();
	struct reply r = call((struct call){ .method = "HEAD",
		.path = "/stream", .token = ann.token });

	(void)state;
	assert_int_equal(r.status, 200);
	assert_string_equal(r.type, "text/event-stream");
	assert_null(r.headers);
}

static void without_a_token_there_is_no_stream(void **state)
{
	(void)state;
	assert_problem(GET("/stream"), 401, "unauthorized");
	assert_problem(GET("/stream", .token = "x"), 401, "unauthorized");
}

/* Elsewhere it would still do for its leeway. */
static void a_token_that_has_ended_opens_no_stream(void **state)
{
	struct person ann = person_new();
	struct arena *arena = arena_new();
	const char *token;

	(void)state;
	assert_int_equal(token_sign(arena, ann.id, ann.session,
				    time(NULL) - conf.access_ttl_s - 5,
				    &token), OK);
	assert_int_equal(GET("/presence", .token = token).status, 200);
	assert_problem(GET("/stream", .token = token), 401, "unauthorized");
	arena_free(arena);
}

static void typing_is_told_the_others(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = group_of(ann, bob);
	struct reply r = tell_typing(ann, chat);

	(void)state;
	assert_int_equal(r.status, 200);
	assert_string_equal(r.headers, text("X-Accel-Redirect: /live/stream/"
		"typing?chat=%s&user=%s&to=%s\r\n", chat, ann.id, bob.id));
}

static void only_a_member_types(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = group_of(ann, bob);

	(void)state;
	assert_problem(tell_typing(person_new(), chat), 404, "not_found");
	assert_problem(tell_typing(ann, ann.id), 404, "not_found");
	assert_problem(POST("/typing", text("{\"chat_id\":\"%s\"}", chat)),
		       401, "unauthorized");
	assert_invalid(tell_typing(ann, "x"), "/chat_id", "not_an_id");
	assert_invalid(POST("/typing", "{}", .token = ann.token), "/chat_id",
		       "required");
}

static void in_a_closed_chat_nobody_is_told(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = sql("INSERT INTO chat.chat (id, kind) VALUES"
			       " (chat.pair_id('%s', '%s'), 'pair')"
			       " RETURNING id", ann.id, bob.id);

	(void)state;
	sql("INSERT INTO chat.member (chat_id, user_id)"
	    " VALUES ('%s', '%s'), ('%s', '%s')", chat, ann.id, chat, bob.id);
	assert_int_equal(tell_typing(ann, chat).status, 200);
	befriend(ann, bob, "blocked");
	assert_int_equal(tell_typing(ann, chat).status, 204);
	assert_int_equal(tell_typing(bob, chat).status, 204);
	sql("DELETE FROM auth.account WHERE id = '%s'", bob.id);
	assert_int_equal(tell_typing(ann, chat).status, 204);
}

static void alone_in_a_group_one_types_for_nobody(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = group_of(ann, bob);

	(void)state;
	sql("DELETE FROM chat.member WHERE user_id = '%s'", bob.id);
	assert_int_equal(tell_typing(ann, chat).status, 204);
}

/* A gateway with these users, that has beaten so many seconds ago. */
static void gateway_with(struct person who, int seconds)
{
	const char *id = sql("INSERT INTO stream.gateway (id, alive_at) VALUES"
			     " (gen_random_uuid(), now() - interval '%d s')"
			     " RETURNING id", seconds);

	sql("INSERT INTO stream.online (user_id, gateway_id)"
	    " VALUES ('%s', '%s')", who.id, id);
}

static void presence_is_of_those_who_accepted(void **state)
{
	struct person me = person_new(), on = person_new();
	struct person off = person_new(), dead = person_new();
	struct person asked = person_new();
	const char *body;

	(void)state;
	befriend(me, on, "accepted");
	befriend(me, off, "accepted");
	befriend(me, dead, "accepted");
	befriend(me, asked, "outgoing");
	gateway_with(on, 0);
	gateway_with(dead, 16);
	gateway_with(asked, 0);
	sql("INSERT INTO stream.seen (user_id, at) VALUES"
	    " ('%s', '2026-01-02T03:04:05.678Z'),"
	    " ('%s', '2026-01-02T03:04:05.678Z')", on.id, off.id);

	body = GET("/presence", .token = me.token).body;
	assert_non_null(strstr(body, text("{\"user_id\" : \"%s\", \"online\" :"
		" true, \"seen_at\" : null}", on.id)));
	assert_non_null(strstr(body, text("{\"user_id\" : \"%s\", \"online\" :"
		" false, \"seen_at\" : \"2026-01-02T03:04:05.678Z\"}",
		off.id)));
	/* The stack's gateway may bury the dead one at any moment. */
	assert_non_null(strstr(body, text("{\"user_id\" : \"%s\", \"online\" :"
		" false, ", dead.id)));
	assert_null(strstr(body, asked.id));
	sql("WITH o AS (DELETE FROM stream.online WHERE user_id IN"
	    " ('%s', '%s', '%s') RETURNING gateway_id) DELETE FROM"
	    " stream.gateway WHERE id IN (SELECT gateway_id FROM o)",
	    on.id, dead.id, asked.id);
}

static void presence_has_pages(void **state)
{
	struct person me = person_new();
	const char *query = "limit=2", *seen = "";
	int pages = 0;

	(void)state;
	for (int i = 0; i < 5; i++)
		befriend(me, person_new(), "accepted");
	for (const char *next = ""; next; pages++) {
		const char *body = GET("/presence", .token = me.token,
				       .query = query).body;

		seen = text("%s%s", seen, body);
		next = strstr(body, "\"next\":\"");
		if (next)
			query = text("limit=2&cursor=%s", member(body, "next"));
	}
	assert_int_equal(pages, 3);
	assert_string_equal(sql("SELECT count(*) FROM social.subscription"
				" WHERE user_id = '%s' AND '%s' LIKE"
				" '%%' || other_id || '%%'", me.id, seen),
			    "5");
}

FUNCTION_TESTS("stream",
	CLAIM(a_stream_is_handed_over_with_its_end),
	CLAIM(a_look_at_the_head_opens_nothing),
	CLAIM(without_a_token_there_is_no_stream),
	CLAIM(a_token_that_has_ended_opens_no_stream),
	CLAIM(typing_is_told_the_others),
	CLAIM(only_a_member_types),
	CLAIM(in_a_closed_chat_nobody_is_told),
	CLAIM(alone_in_a_group_one_types_for_nobody),
	CLAIM(presence_is_of_those_who_accepted),
	CLAIM(presence_has_pages))
