/* Who may do what to a chat: every action by everybody who should not. */
#include "tests/unit/chat_fixture.h"

/* A chat, with a message of ann, of bob and of carl: 1, 2 and 3. */
struct scene {
	const char *chat;
	struct person ann;		/* of a group the owner */
	struct person bob, carl;
	const char *client_id;		/* of carl's message */
};

static struct reply look_at(struct scene *s, struct person p)
{
	return look(p, s->chat);
}

static struct reply read_all(struct scene *s, struct person p)
{
	return list(p, s->chat, "");
}

static struct reply read_after(struct scene *s, struct person p)
{
	return list(p, s->chat, "after=0");
}

static struct reply speak(struct scene *s, struct person p)
{
	return say(p, s->chat, "hello");
}

static struct reply repeat(struct scene *s, struct person p)
{
	return POST("/messages/send", sending(s->chat, s->client_id, "three"),
		    .token = p.token);
}

static struct reply edit_1(struct scene *s, struct person p)
{
	return edit(p, s->chat, "1", "changed");
}

static struct reply edit_2(struct scene *s, struct person p)
{
	return edit(p, s->chat, "2", "changed");
}

static struct reply edit_3(struct scene *s, struct person p)
{
	return edit(p, s->chat, "3", "changed");
}

static struct reply edit_none(struct scene *s, struct person p)
{
	return edit(p, s->chat, "4", "changed");
}

static struct reply delete_1(struct scene *s, struct person p)
{
	return delete(p, s->chat, "1");
}

static struct reply delete_2(struct scene *s, struct person p)
{
	return delete(p, s->chat, "2");
}

static struct reply delete_3(struct scene *s, struct person p)
{
	return delete(p, s->chat, "3");
}

static struct reply delete_none(struct scene *s, struct person p)
{
	return delete(p, s->chat, "4");
}

static struct reply receive_3(struct scene *s, struct person p)
{
	return mark(p, "received", s->chat, 3);
}

static struct reply read_3(struct scene *s, struct person p)
{
	return mark(p, "read", s->chat, 3);
}

/* Somebody whom p could add to a chat of p's own. */
static struct reply add_friend(struct scene *s, struct person p)
{
	return add(p, s->chat, friend_of(p).id);
}

static struct reply add_oneself(struct scene *s, struct person p)
{
	return add(p, s->chat, p.id);
}

static struct reply remove_bob(struct scene *s, struct person p)
{
	return take_out(p, s->chat, s->bob.id);
}

static struct reply remove_nobody(struct scene *s, struct person p)
{
	return take_out(p, s->chat, NOBODY);
}

static struct reply leave(struct scene *s, struct person p)
{
	return take_out(p, s->chat, p.id);
}

#define ACT(f) f, #f

struct trial {
	struct reply (*act)(struct scene *, struct person);
	const char *name;
	int status;
	const char *code;		/* of a refusal */
};

static const char *result_of(struct reply r)
{
	return r.status < 400 ? text("%d", r.status)
			      : text("%d %s", r.status, member(r.body, "code"));
}

/* Compared as texts, which show the case that is wrong. */
static void assert_result(const char *who, const struct trial *t,
			  struct reply r)
{
	assert_string_equal(text("%s: %s: %s", who, t->name, result_of(r)),
			    text("%s: %s: %s", who, t->name, t->code
				 ? text("%d %s", t->status, t->code)
				 : text("%d", t->status)));
}

/* All that there is of a chat. */
static const char *all_of(const char *chat)
{
	return sql("SELECT concat((SELECT c FROM chat.chat c WHERE id = '%s'),"
		   " (SELECT string_agg(m::text, ' ' ORDER BY user_id)"
		   "    FROM chat.member m WHERE chat_id = '%s'),"
		   " (SELECT string_agg(m::text, ' ' ORDER BY seq)"
		   "    FROM chat.message m WHERE chat_id = '%s'),"
		   " (SELECT count(*) FROM event.outbox WHERE key = '%s'))",
		   chat, chat, chat, chat);
}

static struct scene group_scene(void)
{
	struct scene s = { .ann = person_new(), .client_id = fresh_id() };

	s.bob = friend_of(s.ann);
	s.carl = friend_of(s.ann);
	s.chat = group_with(s.ann, text("\"%s\",\"%s\"", s.bob.id, s.carl.id));
	say(s.ann, s.chat, "one");
	say(s.bob, s.chat, "two");
	repeat(&s, s.carl);

	return s;
}

/* Of ann and bob. */
static struct scene pair_scene(void)
{
	struct scene s = {
		.ann = person_new(), .bob = person_new(),
		.client_id = fresh_id(),
	};

	s.carl = s.ann;
	s.chat = pair_of(s.ann, s.bob);
	say(s.ann, s.chat, "one");
	say(s.bob, s.chat, "two");
	repeat(&s, s.carl);

	return s;
}

