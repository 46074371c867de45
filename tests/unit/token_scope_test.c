/* Tokens of services: their scope, their lifetime, and no other form of it. */
#include "tests/unit/token_fixture.h"

#define SERVICE	"0190a6b2-7c1e-7d3a-9f10-0123456789ab"
#define DAY_S	86400

#define WORDS_127 \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa " \
	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* Claims with this member between the others. */
static const char *with(const char *member)
{
	return signed_by(signing, our_header(),
			 arena_printf(arena, CLAIMS(AUD, EXP, IAT, ISS, SID,
						    "%s," SUB), member));
}

static struct token_claims service_claims(const char *scope)
{
	struct token_claims claims = {
		.user = SERVICE, .session = SERVICE,
		.expires_s = NOW + 90 * DAY_S,
	};

	strcpy(claims.scope, scope);
	return claims;
}

static void a_services_token_says_what_it_may_and_until_when(void **state)
{
	const struct token_claims claims = service_claims("notes:send a:b");
	struct token_claims out;
	const char *token;

	(void)state;
	assert_int_equal(token_sign_service(arena, &claims, NOW, &token), OK);
	assert_int_equal(token_verify(token, NOW + 89 * DAY_S, &out), OK);
	assert_string_equal(out.user, SERVICE);
	assert_string_equal(out.session, SERVICE);
	assert_string_equal(out.scope, "notes:send a:b");
	assert_int_equal(out.expires_s, NOW + 90 * DAY_S);
	assert_int_equal(token_verify(token, NOW + 90 * DAY_S + 60, &out),
			 ERR_AUTH);
}

static void a_services_token_has_the_form_of_its_specification(void **state)
{
	const struct token_claims claims = service_claims("notes:send");
	const char *token, *expected = unsigned_token(our_header(),
		"{" AUD ",\"exp\":1807776000," IAT "," ISS
		",\"scope\":\"notes:send\",\"sid\":\"" SERVICE "\""
		",\"sub\":\"" SERVICE "\"}");

	(void)state;
	assert_int_equal(token_sign_service(arena, &claims, NOW, &token), OK);
	assert_memory_equal(token, expected, strlen(expected));
}

static void a_scope_of_the_right_form_is_read(void **state)
{
	static const char *const scopes[] = {
		"a", "a b", "notifications:send", "!#[]~", "a a", WORDS_127,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(scopes); i++) {
		struct token_claims claims;

		assert_int_equal(token_verify(with(arena_printf(arena,
				"\"scope\":\"%s\"", scopes[i])), NOW, &claims),
			OK);
		assert_string_equal(claims.scope, scopes[i]);
	}
}

static void a_scope_of_another_form_is_refused(void **state)
{
	static const char *const members[] = {
		"\"scope\":\"\"", "\"scope\":\" \"", "\"scope\":\" a\"",
		"\"scope\":\"a \"", "\"scope\":\"a  b\"",
		"\"scope\":\"a\\tb\"", "\"scope\":\"a\\nb\"",
		"\"scope\":\"a\\\"b\"", "\"scope\":\"a\\\\b\"",
		"\"scope\":\"a\\u0000\"", "\"scope\":\"a\\u007f\"",
		"\"scope\":\"\xc3\xa9\"", "\"scope\":\"a\\u00a0b\"",
		"\"scope\":\"" WORDS_127 "b\"",
		"\"scope\":null", "\"scope\":1", "\"scope\":true",
		"\"scope\":[\"a\"]", "\"scope\":{}",
		"\"scope\":\"a\",\"scope\":\"b\"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(members); i++)
		assert_refused(with(members[i]), members[i]);
}

static void a_forged_scope_is_refused(void **state)
{
	const struct token_claims claims = service_claims("a");
	const char *right, *wide = with("\"scope\":\"a b\"");
	const char *claimed = strchr(wide, '.');
	const char *claimed_end = strrchr(wide, '.');

	(void)state;
	assert_int_equal(token_sign_service(arena, &claims, NOW, &right), OK);
	assert_refused(arena_printf(arena, "%.*s%.*s%s",
		(int)strcspn(right, "."), right,
		(int)(claimed_end - claimed), claimed,
		strrchr(right, '.')), "another token's claims");
}

static void a_token_allows_the_words_of_its_scope_only(void **state)
{
	static const struct {
		const char *scope, *word;
		bool allowed;
	} cases[] = {
		{ "a:b", "a:b", true }, { "a:b c:d e:f", "a:b", true },
		{ "a:b c:d e:f", "c:d", true }, { "a:b c:d e:f", "e:f", true },
		{ "", "a:b", false }, { "", "", false }, { "a:b", "", false },
		{ "a:b", "a", false }, { "a:b", "a:bc", false },
		{ "a:bc", "a:b", false }, { "xa:b", "a:b", false },
		{ "A:B", "a:b", false }, { "a:b c:d", "a:b c:d", false },
		{ "a:b c:d", " ", false }, { "a:*", "a:b", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct token_claims claims =
			service_claims(cases[i].scope);

		if (token_allows(&claims, cases[i].word) != cases[i].allowed)
			fail_msg("'%s' '%s'", cases[i].scope, cases[i].word);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CLAIM(a_services_token_says_what_it_may_and_until_when),
		CLAIM(a_services_token_has_the_form_of_its_specification),
		CLAIM(a_scope_of_the_right_form_is_read),
		CLAIM(a_scope_of_another_form_is_refused),
		CLAIM(a_forged_scope_is_refused),
		CLAIM(a_token_allows_the_words_of_its_scope_only),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
