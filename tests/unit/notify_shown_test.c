/* GET /notifications: what each kind says, in the user's language. */
#include "tests/unit/notify_fixture.h"

static void speak(struct person p, const char *language)
{
	sql("INSERT INTO notify.box (user_id, language) VALUES ('%s', '%s')"
	    " ON CONFLICT (user_id) DO UPDATE SET language = '%s'", p.id,
	    language, language);
}

/* "<title>|<body>" of the newest. */
static const char *words_of(struct person p)
{
	struct reply r = list(p, "limit=1");

	return text("%s|%s", at(r.body, "items,0,title"),
		    at(r.body, "items,0,body"));
}

static const char *data_of(struct person p)
{
	return sql("SELECT $d$%s$d$::jsonb #> '{items,0,data}'",
		   list(p, "limit=1").body);
}

static void an_item_shows_what_the_contract_says(void **state)
{
	struct person ann = person_new(), sender = service();

	(void)state;
	tell(sender, sending_to(quoted(ann), ",\"body\":\"b\","
				"\"data\":{\"z\":\"1\",\"a\":\"2\"}"));
	assert_string_equal(list(ann, "").body, text(
		"{\"items\":[{\"number\":1,\"kind\":\"service\","
		"\"title\":\"Hello\",\"body\":\"b\","
		"\"data\":{\"z\":\"1\",\"a\":\"2\"},"
		"\"created_at\":\"%s\",\"read\":false}],"
		"\"next\":null,\"unread\":1}",
		sql("SELECT auth.rfc3339(created_at) FROM notify.notification"
		    " WHERE user_id = '%s'", ann.id)));
}