static const struct trial every[] = {
	{ ACT(look_at) },    { ACT(read_all) },	   { ACT(read_after) },
	{ ACT(speak) },	     { ACT(repeat) },	   { ACT(edit_1) },
	{ ACT(edit_3) },     { ACT(edit_none) },   { ACT(delete_1) },
	{ ACT(delete_3) },   { ACT(delete_none) }, { ACT(receive_3) },
	{ ACT(read_3) },     { ACT(add_friend) },  { ACT(add_oneself) },
	{ ACT(remove_bob) }, { ACT(leave) },	   { ACT(remove_nobody) },
};

/* For whom a chat is not there. */
static void assert_not_there(const char *who, struct scene s, struct person p)
{
	const char *before = all_of(s.chat);

	for (size_t i = 0; i < COUNT(every); i++) {
		struct trial t = every[i];

		t.status = 404;
		t.code = "not_found";
		assert_result(who, &t, t.act(&s, p));
	}
	assert_string_equal(all_of(s.chat), before);
	assert_null(strstr(GET("/chats", .token = p.token).body, s.chat));
}

static void for_a_stranger_no_chat_is_there(void **state)
{
	(void)state;
	assert_not_there("a group's stranger", group_scene(), person_new());
	assert_not_there("a pair's stranger", pair_scene(), person_new());
}

static void for_a_friend_of_a_member_it_is_not_there_either(void **state)
{
	struct scene s = group_scene();

	(void)state;
	assert_not_there("a friend", s, friend_of(s.ann));
}

static void for_who_was_removed_it_is_no_longer_there(void **state)
{
	struct scene s = group_scene();

	(void)state;
	assert_int_equal(take_out(s.ann, s.chat, s.carl.id).status, 204);
	assert_not_there("who was removed", s, s.carl);
}

static void for_who_left_it_is_no_longer_there(void **state)
{
	struct scene s = group_scene(), owners = group_scene();

	(void)state;
	leave(&s, s.carl);
	assert_not_there("who left", s, s.carl);
	leave(&owners, owners.ann);
	assert_not_there("an owner who left", owners, owners.ann);
}

static void what_does_not_exist_is_not_there(void **state)
{
	struct scene s = pair_scene();

	(void)state;
	s.chat = NOBODY;
	assert_not_there("a member of another chat", s, s.ann);
}

static void of_who_comes_back_all_is_there_again(void **state)
{
	static const struct trial trials[] = {
		{ ACT(look_at),	 200 }, { ACT(read_all), 200 },
		{ ACT(repeat),	 200 }, { ACT(edit_3),	 200 },
		{ ACT(delete_3), 200 },
	};
	struct scene s = group_scene();

	(void)state;
	leave(&s, s.carl);
	assert_int_equal(add(s.ann, s.chat, s.carl.id).status, 201);
	for (size_t i = 0; i < COUNT(trials); i++)
		assert_result("who is back", &trials[i],
			      trials[i].act(&s, s.carl));
}

static void a_member_changes_only_what_is_ones_own(void **state)
{
	static const struct trial trials[] = {
		{ ACT(look_at),	      200 },
		{ ACT(read_all),      200 },
		{ ACT(speak),	      201 },
		{ ACT(repeat),	      201 },	/* another's client_id */
		{ ACT(edit_1),	      403, "forbidden" },
		{ ACT(edit_2),	      200 },
		{ ACT(edit_3),	      403, "forbidden" },
		{ ACT(delete_1),      403, "forbidden" },
		{ ACT(delete_2),      200 },
		{ ACT(delete_2),      200 },
		{ ACT(edit_2),	      409, "message_deleted" },
		{ ACT(receive_3),     204 },
		{ ACT(read_3),	      204 },
		{ ACT(add_friend),    403, "forbidden" },
		{ ACT(add_oneself),   403, "forbidden" },
		{ ACT(remove_nobody), 403, "forbidden" },
		{ ACT(remove_bob),    204 },
	};
	struct scene s = group_scene();

	(void)state;
	for (size_t i = 0; i < COUNT(trials); i++)
		assert_result("a member", &trials[i],
			      trials[i].act(&s, s.bob));
}

static void an_owner_rules_over_members_but_not_their_messages(void **state)
{
	static const struct trial trials[] = {
		{ ACT(edit_2),	      403, "forbidden" },
		{ ACT(delete_2),      403, "forbidden" },
		{ ACT(edit_1),	      200 },
		{ ACT(add_friend),    201 },
		{ ACT(add_oneself),   200 },
		{ ACT(remove_nobody), 404, "not_found" },
		{ ACT(remove_bob),    204 },
		{ ACT(remove_bob),    404, "not_found" },
		{ ACT(delete_2),      403, "forbidden" },
		{ ACT(leave),	      204 },
		{ ACT(leave),	      404, "not_found" },
	};
	struct scene s = group_scene();

	(void)state;
	for (size_t i = 0; i < COUNT(trials); i++)
		assert_result("an owner", &trials[i],
			      trials[i].act(&s, s.ann));
}

