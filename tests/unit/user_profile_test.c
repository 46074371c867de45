/* GET and PUT /user/me, /user/{id} */
#include "tests/unit/user_fixture.h"

#define OWN "id nickname about avatar created_at email email_verified"
#define PUBLIC "id nickname about avatar created_at"

static const char *path_of(struct person p)
{
	return text("/user/%s", p.id);
}

static void ones_own_profile_has_the_address(void **state)
{
	struct person ann = person_new();
	struct reply me = GET("/user/me", .token = ann.token);
	struct reply own = GET(path_of(ann), .token = ann.token);

	(void)state;
	assert_int_equal(me.status, 200);
	assert_string_equal(me.headers, "ETag: \"1\"\r\n");
	assert_string_equal(me.body,
		sql("SELECT format('{\"id\" : \"%%s\", \"nickname\" : null,"
		    " \"about\" : null, \"avatar\" : null,"
		    " \"created_at\" : \"%%s\", \"email\" : \"%s\","
		    " \"email_verified\" : false}', id,"
		    " auth.rfc3339(created_at)) FROM auth.account"
		    " WHERE id = '%s'", ann.email, ann.id));
	assert_int_equal(own.status, 200);
	assert_string_equal(own.headers, me.headers);
	assert_string_equal(own.body, me.body);
}

static void anothers_profile_is_what_everybody_sees(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *avatar = draw(bob), *number = fresh_number();
	struct reply r;

	(void)state;
	put(bob, text("{\"nickname\":\"Bob %s\",\"about\":\"b\","
		      "\"avatar\":\"%s\"}", number, avatar));
	r = GET(path_of(bob), .token = ann.token);
	assert_int_equal(r.status, 200);
	assert_string_equal(r.headers, "ETag: \"2\"\r\n");
	assert_string_equal(members(r.body), PUBLIC);
	assert_string_equal(member(r.body, "id"), bob.id);
	assert_string_equal(member(r.body, "nickname"), text("Bob %s", number));
	assert_string_equal(member(r.body, "about"), "b");
	assert_string_equal(member(r.body, "avatar"), avatar);
}

static void nobody_is_not_there(void **state)
{
	struct person ann = person_new(), bob = passwordless_new();

	(void)state;
	sql("DELETE FROM auth.account WHERE id = '%s'", bob.id);
	assert_problem(GET(path_of(bob), .token = ann.token), 404,
		       "not_found");
	assert_problem(GET("/user/00000000-0000-0000-0000-000000000000",
			   .token = ann.token), 404, "not_found");
	assert_problem(GET("/user/me", .token = bob.token), 401,
		       "unauthorized");
}

static void put_replaces_all_three(void **state)
{
	struct person ann = person_new();
	const char *avatar = draw(ann);
	const char *nickname = text("Ann %s", fresh_number());
	const struct {
		const char *body, *nickname, *about, *avatar;
	} cases[] = {
		{ text("{\"nickname\":\"%s\",\"about\":\"a\","
		       "\"avatar\":\"%s\"}", nickname, avatar),
		  nickname, "a", avatar },
		{ text("{\"about\":\"b\",\"avatar\":\"%s\"}", avatar),
		  "", "b", avatar },
		{ text("{\"nickname\":\"%s\",\"about\":null,\"avatar\":\"%s\"}",
		       nickname, avatar), nickname, "", avatar },
		{ text("{\"nickname\":\"%s\",\"avatar\":null}", nickname),
		  nickname, "", "" },
		{ "{}", "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reply r = put(ann, cases[i].body);

		assert_int_equal(r.status, 200);
		assert_string_equal(members(r.body), OWN);
		assert_string_equal(member(r.body, "nickname") ?: "",
				    cases[i].nickname);
		assert_string_equal(member(r.body, "about") ?: "",
				    cases[i].about);
		assert_string_equal(member(r.body, "avatar") ?: "",
				    cases[i].avatar);
		assert_string_equal(GET("/user/me", .token = ann.token).body,
				    r.body);
	}
}

static void a_change_moves_the_etag_and_is_announced(void **state)
{
	struct person ann = person_new();
	const char *avatar = draw(ann), *number = fresh_number();
	const struct { const char *body, *changed; } cases[] = {
		{ text("{\"nickname\":\"Ann %s\",\"avatar\":\"%s\"}", number,
		       avatar), "\"nickname\"" },
		{ text("{\"nickname\":\"ann %s\",\"avatar\":\"%s\"}", number,
		       avatar), "\"nickname\"" },
		{ text("{\"about\":\"\",\"avatar\":\"%s\"}", avatar),
		  "\"nickname\", \"about\"" },
		{ text("{\"about\":\"a\",\"avatar\":\"%s\"}", avatar),
		  "\"about\"" },
		{ "{\"about\":\"a\"}", "\"avatar\"" },
		{ "{}", "\"about\"" },
	};
	const char *announced = "";

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *etag = text("ETag: \"%zu\"\r\n", i + 2);

		announced = text("%s%suser.events UserProfileUpdated"
				 " {\"changed\": [%s], \"user_id\": \"%s\","
				 " \"revision\": %zu}", announced,
				 i > 0 ? "," : "", cases[i].changed, ann.id,
				 i + 2);
		assert_string_equal(put(ann, cases[i].body).headers, etag);
		assert_string_equal(put(ann, cases[i].body).headers, etag);
		assert_string_equal(GET("/user/me", .token = ann.token).headers,
				    etag);
		assert_string_equal(events(ann), announced);
	}
}

