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
	CHAT_CLAIM(what_is_said_is_numbered_and_told_to_all))
