/* Refresh tokens name a session and can't be made up. */
#include <string.h>

#include "tests/unit/keys_fixture.h"

#include "runtime/keys.h"
#include "runtime/token.h"

#define SESSION "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"

static struct arena *arena;

static const char *token_of(const char *session, uint32_t counter)
{
	const char *token;

	assert_int_equal(token_refresh_make(arena, session, counter, &token),
			 OK);
	return token;
}

static enum err read_token(const char *token)
{
	char session[UUID_TEXT];
	uint32_t counter;

	return token_refresh_read(token, session, &counter);
}

static void a_token_says_which_session_and_count(void **state)
{
	static const uint32_t counters[] = { 0, 1, 256, 1U << 31, UINT32_MAX };
	char session[UUID_TEXT];
	uint32_t counter;

	(void)state;
	for (size_t i = 0; i < COUNT(counters); i++) {
		const char *token = token_of(SESSION, counters[i]);

		assert_int_equal(token_refresh_read(token, session, &counter),
				 OK);
		assert_string_equal(session, SESSION);
		assert_int_equal(counter, counters[i]);
		/* A lost one can be made again. */
		assert_string_equal(token_of(SESSION, counters[i]), token);
	}
}

static void a_token_has_the_form_of_its_specification(void **state)
{
	(void)state;
	keys_write("refresh", "0 000102030405060708090a0b0c0d0e0f"
		   "101112131415161718191a1b1c1d1e1f\n");
	keys_read(keys_directory);
	assert_string_equal(token_of(SESSION, 7), "v1.AAF_IuJ5sHzDmMTcDAwHOY8"
			    "AAAAHO0F3re8cmtbtJzWrbjbjzg");
}

static void a_changed_bit_anywhere_is_refused(void **state)
{
	const char *token = token_of(SESSION, 7);
	const size_t chars = strlen(token);
	char *changed = arena_copy(arena, token, chars);

	(void)state;
	for (size_t i = 0; i < chars; i++)
		for (int bit = 0; bit < 8; bit++) {
			changed[i] = (char)(token[i] ^ 1 << bit);
			assert_int_equal(read_token(changed), ERR_AUTH);
			changed[i] = token[i];
		}
}

static void other_forms_are_refused(void **state)
{
	const char *token = token_of(SESSION, 7);
	const char *const forms[] = {
		"", "v", "v1", "v1.", "v1..", token + 3,
		arena_printf(arena, "v2.%s", token + 3),
		arena_printf(arena, "V1.%s", token + 3),
		arena_printf(arena, "%s\n", token),
		arena_printf(arena, " %s", token),
		arena_printf(arena, "%s=", token),
		arena_printf(arena, "%sA", token),
		arena_printf(arena, "%s.%s", token, token),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++)
		assert_int_equal(read_token(forms[i]), ERR_AUTH);
	for (size_t chars = 0; chars < strlen(token); chars++)
		assert_int_equal(read_token(arena_copy(arena, token, chars)),
				 ERR_AUTH);
}

static void a_mac_counts_for_one_token_only(void **state)
{
	const char *one = token_of(SESSION, 7), *two = token_of(SESSION, 8);
	char *mixed = arena_copy(arena, one, strlen(one));

	(void)state;
	/* 21 bytes are 28 characters; the MAC is the rest. */
	memcpy(mixed + 3 + 28, two + 3 + 28, strlen(two) - 3 - 28);
	assert_int_equal(read_token(mixed), ERR_AUTH);
}

static void a_token_outlives_the_rotation_of_its_key(void **state)
{
	const char *old = token_of(SESSION, 7);

	(void)state;
	keys_command("rotate next");
	keys_read(keys_directory);
	assert_string_equal(token_of(SESSION, 7), old);

	keys_command("rotate now");
	keys_read(keys_directory);
	assert_string_not_equal(token_of(SESSION, 7), old);
	assert_int_equal(read_token(token_of(SESSION, 7)), OK);
	assert_int_equal(read_token(old), OK);
}

static void a_token_of_other_keys_is_refused(void **state)
{
	const char *foreign = token_of(SESSION, 7);

	keys_make(state);
	keys_read(keys_directory);
	assert_int_equal(read_token(foreign), ERR_AUTH);
}

static void without_keys_no_token_is_made_or_read(void **state)
{
	const char *token = token_of(SESSION, 7);

	(void)state;
	unlink(keys_path("refresh"));
	keys_read(keys_directory);
	assert_int_equal(read_token(token), ERR_AUTH);
	assert_int_equal(token_refresh_make(arena, SESSION, 7, &token),
			 ERR_INTERNAL);
}

static int set_up(void **state)
{
	arena = arena_new();
	return keys_directory_make(state);
}

static int tear_down(void **state)
{
	arena_free(arena);
	return keys_directory_remove(state);
}

static int new_keys(void **state)
{
	keys_make(state);
	keys_read(keys_directory);

	return 0;
}

#define KEYS_CLAIM(f) cmocka_unit_test_setup(f, new_keys)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KEYS_CLAIM(a_token_says_which_session_and_count),
		KEYS_CLAIM(a_token_has_the_form_of_its_specification),
		KEYS_CLAIM(a_changed_bit_anywhere_is_refused),
		KEYS_CLAIM(other_forms_are_refused),
		KEYS_CLAIM(a_mac_counts_for_one_token_only),
		KEYS_CLAIM(a_token_outlives_the_rotation_of_its_key),
		KEYS_CLAIM(a_token_of_other_keys_is_refused),
		KEYS_CLAIM(without_keys_no_token_is_made_or_read),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
