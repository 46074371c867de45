/* What is said: once, in order, changed, deleted, and read in pages. */
#include "tests/unit/chat_fixture.h"

static struct reply send_as(struct person p, const char *chat,
			    const char *client_id, const char *what)
{
	return POST("/messages/send", sending(chat, client_id, what),
		    .token = p.token);
}

static struct reply send_to(struct person p, struct person other,
			    const char *client_id)
{
	return POST("/messages/send",
		    text("{\"user_id\":\"%s\",\"client_id\":\"%s\","
			 "\"text\":\"hello\"}", other.id, client_id),
		    .token = p.token);
}

static const char *last_seq(const char *chat)
{
	return sql("SELECT last_seq FROM chat.chat WHERE id = '%s'", chat);
}

static void a_message_has_all_members(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob), *client_id = fresh_id();
	struct reply r = send_as(ann, chat, client_id, "hello");

	(void)state;
	assert_int_equal(r.status, 201);
	assert_string_equal(r.body, sql("SELECT format('{\"chat_id\":\"%%s\","
		"\"seq\":1,\"sender_id\":\"%%s\",\"client_id\":\"%%s\","
		"\"text\":\"hello\",\"sent_at\":\"%%s\",\"edited_at\":null,"
		"\"deleted\":false}', chat_id, '%s', '%s',"
		" auth.rfc3339(sent_at)) FROM chat.message WHERE chat_id = '%s'",
		ann.id, client_id, chat));
}

static void an_event_is_the_message_and_for_whom(void **state)
{
	static const char *const types[] = {
		"MessageSent", "MessageEdited", "MessageDeleted",
	};
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob);

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct reply r = i == 0 ? say(ann, chat, "hello")
			       : i == 1 ? edit(ann, chat, "1", "changed")
					: delete(ann, chat, "1");
		const char *event = last_event(chat);

		assert_string_equal(sql("SELECT $doc$%s$doc$::jsonb - 'to'",
					event),
				    sql("SELECT $doc$%s$doc$::jsonb", r.body));
		assert_int_equal(told(event), 2);
		assert_true(tells(event, ann) && tells(event, bob));
		assert_string_equal(sql("SELECT type FROM event.outbox WHERE"
					" key = '%s' ORDER BY id DESC LIMIT 1",
					chat), types[i]);
	}
}

static void the_same_message_is_sent_once(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob), *client_id = fresh_id();
	struct reply first = send_as(ann, chat, client_id, "hello");
	struct reply again = send_as(ann, chat, client_id, "hello");
	struct reply other = send_as(ann, chat, client_id, "something else");

	(void)state;
	assert_int_equal(first.status, 201);
	assert_int_equal(again.status, 200);
	assert_int_equal(other.status, 200);
	assert_string_equal(again.body, first.body);
	assert_string_equal(other.body, first.body);
	assert_string_equal(last_seq(chat), "1");
	assert_string_equal(events(chat), "ChatCreated MessageSent");
}

/* Sent again, it is what has become of it. */
static void a_repeated_message_is_as_it_is_now(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob), *client_id = fresh_id();

	(void)state;
	send_as(ann, chat, client_id, "hello");
	edit(ann, chat, "1", "changed");
	assert_string_equal(member(send_as(ann, chat, client_id, "hello").body,
				   "text"), "changed");
	delete(ann, chat, "1");
	assert_null(member(send_as(ann, chat, client_id, "hello").body,
			   "text"));
}

static void a_client_id_counts_for_its_sender_and_chat_only(void **state)
{
	struct person ann = person_new(), bob = person_new();
	struct person carl = person_new();
	const char *chat = pair_of(ann, bob), *client_id = fresh_id();

	(void)state;
	assert_int_equal(send_as(ann, chat, client_id, "a").status, 201);
	assert_int_equal(send_as(bob, chat, client_id, "b").status, 201);
	assert_int_equal(send_as(ann, pair_of(ann, carl), client_id,
				 "c").status, 201);
}

