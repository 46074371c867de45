/* GET, PUT /notifications/preferences; POST, DELETE /notifications/mute */
#include "tests/unit/notify_fixture.h"

#define ALL_BUT(last) \
	"{\"language\":\"en\",\"message\":true,\"request\":true," \
	"\"accepted\":true,\"login\":true" last "}"

static const char *path = "/notifications/preferences";

static struct reply put(struct person p, const char *body)
{
	return PUT(path, body, .token = p.token);
}

/* "<language> <kinds that are on>|<muted chats>" */
static const char *wants_of(struct reply r)
{
	assert_int_equal(r.status, 200);
	return sql("SELECT p->>'language' || (SELECT coalesce("
		   "string_agg(' ' || key, '' ORDER BY key), '')"
		   " FROM json_each_text(p) WHERE value = 'true')"
		   " || '|' || (SELECT coalesce(string_agg(c, ' '), '') FROM"
		   " json_array_elements_text(p->'muted_chats') c)"
		   " FROM (SELECT $d$%s$d$::json) t (p)", r.body);
}

static void who_said_nothing_wants_all_in_english(void **state)
{
	struct person ann = person_new();

	(void)state;
	assert_string_equal(GET(path, .token = ann.token).body,
		"{\"language\" : \"en\", \"message\" : true,"
		" \"request\" : true, \"accepted\" : true, \"login\" : true,"
		" \"service\" : true, \"muted_chats\" : []}");
}

static void what_is_put_is_what_is_wanted(void **state)
{
	static const char *const kinds[] = {
		"message", "request", "accepted", "login", "service",
	};
	struct person ann = person_new(), bob = person_new();

	(void)state;
	for (size_t i = 0; i <= COUNT(kinds); i++) {
		const char *language = i % 2 ? "en" : "ru", *wanted;
		const char *body = text("\"language\":\"%s\"", language);
		const char *on = language;

		for (size_t n = 0; n < COUNT(kinds); n++)
			body = text("%s,\"%s\":%s", body, kinds[n],
				    n == i ? "true" : "false");
		if (i < COUNT(kinds))
			on = text("%s %s", language, kinds[i]);
		wanted = text("%s|", on);
		assert_string_equal(wants_of(put(ann, text("{%s}", body))),
				    wanted);
		assert_string_equal(wants_of(GET(path, .token = ann.token)),
				    wanted);
	}
	assert_string_equal(wants_of(GET(path, .token = bob.token)),
		"en accepted login message request service|");
}

static void to_put_them_leaves_the_rest_of_the_box(void **state)
{
	struct person ann = person_new();

	(void)state;
	told(ann, "");
	told(ann, "");
	read_up_to(ann, "1");
	assert_int_equal(put(ann, ALL_BUT(",\"service\":true")).status, 200);
	assert_string_equal(box_of(ann), "2 1");
	told(ann, "");
	assert_string_equal(box_of(ann), "3 2");
}

static void a_bad_body_is_refused(void **state)
{
	static const struct {
		const char *body, *pointer, *code;
	} cases[] = {
		{ ALL_BUT(""), "/service", "required" },
		{ ALL_BUT(",\"service\":null"), "/service", "required" },
		{ ALL_BUT(",\"service\":1"), "/service", "wrong_type" },
		{ ALL_BUT(",\"service\":\"true\""), "/service", "wrong_type" },
		{ ALL_BUT(",\"service\":true,\"muted_chats\":[]"),
		  "/muted_chats", "unknown" },
		{ ALL_BUT(",\"service\":true,\"unread\":0"), "/unread",
		  "unknown" },
		{ "{\"language\":null,\"message\":true,\"request\":true,"
		  "\"accepted\":true,\"login\":true,\"service\":true}",
		  "/language", "required" },
		{ "{\"language\":\"de\",\"message\":true,\"request\":true,"
		  "\"accepted\":true,\"login\":true,\"service\":true}",
		  "/language", "not_a_choice" },
		{ "{\"language\":\"EN\",\"message\":true,\"request\":true,"
		  "\"accepted\":true,\"login\":true,\"service\":true}",
		  "/language", "not_a_choice" },
	};
	struct person ann = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_invalid(put(ann, cases[i].body), cases[i].pointer,
			       cases[i].code);
	assert_string_equal(box_of(ann), "");
	assert_problem(PUT(path, ALL_BUT(",\"service\":true")), 401,
		       "unauthorized");
	assert_problem(GET(path), 401, "unauthorized");
}