static void an_event_continues_the_trace(void **state)
{
	struct person ann = person_new();

	(void)state;
	put(ann, "{\"about\":\"a\"}");
	assert_string_equal(sql("SELECT traceparent FROM event.outbox"
				" WHERE key = '%s'", ann.id),
			    "00-0af7651916cd43dd8448eb211c80319c-"
			    "b7ad6b7169203331-01");
}

/* RFC 9110, section 13.1.1: strong comparison. */
static void if_match_decides_whether_anything_changes(void **state)
{
	static const struct { const char *if_match; int status; } cases[] = {
		{ NULL, 200 }, { "*", 200 }, { "\"7\"", 200 },
		{ "\"6\",\"7\"", 200 }, { "\"7\", \"6\"", 200 },
		{ "\"6\" ,\t\"7\" , \"8\"", 200 },
		{ "\"6\"", 412 }, { "\"8\"", 412 }, { "\"77\"", 412 },
		{ "\"07\"", 412 }, { "\"6\", \"8\"", 412 },
		{ "W/\"7\"", 412 }, { "\"6\", W/\"7\"", 412 }, { "7", 412 },
		{ "'7'", 412 }, { "\"7", 412 }, { "7\"", 412 }, { "\"", 412 },
		{ "\"\"", 412 }, { "", 412 }, { "\"*\"", 412 }, { "**", 412 },
		{ "\".\"", 412 }, { "\"6\" \"7\"", 412 }, { "\"7\";", 412 },
		{ "\"' OR 1=1--\"", 412 },
	};
	struct person ann = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *body = text("{\"about\":\"%zu\"}", i), *before;
		struct reply r;

		sql("UPDATE profile.profile SET revision = 7 WHERE id = '%s'",
		    ann.id);
		before = text("%s%s", profile_row(ann), events(ann));
		r = PUT("/user/me", body, .token = ann.token,
			.if_match = cases[i].if_match);

		if (cases[i].status == 200)
			assert_string_equal(r.headers, "ETag: \"8\"\r\n");
		else
			assert_problem(r, 412, "changed_meanwhile");
		assert_int_equal(cases[i].status == 412,
				 strcmp(text("%s%s", profile_row(ann),
					     events(ann)), before) == 0);
	}
}

static void nobody_changes_the_profile_of_another(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *before = profile_row(bob);

	(void)state;
	assert_problem(PUT(path_of(bob), "{\"about\":\"a\"}",
			   .token = ann.token), 403, "forbidden");
	assert_problem(PUT(path_of(bob), "{", .token = ann.token), 403,
		       "forbidden");
	assert_problem(PUT("/user/00000000-0000-0000-0000-000000000000", "{}",
			   .token = ann.token), 403, "forbidden");
	assert_string_equal(profile_row(bob), before);
	assert_string_equal(events(bob), "");
	assert_int_equal(PUT(path_of(bob), "{\"about\":\"b\"}",
			     .token = bob.token).status, 200);
}

static void nothing_else_can_be_set(void **state)
{
	static const char *const names[] = {
		"id", "user_id", "email", "email_verified", "password",
		"revision", "created_at", "nickname_key", "role", "is_admin",
		"__proto__",
	};
	struct person ann = person_new();
	const char *before = profile_row(ann);

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_invalid(put(ann, text("{\"about\":\"a\",\"%s\":\"1\"}",
					     names[i])),
			       text("/%s", names[i]), "unknown");
	assert_string_equal(profile_row(ann), before);
}

static void put_takes_json_only(void **state)
{
	struct person ann = person_new();

	(void)state;
	assert_problem(PUT("/user/me", "{}", .token = ann.token,
			   .type = "text/plain"), 415,
		       "unsupported_media_type");
	assert_problem(PUT("/user/me", NULL, .token = ann.token), 415,
		       "unsupported_media_type");
	assert_problem(put(ann, "{"), 400, "malformed");
	assert_invalid(put(ann, "[]"), "", "wrong_type");
}

FUNCTION_TESTS("user",
	CLAIM(ones_own_profile_has_the_address),
	CLAIM(anothers_profile_is_what_everybody_sees),
	CLAIM(nobody_is_not_there),
	CLAIM(put_replaces_all_three),
	CLAIM(a_change_moves_the_etag_and_is_announced),
	CLAIM(an_event_continues_the_trace),
	CLAIM(if_match_decides_whether_anything_changes),
	CLAIM(nobody_changes_the_profile_of_another),
	CLAIM(nothing_else_can_be_set),
	CLAIM(put_takes_json_only))
