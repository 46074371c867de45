/* Our access tokens hold while they should, in one form only. */
#include "tests/unit/token_fixture.h"

static const char *our_token(void)
{
	const char *token;

	assert_int_equal(token_sign(arena, USER, SESSION, NOW, &token), OK);
	return token;
}

static void a_token_says_whose_it_is_and_until_when(void **state)
{
	struct token_claims claims;

	(void)state;
	assert_int_equal(token_verify(our_token(), NOW, &claims), OK);
	assert_string_equal(claims.user, USER);
	assert_string_equal(claims.session, SESSION);
	assert_string_equal(claims.scope, "");
	assert_int_equal(claims.expires_s, NOW + 600);
}

static void a_token_has_the_form_of_its_specification(void **state)
{
	const char *expected = unsigned_token(our_header(), VALID);

	(void)state;
	assert_memory_equal(our_token(), expected, strlen(expected));
}

static void a_token_that_others_make_with_the_key_is_valid(void **state)
{
	(void)state;
	assert_int_equal(verify(signed_by(signing, our_header(), VALID)), OK);
}

static void a_token_is_valid_for_its_time_and_a_minute(void **state)
{
	static const struct { int at_s; enum err err; } rows[] = {
		{ NOW - 61, ERR_AUTH }, { NOW - 60, OK }, { NOW + 600, OK },
		{ NOW + 659, OK }, { NOW + 660, ERR_AUTH }, { 0, ERR_AUTH },
		{ INT32_MAX, ERR_AUTH },
	};
	const char *token = our_token();
	struct token_claims claims;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(token_verify(token, rows[i].at_s, &claims),
				 rows[i].err);
}

static void a_changed_bit_anywhere_is_refused(void **state)
{
	const char *token = our_token();
	const size_t chars = strlen(token);
	char *changed = arena_copy(arena, token, chars);

	(void)state;
	for (size_t i = 0; i < chars; i++)
		for (int bit = 0; bit < 8; bit++) {
			changed[i] = (char)(token[i] ^ 1 << bit);
			assert_refused(changed, changed);
			changed[i] = token[i];
		}
}

static void a_shortened_token_is_refused(void **state)
{
	const char *token = our_token();

	(void)state;
	for (size_t chars = 0; chars < strlen(token); chars++) {
		assert_refused(arena_copy(arena, token, chars), "a beginning");
		assert_refused(token + chars + 1, "an end");
	}
}

static void other_forms_of_a_token_are_refused(void **state)
{
	static const char *const forms[] = {
		"%s\n", "%s=", "%s==", " %s", "%s ", "\t%s", "%s.", ".%s",
		"..%s", "%s.a", "%s..", "%s.a.b", "\"%s\"", "{\"a\":\"%s\"}",
		"Bearer %s", "%s\xc3\xa9", "%s,", "%s%%00",
	};
	const char *token = our_token();

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		char *text = arena_alloc(arena, strlen(token) + 64);
		const char *hole = strstr(forms[i], "%s");

		memcpy(text, forms[i], (size_t)(hole - forms[i]));
		strcat(text, token);
		strcat(text, hole + 2);
		assert_refused(text, forms[i]);
	}
}

/* Ends a part with another character that holds the same bits of data. */
static void bits_that_belong_to_no_byte_are_refused(void **state)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *token = our_token();
	char *changed = arena_copy(arena, token, strlen(token));
	char *last = changed + strlen(changed) - 1;
	const size_t digit = (size_t)(strchr(alphabet, *last) - alphabet);

	(void)state;
	assert_int_equal(digit % 16, 0);
	for (size_t i = 1; i < 16; i++) {
		*last = alphabet[digit + i];
		assert_refused(changed, changed);
	}
}

static void a_token_of_more_than_4096_bytes_is_refused(void **state)
{
	size_t longest = 0;
	char padding[3000];

	(void)state;
	memset(padding, 'a', sizeof(padding));
	for (int n = 2500; n < (int)sizeof(padding); n++) {
		const char *token = signed_by(signing, our_header(),
			arena_printf(arena, CLAIMS(AUD, EXP, IAT, ISS, SID, SUB
				",\"x\":\"%.*s\""), n, padding));

		if (strlen(token) > 4096) {
			assert_refused(token, "long");
			break;
		}
		longest = strlen(token);
		assert_int_equal(verify(token), OK);
	}
	assert_in_range(longest, 4094, 4096);
}

static void a_refresh_token_is_no_access_token(void **state)
{
	const char *token;

	(void)state;
	assert_int_equal(token_refresh_make(arena, SESSION, 1, &token), OK);
	assert_refused(token, "refresh token");
}

static void a_token_outlives_the_rotation_of_its_key(void **state)
{
	const char *token = our_token();

	(void)state;
	keys_command("rotate next");
	use_new_keys();
	assert_int_equal(verify(token), OK);
	keys_command("rotate now");
	use_new_keys();
	assert_int_equal(verify(token), OK);
	assert_int_equal(verify(our_token()), OK);

	keys_command("rotate retire");
	use_new_keys();
	assert_refused(token, "retired key");
	assert_int_equal(verify(our_token()), OK);
}

static void without_the_private_key_tokens_are_only_verified(void **state)
{
	const char *token = our_token(), *other = NULL;

	(void)state;
	unlink(keys_path("signing.pem"));
	use_new_keys();
	assert_int_equal(verify(token), OK);
	assert_int_equal(token_sign(arena, USER, SESSION, NOW, &other),
			 ERR_INTERNAL);
	assert_null(other);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CLAIM(a_token_says_whose_it_is_and_until_when),
		CLAIM(a_token_has_the_form_of_its_specification),
		CLAIM(a_token_that_others_make_with_the_key_is_valid),
		CLAIM(a_token_is_valid_for_its_time_and_a_minute),
		CLAIM(a_changed_bit_anywhere_is_refused),
		CLAIM(a_shortened_token_is_refused),
		CLAIM(other_forms_of_a_token_are_refused),
		CLAIM(bits_that_belong_to_no_byte_are_refused),
		CLAIM(a_token_of_more_than_4096_bytes_is_refused),
		CLAIM(a_refresh_token_is_no_access_token),
		CLAIM(a_token_outlives_the_rotation_of_its_key),
		CLAIM(without_the_private_key_tokens_are_only_verified),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
