/* Making chats and finding them again. */
#include "tests/unit/chat_fixture.h"

static struct reply create(struct person p, const char *title, const char *ids)
{
	return POST("/chat/create", creation(title, ids), .token = p.token);
}

static const char *members_of(const char *chat)
{
	return sql("SELECT string_agg(user_id || ' ' || role, ', '"
		   " ORDER BY role, user_id) FROM chat.member"
		   " WHERE chat_id = '%s'", chat);
}

static void a_pair_has_one_chat_whoever_asks(void **state)
{
	struct person ann = person_new(), bob = friend_of(ann);
	struct reply first = create(ann, NULL, quoted(bob));
	struct reply again = create(ann, NULL, quoted(bob));
	struct reply other = create(bob, NULL, quoted(ann));
	const char *id = member(first.body, "id");

	(void)state;
	assert_int_equal(first.status, 201);
	assert_int_equal(again.status, 200);
	assert_int_equal(other.status, 200);
	assert_string_equal(again.body, first.body);
	assert_string_equal(member(other.body, "id"), id);
	assert_string_equal(sql("SELECT chat.pair_id('%s', '%s')", bob.id,
				ann.id), id);
	assert_string_equal(events(id), "ChatCreated");
}

static void a_group_has_a_title_and_an_owner(void **state)
{
	struct person ann = person_new(), bob = friend_of(ann);
	struct reply first = create(ann, "Trip", quoted(bob));
	struct reply other = create(ann, "Trip", quoted(bob));
	const char *id = member(first.body, "id");

	(void)state;
	assert_int_equal(first.status, 201);
	assert_int_equal(other.status, 201);
	assert_string_not_equal(member(other.body, "id"), id);
	assert_string_equal(member(first.body, "kind"), "group");
	assert_string_equal(member(first.body, "title"), "Trip");
	assert_string_equal(members_of(id), text("%s owner, %s member", ann.id,
						 bob.id));
}

static void an_existing_pair_is_found_in_any_state(void **state)
{
	static const char *const states[] = {
		"none/none", "outgoing/incoming", "blocked/none",
		"none/blocked", "blocked/blocked",
	};
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob);

	(void)state;
	for (size_t i = 0; i < COUNT(states); i++) {
		struct reply r;

		relate(ann, bob, states[i]);
		r = create(ann, NULL, quoted(bob));
		assert_int_equal(r.status, 200);
		assert_string_equal(member(r.body, "id"), chat);
	}
	person_delete(bob);
	assert_int_equal(create(ann, NULL, quoted(bob)).status, 200);
}

/* The id is the one that every program would compute. */
static void the_id_of_a_pair_is_derived(void **state)
{
	static const char a[] = "0190a6b2-7c1e-7d3a-9f10-0123456789aa";
	static const char b[] = "0190a6b2-7c1e-7d3a-9f10-0123456789bb";
	static const char pair[] = "8636426c-8c6a-8083-b42f-7c569f3d99d9";

	(void)state;
	assert_string_equal(sql("SELECT chat.pair_id('%s', '%s')", a, b),
			    pair);
	assert_string_equal(sql("SELECT chat.pair_id('%s', '%s')", b, a),
			    pair);
}

static void who_may_not_be_written_to_is_named(void **state)
{
	static const struct {
		const char *states;
		bool accepted, everyone;	/* may be written to */
	} cases[] = {
		{ "accepted/accepted", true,  true },
		{ "none/none",	       false, true },
		{ "outgoing/incoming", false, true },
		{ "incoming/outgoing", false, true },
		{ "none/outgoing",     false, true },
		{ "blocked/none",      false, false },
		{ "none/blocked",      false, false },
		{ "outgoing/blocked",  false, false },
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		struct person ann = person_new(), friend = friend_of(ann);
		struct person other = person_new();
		const bool may = i % 2 ? cases[i / 2].everyone
				       : cases[i / 2].accepted;
		const char *ids = text("%s,%s", quoted(friend), quoted(other));
		struct reply pair, group;

		conf.chats_with = i % 2 ? "everyone" : "accepted";
		relate(ann, other, cases[i / 2].states);
		group = create(ann, "Trip", ids);
		pair = create(ann, NULL, quoted(other));
		assert_int_equal(pair.status, may ? 201 : 403);
		assert_int_equal(group.status, may ? 201 : 403);
		if (may)
			continue;
		assert_non_null(strstr(pair.body, "[{\"pointer\":"
			"\"/user_ids/0\",\"code\":\"not_allowed\"}]"));
		assert_non_null(strstr(group.body, "[{\"pointer\":"
			"\"/user_ids/1\",\"code\":\"not_allowed\"}]"));
		assert_string_equal(sql("SELECT count(*) FROM chat.member"
					" WHERE user_id = '%s'", ann.id), "0");
	}
}

static void all_who_may_not_be_written_to_are_named(void **state)
{
	struct person ann = person_new(), gone = friend_of(ann);
	struct reply r;

	(void)state;
	person_delete(gone);
	r = create(ann, "Trip", text("%s,%s,\"" NOBODY "\",%s",
				     quoted(gone), quoted(friend_of(ann)),
				     quoted(person_new())));
	assert_problem(r, 403, "forbidden");
	assert_non_null(strstr(r.body, "\"errors\":["
		"{\"pointer\":\"/user_ids/0\",\"code\":\"not_allowed\"},"
		"{\"pointer\":\"/user_ids/2\",\"code\":\"not_allowed\"},"
		"{\"pointer\":\"/user_ids/3\",\"code\":\"not_allowed\"}]"));
}

