/* What providers are sent: its form, and that it fits into what they take. */
#include "tests/unit/notify_queue.h"

enum { NICKNAME_LETTERS = 128 };

static const char *const platforms[] = { "fcm", "apns", "webpush" };

/* A push service takes 4096, of which RFC 8291 takes 103. */
static const size_t provider_bytes[] = { 4096, 4096, 4096 - 103 };

static const char *collapse_of(struct person p)
{
	return sql("SELECT replace(collapse_id::text, '-', '') FROM notify.push"
		   " WHERE device_id = '%s'", p.session);
}

static void a_payload_has_the_form_of_its_provider(void **state)
{
	static const char *const forms[] = {
		"{\"message\" : {\"token\" : \"$t\", \"notification\" :"
		" {\"title\" : \"Hello\", \"body\" : \"\"}, \"data\" :"
		" {\"kind\" : \"service\", \"number\" : \"2\", \"data\" :"
		" \"{}\"}, \"android\" : {\"collapse_key\" : \"$c\", \"ttl\" :"
		" \"3600s\", \"priority\" : \"HIGH\", \"notification\" :"
		" {\"tag\" : \"$c\", \"notification_count\" : 2}}}}",
		"{\"aps\" : {\"alert\" : {\"title\" : \"Hello\", \"body\" :"
		" \"\"}, \"badge\" : 2, \"sound\" : \"default\","
		" \"thread-id\" : \"$c\"}, \"kind\" : \"service\","
		" \"number\" : 2, \"data\" : {}}",
		"{\"kind\" : \"service\", \"number\" : 2, \"title\" :"
		" \"Hello\", \"body\" : \"\", \"data\" : {}, \"unread\" : 2,"
		" \"tag\" : \"$c\"}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(platforms); i++) {
		struct person ann = person_new();

		announce(ann, "before");
		device_new(ann, platforms[i], 0);
		announce(ann, "Hello");
		assert_string_equal(payload_of(ann), sql(
			"SELECT replace(replace($f$%s$f$, '$c', '%s'), '$t',"
			" '%s')", forms[i], collapse_of(ann), ann.session));
	}
}

static void a_silent_payload_is_the_badge_alone(void **state)
{
	static const char *const forms[] = {
		"{\"message\" : {\"token\" : \"$t\", \"data\" : {\"kind\" :"
		" \"badge\", \"badge\" : \"0\"}, \"android\" :"
		" {\"collapse_key\" : \"$c\", \"ttl\" : \"86400s\","
		" \"priority\" : \"NORMAL\"}}}",
		"{\"aps\" : {\"badge\" : 0, \"content-available\" : 1}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct person ann = person_new();

		announce(ann, "Hello");
		device_new(ann, platforms[i], 1);
		sql("SELECT notify.mark_read('%s', 1, NULL, NULL, NULL)",
		    ann.id);
		pass(ann, 60);
		assert_string_equal(payload_of(ann), sql(
			"SELECT replace(replace($f$%s$f$, '$c', '%s'), '$t',"
			" '%s')", forms[i], collapse_of(ann), ann.session));
	}
}

/* Where a provider wants them. */
static const struct {
	const char *title, *body, *kind, *number, *data;
} places[] = {
	{ "message,notification,title", "message,notification,body",
	  "message,data,kind", "message,data,number", "message,data,data" },
	{ "aps,alert,title", "aps,alert,body", "kind", "number", "data" },
	{ "title", "body", "kind", "number", "data" },
};

/* How many of an array of claims say what the list says. */
static const char *alike(size_t platform, struct person p, const char *claims)
{
	return sql("SELECT count(*) FROM json_to_recordset($d$%s$d$)"
		   " c (id bigint, payload text) JOIN notify.push p USING (id)"
		   " JOIN notify.shown s USING (user_id, number),"
		   " LATERAL (SELECT c.payload::json) j (j)"
		   " WHERE user_id = '%s' AND j #>> '{%s}' = (document).title"
		   " AND j #>> '{%s}' = left((document).body, 200)"
		   " AND j #>> '{%s}' = (document).kind::text"
		   " AND j #>> '{%s}' = s.number::text"
		   " AND (j #>> '{%s}')::jsonb = (document).data::jsonb", claims, p.id,
		   places[platform].title, places[platform].body,
		   places[platform].kind, places[platform].number,
		   places[platform].data);
}

