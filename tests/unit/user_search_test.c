/* GET /users/search */
#include "tests/unit/user_fixture.h"

#define FAMILY "👨\u200d👩\u200d👧\u200d👦"
#define TEN(s) s s s s s s s s s s
#define SIXTY_FOUR(s) TEN(s) TEN(s) TEN(s) TEN(s) TEN(s) TEN(s) s s s s

static struct person seeker;

/* Makes these the only nicknames that there are; NULL ends them. */
static void only(const char *const *nicknames)
{
	sql("UPDATE profile.profile SET nickname = NULL, nickname_key = NULL,"
	    " nickname_search = NULL WHERE nickname IS NOT NULL");
	for (; *nicknames; nicknames++)
		name(passwordless_new(), *nicknames);
}

/* In a query each byte may stand as %XX. */
static const char *encoded(const char *plain)
{
	const char *out = "";

	for (; *plain; plain++)
		out = text("%s%%%02X", out, (unsigned char)*plain);

	return out;
}

static struct reply ask(const char *query)
{
	if (!seeker.id)
		seeker = passwordless_new();

	return GET("/users/search", .token = seeker.token, .query = query);
}

static struct reply search(const char *nickname)
{
	return ask(text("limit=100&nickname=%s", encoded(nickname)));
}

/* The nicknames that were found, in order. */
static const char *found(struct reply r)
{
	assert_int_equal(r.status, 200);
	return sql("SELECT string_agg(item->>'nickname', ' | ' ORDER BY n) FROM"
		   " json_array_elements($doc$%s$doc$::json->'items')"
		   " WITH ORDINALITY items (item, n)", r.body);
}

static void beginnings_come_first_then_what_is_similar(void **state)
{
	static const char *const nicknames[] = {
		"Mary Ann", "Annika", "Joanna", "ANNA", "Annabel", "Bob",
		"Ann", "Anna Bell", "Hannah", "Nana", "annalena", NULL,
	};
	static const struct { const char *query, *found; } cases[] = {
		{ "ann", "Ann | ANNA | Anna Bell | Annabel | annalena | Annika"
			 " | Mary Ann" },
		{ "anna", "ANNA | Anna Bell | Annabel | annalena | Ann | Annika"
			  " | Joanna | Mary Ann" },
		{ "annab", "Annabel | ANNA | annalena | Anna Bell | Ann"
			   " | Annika | Mary Ann" },
		{ "bell anna", "Anna Bell | ANNA" },
		{ "zoe", "" },
		/* Fewer than three characters: beginnings only. */
		{ "an", "Ann | ANNA | Anna Bell | Annabel | annalena"
			" | Annika" },
		{ "n", "Nana" }, { "nn", "" },
	};

	(void)state;
	only(nicknames);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(found(search(cases[i].query)),
				    cases[i].found);
}

/* Among all these nicknames each query finds one. */
static void names_are_found_in_every_script(void **state)
{
	static const struct { const char *query, *nickname; } cases[] = {
		{ "jose", "José" }, { "ＭÜＬＬＥＲ", "Mu\u0308ller" },
		{ "lodz", "Łódź" }, { "strasse", "Straße" },
		{ "o'neil", "O’Neil" }, { "istanbul", "İstanbul" },
		{ "елка", "Ёлка" }, { "АЛЕКСАНДР", "Александр" },
		{ "ελενη", "Ελένη" }, { "محمد", "مُحَمَّد" }, { "דוד", "דָּוִד" },
		{ "हि", "हिन्दी" }, { "สวั", "สวัสดี" }, { "山田", "山田太郎" },
		{ "ｶﾞﾝ", "ガンダム" }, { "김", "김철수" }, { "❤", "❤\ufe0f" },
		{ "😀", "😀😎" }, { "👨", FAMILY }, { "😎😀", "😎😀" },
	};
	const char *nicknames[COUNT(cases) + 1] = { NULL };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		nicknames[i] = cases[i].nickname;
	only(nicknames);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_string_equal(found(search(cases[i].query)),
				    cases[i].nickname);
		assert_string_equal(found(search(cases[i].nickname)),
				    cases[i].nickname);
	}
}