static void a_message_to_a_user_makes_their_chat_once(void **state)
{
	struct person ann = person_new(), bob = friend_of(ann);
	const char *chat = sql("SELECT chat.pair_id('%s', '%s')", ann.id,
			       bob.id), *client_id = fresh_id();
	struct reply first = send_to(ann, bob, client_id);

	(void)state;
	assert_int_equal(first.status, 201);
	assert_string_equal(member(first.body, "chat_id"), chat);
	assert_int_equal(send_to(ann, bob, client_id).status, 200);
	assert_int_equal(send_to(ann, bob, fresh_id()).status, 201);
	assert_int_equal(send_to(bob, ann, fresh_id()).status, 201);
	assert_string_equal(events(chat), "ChatCreated MessageSent MessageSent"
					  " MessageSent");
}

static void who_may_not_be_written_to_gets_no_chat(void **state)
{
	static const char *const states[] = {
		"none/none", "outgoing/incoming", "incoming/outgoing",
		"blocked/none", "none/blocked", "outgoing/blocked",
	};
	struct person ann = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(states); i++) {
		struct person other = person_new();
		struct reply r;

		relate(ann, other, states[i]);
		r = send_to(ann, other, fresh_id());
		assert_problem(r, 403, "forbidden");
		assert_non_null(strstr(r.body, "\"errors\":[{\"pointer\":"
				       "\"/user_id\",\"code\":\"not_allowed\"}]"));
	}
	assert_problem(send_to(ann, (struct person){ NOBODY, NULL },
			       fresh_id()), 403, "forbidden");
	assert_string_equal(sql("SELECT count(*) FROM chat.member"
				" WHERE user_id = '%s'", ann.id), "0");
}

/* Nor another chat, once there is one. */
static void a_message_to_a_user_of_a_closed_chat_is_refused(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob);

	(void)state;
	relate(ann, bob, "none/blocked");
	assert_problem(send_to(ann, bob, fresh_id()), 409, "chat_closed");
	relate(ann, bob, "none/none");
	assert_int_equal(send_to(ann, bob, fresh_id()).status, 201);
	assert_string_equal(last_seq(chat), "1");
}

static void an_edit_tells_when(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob);
	const char *sent_at = member(say(ann, chat, "hello").body, "sent_at");
	struct reply r = edit(ann, chat, "1", "changed");

	(void)state;
	assert_int_equal(r.status, 200);
	assert_string_equal(member(r.body, "text"), "changed");
	assert_string_equal(member(r.body, "sent_at"), sent_at);
	assert_true(strcmp(member(r.body, "edited_at"), sent_at) >= 0);
	assert_string_equal(last_seq(chat), "1");
}

static void an_edit_that_changes_nothing_is_none(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob);
	struct reply r;

	(void)state;
	say(ann, chat, "hello");
	r = edit(ann, chat, "1", "hello");
	assert_int_equal(r.status, 200);
	assert_null(member(r.body, "edited_at"));
	assert_string_equal(events(chat), "ChatCreated MessageSent");
}

static void what_is_deleted_is_gone_and_keeps_its_place(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob);
	struct reply first, again;

	(void)state;
	say(ann, chat, "one");
	say(ann, chat, "secret");
	say(ann, chat, "three");
	first = delete(ann, chat, "2");
	again = delete(ann, chat, "2");
	assert_int_equal(first.status, 200);
	assert_int_equal(again.status, 200);
	assert_string_equal(again.body, first.body);
	assert_string_equal(at(first.body, "deleted"), "true");
	assert_null(member(first.body, "text"));
	assert_string_equal(at(list(bob, chat, "").body, "items,1,seq"), "2");
	assert_string_equal(texts(list(bob, chat, "")), "one three");
	assert_string_equal(sql("SELECT count(*) FROM chat.message m"
				" WHERE m::text LIKE '%%secret%%'"
				" AND chat_id = '%s'", chat), "0");
	assert_string_equal(events(chat), "ChatCreated MessageSent MessageSent"
					  " MessageSent MessageDeleted");
}

/* Ten messages, "1" to "10". */
static const char *ten_of(struct person ann, struct person bob)
{
	const char *chat = pair_of(ann, bob);

	for (int i = 1; i <= 10; i++)
		say(i % 2 ? ann : bob, chat, text("%d", i));

	return chat;
}

