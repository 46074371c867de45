/* What keys derive is their own; what they seal only they open. */
#include <string.h>

#include "tests/unit/keys_fixture.h"

#include "runtime/keys.h"

static struct arena *arena;

static void mac_is_hmac_under_a_key_made_by_hkdf(void **state)
{
	(void)state;
	/* 00 01 02 ... 1f */
	keys_write("secret", "000102030405060708090a0b0c0d0e0f"
		   "101112131415161718191a1b1c1d1e1f");
	keys_read(keys_directory);
	assert_string_equal(keys_mac(arena, "purpose", "data", 4),
			    "\\x30f99cb158403e160f6dc75767e32046"
			    "dc6af304b5440b40de5aa13758b29403");
	assert_string_not_equal(keys_mac(arena, "another", "data", 4),
				keys_mac(arena, "purpose", "data", 4));
	assert_string_not_equal(keys_mac(arena, "purpose", "a\0b", 3),
				keys_mac(arena, "purpose", "a\0c", 3));
}

static void sealed_text_opens_to_itself(void **state)
{
	static const char *const texts[] = { "", "a", "{\"id\":1}", "%s" };
	const char *text;

	(void)state;
	keys_read(keys_directory);
	for (size_t i = 0; i < COUNT(texts); i++) {
		const char *sealed = keys_seal(arena, "cursor", "/a", texts[i]);

		assert_int_equal(keys_open(arena, "cursor", "/a", sealed,
					   &text), OK);
		assert_string_equal(text, texts[i]);
		assert_string_not_equal(keys_seal(arena, "cursor", "/a",
						  texts[i]), sealed);
	}
}

static void sealed_text_opens_nowhere_else(void **state)
{
	const char *sealed, *text = "untouched";

	keys_read(keys_directory);
	sealed = keys_seal(arena, "cursor", "/a", "text");
	assert_int_equal(keys_open(arena, "answer", "/a", sealed, &text),
			 ERR_INVALID);
	assert_int_equal(keys_open(arena, "cursor", "/b", sealed, &text),
			 ERR_INVALID);
	assert_int_equal(keys_open(arena, "cursor", "", sealed, &text),
			 ERR_INVALID);

	keys_make(state);
	keys_read(keys_directory);
	assert_int_equal(keys_open(arena, "cursor", "/a", sealed, &text),
			 ERR_INVALID);
	assert_string_equal(text, "untouched");
}

static void a_changed_seal_does_not_open(void **state)
{
	const char *text;
	char *sealed;
	size_t chars;

	(void)state;
	keys_read(keys_directory);
	text = keys_seal(arena, "cursor", "/a", "text");
	chars = strlen(text);
	sealed = arena_copy(arena, text, chars);

	for (size_t i = 0; i < chars; i++)
		for (int bit = 0; bit < 8; bit++) {
			sealed[i] = (char)(sealed[i] ^ 1 << bit);
			assert_int_equal(keys_open(arena, "cursor", "/a",
						   sealed, &text), ERR_INVALID);
			sealed[i] = (char)(sealed[i] ^ 1 << bit);
		}
	while (chars > 0) {
		sealed[--chars] = '\0';
		assert_int_equal(keys_open(arena, "cursor", "/a", sealed,
					   &text), ERR_INVALID);
	}
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CLAIM(mac_is_hmac_under_a_key_made_by_hkdf),
		CLAIM(sealed_text_opens_to_itself),
		CLAIM(sealed_text_opens_nowhere_else),
		CLAIM(a_changed_seal_does_not_open),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
