/* What the members of a profile may be: PUT /user/me */
#include "tests/unit/user_fixture.h"

#define TEN(s) s s s s s s s s s s
#define HUNDRED(s) TEN(TEN(s))
#define FIVE_HUNDRED(s) HUNDRED(s) HUNDRED(s) HUNDRED(s) HUNDRED(s) HUNDRED(s)

/* Each is to be followed by the same number. */
static const char *const families[][8] = {
	{ "Alice", "alice", "ALICE", "Ａｌｉｃｅ", "AIice", "A1ice",
	  " alice\u3000 " },
	{ "José", "JOSE\u0301", "ｊｏｓé", "Jose\u0301" },
	{ "Вова", "вова", "ВОВА", "Boba", "bOBA" },
	{ "Straße", "STRASSE", "strasse" },
	{ "김각", "김\u1100\u1161\u11a8" },
};

static void a_nickname_is_taken_in_every_form(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *before = profile_row(bob);

	(void)state;
	for (size_t i = 0; i < COUNT(families); i++) {
		const char *number = fresh_number();

		name(ann, text("%s %s", families[i][0], number));
		for (size_t j = 0; families[i][j]; j++)
			assert_problem(put(bob, text("{\"nickname\":\"%s %s\","
						     "\"about\":\"b\"}",
						     families[i][j], number)),
				       409, "nickname_taken");
		assert_string_equal(profile_row(bob), before);
		assert_string_equal(events(bob), "");
	}
}

static void ones_own_nickname_can_take_every_form(void **state)
{
	struct person ann = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(families); i++) {
		const char *number = fresh_number();

		for (size_t j = 0; families[i][j]; j++)
			name(ann, text("%s %s", families[i][j], number));
	}
}

static void a_nickname_that_is_given_up_is_free(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *nickname = text("Ann %s", fresh_number());

	(void)state;
	name(ann, nickname);
	assert_int_equal(put(ann, "{}").status, 200);
	name(bob, nickname);
}

static void a_412_tells_nothing_of_a_taken_nickname(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *nickname = text("Ann %s", fresh_number());

	(void)state;
	name(ann, nickname);
	assert_problem(PUT("/user/me", text("{\"nickname\":\"%s\"}", nickname),
			   .token = bob.token, .if_match = "\"0\""), 412,
		       "changed_meanwhile");
}

static void a_nickname_is_refused_with_the_reason(void **state)
{
	static const struct { const char *nickname, *code; } cases[] = {
		{ "", "too_short" }, { "  \u3000 ", "too_short" },
		{ TEN("abc") "abc", "too_long" },
		{ HUNDRED("\u0301") TEN("abc"), "too_long" },
		{ "An\u200bn", "not_allowed" }, { "An\\nn", "not_allowed" },
		{ "\u202eAnn", "not_allowed" }, { "\u0301", "not_allowed" },
		{ "\\u001b[31m", "not_allowed" }, { "pаypal", "look_alike" },
		{ "1٢", "look_alike" },
	};
	struct person ann = person_new();
	const char *before = profile_row(ann);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_invalid(put(ann, text("{\"nickname\":\"%s\"}",
					     cases[i].nickname)),
			       "/nickname", cases[i].code);
		assert_string_equal(profile_row(ann), before);
	}
}

static void about_has_up_to_500_code_points(void **state)
{
	static const char *const longest[] = {
		"", FIVE_HUNDRED("a"), FIVE_HUNDRED("ж"), FIVE_HUNDRED("😀"),
	};
	struct person ann = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(longest); i++) {
		struct reply r = put(ann, text("{\"about\":\"%s\"}",
					       longest[i]));

		assert_string_equal(member(r.body, "about"), longest[i]);
	}
	assert_invalid(put(ann, "{\"about\":\"" FIVE_HUNDRED("😀") "a\"}"),
		       "/about", "too_long");
	assert_string_equal(member(GET("/user/me", .token = ann.token).body,
				   "about"), longest[COUNT(longest) - 1]);
}

static void only_the_avatar_that_is_there_can_be_kept(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *own = draw(ann);
	const char *others[] = {
		draw(bob), "", own + 1, text("%s ", own), text("%s?", own),
		text("//kith.example%s", own), "/avatars/.webp",
		"/avatars/00000000-0000-0000-0000-000000000000.webp",
		"' OR 1=1--",
	};
	const char *before = profile_row(ann);

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		assert_invalid(put(ann, text("{\"about\":\"a\",\"avatar\":"
					     "\"%s\"}", others[i])),
			       "/avatar", "unknown_avatar");
	assert_string_equal(profile_row(ann), before);
	assert_invalid(put(person_new(), text("{\"avatar\":\"%s\"}", own)),
		       "/avatar", "unknown_avatar");

	assert_int_equal(put(ann, text("{\"avatar\":\"%s\"}", own)).status,
			 200);
	assert_string_equal(profile_row(ann), before);
}

static void an_avatar_that_is_unset_is_deleted(void **state)
{
	static const char *const bodies[] = { "{}", "{\"avatar\":null}" };
	struct person ann = person_new(), bob = person_new();

	(void)state;
	draw(bob);
	for (size_t i = 0; i < COUNT(bodies); i++) {
		draw(ann);
		assert_int_equal(put(ann, bodies[i]).status, 200);
		assert_string_equal(sql("SELECT count(*) FROM profile.avatar"
					" WHERE user_id = '%s'", ann.id), "0");
	}
	assert_string_equal(sql("SELECT count(*) FROM profile.avatar"
				" WHERE user_id = '%s'", bob.id), "1");
}

FUNCTION_TESTS("user",
	CLAIM(a_nickname_is_taken_in_every_form),
	CLAIM(ones_own_nickname_can_take_every_form),
	CLAIM(a_nickname_that_is_given_up_is_free),
	CLAIM(a_412_tells_nothing_of_a_taken_nickname),
	CLAIM(a_nickname_is_refused_with_the_reason),
	CLAIM(about_has_up_to_500_code_points),
	CLAIM(only_the_avatar_that_is_there_can_be_kept),
	CLAIM(an_avatar_that_is_unset_is_deleted))
