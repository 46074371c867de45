/* Groups: who comes, who goes, who is told; and what becomes of the rest. */
#include "tests/unit/chat_fixture.h"

static const char *owner_of(const char *chat)
{
	return sql("SELECT string_agg(user_id::text, ' ') FROM chat.member"
		   " WHERE chat_id = '%s' AND role = 'owner'", chat);
}

static void who_is_added_sees_all_and_has_read_it(void **state)
{
	struct person ann = person_new(), bob = person_new();
	struct person carl = friend_of(ann);
	const char *chat = group_of(ann, bob), *event;
	struct reply r;

	(void)state;
	say(ann, chat, "one");
	say(bob, chat, "two");
	r = add(ann, chat, carl.id);
	assert_int_equal(r.status, 201);
	assert_string_equal(at(r.body, "members,2,user,id"), carl.id);
	assert_string_equal(at(r.body, "members,2,role"), "member");
	assert_string_equal(at(r.body, "members,2,received_seq"), "2");
	assert_string_equal(at(r.body, "members,2,read_seq"), "2");
	assert_string_equal(texts(list(carl, chat, "")), "one two");
	assert_string_equal(at(look(carl, chat).body, "unread"), "0");

	event = last_event(chat);
	assert_string_equal(sql("SELECT '%s'::jsonb - 'to'", event),
			    sql("SELECT '{\"chat_id\": \"%s\", \"user_id\":"
				" \"%s\", \"user_ids\": [\"%s\"]}'::jsonb",
				chat, ann.id, carl.id));
	assert_true(tells(event, ann) && tells(event, bob));
	assert_true(tells(event, carl));
	assert_int_equal(told(event), 3);
}

static void who_is_there_is_added_once(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = group_of(ann, bob);

	(void)state;
	assert_int_equal(add(ann, chat, bob.id).status, 200);
	assert_int_equal(add(ann, chat, ann.id).status, 200);
	assert_string_equal(events(chat), "ChatCreated");
}

static void who_may_not_be_written_to_is_not_added(void **state)
{
	static const char *const states[] = {
		"none/none", "outgoing/incoming", "incoming/outgoing",
		"blocked/none", "none/blocked", "outgoing/blocked",
	};
	struct person ann = person_new(), bob = person_new();
	struct person gone = friend_of(ann);
	const char *chat = group_of(ann, bob);

	(void)state;
	person_delete(gone);
	assert_problem(add(ann, chat, gone.id), 403, "forbidden");
	assert_problem(add(ann, chat, NOBODY), 403, "forbidden");
	for (size_t i = 0; i < COUNT(states); i++) {
		struct person other = person_new();
		struct reply r;

		relate(ann, other, states[i]);
		r = add(ann, chat, other.id);
		assert_problem(r, 403, "forbidden");
		assert_non_null(strstr(r.body, "[{\"pointer\":\"/user_id\","
					       "\"code\":\"not_allowed\"}]"));
	}
	assert_string_equal(events(chat), "ChatCreated");
}

static void with_everyone_only_a_block_counts(void **state)
{
	static const struct {
		const char *states;
		int status;
	} cases[] = {
		{ "none/none",		201 }, { "outgoing/incoming", 201 },
		{ "accepted/accepted",	201 }, { "none/outgoing",     201 },
		{ "blocked/none",	403 }, { "none/blocked",      403 },
		{ "outgoing/blocked",	403 }, { "blocked/blocked",   403 },
	};
	struct person ann = person_new(), bob = person_new();
	const char *chat = group_of(ann, bob);

	(void)state;
	conf.chats_with = "everyone";
	assert_problem(add(ann, chat, NOBODY), 403, "forbidden");
	assert_int_equal(add(ann, chat, person_new().id).status, 201);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct person other = person_new();

		relate(ann, other, cases[i].states);
		assert_int_equal(add(ann, chat, other.id).status,
				 cases[i].status);
	}
}