/*
 * Of some PostgreSQL makes no trigrams: they resemble nothing.  Of a%c and a_c
 * it makes the same, of two words.
 */
static void every_character_means_itself(void **state)
{
	static const char *const nicknames[] = {
		"%", "%%", "_", "a%c", "a_c", "abc", "\\", "\\%", "'", "''x",
		"\"", "$1", "' OR 1=1--", "[]", "*", "😀", "---", NULL,
	};
	static const struct { const char *query, *found; } cases[] = {
		{ "%", "% | %%" }, { "_", "_" }, { "a%", "a%c" },
		{ "a_", "a_c" }, { "a%c", "a%c | a_c" }, { "a_c", "a_c | a%c" },
		{ "\\", "\\ | \\%" }, { "\\%", "\\%" },
		{ "'", "' | ' OR 1=1-- | ''x" }, { "''", "''x" },
		{ "\"", "\"" }, { "$", "$1" }, { "$1", "$1" },
		{ "' OR 1=1--", "' OR 1=1--" }, { "[", "[]" },
		{ ".*", "" }, { "*", "*" }, { "%%", "%%" }, { "%%%%", "" },
		{ "___", "" }, { "---", "---" }, { "😀", "😀" },
		{ "😀😀😀😀", "" }, { "\U0010ffff", "" },
	};

	(void)state;
	only(nicknames);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(found(search(cases[i].query)),
				    cases[i].found);
}

static void an_item_is_what_everybody_sees(void **state)
{
	static const char *const nobody[] = { NULL };
	struct person bob = person_new();
	struct reply r, profile;

	(void)state;
	only(nobody);
	assert_string_equal(search("bob").body, "{\"items\":[],\"next\":null}");
	name(bob, "Bob");
	draw(bob);
	relate(bob, "blocked", seeker, "none");
	r = search("bob");
	profile = GET(text("/user/%s", bob.id), .token = seeker.token);
	assert_string_equal(r.body, text("{\"items\":[%s],\"next\":null}",
					 profile.body));
	assert_null(strchr(r.body, '@'));

	put(bob, "{}");
	assert_string_equal(search("bob").body, "{\"items\":[],\"next\":null}");
}

/* Three are one name to search; of the similar three are equally so. */
static const char *const many[] = {
	"José", "Jose", "Josè", "Josefa", "Josef K", "Joseph", "Maria José",
	"Mario Jose", "Marie Jose", "Jos", "Joss Eliot", "San Jose", NULL,
};

/* All that is found for "jose", in pages of this size; at most 100 pages. */
static const char *in_pages(int limit)
{
	const char *all = NULL, *cursor = NULL;

	for (int i = 0; i < 100; i++) {
		struct reply r = ask(text("nickname=jose&limit=%d%s%s", limit,
					  cursor ? "&cursor=" : "",
					  cursor ?: ""));

		all = all ? text("%s | %s", all, found(r)) : found(r);
		cursor = member(r.body, "next");
		if (!cursor)
			return all;
	}
	fail_msg("no end of pages");
	return NULL;
}

static void pages_of_every_size_give_each_once_in_one_order(void **state)
{
	const char *all;

	(void)state;
	only(many);
	all = in_pages(100);
	for (size_t i = 0; many[i]; i++)
		assert_non_null(strstr(text("| %s |", all),
				       text("| %s |", many[i])));
	for (size_t limit = 1; limit <= COUNT(many); limit++)
		assert_string_equal(in_pages((int)limit), all);
}

