/* GET /user/me/export */
#include "tests/unit/user_fixture.h"

/* A value of a JSON document, by its path: "a,0,b". */
static const char *at(const char *json, const char *path)
{
	return sql("SELECT $doc$%s$doc$::json #> '{%s}'", json, path);
}

static void an_export_of_nothing_has_all_members(void **state)
{
	struct person ann = person_new();
	struct reply r = GET("/user/me/export", .token = ann.token);

	(void)state;
	assert_int_equal(r.status, 200);
	assert_string_equal(members(r.body), "exported_at profile avatar_image"
					     " identities sessions"
					     " subscriptions"
					     " chats messages notifications"
					     " notification_preferences"
					     " devices");
	assert_string_equal(at(r.body, "profile"),
			    GET("/user/me", .token = ann.token).body);
	assert_string_equal(at(r.body, "avatar_image"), "null");
	assert_string_equal(at(r.body, "identities"), "[]");
	assert_string_equal(at(r.body, "subscriptions"), "[]");
	assert_string_equal(at(r.body, "chats"), "[]");
	assert_string_equal(at(r.body, "messages"), "[]");
	assert_string_equal(at(r.body, "notifications"), "[]");
	assert_string_equal(at(r.body, "devices"), "[]");
}

static void an_export_has_the_image(void **state)
{
	struct person ann = person_new();
	const char *avatar = draw(ann);
	const char *doc = GET("/user/me/export", .token = ann.token).body;

	(void)state;
	assert_string_equal(member(doc, "profile.avatar"), avatar);
	assert_string_equal(member(doc, "avatar_image.type"), "image/webp");
	assert_null(strchr(member(doc, "avatar_image.base64"), '\n'));
	assert_string_equal(sql("SELECT count(*) FROM profile.avatar WHERE"
				" user_id = '%s' AND image = decode('%s',"
				" 'base64')", ann.id,
				member(doc, "avatar_image.base64")), "1");
}

static void an_export_has_the_identities(void **state)
{
	struct person ann = person_new();
	const char *subject = fresh_email(), *doc;

	(void)state;
	sql("INSERT INTO auth.identity (issuer, subject, id, account_id,"
	    " provider) VALUES ('https://id.example', '%s',"
	    " gen_random_uuid(), '%s', 'one')", subject, ann.id);
	doc = GET("/user/me/export", .token = ann.token).body;
	assert_string_equal(members(at(doc, "identities,0")), "id provider"
			    " issuer subject email created_at");
	assert_string_equal(at(doc, "identities,0,subject"),
			    text("\"%s\"", subject));
	assert_string_equal(sql("SELECT json_array_length('%s')",
				at(doc, "identities")), "1");
}

static void an_export_has_the_live_sessions(void **state)
{
	static const char *const ends[] = {
		"ended_at = now(), end_reason = 'logout'",
		"idle_expires_at = now()", "expires_at = now()",
	};
	struct person ann = person_new();
	const char *newer = session_of(ann.id), *doc;

	(void)state;
	session_of(account_new(fresh_email()));
	for (size_t i = 0; i < COUNT(ends); i++)
		sql("UPDATE auth.session SET %s WHERE id = '%s'", ends[i],
		    session_of(ann.id));
	doc = GET("/user/me/export", .token = ann.token).body;
	assert_string_equal(members(at(doc, "sessions,0")), "id device address"
			    " created_at last_used_at");
	assert_string_equal(sql("SELECT string_agg(s->>'id', ' ') FROM"
				" json_array_elements('%s') s",
				at(doc, "sessions")),
			    text("%s %s", newer, ann.session));
}

/* Each has a state with ann: of the others nothing is hers to know. */
static void an_export_has_all_subscriptions(void **state)
{
	static const char *const states[][2] = {
		{ "accepted", "accepted" }, { "incoming", "outgoing" },
		{ "outgoing", "incoming" }, { "outgoing", "blocked" },
		{ "blocked", "none" }, { "none", "blocked" },
		{ "none", "none" },
	};
	struct person ann = person_new(), friend = person_new();
	const char *doc, *subscriptions;

	(void)state;
	for (size_t i = 0; i < COUNT(states); i++)
		relate(ann, states[i][0], i > 0 ? person_new() : friend,
		       states[i][1]);
	doc = GET("/user/me/export", .token = ann.token).body;
	subscriptions = at(doc, "subscriptions");
	assert_string_equal(sql("SELECT string_agg(s->>'state', ' ') FROM"
				" json_array_elements('%s') s", subscriptions),
			    "accepted incoming outgoing outgoing blocked");
	assert_string_equal(members(at(subscriptions, "0")),
			    "user state since");
	assert_string_equal(at(subscriptions, "0,user"),
			    GET(text("/user/%s", friend.id),
				.token = ann.token).body);
	assert_null(strchr(subscriptions, '@'));
}

