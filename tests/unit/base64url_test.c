/* base64url has one text for the same bytes. */
#include <string.h>

#include "tests/unit/test.h"

#include "runtime/base64url.h"

static void text_and_bytes_are_each_others(void **state)
{
	/* RFC 4648, section 10, and the two characters of section 5. */
	static const char *const pairs[][2] = {
		{ "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy" }, { "\xff\xef\xbe", "_---" },
	};
	unsigned char bytes[8];
	char text[16];

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		const size_t n = strlen(pairs[i][0]);
		const size_t chars = strlen(pairs[i][1]);

		base64url_encode(pairs[i][0], n, text);
		assert_string_equal(text, pairs[i][1]);
		assert_int_equal(BASE64URL_CHARS(n), chars);

		assert_true(base64url_decode(text, chars, bytes));
		assert_int_equal(BASE64URL_BYTES(chars), n);
		assert_memory_equal(bytes, pairs[i][0], n);
	}
}

static void decode_refuses_every_other_text(void **state)
{
	static const char *const texts[] = {
		"A", "Z", "Zm9vA", "Zg=", "Zg==", "Zm8=", "Zh", "Zk", "Zo", "Zv",
		"Zm9", "Zm+v", "Zm/v", "Zm9v\n", " Zm9v", "Zm 9v", "Zm.9v",
		"Zm9\xc3\xa9",
	};
	unsigned char bytes[8];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_false(base64url_decode(texts[i], strlen(texts[i]),
					      bytes));
	assert_false(base64url_decode("Zm9\0", 4, bytes));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CLAIM(text_and_bytes_are_each_others),
		CLAIM(decode_refuses_every_other_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