static void a_page_has_20_unless_told(void **state)
{
	const char *nicknames[22] = { NULL };
	struct reply r;

	(void)state;
	for (int i = 0; i < 21; i++)
		nicknames[i] = text("Ann %d", 10 + i);
	only(nicknames);
	r = ask("nickname=ann");
	assert_non_null(strstr(found(r), "Ann 29"));
	assert_null(strstr(found(r), "Ann 30"));
	assert_string_equal(found(ask(text("nickname=ann&cursor=%s",
					   member(r.body, "next")))), "Ann 30");
}

/* The person at the border goes, and one behind it comes. */
static void a_page_follows_though_people_come_and_go(void **state)
{
	static const char *const nicknames[] = { "Ann a", "Ann c", NULL };
	struct person bob = person_new();
	struct reply r;

	(void)state;
	only(nicknames);
	name(bob, "Ann b");
	r = ask("nickname=ann&limit=2");
	assert_string_equal(found(r), "Ann a | Ann b");
	assert_int_equal(put(bob, "{}").status, 200);
	name(person_new(), "Ann d");
	assert_string_equal(found(ask(text("nickname=ann&cursor=%s",
					   member(r.body, "next")))),
			    "Ann c | Ann d");
}

static void a_bad_parameter_is_refused_with_the_reason(void **state)
{
	static const struct { const char *query, *pointer, *code; } cases[] = {
		{ "", "nickname", "required" },
		{ "nickname", "nickname", "required" },
		{ "Nickname=ann", "nickname", "required" },
		{ "nickname=", "nickname", "too_short" },
		{ "nickname=+%20", "nickname", "too_short" },
		{ "nickname=\u3000\u200b\u00ad", "nickname", "too_short" },
		{ "nickname=" SIXTY_FOUR("a") "a", "nickname", "too_long" },
		{ "nickname=" SIXTY_FOUR("😀") "a", "nickname", "too_long" },
		{ "nickname=a&limit=0", "limit", "out_of_range" },
		{ "nickname=a&limit=101", "limit", "out_of_range" },
		{ "nickname=a&limit=x", "limit", "out_of_range" },
		{ "nickname=a&cursor=x", "cursor", "not_a_cursor" },
		{ "nickname=a&cursor=", "cursor", "not_a_cursor" },
	};
	static const char *const malformed[] = {
		"nickname=%", "nickname=%00", "nickname=\xff",
		"nickname=%C0%27", "nickname=%ED%A0%80",
		"nickname=a&nickname=a",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_invalid(ask(cases[i].query), cases[i].pointer,
			       cases[i].code);
	for (size_t i = 0; i < COUNT(malformed); i++)
		assert_problem(ask(malformed[i]), 400, "malformed");
	assert_int_equal(ask("nickname=" SIXTY_FOUR("😀")).status, 200);
	assert_int_equal(search(SIXTY_FOUR("\ufdfa")).status, 200);
}

static void a_cursor_is_of_its_list_and_its_user(void **state)
{
	static const char *const nicknames[] = { "Ann", "Anna", NULL };
	struct person bob = person_new();
	const char *query;

	(void)state;
	only(nicknames);
	query = text("nickname=ann&cursor=%s",
		     member(ask("nickname=ann&limit=1").body, "next"));
	assert_string_equal(found(ask(query)), "Anna");
	assert_invalid(GET("/users/search", .token = bob.token,
			   .query = query), "cursor", "not_a_cursor");
	assert_invalid(ask(text("%sA", query)), "cursor", "not_a_cursor");
}

FUNCTION_TESTS("user",
	CLAIM(beginnings_come_first_then_what_is_similar),
	CLAIM(names_are_found_in_every_script),
	CLAIM(every_character_means_itself),
	CLAIM(an_item_is_what_everybody_sees),
	CLAIM(pages_of_every_size_give_each_once_in_one_order),
	CLAIM(a_page_has_20_unless_told),
	CLAIM(a_page_follows_though_people_come_and_go),
	CLAIM(a_bad_parameter_is_refused_with_the_reason),
	CLAIM(a_cursor_is_of_its_list_and_its_user))
