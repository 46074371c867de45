/* Identifiers are UUIDv7 in one form. */
#include <string.h>

#include "runtime/clock.h"
#include "tests/unit/test.h"

#include "runtime/uuid.h"

static struct arena *arena;

static int64_t ms_of(const char *uuid)
{
	unsigned char bytes[16];
	int64_t ms = 0;

	uuid_bytes(uuid, bytes);
	for (size_t i = 0; i < 6; i++)
		ms = ms << 8 | bytes[i];

	return ms;
}

static void new_ones_are_of_version_7_and_differ(void **state)
{
	const char *before = "";

	(void)state;
	for (int i = 0; i < 1000; i++) {
		const char *uuid = uuid_new(arena);

		assert_true(uuid_valid(uuid));
		assert_int_equal(uuid[14], '7');
		assert_non_null(strchr("89ab", uuid[19]));
		assert_string_not_equal(uuid, before);
		before = uuid;
	}
}

static void new_ones_begin_with_the_time(void **state)
{
	const int64_t before_ms = unix_ms();
	const int64_t ms = ms_of(uuid_new(arena));

	(void)state;
	assert_true(before_ms <= ms && ms <= unix_ms());
}

static void text_and_bytes_are_each_others(void **state)
{
	static const char uuid[] = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
	static const unsigned char expected[] = {
		0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3,
		0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f,
	};
	unsigned char bytes[16];
	char text[37];

	(void)state;
	uuid_bytes(uuid, bytes);
	assert_memory_equal(bytes, expected, sizeof(expected));
	uuid_text(bytes, text);
	assert_string_equal(text, uuid);
}

static void only_the_form_that_we_give_out_is_valid(void **state)
{
	static const char *const texts[] = {
		"", "me", "017f22e279b07cc398c4dc0c0c07398f",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n",
		" 017f22e2-79b0-7cc3-98c4-dc0c0c07398",
		"017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398:",
		"017f22e27-9b0-7cc3-98c4-dc0c0c07398f",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07-98f",
		"{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
	};

	(void)state;
	assert_true(uuid_valid("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"));
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_false(uuid_valid(texts[i]));
}

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();

	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);

	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CLAIM(new_ones_are_of_version_7_and_differ),
		CLAIM(new_ones_begin_with_the_time),
		CLAIM(text_and_bytes_are_each_others),
		CLAIM(only_the_form_that_we_give_out_is_valid),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
