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
					     " sessions subscriptions");
	assert_string_equal(at(r.body, "profile"),
			    GET("/user/me", .token = ann.token).body);
	assert_string_equal(at(r.body, "avatar_image"), "null");
	assert_string_equal(at(r.body, "subscriptions"), "[]");
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

FUNCTION_TESTS("user",
	CLAIM(an_export_of_nothing_has_all_members),
	CLAIM(an_export_has_the_image),
	CLAIM(an_export_has_the_live_sessions),
	CLAIM(an_export_has_all_subscriptions))