static void a_creation_is_told_to_its_members(void **state)
{
	struct person ann = person_new(), bob = friend_of(ann);
	const char *chat = group_of(ann, bob), *event = last_event(chat);

	(void)state;
	assert_string_equal(member(event, "chat_id"), chat);
	assert_string_equal(member(event, "user_id"), ann.id);
	assert_string_equal(sql("SELECT '%s'::jsonb->'to' ="
				" '%s'::jsonb->'user_ids'", event, event), "t");
	assert_true(tells(event, ann) && tells(event, bob));
	assert_int_equal(told(event), 2);
}

static void the_same_key_makes_no_second_group(void **state)
{
	struct person ann = person_new(), bob = friend_of(ann);
	const char *body = creation("Trip", quoted(bob));
	struct reply first = POST("/chat/create", body, .token = ann.token,
				  .key = "k");
	struct reply again = POST("/chat/create", body, .token = ann.token,
				  .key = "k");

	(void)state;
	assert_int_equal(first.status, 201);
	assert_int_equal(again.status, 201);
	assert_string_equal(again.body, first.body);
	assert_string_equal(sql("SELECT count(*) FROM chat.member"
				" WHERE user_id = '%s'", ann.id), "1");
}

static void a_chat_has_all_members(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob), *doc;

	(void)state;
	doc = look(ann, chat).body;
	assert_string_equal(sql("SELECT string_agg(name, ' ') FROM"
				" json_object_keys($doc$%s$doc$) name", doc),
			    "id kind title members last_seq last_message"
			    " unread created_at");
	assert_string_equal(member(doc, "kind"), "pair");
	assert_string_equal(at(doc, "title"), "");
	assert_string_equal(at(doc, "last_message"), "");
	assert_string_equal(at(doc, "last_seq"), "0");
	assert_string_equal(sql("SELECT string_agg(m->'user'->>'id', ' ' ORDER"
				" BY m->'user'->>'id') FROM"
				" json_array_elements($doc$%s$doc$::json"
				"	->'members') m", doc),
			    strcmp(ann.id, bob.id) < 0
			    ? text("%s %s", ann.id, bob.id)
			    : text("%s %s", bob.id, ann.id));

	say(bob, chat, "one");
	doc = look(ann, chat).body;
	assert_string_equal(at(doc, "last_seq"), "1");
	assert_string_equal(at(doc, "last_message"),
			    at(list(ann, chat, "").body, "items,0"));
}

static void who_has_left_kith_is_an_id(void **state)
{
	struct person ann = person_new(), bob = friend_of(ann);
	const char *chat = group_of(ann, bob);

	(void)state;
	person_delete(bob);
	assert_string_equal(sql("SELECT m->'user' FROM json_array_elements("
				"$doc$%s$doc$::json->'members') m"
				" WHERE m->>'role' = 'member'",
				look(ann, chat).body),
			    text("{\"id\" : \"%s\", \"nickname\" : null,"
				 " \"about\" : null, \"avatar\" : null,"
				 " \"created_at\" : null}", bob.id));
}

/* The ids of a page of chats, and the query of the next; NULL: none. */
static const char *page(struct person p, const char **query)
{
	struct reply r = GET("/chats", .query = *query, .token = p.token);
	const char *next = member(r.body, "next");

	assert_int_equal(r.status, 200);
	*query = next ? text("limit=2&cursor=%s", next) : NULL;
	return sql("SELECT string_agg(c->>'id', ' ') FROM"
		   " json_array_elements($doc$%s$doc$::json->'items') c",
		   r.body);
}

static void chats_come_latest_first_in_pages(void **state)
{
	struct person ann = person_new();
	const char *chat[5], *query = "limit=2";

	(void)state;
	for (int i = 0; i < 5; i++)
		chat[i] = group_of(ann, person_new());
	say(ann, chat[1], "hello");
	say(ann, chat[3], "hello");
	assert_string_equal(page(ann, &query), text("%s %s", chat[3], chat[1]));
	assert_string_equal(page(ann, &query), text("%s %s", chat[4], chat[2]));
	assert_string_equal(page(ann, &query), chat[0]);
	assert_null(query);
}

static void what_is_said_is_numbered_and_told_to_all(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob), *event;

	(void)state;
	assert_int_equal(say(ann, chat, "one").status, 201);
	assert_int_equal(say(bob, chat, "two").status, 201);
	assert_string_equal(texts(list(bob, chat, "")), "one two");
	assert_string_equal(events(chat), "ChatCreated MessageSent MessageSent");
	event = last_event(chat);
	assert_true(tells(event, ann) && tells(event, bob));
	assert_int_equal(told(event), 2);
}

FUNCTION_TESTS("chat",
	CHAT_CLAIM(a_pair_has_one_chat_whoever_asks),
	CHAT_CLAIM(a_group_has_a_title_and_an_owner),
	CHAT_CLAIM(an_existing_pair_is_found_in_any_state),
	CHAT_CLAIM(the_id_of_a_pair_is_derived),
	CHAT_CLAIM(who_may_not_be_written_to_is_named),
	CHAT_CLAIM(all_who_may_not_be_written_to_are_named),
	CHAT_CLAIM(a_creation_is_told_to_its_members),
	CHAT_CLAIM(the_same_key_makes_no_second_group),
	CHAT_CLAIM(a_chat_has_all_members),
	CHAT_CLAIM(who_has_left_kith_is_an_id),
	CHAT_CLAIM(chats_come_latest_first_in_pages),
	CHAT_CLAIM(what_is_said_is_numbered_and_told_to_all))