static void each_kind_is_pushed_as_it_is_listed(void **state)
{
	static const char *const languages[] = { "en", "ru" };

	(void)state;
	for (size_t i = 0; i < COUNT(platforms) * COUNT(languages); i++) {
		struct person ann = owner_of(platforms[i % COUNT(platforms)]);
		struct person bob = person_new();

		person_name(bob, "Bob");
		sql("INSERT INTO notify.box (user_id, language)"
		    " VALUES ('%s', '%s')", ann.id,
		    languages[i / COUNT(platforms)]);
		say(bob, chat_of(ann, bob, "Trip"), 1, "one", ann);
		say(bob, chat_of(ann, bob, ""), 1, "two", ann);
		make(ann, "request", bob.id, bob.id, 0);
		make(ann, "accepted", fresh_id(), bob.id, 0);
		make(ann, "login", fresh_id(), NOBODY, 0);
		announce(ann, "Hello");
		pass(ann, 3);
		assert_string_equal(alike(i % COUNT(platforms), ann,
					  claim(ann)), "6");
	}
}

static const char *const letters[] = {
	"x", "\"", "\x01", "\xf0\x9f\x98\x80",
};

/* In SQL. */
static const char *repeated(const char *letter, int n)
{
	return text("repeat(chr(%s), %d)",
		    sql("SELECT ascii($t$%s$t$)", letter), n);
}

/* What counts: of FCM what its notification and its data say. */
static int counted_bytes(size_t platform, const char *payload)
{
	if (platform > 0)
		return (int)strlen(payload);

	return atoi(sql("SELECT sum(octet_length(key) + octet_length(value))"
			" FROM (SELECT $d$%s$d$::json->'message') p (m),"
			" LATERAL (SELECT * FROM json_each_text("
			"m->'notification') UNION ALL SELECT * FROM"
			" json_each_text(m->'data')) e", payload));
}

static void assert_fits(size_t platform, struct person p)
{
	const char *payload = payload_of(p);

	assert_in_range(counted_bytes(platform, payload), 100,
			provider_bytes[platform]);
}

/* An object of at most 1000 bytes. */
static const char *longest_data(const char *letter)
{
	return sql("SELECT json_build_object('k', left(%s, 985 /"
		   " (octet_length(to_json(%s)::text) - 2)))",
		   repeated(letter, 985), repeated(letter, 1));
}

static void the_longest_of_a_service_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(letters) * COUNT(letters); i++) {
		const char *letter = letters[i / COUNT(letters)];
		const char *data = longest_data(letters[i % COUNT(letters)]);

		assert_in_range(strlen(data), 980, 1000);
		for (size_t n = 0; n < COUNT(platforms); n++) {
			struct person ann = owner_of(platforms[n]);

			announce(ann, "x");
			sql("UPDATE notify.notification SET title = %s,"
			    " body = %s, data = $d$%s$d$ WHERE user_id = '%s'",
			    repeated(letter, 100), repeated(letter, 500), data,
			    ann.id);
			assert_fits(n, ann);
		}
	}
}

static void the_longest_message_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(letters) * COUNT(platforms); i++) {
		const char *letter = letters[i / COUNT(platforms)];
		struct person ann = owner_of(platforms[i % COUNT(platforms)]);
		struct person bob = person_new();
		const char *chat = chat_of(ann, bob, "x");

		sql("UPDATE profile.profile SET nickname = %s, nickname_key ="
		    " id::text, nickname_search = 'x' WHERE id = '%s'",
		    repeated(letter, NICKNAME_LETTERS), bob.id);
		sql("UPDATE chat.chat SET title = %s WHERE id = '%s'",
		    repeated(letter, 100), chat);
		say(bob, chat, 1, "x", ann);
		sql("UPDATE chat.message SET text = %s WHERE chat_id = '%s'",
		    repeated(letter, 4096), chat);
		sql("UPDATE notify.notification SET count = 2147483647"
		    " WHERE user_id = '%s'", ann.id);
		sql("UPDATE notify.box SET language = 'ru', last_number ="
		    " 9007199254740991 WHERE user_id = '%s'", ann.id);
		pass(ann, 3);
		assert_fits(i % COUNT(platforms), ann);
	}
}

static void of_a_long_text_the_beginning_is_pushed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(platforms); i++) {
		struct person ann = owner_of(platforms[i]);
		struct person bob = person_new();
		const char *chat = chat_of(ann, bob, "");

		say(bob, chat, 1, sql("SELECT repeat(U&'\\+01F600', 4096)"),
		    ann);
		pass(ann, 3);
		assert_string_equal(at(payload_of(ann), places[i].body),
				    sql("SELECT repeat(U&'\\+01F600', 200)"));
	}
}

FUNCTION_TESTS("notify",
	QUEUE_CLAIM(a_payload_has_the_form_of_its_provider),
	QUEUE_CLAIM(a_silent_payload_is_the_badge_alone),
	QUEUE_CLAIM(each_kind_is_pushed_as_it_is_listed),
	QUEUE_CLAIM(the_longest_of_a_service_fits),
	QUEUE_CLAIM(the_longest_message_fits),
	QUEUE_CLAIM(of_a_long_text_the_beginning_is_pushed))
