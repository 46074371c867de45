/* How much is too much: chats an hour, people, letters. */
#include "tests/unit/chat_fixture.h"

enum { HOUR_S = 3600, SLOW_S = 60 };	/* that a claim may take */

static struct reply create_pair(struct person p, struct person other)
{
	return POST("/chat/create", creation(NULL, quoted(other)),
		    .token = p.token);
}

static struct reply create_group(struct person p)
{
	return POST("/chat/create", creation("Trip", quoted(friend_of(p))),
		    .token = p.token);
}

static struct reply write_to(struct person p, struct person other)
{
	return POST("/messages/send",
		    text("{\"user_id\":\"%s\",\"client_id\":\"%s\","
			 "\"text\":\"hello\"}", other.id, fresh_id()),
		    .token = p.token);
}

static const char *chats_of(struct person p)
{
	return sql("SELECT count(*) FROM chat.member WHERE user_id = '%s'",
		   p.id);
}

static void pretend_hour_goes_by(struct person p, int seconds)
{
	sql("UPDATE chat.creation_rate"
	    " SET used_until = used_until - interval '%d s'"
	    " WHERE user_id = '%s'", seconds, p.id);
}

static void after_so_many_chats_one_more_for_every_share_of_the_hour(
	void **state)
{
	static const int hourly[] = { 1, 2, 20 };

	(void)state;
	for (size_t i = 0; i < COUNT(hourly); i++) {
		struct person ann = person_new();
		int wait_s;

		conf.chats_hourly = hourly[i];
		for (int n = 0; n < hourly[i]; n++)
			assert_int_equal(create_group(ann).status, 201);
		wait_s = wait_of(create_group(ann));
		assert_in_range(wait_s, HOUR_S / hourly[i] - SLOW_S,
				HOUR_S / hourly[i]);

		pretend_hour_goes_by(ann, wait_s - SLOW_S);
		assert_in_range(wait_of(create_group(ann)), 1, SLOW_S);
		pretend_hour_goes_by(ann, SLOW_S);
		assert_int_equal(create_group(ann).status, 201);
		wait_of(create_group(ann));
		assert_string_equal(chats_of(ann), text("%d", hourly[i] + 1));
	}
}

static void every_way_to_make_a_chat_counts(void **state)
{
	static struct reply (*const ways[])(struct person, struct person) = {
		create_pair, write_to,
	};

	(void)state;
	conf.chats_hourly = 1;
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct person ann = person_new();

		assert_int_equal(ways[i](ann, friend_of(ann)).status, 201);
		for (size_t n = 0; n < COUNT(ways); n++)
			wait_of(ways[n](ann, friend_of(ann)));
		wait_of(create_group(ann));
		assert_string_equal(chats_of(ann), "1");
	}
}

static void what_makes_no_chat_does_not_count(void **state)
{
	struct person ann = person_new(), bob = friend_of(ann);
	struct person friend = friend_of(ann);

	(void)state;
	conf.chats_hourly = 2;
	assert_int_equal(create_pair(ann, bob).status, 201);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(create_pair(ann, bob).status, 200);
		assert_int_equal(write_to(ann, bob).status, 201);
		assert_int_equal(create_pair(ann, person_new()).status, 403);
		assert_int_equal(write_to(ann, person_new()).status, 403);
	}
	assert_int_equal(create_pair(ann, friend).status, 201);
	wait_of(create_pair(ann, friend_of(ann)));
	assert_int_equal(create_pair(ann, friend).status, 200);
	assert_int_equal(create_pair(friend_of(ann), ann).status, 201);
}

static void a_group_has_256_members(void **state)
{
	struct person ann = person_new(), last = friend_of(ann);
	const char *chat = crowd_of(ann, 255);

	(void)state;
	assert_int_equal(add(ann, chat, last.id).status, 201);
	assert_problem(add(ann, chat, friend_of(ann).id), 409, "full");
	assert_int_equal(add(ann, chat, last.id).status, 200);
	assert_int_equal(say(last, chat, "hello").status, 201);
	assert_int_equal(told(last_event(chat)), 256);
	take_out(ann, chat, last.id);
	assert_int_equal(add(ann, chat, friend_of(ann).id).status, 201);
}

/* n people, as members of a JSON array. */
static const char *people(int n)
{
	return sql("WITH friend AS (INSERT INTO auth.account (id, email)"
		   " SELECT gen_random_uuid(), gen_random_uuid() || '@a.example'"
		   "   FROM generate_series(1, %d) RETURNING id)"
		   " SELECT string_agg('\"' || id || '\"', ',') FROM friend",
		   n);
}

static void a_group_is_made_of_up_to_255_others(void **state)
{
	struct person ann = person_new();
	const char *ids;
	struct reply r;

	(void)state;
	conf.chats_with = "everyone";
	ids = people(255);
	r = POST("/chat/create", creation("Trip", ids), .token = ann.token);
	assert_int_equal(r.status, 201);
	assert_int_equal(told(last_event(member(r.body, "id"))), 256);
	assert_invalid(POST("/chat/create",
			    creation("Trip", text("%s,\"" NOBODY "\"", ids)),
			    .token = ann.token), "/user_ids", "too_many");
}

/* n characters of four bytes. */
static const char *long_text(int n)
{
	return sql("SELECT repeat(U&'\\+01F600', %d)", n);
}

static void a_text_has_4096_letters(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob);

	(void)state;
	assert_int_equal(say(ann, chat, long_text(4096)).status, 201);
	assert_string_equal(member(last_event(chat), "text"), long_text(4096));
	assert_invalid(say(ann, chat, long_text(4097)), "/text", "too_long");
	assert_invalid(say(ann, chat, ""), "/text", "too_short");
	assert_int_equal(edit(ann, chat, "1", long_text(4096)).status, 200);
	assert_invalid(edit(ann, chat, "1", long_text(4097)), "/text",
		       "too_long");
	assert_invalid(edit(ann, chat, "1", ""), "/text", "too_short");
}

/* An event has room for whatever fits into a message, told to a full group. */
static void the_longest_event_fits(void **state)
{
	struct person ann = person_new();
	const char *chat = crowd_of(ann, 256);

	(void)state;
	assert_int_equal(say(ann, chat, sql("SELECT repeat('\\u0001', 4096)"))
			 .status, 201);
	assert_int_equal(edit(ann, chat, "1", sql("SELECT repeat('\\u0002',"
						  " 4096)")).status, 200);
	assert_int_equal(told(last_event(chat)), 256);
}

static void a_title_has_100_letters(void **state)
{
	struct person ann = person_new();
	const char *ids = quoted(friend_of(ann));

	(void)state;
	assert_int_equal(POST("/chat/create", creation(long_text(100), ids),
			      .token = ann.token).status, 201);
	assert_invalid(POST("/chat/create", creation(long_text(101), ids),
			    .token = ann.token), "/title", "too_long");
	assert_invalid(POST("/chat/create", creation("", ids),
			    .token = ann.token), "/title", "too_short");
}

FUNCTION_TESTS("chat",
	CHAT_CLAIM(after_so_many_chats_one_more_for_every_share_of_the_hour),
	CHAT_CLAIM(every_way_to_make_a_chat_counts),
	CHAT_CLAIM(what_makes_no_chat_does_not_count),
	CHAT_CLAIM(a_group_has_256_members),
	CHAT_CLAIM(a_group_is_made_of_up_to_255_others),
	CHAT_CLAIM(a_text_has_4096_letters),
	CHAT_CLAIM(the_longest_event_fits),
	CHAT_CLAIM(a_title_has_100_letters))