static void a_removal_tells_the_removed_one_for_the_last_time(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = group_of(ann, bob), *event;

	(void)state;
	assert_int_equal(take_out(ann, chat, bob.id).status, 204);
	event = last_event(chat);
	assert_string_equal(sql("SELECT '%s'::jsonb - 'to'", event),
			    sql("SELECT '{\"chat_id\": \"%s\", \"user_id\":"
				" \"%s\", \"user_ids\": [\"%s\"]}'::jsonb",
				chat, ann.id, bob.id));
	assert_true(tells(event, ann) && tells(event, bob));
	assert_int_equal(told(event), 2);

	say(ann, chat, "alone");
	assert_false(tells(last_event(chat), bob));
}

static void an_owner_who_leaves_hands_on_to_the_longest_member(void **state)
{
	struct person ann = person_new(), bob = person_new();
	struct person carl = friend_of(ann);
	const char *chat = group_of(ann, bob);

	(void)state;
	add(ann, chat, carl.id);
	sql("UPDATE chat.member SET joined_at = now() - interval '1 day'"
	    " WHERE chat_id = '%s' AND user_id = '%s'", chat, carl.id);
	assert_int_equal(take_out(ann, chat, ann.id).status, 204);
	assert_string_equal(owner_of(chat), carl.id);
	assert_int_equal(take_out(carl, chat, carl.id).status, 204);
	assert_string_equal(owner_of(chat), bob.id);
}

static void a_member_who_leaves_hands_nothing_on(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = group_of(ann, bob);

	(void)state;
	assert_int_equal(take_out(bob, chat, bob.id).status, 204);
	assert_string_equal(owner_of(chat), ann.id);
}

static void what_nobody_sees_any_more_is_deleted(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = group_of(ann, bob), *other = group_of(ann, bob);
	const char *count = text("SELECT (SELECT count(*) FROM chat.chat"
				 "	WHERE id = '%s') || ' ' ||"
				 " (SELECT count(*) FROM chat.message"
				 "	WHERE chat_id = '%s')", chat, chat);

	(void)state;
	say(ann, chat, "one");
	say(ann, other, "one");
	take_out(ann, chat, bob.id);
	sql("SELECT chat.tidy()");
	assert_string_equal(sql("%s", count), "1 1");
	assert_int_equal(take_out(ann, chat, ann.id).status, 204);
	assert_int_equal(told(last_event(chat)), 1);
	sql("SELECT chat.tidy()");
	assert_string_equal(sql("%s", count), "0 0");
	assert_string_equal(texts(list(bob, other, "")), "one");
}

/* So that publishing need not wait for long. */
static void what_is_much_is_deleted_bit_by_bit(void **state)
{
	struct person ann = person_new();
	const char *chat = crowd_of(ann, 1);
	int rounds = 0;

	(void)state;
	sql("INSERT INTO chat.message (chat_id, seq, sender_id, client_id,"
	    " text, sent_at) SELECT '%s', n, '%s', gen_random_uuid(), 'x',"
	    " now() FROM generate_series(1, 12000) n", chat, ann.id);
	take_out(ann, chat, ann.id);
	do
		sql("SELECT chat.tidy()");
	while (++rounds < 10 && atoi(sql("SELECT count(*) FROM chat.chat"
					 " WHERE id = '%s'", chat)) > 0);
	assert_int_equal(rounds, 3);
}

FUNCTION_TESTS("chat",
	CHAT_CLAIM(who_is_added_sees_all_and_has_read_it),
	CHAT_CLAIM(who_is_there_is_added_once),
	CHAT_CLAIM(who_may_not_be_written_to_is_not_added),
	CHAT_CLAIM(with_everyone_only_a_block_counts),
	CHAT_CLAIM(a_removal_tells_the_removed_one_for_the_last_time),
	CHAT_CLAIM(an_owner_who_leaves_hands_on_to_the_longest_member),
	CHAT_CLAIM(a_member_who_leaves_hands_nothing_on),
	CHAT_CLAIM(what_nobody_sees_any_more_is_deleted),
	CHAT_CLAIM(what_is_much_is_deleted_bit_by_bit))