static void a_kind_says_in_each_language_what_happened(void **state)
{
	static const struct {
		const char *kind, *language, *words;
	} cases[] = {
		{ "request",  "en", "Bob|asks for a subscription" },
		{ "accepted", "en", "Bob|accepted your request" },
		{ "login",    "en", "Sign-in from a new device|Firefox" },
		{ "request",  "ru", "Bob|просит о подписке" },
		{ "accepted", "ru", "Bob|принимает вашу заявку" },
		{ "login",    "ru", "Вход с нового устройства|Firefox" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct person ann = person_new(), bob = person_new();

		person_name(bob, "Bob");
		speak(ann, cases[i].language);
		make(ann, cases[i].kind, bob.id, bob.id, 0);
		assert_string_equal(words_of(ann), cases[i].words);
	}
}

static void a_kind_has_data_of_its_own(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = chat_of(ann, bob, ""), *id = fresh_id();

	(void)state;
	say(bob, chat, 1, "one", ann);
	say(bob, chat, 2, "two", ann);
	assert_string_equal(data_of(ann), sql(
		"SELECT '{\"chat_id\": \"%s\", \"seq\": 2, \"sender_id\":"
		" \"%s\", \"count\": 2}'::jsonb", chat, bob.id));
	make(ann, "request", bob.id, bob.id, 0);
	assert_string_equal(data_of(ann),
			    text("{\"user_id\": \"%s\"}", bob.id));
	make(ann, "accepted", bob.id, bob.id, 0);
	assert_string_equal(data_of(ann),
			    text("{\"user_id\": \"%s\"}", bob.id));
	make(ann, "login", id, NOBODY, 0);
	assert_string_equal(data_of(ann), sql(
		"SELECT '{\"session_id\": \"%s\", \"device\": \"Firefox\"}'"
		"::jsonb", id));
	told(ann, "");
	assert_string_equal(data_of(ann), "{}");
}

static void a_language_counts_as_its_grammar_says(void **state)
{
	static const struct {
		int n;
		const char *en, *ru;
	} cases[] = {
		{ 2,   " · 2 new messages",   " · 2 новых сообщения" },
		{ 4,   " · 4 new messages",   " · 4 новых сообщения" },
		{ 5,   " · 5 new messages",   " · 5 новых сообщений" },
		{ 10,  " · 10 new messages",  " · 10 новых сообщений" },
		{ 11,  " · 11 new messages",  " · 11 новых сообщений" },
		{ 12,  " · 12 new messages",  " · 12 новых сообщений" },
		{ 14,  " · 14 new messages",  " · 14 новых сообщений" },
		{ 20,  " · 20 new messages",  " · 20 новых сообщений" },
		{ 21,  " · 21 new messages",  " · 21 новое сообщение" },
		{ 22,  " · 22 new messages",  " · 22 новых сообщения" },
		{ 25,  " · 25 new messages",  " · 25 новых сообщений" },
		{ 100, " · 100 new messages", " · 100 новых сообщений" },
		{ 101, " · 101 new messages", " · 101 новое сообщение" },
		{ 111, " · 111 new messages", " · 111 новых сообщений" },
		{ 112, " · 112 new messages", " · 112 новых сообщений" },
		{ 1,   "",		      "" },
	};
	struct person ann = person_new(), bob = person_new();

	(void)state;
	person_name(bob, "Bob");
	say(bob, chat_of(ann, bob, ""), 1, "hi", ann);
	for (size_t i = 0; i < COUNT(cases); i++) {
		sql("UPDATE notify.notification SET count = %d"
		    " WHERE user_id = '%s'", cases[i].n, ann.id);
		speak(ann, "en");
		assert_string_equal(words_of(ann),
				    text("Bob%s|hi", cases[i].en));
		speak(ann, "ru");
		assert_string_equal(words_of(ann),
				    text("Bob%s|hi", cases[i].ru));
	}
	assert_string_equal(sql("SELECT notify.counted('en', 1) || '|' ||"
				" notify.counted('ru', 1)"),
			    "1 new message|1 новое сообщение");
}

static void a_message_is_shown_as_it_is_now(void **state)
{
	static const struct {
		const char *text, *en, *ru;
	} cases[] = {
		{ "'first'", "first", "first" },
		{ "'edited'", "edited", "edited" },
		{ "NULL", "The message was deleted", "Сообщение удалено" },
	};
	struct person ann = person_new(), bob = person_new();
	const char *pair = chat_of(ann, bob, "");
	const char *group = chat_of(ann, bob, "Trip");

	(void)state;
	person_name(bob, "Bob");
	say(bob, pair, 1, "x", ann);
	say(bob, group, 1, "x", ann);
	for (size_t i = 0; i < COUNT(cases); i++) {
		sql("UPDATE chat.message SET text = %s WHERE sender_id = '%s'",
		    cases[i].text, bob.id);
		speak(ann, "en");
		assert_string_equal(each(list(ann, ""), "body"),
				    text("Bob: %s %s", cases[i].en,
					 cases[i].en));
		speak(ann, "ru");
		assert_string_equal(each(list(ann, ""), "body"),
				    text("Bob: %s %s", cases[i].ru,
					 cases[i].ru));
	}
}

static void a_group_is_named_and_who_wrote_there(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = chat_of(ann, bob, "Trip");

	(void)state;
	person_name(bob, "Bob");
	say(bob, chat, 1, "one", ann);
	assert_string_equal(words_of(ann), "Trip|Bob: one");
	say(bob, chat, 2, "two", ann);
	assert_string_equal(words_of(ann), "Trip · 2 new messages|Bob: two");
}

static void who_left_or_has_no_name_is_somebody(void **state)
{
	static const struct {
		const char *language, *request, *pair, *group;
	} cases[] = {
		{ "en", "Somebody|asks for a subscription", "Somebody|hi",
		  "Trip|Somebody: hi" },
		{ "ru", "Кто-то|просит о подписке", "Кто-то|hi",
		  "Trip|Кто-то: hi" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		struct person ann = person_new(), bob = person_new();
		const size_t n = i / 2;

		speak(ann, cases[n].language);
		make(ann, "request", bob.id, bob.id, 0);
		if (i % 2) {
			person_name(bob, "Bob");
			person_delete(bob);
		}
		assert_string_equal(words_of(ann), cases[n].request);
		say(bob, chat_of(ann, bob, ""), 1, "hi", ann);
		assert_string_equal(words_of(ann), cases[n].pair);
		say(bob, chat_of(ann, bob, "Trip"), 1, "hi", ann);
		assert_string_equal(words_of(ann), cases[n].group);
	}
}

static void a_name_is_shown_as_it_is_now(void **state)
{
	struct person ann = person_new(), bob = person_new();

	(void)state;
	make(ann, "accepted", bob.id, bob.id, 0);
	person_name(bob, "Bob");
	assert_string_equal(words_of(ann), "Bob|accepted your request");
	person_name(bob, "Rob");
	assert_string_equal(words_of(ann), "Rob|accepted your request");
}

static void a_device_without_a_name_is_unknown(void **state)
{
	struct person ann = person_new();

	(void)state;
	make(ann, "login", ann.session, NOBODY, 0);
	sql("UPDATE notify.notification SET body = '' WHERE user_id = '%s'",
	    ann.id);
	assert_string_equal(words_of(ann),
			    "Sign-in from a new device|An unknown device");
	speak(ann, "ru");
	assert_string_equal(words_of(ann),
			    "Вход с нового устройства|Неизвестное устройство");
	assert_string_equal(at(data_of(ann), "device"), "");
}

FUNCTION_TESTS("notify",
	NOTIFY_CLAIM(an_item_shows_what_the_contract_says),
	NOTIFY_CLAIM(a_kind_says_in_each_language_what_happened),
	NOTIFY_CLAIM(a_kind_has_data_of_its_own),
	NOTIFY_CLAIM(a_language_counts_as_its_grammar_says),
	NOTIFY_CLAIM(a_message_is_shown_as_it_is_now),
	NOTIFY_CLAIM(a_group_is_named_and_who_wrote_there),
	NOTIFY_CLAIM(who_left_or_has_no_name_is_somebody),
	NOTIFY_CLAIM(a_name_is_shown_as_it_is_now),
	NOTIFY_CLAIM(a_device_without_a_name_is_unknown))