/* Of ann, in a pair's chat. */
static const struct trial open_trials[] = {
	{ ACT(look_at),	      200 },
	{ ACT(read_all),      200 },
	{ ACT(speak),	      201 },
	{ ACT(repeat),	      200 },
	{ ACT(edit_1),	      200 },
	{ ACT(edit_2),	      403, "forbidden" },
	{ ACT(receive_3),     204 },
	{ ACT(read_3),	      204 },
	{ ACT(delete_1),      200 },
	{ ACT(add_friend),    409, "pair_chat" },
	{ ACT(add_oneself),   409, "pair_chat" },
	{ ACT(remove_bob),    409, "pair_chat" },
	{ ACT(remove_nobody), 409, "pair_chat" },
	{ ACT(leave),	      409, "pair_chat" },
};

static const struct trial closed_trials[] = {
	{ ACT(look_at),	      200 },
	{ ACT(read_all),      200 },
	{ ACT(speak),	      409, "chat_closed" },
	{ ACT(repeat),	      200 },
	{ ACT(edit_1),	      409, "chat_closed" },
	{ ACT(edit_2),	      403, "forbidden" },
	{ ACT(edit_none),     404, "not_found" },
	{ ACT(receive_3),     204 },
	{ ACT(read_3),	      204 },
	{ ACT(delete_1),      200 },
	{ ACT(delete_2),      403, "forbidden" },
	{ ACT(delete_none),   404, "not_found" },
	{ ACT(edit_1),	      409, "message_deleted" },
	{ ACT(add_friend),    409, "pair_chat" },
	{ ACT(remove_bob),    409, "pair_chat" },
	{ ACT(leave),	      409, "pair_chat" },
};

static void a_pair_is_open_whatever_they_are_to_each_other_but(void **state)
{
	static const char *const states[] = {
		"accepted/accepted", "none/none", "outgoing/incoming",
		"incoming/outgoing", "none/outgoing",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(states); i++) {
		struct scene s = pair_scene();

		relate(s.ann, s.bob, states[i]);
		for (size_t n = 0; n < COUNT(open_trials); n++) {
			const struct trial *t = &open_trials[n];

			assert_result(states[i], t, t->act(&s, s.ann));
		}
	}
}

static void a_block_of_either_closes_it(void **state)
{
	static const char *const states[] = {
		"blocked/none", "none/blocked", "blocked/blocked",
		"outgoing/blocked",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(states); i++) {
		struct scene s = pair_scene();

		relate(s.ann, s.bob, states[i]);
		for (size_t n = 0; n < COUNT(closed_trials); n++)
			assert_result(states[i], &closed_trials[n],
				      closed_trials[n].act(&s, s.ann));
		relate(s.ann, s.bob, "none/none");
		assert_int_equal(say(s.ann, s.chat, "again").status, 201);
	}
}

static void it_is_closed_once_the_other_has_left(void **state)
{
	struct scene s = pair_scene();

	(void)state;
	person_delete(s.bob);
	for (size_t n = 0; n < COUNT(closed_trials); n++)
		assert_result("left", &closed_trials[n],
			      closed_trials[n].act(&s, s.ann));
}

/* As it is for one blocked: the answers are the same. */
static void a_block_looks_like_leaving(void **state)
{
	struct scene blocked = pair_scene(), left = pair_scene();

	(void)state;
	relate(blocked.ann, blocked.bob, "none/blocked");
	person_delete(left.bob);
	assert_string_equal(speak(&blocked, blocked.ann).body,
			    speak(&left, left.ann).body);
	assert_string_equal(edit_1(&blocked, blocked.ann).body,
			    edit_1(&left, left.ann).body);
}

/* In a group only membership counts. */
static void a_block_closes_no_group(void **state)
{
	struct scene s = group_scene();

	(void)state;
	relate(s.ann, s.bob, "blocked/none");
	assert_int_equal(speak(&s, s.ann).status, 201);
	assert_int_equal(speak(&s, s.bob).status, 201);
	person_delete(s.carl);
	assert_int_equal(speak(&s, s.bob).status, 201);
}

FUNCTION_TESTS("chat",
	CHAT_CLAIM(for_a_stranger_no_chat_is_there),
	CHAT_CLAIM(for_a_friend_of_a_member_it_is_not_there_either),
	CHAT_CLAIM(for_who_was_removed_it_is_no_longer_there),
	CHAT_CLAIM(for_who_left_it_is_no_longer_there),
	CHAT_CLAIM(what_does_not_exist_is_not_there),
	CHAT_CLAIM(of_who_comes_back_all_is_there_again),
	CHAT_CLAIM(a_member_changes_only_what_is_ones_own),
	CHAT_CLAIM(an_owner_rules_over_members_but_not_their_messages),
	CHAT_CLAIM(a_pair_is_open_whatever_they_are_to_each_other_but),
	CHAT_CLAIM(a_block_of_either_closes_it),
	CHAT_CLAIM(it_is_closed_once_the_other_has_left),
	CHAT_CLAIM(a_block_looks_like_leaving),
	CHAT_CLAIM(a_block_closes_no_group))
