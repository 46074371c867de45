/*
 * notify_fixture.h - people, what they are told, and the devices they have.
 *
 * Whatever a claim did, of every box unread is the number of its unread rows
 * at the end: each claim is listed with NOTIFY_CLAIM or QUEUE_CLAIM.
 */
#ifndef TESTS_UNIT_NOTIFY_FIXTURE_H
#define TESTS_UNIT_NOTIFY_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

#include "runtime/conf.h"

/* A well-formed id that nobody and nothing has. */
#define NOBODY "0190a6b2-7c1e-7d3a-9f10-0123456789ab"
#define SCOPE "notifications:send"

/* Keys of a browser: a point and 16 bytes. */
#define P256DH "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4" \
	       "bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"

struct person {
	const char *id, *session, *token;
};

static inline const char *fresh_id(void)
{
	return sql("SELECT gen_random_uuid()");
}

static inline struct person person_new(void)
{
	const char *id = sql("INSERT INTO auth.account (id, email) VALUES"
			     " (gen_random_uuid(), '%s') RETURNING id",
			     fresh_email());
	const char *session = session_of(id);

	return (struct person){ id, session, token_of(id, session) };
}

/* The same person in another session. */
static inline struct person elsewhere(struct person p)
{
	const char *session = session_of(p.id);

	return (struct person){ p.id, session, token_of(p.id, session) };
}

static inline void person_name(struct person p, const char *nickname)
{
	sql("UPDATE profile.profile SET nickname = '%s', nickname_key = '%s',"
	    " nickname_search = 'x' WHERE id = '%s'", nickname, p.id, p.id);
}

static inline void person_delete(struct person p)
{
	sql("DELETE FROM auth.account WHERE id = '%s'", p.id);
}

/* Who sends: its id and its token. */
static inline struct person service(void)
{
	const char *id = service_new(SCOPE);

	return (struct person){ id, id, service_token(id, SCOPE) };
}

/* {"user_ids": [...], "title": "Hello"...}; more: ",\"name\":value". */
static inline const char *sending_to(const char *ids, const char *more)
{
	return text("{\"user_ids\":[%s],\"title\":\"Hello\"%s}", ids, more);
}

static inline const char *quoted(struct person p)
{
	return text("\"%s\"", p.id);
}

static inline struct reply tell(struct person sender, const char *body)
{
	return POST("/notifications/send", body, .token = sender.token);
}

/* One person, by a service that has never sent before. */
static inline void told(struct person p, const char *more)
{
	assert_int_equal(tell(service(), sending_to(quoted(p), more)).status,
			 202);
}

static inline struct reply list(struct person p, const char *query)
{
	return GET("/notifications", .query = query, .token = p.token);
}

static inline struct reply read_up_to(struct person p, const char *number)
{
	return POST("/notifications/read", text("{\"up_to\":%s}", number),
		    .token = p.token);
}

static inline struct reply read_numbers(struct person p, const char *numbers)
{
	return POST("/notifications/read", text("{\"numbers\":[%s]}", numbers),
		    .token = p.token);
}

static inline struct reply forget(struct person p, const char *number)
{
	return DELETE(text("/notifications/%s", number), .token = p.token);
}

/* A value of a JSON document, by its path: "a,0,b". */
static inline const char *at(const char *json, const char *path)
{
	return sql("SELECT $doc$%s$doc$::json #>> '{%s}'", json, path);
}

/* The values of a member of a list's items, in order: "3 2 1". */
static inline const char *each(struct reply page, const char *name)
{
	assert_int_equal(page.status, 200);
	return sql("SELECT string_agg(i->>'%s', ' ') FROM"
		   " json_array_elements($doc$%s$doc$::json->'items') i",
		   name, page.body);
}

/* "<last_number> <unread>" */
static inline const char *box_of(struct person p)
{
	return sql("SELECT last_number || ' ' || unread FROM notify.box"
		   " WHERE user_id = '%s'", p.id);
}

/* The types of what streams were told of a person: "A B". */
static inline const char *events_of(struct person p)
{
	return sql("SELECT string_agg(type, ' ' ORDER BY id) FROM event.outbox"
		   " WHERE topic = 'notification.events' AND key = '%s'", p.id);
}

static inline const char *last_event(struct person p)
{
	return sql("SELECT data FROM event.outbox"
		   " WHERE topic = 'notification.events' AND key = '%s'"
		   " ORDER BY id DESC LIMIT 1", p.id);
}