static void a_page_is_ascending_and_tells_the_next(void **state)
{
	static const struct {
		const char *query, *texts, *next;	/* NULL: null */
	} cases[] = {
		{ "",		      "1 2 3 4 5 6 7 8 9 10", NULL },
		{ "limit=10",	      "1 2 3 4 5 6 7 8 9 10", NULL },
		{ "limit=3",	      "8 9 10",		      "8" },
		{ "limit=3&before=8", "5 6 7",		      "5" },
		{ "limit=3&before=5", "2 3 4",		      "2" },
		{ "limit=3&before=2", "1",		      NULL },
		{ "limit=3&before=4", "1 2 3",		      NULL },
		{ "before=1",	      "",		      NULL },
		{ "before=9007199254740991&limit=1", "10",    "10" },
		{ "after=0",	      "1 2 3 4 5 6 7 8 9 10", NULL },
		{ "after=0&limit=4",  "1 2 3 4",	      "4" },
		{ "after=4&limit=4",  "5 6 7 8",	      "8" },
		{ "after=8&limit=4",  "9 10",		      NULL },
		{ "after=6&limit=4",  "7 8 9 10",	      NULL },
		{ "after=10",	      "",		      NULL },
		{ "after=9007199254740991", "",		      NULL },
	};
	struct person ann = person_new(), bob = person_new();
	const char *chat = ten_of(ann, bob);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reply r = list(bob, chat, cases[i].query);
		struct reply pair = GET("/messages/chat", .token = bob.token,
					.query = text("user_id=%s&%s", ann.id,
						      cases[i].query));

		assert_string_equal(texts(r), cases[i].texts);
		assert_string_equal(at(r.body, "next"), cases[i].next ?: "");
		assert_string_equal(pair.body, r.body);
	}
}

static void an_empty_chat_is_an_empty_page(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob);

	(void)state;
	assert_string_equal(list(ann, chat, "").body,
			    "{\"items\":[],\"next\":null}");
	assert_string_equal(list(ann, chat, "after=0").body,
			    "{\"items\":[],\"next\":null}");
}

static void without_a_chat_a_users_messages_are_not_there(void **state)
{
	struct person ann = person_new(), friend = friend_of(ann);
	const char *const ids[] = { friend.id, ann.id, NOBODY };

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++)
		assert_problem(GET("/messages/chat", .token = ann.token,
				   .query = text("user_id=%s", ids[i])),
			       404, "not_found");
}

static void text_is_text(void **state)
{
	static const char *const cases[][2] = {	/* as sent, as it comes */
		{ "\\\"\\\\</script>\\u2028 {}", "\"\\</script>\xe2\x80\xa8 {}" },
		{ "';DROP TABLE chat.chat--", "';DROP TABLE chat.chat--" },
		{ "$1 %s {} $doc", "$1 %s {} $doc" },
		{ " ", " " },
		{ "\\n\\t\\u0001", "\n\t\x01" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
		{ "null", "null" },
	};
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reply r = say(ann, chat, cases[i][0]);

		assert_int_equal(r.status, 201);
		assert_string_equal(member(r.body, "text"), cases[i][1]);
		assert_string_equal(member(last_event(chat), "text"),
				    cases[i][1]);
		r = list(bob, chat, "limit=1");
		assert_string_equal(at(r.body, "items,0,text"), cases[i][1]);
	}
}

FUNCTION_TESTS("chat",
	CHAT_CLAIM(a_message_has_all_members),
	CHAT_CLAIM(an_event_is_the_message_and_for_whom),
	CHAT_CLAIM(the_same_message_is_sent_once),
	CHAT_CLAIM(a_repeated_message_is_as_it_is_now),
	CHAT_CLAIM(a_client_id_counts_for_its_sender_and_chat_only),
	CHAT_CLAIM(a_message_to_a_user_makes_their_chat_once),
	CHAT_CLAIM(who_may_not_be_written_to_gets_no_chat),
	CHAT_CLAIM(a_message_to_a_user_of_a_closed_chat_is_refused),
	CHAT_CLAIM(an_edit_tells_when),
	CHAT_CLAIM(an_edit_that_changes_nothing_is_none),
	CHAT_CLAIM(what_is_deleted_is_gone_and_keeps_its_place),
	CHAT_CLAIM(a_page_is_ascending_and_tells_the_next),
	CHAT_CLAIM(an_empty_chat_is_an_empty_page),
	CHAT_CLAIM(without_a_chat_a_users_messages_are_not_there),
	CHAT_CLAIM(text_is_text))
