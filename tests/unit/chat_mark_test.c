/* How far each has received and read, and who is told. */
#include "tests/unit/chat_fixture.h"

static const char *marks_of(struct person p, const char *chat)
{
	return sql("SELECT received_seq || ' ' || read_seq FROM chat.member"
		   " WHERE chat_id = '%s' AND user_id = '%s'", chat, p.id);
}

static int unread(struct person p, const char *chat)
{
	return atoi(at(look(p, chat).body, "unread"));
}

/* Messages of one sender behind those that there are. */
static void fill(const char *chat, struct person sender, int n)
{
	sql("INSERT INTO chat.message (chat_id, seq, sender_id, client_id,"
	    " text, sent_at) SELECT '%s', last_seq + n, '%s',"
	    " gen_random_uuid(), 'x', now() FROM chat.chat,"
	    " generate_series(1, %d) n WHERE id = '%s'", chat, sender.id, n,
	    chat);
	sql("UPDATE chat.chat SET last_seq = last_seq + %d WHERE id = '%s'", n,
	    chat);
}

static void a_mark_never_goes_back_and_read_covers_received(void **state)
{
	static const struct {
		const char *kind;
		int seq;
		const char *marks, *event;
	} steps[] = {
		{ "received", 2, "2 0", "MessageReceived" },
		{ "received", 2, "2 0", NULL },
		{ "received", 1, "2 0", NULL },
		{ "read",     1, "2 1", "MessagesRead" },
		{ "read",     3, "3 3", "MessagesRead" },
		{ "read",     3, "3 3", NULL },
		{ "read",     2, "3 3", NULL },
		{ "received", 3, "3 3", NULL },
		{ "received", 4, "4 3", "MessageReceived" },
	};
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob), *known;

	(void)state;
	fill(chat, ann, 4);
	known = events(chat);
	for (size_t i = 0; i < COUNT(steps); i++) {
		assert_int_equal(mark(bob, steps[i].kind, chat,
				      steps[i].seq).status, 204);
		assert_string_equal(marks_of(bob, chat), steps[i].marks);
		if (steps[i].event)
			known = text("%s %s", known, steps[i].event);
		assert_string_equal(events(chat), known);
	}
	assert_string_equal(marks_of(ann, chat), "0 0");
}

static void what_is_not_there_yet_has_no_mark(void **state)
{
	static const char *const kinds[] = { "received", "read" };
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob);

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++)
		assert_invalid(mark(bob, kinds[i], chat, 1), "/seq",
			       "out_of_range");
	say(ann, chat, "one");
	for (size_t i = 0; i < COUNT(kinds); i++) {
		assert_invalid(mark(bob, kinds[i], chat, 2), "/seq",
			       "out_of_range");
		assert_int_equal(mark(bob, kinds[i], chat, 1).status, 204);
	}
	assert_string_equal(marks_of(bob, chat), "1 1");
}

static void an_event_says_who_has_come_how_far(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob);

	(void)state;
	say(ann, chat, "one");
	mark(bob, "read", chat, 1);
	assert_string_equal(sql("SELECT '%s'::jsonb - 'to'", last_event(chat)),
			    sql("SELECT '{\"chat_id\": \"%s\", \"user_id\":"
				" \"%s\", \"seq\": 1}'::jsonb", chat, bob.id));
}

static void told_are_oneself_and_the_senders_of_what_is_new(void **state)
{
	struct person ann = person_new(), bob = friend_of(ann);
	struct person carl = friend_of(ann), dora = friend_of(ann);
	const char *chat = group_with(ann, text("\"%s\",\"%s\",\"%s\"", bob.id,
						carl.id, dora.id)), *event;

	(void)state;
	say(ann, chat, "1");
	say(carl, chat, "2");
	say(bob, chat, "3");
	say(carl, chat, "4");

	mark(bob, "received", chat, 2);
	event = last_event(chat);
	assert_true(tells(event, ann) && tells(event, carl));
	assert_true(tells(event, bob));
	assert_int_equal(told(event), 3);

	mark(bob, "received", chat, 4);
	event = last_event(chat);
	assert_true(tells(event, carl) && tells(event, bob));
	assert_int_equal(told(event), 2);

	mark(dora, "read", chat, 4);
	assert_int_equal(told(last_event(chat)), 4);
}