/* A chat of two, each with a message; of ann's one is deleted. */
static const char *talk(struct person ann, struct person other)
{
	const char *id = sql("INSERT INTO chat.chat (id, kind, title, last_seq)"
			     " VALUES (gen_random_uuid(), 'group', 'Trip', 3)"
			     " RETURNING id");

	sql("INSERT INTO chat.member (chat_id, user_id, role)"
	    " VALUES ('%s', '%s', 'owner'), ('%s', '%s', 'member')",
	    id, ann.id, id, other.id);
	sql("INSERT INTO chat.message (chat_id, seq, sender_id, client_id,"
	    " text, sent_at) VALUES"
	    " ('%s', 1, '%s', gen_random_uuid(), 'hello', now()),"
	    " ('%s', 2, '%s', gen_random_uuid(), 'secret', now()),"
	    " ('%s', 3, '%s', gen_random_uuid(), NULL, now())",
	    id, ann.id, id, other.id, id, ann.id);

	return id;
}

static void an_export_has_ones_chats_and_own_messages(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = talk(ann, bob), *left = talk(ann, bob), *doc;

	(void)state;
	talk(bob, person_new());
	sql("DELETE FROM chat.member WHERE chat_id = '%s' AND user_id = '%s'",
	    left, ann.id);
	doc = GET("/user/me/export", .token = ann.token).body;
	assert_string_equal(at(doc, "chats"), sql("SELECT format("
		"'[{\"id\" : \"%%s\", \"kind\" : \"group\","
		" \"title\" : \"Trip\", \"role\" : \"owner\","
		" \"joined_at\" : \"%%s\"}]', chat_id,"
		" auth.rfc3339(joined_at)) FROM chat.member"
		" WHERE chat_id = '%s' AND user_id = '%s'", chat, ann.id));
	assert_string_equal(sql("SELECT string_agg(concat_ws(' ', m->>'chat_id',"
				" m->>'seq', m->>'text', m->>'deleted'), ', ')"
				" FROM json_array_elements('%s') m",
				at(doc, "messages")),
			    text("%s 1 hello false, %s 3 true", chat, chat));
	assert_string_equal(members(at(doc, "messages,0")),
			    "chat_id seq sender_id client_id text sent_at"
			    " edited_at deleted");
	assert_null(strstr(doc, "secret"));
}

static void an_export_has_notifications_and_devices(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = talk(ann, bob), *doc;

	(void)state;
	sql("SELECT notify.make('{%s}', ROW(NULL, NULL, 'message', '%s', 1,"
	    " false, '%s', 2, NULL, NULL, NULL, now(), 'infinity'"
	    ")::notify.notification, '1 day', '')", ann.id, chat, bob.id);
	sql("INSERT INTO notify.device (session_id, user_id, platform, token)"
	    " VALUES ('%s', '%s', 'fcm', '%s')", ann.session, ann.id,
	    ann.session);
	sql("INSERT INTO notify.mute (user_id, chat_id) VALUES ('%s', '%s')",
	    ann.id, chat);
	doc = GET("/user/me/export", .token = ann.token).body;
	assert_string_equal(at(doc, "notifications,0,data,chat_id"),
			    text("\"%s\"", chat));
	assert_string_equal(at(doc, "notification_preferences,muted_chats,0"),
			    text("\"%s\"", chat));
	assert_string_equal(at(doc, "devices,0,token"),
			    text("\"%s\"", ann.session));
}

FUNCTION_TESTS("user",
	CLAIM(an_export_of_nothing_has_all_members),
	CLAIM(an_export_has_the_image),
	CLAIM(an_export_has_the_identities),
	CLAIM(an_export_has_the_live_sessions),
	CLAIM(an_export_has_all_subscriptions),
	CLAIM(an_export_has_ones_chats_and_own_messages),
	CLAIM(an_export_has_notifications_and_devices))
