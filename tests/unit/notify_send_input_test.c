/* POST /notifications/send: what is refused, and how much is too much. */
#include "tests/unit/notify_fixture.h"

/* n times a letter, in a string of JSON. */
static const char *letters(int n, const char *letter)
{
	return sql("SELECT '\"' || repeat($t$%s$t$, %d) || '\"'", letter, n);
}

/* n ids of nobody, as members of an array. */
static const char *ids(int n)
{
	return sql("SELECT string_agg('\"' || gen_random_uuid() || '\"', ',')"
		   " FROM generate_series(1, %d)", n);
}

/* An object of so many bytes: {"k":"xxx"}. */
static const char *data_of(int bytes, const char *letter, int letter_bytes)
{
	return text("{\"k\":%s}", letters((bytes - 8) / letter_bytes, letter));
}

static void a_bad_body_is_refused(void **state)
{
	struct person ann = person_new(), sender = service();
	const char *id = quoted(ann);
	const struct {
		const char *body, *pointer, *code;
	} cases[] = {
		{ "[]", "", "wrong_type" },
		{ text("{\"user_ids\":[%s]}", id), "/title", "required" },
		{ "{\"title\":\"Hello\"}", "/user_ids", "required" },
		{ sending_to("", ""), "/user_ids", "too_few" },
		{ sending_to("7", ""), "/user_ids/0", "wrong_type" },
		{ sending_to("\"me\"", ""), "/user_ids/0", "not_an_id" },
		{ sending_to(text("%s,%s", id, id), ""), "/user_ids/1",
		  "repeated" },
		{ text("{\"user_ids\":%s,\"title\":\"Hello\"}", id),
		  "/user_ids", "wrong_type" },
		{ sending_to(id, ",\"body\":7"), "/body", "wrong_type" },
		{ sending_to(id, ",\"data\":[]"), "/data", "wrong_type" },
		{ sending_to(id, ",\"data\":\"x\""), "/data", "wrong_type" },
		{ sending_to(id, ",\"data\":{\"n\":1}"), "/data/n",
		  "wrong_type" },
		{ sending_to(id, ",\"data\":{\"n\":{}}"), "/data/n",
		  "wrong_type" },
		{ sending_to(id, ",\"data\":{\"n\":null}"), "/data/n",
		  "wrong_type" },
		{ sending_to(id, ",\"collapse_key\":7"), "/collapse_key",
		  "wrong_type" },
		{ sending_to(id, ",\"ttl_s\":0"), "/ttl_s", "out_of_range" },
		{ sending_to(id, ",\"ttl_s\":-1"), "/ttl_s", "out_of_range" },
		{ sending_to(id, ",\"ttl_s\":2419201"), "/ttl_s",
		  "out_of_range" },
		{ sending_to(id, ",\"ttl_s\":1e308"), "/ttl_s",
		  "out_of_range" },
		{ sending_to(id, ",\"ttl_s\":1.5"), "/ttl_s", "wrong_type" },
		{ sending_to(id, ",\"ttl_s\":\"1\""), "/ttl_s", "wrong_type" },
		{ sending_to(id, ",\"kind\":\"message\""), "/kind",
		  "unknown" },
		{ sending_to(id, ",\"number\":1"), "/number", "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_invalid(tell(sender, cases[i].body), cases[i].pointer,
			       cases[i].code);
	assert_problem(tell(sender, "{"), 400, "malformed");
	assert_string_equal(box_of(ann), "");
}

static void a_member_may_be_so_long(void **state)
{
	static const struct {
		const char *name;
		int most;
	} members[] = {
		{ "title", 100 }, { "body", 500 }, { "collapse_key", 64 },
	};
	static const char *const alphabet[] = {
		"x", "\xf0\x9f\x98\x80", "\\u0001", "\\\"",
	};
	struct person sender = service();

	(void)state;
	for (size_t i = 0; i < COUNT(members) * COUNT(alphabet); i++) {
		const char *name = members[i / COUNT(alphabet)].name;
		const char *letter = alphabet[i % COUNT(alphabet)];
		const int most = members[i / COUNT(alphabet)].most;

		for (int n = most; n <= most + 1; n++) {
			struct reply r = tell(sender, text(
				"{\"user_ids\":[\"" NOBODY "\"],%s\"%s\":%s}",
				i < COUNT(alphabet) ? "" : "\"title\":\"x\",",
				name, letters(n, letter)));

			if (n > most)
				assert_invalid(r, text("/%s", name),
					       "too_long");
			else
				assert_int_equal(r.status, 202);
		}
	}
}

static void a_title_says_something_and_a_body_need_not(void **state)
{
	struct person ann = person_new(), sender = service();

	(void)state;
	assert_invalid(tell(sender, text("{\"user_ids\":[%s],\"title\":\"\"}",
					 quoted(ann))), "/title", "too_short");
	told(ann, ",\"body\":\"\"");
	told(ann, ",\"body\":null,\"data\":null,\"collapse_key\":null");
	told(ann, ",\"data\":{}");
	assert_string_equal(each(list(ann, ""), "data"), "{} {} {}");
	assert_string_equal(each(list(ann, ""), "body"), "  ");
}

/* As JSON without spaces, whatever it was sent as. */
static void data_has_1000_bytes(void **state)
{
	static const struct {
		const char *letter;
		int bytes;
	} cases[] = {
		{ "x", 1 }, { "\xc3\xa9", 2 }, { "\\\"", 2 },
		{ "\xf0\x9f\x98\x80", 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct person ann = person_new(), sender = service();
		const char *most = data_of(1000, cases[i].letter,
					   cases[i].bytes);

		assert_int_equal(strlen(most), 1000);
		told(ann, text(",  \"data\" : %s", most));
		assert_string_equal(each(list(ann, ""), "data"), most);
		assert_invalid(tell(sender, sending_to(quoted(ann),
			text(",\"data\":%s", data_of(1000 + cases[i].bytes,
						     cases[i].letter,
						     cases[i].bytes)))),
			"/data", "too_long");
	}
}

static void what_is_sent_is_what_is_shown(void **state)
{
	static const char *const strings[] = {
		"'; DROP TABLE notify.box; --", "\\\"\\\\/\\b\\f\\n\\r\\t",
		"</script>\xe2\x80\xa8 {}", "\\u0001", "%s%n$1", "{\\\"a\\\":1}",
		"\xd0\xaf \xe4\xb8\xad \xf0\x9f\x98\x80",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(strings); i++) {
		struct person ann = person_new();
		const char *s = strings[i], *shown, *sent = text(
			"{\"user_ids\":[\"%s\"],\"title\":\"%s\","
			"\"body\":\"%s\",\"data\":{\"%s\":\"%s\"}}",
			ann.id, s, s, s, s);

		assert_int_equal(tell(service(), sent).status, 202);
		shown = list(ann, "").body;
		assert_string_equal(at(shown, "items,0,title"),
				    at(sent, "title"));
		assert_string_equal(at(shown, "items,0,body"),
				    at(sent, "body"));
		assert_string_equal(sql("SELECT ($d$%s$d$::jsonb->'data') ="
			" ($d$%s$d$::jsonb #> '{items,0,data}')", sent, shown),
			"t");
	}
}

static void a_thousand_users_are_told_at_once(void **state)
{
	struct person sender = service();
	const char *people = sql(
		"WITH account AS (INSERT INTO auth.account (id, email)"
		" SELECT gen_random_uuid(), gen_random_uuid() || '@a.example'"
		" FROM generate_series(1, 1000) RETURNING id)"
		" SELECT string_agg('\"' || id || '\"', ',') FROM account");

	(void)state;
	assert_int_equal(tell(sender, sending_to(people, "")).status, 202);
	assert_string_equal(sql("SELECT count(*) FROM notify.box"
		" WHERE (last_number, unread) = (1, 1) AND '[%s]'::jsonb"
		" ? user_id::text", people), "1000");
	assert_string_equal(sql("SELECT count(*) FROM event.outbox"
		" WHERE topic = 'notification.events' AND '[%s]'::jsonb ? key",
		people), "1000");
	assert_invalid(tell(sender, sending_to(ids(1001), "")), "/user_ids",
		       "too_many");
}

FUNCTION_TESTS("notify",
	NOTIFY_CLAIM(a_bad_body_is_refused),
	NOTIFY_CLAIM(a_member_may_be_so_long),
	NOTIFY_CLAIM(a_title_says_something_and_a_body_need_not),
	NOTIFY_CLAIM(data_has_1000_bytes),
	NOTIFY_CLAIM(what_is_sent_is_what_is_shown),
	NOTIFY_CLAIM(a_thousand_users_are_told_at_once))
