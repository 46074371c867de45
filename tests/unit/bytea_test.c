/* Bytes are written for PostgreSQL and read back. */
#include <string.h>

#include "tests/unit/test.h"

#include "runtime/bytea.h"

static void bytes_become_hex_and_bytes_again(void **state)
{
	static const struct {
		const char *bytes, *text;
		size_t n;
	} cases[] = {
		{ "", "\\x", 0 },
		{ "\0", "\\x00", 1 },
		{ "\x01\xab\xff", "\\x01abff", 3 },
	};
	struct arena *arena = arena_new();
	const void *bytes;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_string_equal(bytea_text(arena, cases[i].bytes,
					       cases[i].n), cases[i].text);
		bytes = bytea_bytes(arena, cases[i].text, &n);
		assert_int_equal(n, cases[i].n);
		assert_memory_equal(bytes, cases[i].bytes, n);
	}
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(bytes_become_hex_and_bytes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