/* A notification that the owner makes; seq: of a message, or 0. */
static inline void make(struct person p, const char *kind,
			const char *collapse_id, const char *actor_id, int seq)
{
	sql("SELECT notify.make(ARRAY['%s'::uuid], ROW(NULL, NULL, '%s', '%s',"
	    " 1, false, '%s', nullif(%d, 0),"
	    " (SELECT title FROM chat.chat WHERE id = '%s'), 'Firefox', NULL,"
	    " now(), now() + interval '28 days')::notify.notification,"
	    " interval '3 s', NULL)", p.id, kind, collapse_id, actor_id, seq,
	    collapse_id);
}

/* A chat of two; with a title, a group; "": a pair.  Its id. */
static inline const char *chat_of(struct person a, struct person b,
				  const char *title)
{
	const char *id = sql("INSERT INTO chat.chat (id, kind, title)"
			     " VALUES (gen_random_uuid(), '%s',"
			     " nullif($t$%s$t$, '')) RETURNING id",
			     *title ? "group" : "pair", title);

	sql("INSERT INTO chat.member (chat_id, user_id)"
	    " VALUES ('%s', '%s'), ('%s', '%s')", id, a.id, id, b.id);

	return id;
}

/* A message in a chat, and p's notification of it. */
static inline void say(struct person sender, const char *chat, int seq,
		       const char *what, struct person p)
{
	sql("INSERT INTO chat.message (chat_id, seq, sender_id, client_id,"
	    " text, sent_at) VALUES ('%s', %d, '%s', gen_random_uuid(),"
	    " $t$%s$t$, now())", chat, seq, sender.id, what);
	make(p, "message", chat, sender.id, seq);
}

/* The session becomes a device that shows a badge; platform: or "sandbox". */
static inline void device_new(struct person p, const char *platform, int badge)
{
	const bool browser = strcmp(platform, "webpush") == 0;
	const bool sandbox = strcmp(platform, "sandbox") == 0;

	sql("INSERT INTO notify.device (session_id, user_id, platform, sandbox,"
	    " token, p256dh, auth, badge)"
	    " VALUES ('%s', '%s', '%s', %s, '%s', %s, %s, %d)", p.session,
	    p.id, sandbox ? "apns" : platform, sandbox ? "true" : "false",
	    browser ? text("https://%s.invalid/x", p.session) : p.session,
	    browser ? "'" P256DH "'" : "NULL", browser ? "'" AUTH "'" : "NULL",
	    badge);
}

/* {"platform": ..., "token": ...}, and the keys of a browser. */
static inline const char *device(const char *platform, const char *token)
{
	return text("{\"platform\":\"%s\",\"token\":\"%s\"%s}", platform,
		    token, strcmp(platform, "webpush") == 0
		    ? ",\"p256dh\":\"" P256DH "\",\"auth\":\"" AUTH "\"" : "");
}

static inline struct reply enrol(struct person p, const char *body)
{
	return POST("/notifications/devices", body, .token = p.token);
}

/* What is kept of p's session: "<platform> <sandbox> <lane> <token>". */
static inline const char *kept(struct person p)
{
	return sql("SELECT concat_ws(' ', platform, sandbox, lane, token)"
		   " FROM notify.device WHERE session_id = '%s'", p.session);
}

/* When the claim began, by the database's clock. */
static const char *began;

/* A setup; the files of providers' accounts are not looked at here. */
static inline int all_served(void **state)
{
	(void)state;
	conf.fcm_account = "account.json";
	conf.apns_key = "key.p8";
	began = sql("SELECT now()");

	return 0;
}

/* Of those who were made since then. */
static inline int is_right(void **state)
{
	(void)state;
	assert_string_equal(sql(
		"SELECT count(*) FROM notify.box b JOIN profile.profile p"
		" ON p.id = user_id AND p.created_at >= '%s' WHERE unread <>"
		" (SELECT count(*) FROM notify.notification n"
		" WHERE n.user_id = b.user_id AND NOT read)"
		" OR last_number < (SELECT max(number) FROM notify.notification"
		" n WHERE n.user_id = b.user_id)", began), "0");

	return 0;
}

#define NOTIFY_CLAIM(f) \
	cmocka_unit_test_setup_teardown(f, all_served, is_right)

#endif
