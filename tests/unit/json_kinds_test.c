/* Numbers, booleans and objects of strings in bodies. */
#include <string.h>

#include "tests/unit/test.h"

#include "runtime/json.h"

struct body {
	const char *name;
};

static struct arena *arena;

/* What a body's name is read as, or the first error. */
static const char *read_as(const struct json_field *table, const char *text)
{
	const struct json_error *errors = NULL;
	struct body b = { 0 };

	if (json_read(arena, text, strlen(text), table, &b, &errors))
		return arena_printf(arena, "%s %s", errors->pointer,
				    errors->code);
	return b.name ?: "absent";
}

static void reads_numbers_as_an_array(void **state)
{
	static const struct json_field table[] = {
		JSON_NUMBERS_OR_NULL(struct body, name, 3),
		{ 0 }
	};
	static const char *const cases[][2] = {
		{ "{}", "absent" },
		{ "{\"name\":[7,9007199254740991]}", "{7,9007199254740991}" },
		{ "{\"name\":[]}", "/name too_few" },
		{ "{\"name\":[1,2,3,4]}", "/name too_many" },
		{ "{\"name\":[1,2,1]}", "/name/2 repeated" },
		{ "{\"name\":[0]}", "/name/0 out_of_range" },
		{ "{\"name\":[1,\"2\"]}", "/name/1 wrong_type" },
		{ "{\"name\":[1.5]}", "/name/0 wrong_type" },
		{ "{\"name\":7}", "/name wrong_type" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(read_as(table, cases[i][0]), cases[i][1]);
}

static void reads_a_boolean(void **state)
{
	static const struct json_field table[] = {
		JSON_BOOLEAN(struct body, name),
		{ 0 }
	};
	static const char *const cases[][2] = {
		{ "{\"name\":true}", "true" },
		{ "{\"name\":false}", "false" },
		{ "{\"name\":1}", "/name wrong_type" },
		{ "{\"name\":\"true\"}", "/name wrong_type" },
		{ "{\"name\":null}", "/name required" },
		{ "{}", "/name required" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(read_as(table, cases[i][0]), cases[i][1]);
}

static void reads_an_object_of_strings(void **state)
{
	static const struct json_field table[] = {
		JSON_STRINGS(struct body, name, 16),
		{ 0 }
	};
	static const char *const cases[][2] = {
		{ "{}", "absent" },
		{ "{\"name\":{}}", "{}" },
		{ "{\"name\": { \"a\" : \"\\u00e9\" } }",
		  "{\"a\":\"\xc3\xa9\"}" },
		{ "{\"name\":{\"a\":\"12345678\"}}",
		  "{\"a\":\"12345678\"}" },
		{ "{\"name\":{\"a\":\"1234567890\"}}", "/name too_long" },
		{ "{\"name\":{\"a/b\":1}}", "/name/a~1b wrong_type" },
		{ "{\"name\":{\"a\":{}}}", "/name/a wrong_type" },
		{ "{\"name\":[]}", "/name wrong_type" },
		{ "{\"name\":\"a\"}", "/name wrong_type" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(read_as(table, cases[i][0]), cases[i][1]);
}

static int open_arena(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(reads_numbers_as_an_array),
		CLAIM(reads_a_boolean),
		CLAIM(reads_an_object_of_strings),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