static void a_sender_who_is_no_longer_there_is_not_told(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = group_of(ann, bob);

	(void)state;
	say(bob, chat, "one");
	take_out(ann, chat, bob.id);
	mark(ann, "read", chat, 1);
	assert_true(tells(last_event(chat), ann));
	assert_int_equal(told(last_event(chat)), 1);
}

static void in_a_closed_chat_only_oneself_is_told(void **state)
{
	static const char *const states[] = { "blocked/none", "none/blocked" };

	(void)state;
	for (size_t i = 0; i < COUNT(states); i++) {
		struct person ann = person_new(), bob = person_new();
		const char *chat = pair_of(ann, bob);

		say(ann, chat, "one");
		relate(ann, bob, states[i]);
		assert_int_equal(mark(bob, "read", chat, 1).status, 204);
		assert_true(tells(last_event(chat), bob));
		assert_int_equal(told(last_event(chat)), 1);
	}
}

/* Of a long absence the end is looked at. */
static void senders_of_the_last_thousand_are_told(void **state)
{
	struct person ann = person_new(), bob = person_new();
	struct person carl = friend_of(ann);
	const char *chat = group_of(ann, bob);

	(void)state;
	add(ann, chat, carl.id);
	fill(chat, carl, 1);
	fill(chat, ann, 999);
	mark(bob, "received", chat, 1000);
	assert_int_equal(told(last_event(chat)), 3);
	fill(chat, carl, 1);
	fill(chat, ann, 1000);
	mark(bob, "received", chat, 2001);
	assert_int_equal(told(last_event(chat)), 2);
	assert_false(tells(last_event(chat), carl));
}

static void unread_are_others_messages_that_are_still_there(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob);

	(void)state;
	say(ann, chat, "1");
	say(ann, chat, "2");
	say(bob, chat, "3");
	say(ann, chat, "4");
	assert_int_equal(unread(bob, chat), 3);
	assert_int_equal(unread(ann, chat), 1);
	mark(bob, "received", chat, 4);
	assert_int_equal(unread(bob, chat), 3);
	mark(bob, "read", chat, 1);
	assert_int_equal(unread(bob, chat), 2);
	delete(ann, chat, "4");
	assert_int_equal(unread(bob, chat), 1);
	mark(bob, "read", chat, 4);
	assert_int_equal(unread(bob, chat), 0);
}

static void no_more_than_a_thousand_are_counted(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob);

	(void)state;
	fill(chat, ann, 999);
	assert_int_equal(unread(bob, chat), 999);
	fill(chat, ann, 1);
	assert_int_equal(unread(bob, chat), 1000);
	fill(chat, ann, 1);
	assert_int_equal(unread(bob, chat), 1000);
}

FUNCTION_TESTS("chat",
	CHAT_CLAIM(a_mark_never_goes_back_and_read_covers_received),
	CHAT_CLAIM(what_is_not_there_yet_has_no_mark),
	CHAT_CLAIM(an_event_says_who_has_come_how_far),
	CHAT_CLAIM(told_are_oneself_and_the_senders_of_what_is_new),
	CHAT_CLAIM(a_sender_who_is_no_longer_there_is_not_told),
	CHAT_CLAIM(in_a_closed_chat_only_oneself_is_told),
	CHAT_CLAIM(senders_of_the_last_thousand_are_told),
	CHAT_CLAIM(unread_are_others_messages_that_are_still_there),
	CHAT_CLAIM(no_more_than_a_thousand_are_counted))