static struct reply mute(struct person p, const char *chat)
{
	return POST("/notifications/mute", text("{\"chat_id\":\"%s\"}", chat),
		    .token = p.token);
}

static struct reply unmute(struct person p, const char *chat)
{
	return DELETE("/notifications/mute", .token = p.token,
		      .query = text("chat_id=%s", chat));
}

static const char *muted_of(struct person p)
{
	return strchr(wants_of(GET(path, .token = p.token)), '|') + 1;
}

static void a_chat_is_muted_for_oneself_until_it_is_not(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = chat_of(ann, bob, ""), *known;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(mute(ann, chat).status, 204);
		assert_string_equal(muted_of(ann), chat);
	}
	assert_string_equal(muted_of(bob), "");
	known = chat_of(ann, bob, "Trip");
	assert_int_equal(mute(ann, known).status, 204);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(unmute(ann, chat).status, 204);
		assert_int_equal(unmute(bob, known).status, 204);
		assert_string_equal(muted_of(ann), known);
	}
}

static void muted_chats_come_in_the_order_of_their_ids(void **state)
{
	struct person ann = person_new(), bob = person_new();

	(void)state;
	for (int i = 0; i < 5; i++)
		mute(ann, chat_of(ann, bob, ""));
	assert_string_equal(muted_of(ann), sql(
		"SELECT string_agg(chat_id::text, ' ' ORDER BY chat_id)"
		" FROM chat.member WHERE user_id = '%s'", ann.id));
}

static void only_ones_own_chat_can_be_muted(void **state)
{
	struct person ann = person_new(), bob = person_new();
	struct person eve = person_new();
	const char *chat = chat_of(ann, bob, "");

	(void)state;
	assert_problem(mute(eve, chat), 404, "not_found");
	assert_problem(mute(eve, NOBODY), 404, "not_found");
	assert_string_equal(muted_of(eve), "");
	assert_int_equal(unmute(eve, chat).status, 204);

	mute(ann, chat);
	sql("DELETE FROM chat.member WHERE user_id = '%s'", ann.id);
	assert_problem(mute(ann, chat), 404, "not_found");
	assert_int_equal(unmute(ann, chat).status, 204);
	assert_string_equal(muted_of(ann), "");
}

static void a_chats_id_is_an_id(void **state)
{
	struct person ann = person_new();

	(void)state;
	assert_invalid(mute(ann, "x"), "/chat_id", "not_an_id");
	assert_invalid(POST("/notifications/mute", "{}", .token = ann.token),
		       "/chat_id", "required");
	assert_invalid(unmute(ann, "x"), "chat_id", "not_an_id");
	assert_invalid(unmute(ann, "%27%20OR%201=1--"), "chat_id",
		       "not_an_id");
	assert_invalid(DELETE("/notifications/mute", .token = ann.token),
		       "chat_id", "required");
	assert_problem(POST("/notifications/mute", "{}"), 401, "unauthorized");
	assert_problem(DELETE("/notifications/mute"), 401, "unauthorized");
}

FUNCTION_TESTS("notify",
	NOTIFY_CLAIM(who_said_nothing_wants_all_in_english),
	NOTIFY_CLAIM(what_is_put_is_what_is_wanted),
	NOTIFY_CLAIM(to_put_them_leaves_the_rest_of_the_box),
	NOTIFY_CLAIM(a_bad_body_is_refused),
	NOTIFY_CLAIM(a_chat_is_muted_for_oneself_until_it_is_not),
	NOTIFY_CLAIM(muted_chats_come_in_the_order_of_their_ids),
	NOTIFY_CLAIM(only_ones_own_chat_can_be_muted),
	NOTIFY_CLAIM(a_chats_id_is_an_id))
