/* Bodies are read strictly, by a table. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"

#include "runtime/json.h"

struct body {
	const char *name, *email, *colour;
};

static const char *const colours[] = { "red", "blue", NULL };

static const struct json_field fields[] = {
	JSON_TEXT(struct body, name, 2, 4),
	JSON_EMAIL(struct body, email),
	JSON_CHOICE(struct body, colour, colours),
	{ 0 }
};

#define REST ",\"email\":\"a@b.example\"}"

static struct arena *arena;
static const struct json_error *errors;

static enum err read_text(const char *text, size_t bytes, struct body *out)
{
	errors = NULL;
	return json_read(arena, text, bytes, fields, out, &errors);
}

static void reads_what_the_table_allows(void **state)
{
	static const char text[] = "{\"name\":\"\\u0041\xc3\xa9\","
		"\"email\":\"a@b.example\",\"colour\":null}";
	struct body b;

	(void)state;
	assert_int_equal(read_text(text, strlen(text), &b), OK);
	assert_string_equal(b.name, "A\xc3\xa9");
	assert_string_equal(b.email, "a@b.example");
	assert_null(b.colour);
}

static void counts_code_points_not_bytes(void **state)
{
	static const char four[] = "{\"name\":\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
		"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"" REST;
	struct body b;

	(void)state;
	assert_int_equal(read_text(four, strlen(four), &b), OK);
}

static void takes_ids_in_the_form_we_give_out(void **state)
{
	static const struct json_field id_fields[] = {
		JSON_ID(struct body, name),
		{ 0 }
	};
	static const struct {
		const char *text, *code;	/* code NULL: is taken */
	} cases[] = {
		{ "{\"name\":\"0190a6b2-7c1e-7d3a-9f10-0123456789ab\"}", NULL },
		{ "{\"name\":\"0190A6B2-7C1E-7D3A-9F10-0123456789AB\"}",
		  "not_an_id" },
		{ "{\"name\":\"0190a6b2\"}", "not_an_id" },
		{ "{\"name\":\"\"}", "not_an_id" },
		{ "{\"name\":1}", "wrong_type" },
		{ "{}", "required" },
	};
	struct body b;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		errors = NULL;
		assert_int_equal(json_read(arena, cases[i].text,
					   strlen(cases[i].text), id_fields, &b,
					   &errors),
				 cases[i].code ? ERR_INVALID : OK);
		if (cases[i].code)
			assert_string_equal(errors->code, cases[i].code);
	}
}

static void refuses_what_is_no_json(void **state)
{
	static const char *const texts[] = {
		"", " ", "{", "[", "nul", "{}x", "{} {}", "{'a':1}",
		"{\"name\":\"ab\",\"name\":\"ab\"" REST,
		"{\"name\":NaN" REST, "{\"name\":\"ab\"/**/" REST,
		"\xef\xbb\xbf{}", "{\"name\":\"\\u0000\"" REST,
		"{\"name\":\"\\ud800\"" REST, "{\"name\":\"\xc0\xaf\"" REST,
		"{\"name\":\"\xed\xa0\x80\"" REST, "{\"name\":1e999" REST,
		"{\"name\":\"a\nb\"" REST, "{\"name\":\"ab\"," REST,
	};
	struct body b;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		if (read_text(texts[i], strlen(texts[i]), &b) != ERR_MALFORMED)
			fail_msg("%s", texts[i]);
	assert_int_equal(read_text("{\0}", 3, &b), ERR_MALFORMED);
}

static void refuses_depth_over_32(void **state)
{
	char text[200] = "{\"name\":";
	const size_t head = strlen(text);
	struct body b;

	(void)state;
	memset(text + head, '[', 31);
	memset(text + head + 31, ']', 31);
	strcpy(text + head + 62, "}");
	assert_int_equal(read_text(text, strlen(text), &b), ERR_INVALID);

	memset(text + head, '[', 32);
	memset(text + head + 32, ']', 32);
	strcpy(text + head + 64, "}");
	assert_int_equal(read_text(text, strlen(text), &b), ERR_MALFORMED);
}

static void brackets_in_strings_are_no_depth(void **state)
{
	static const char text[] = "{\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"["
		"[[[[\":1}";
	struct body b;

	(void)state;
	assert_int_equal(read_text(text, strlen(text), &b), ERR_INVALID);
}

static void names_what_breaks_a_rule(void **state)
{
	static const struct {
		const char *text, *pointer, *code;
	} cases[] = {
		{ "[]", "", "wrong_type" },
		{ "{\"email\":\"a@b.example\"}", "/name", "required" },
		{ "{\"name\":null" REST, "/name", "required" },
		{ "{\"name\":\"a\"" REST, "/name", "too_short" },
		{ "{\"name\":\"abcde\"" REST, "/name", "too_long" },
		{ "{\"name\":7" REST, "/name", "wrong_type" },
		{ "{\"name\":true" REST, "/name", "wrong_type" },
		{ "{\"name\":[\"ab\"]" REST, "/name", "wrong_type" },
		{ "{\"name\":\"ab\",\"a/b~\":1" REST, "/a~1b~0", "unknown" },
		{ "{\"name\":\"ab\",\"colour\":\"green\"" REST, "/colour",
		  "not_a_choice" },
		{ "{\"name\":\"ab\",\"colour\":2147483648" REST, "/colour",
		  "wrong_type" },
	};
	struct body b;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(read_text(cases[i].text,
					   strlen(cases[i].text), &b),
				 ERR_INVALID);
		assert_string_equal(errors->pointer, cases[i].pointer);
		assert_string_equal(errors->code, cases[i].code);
		assert_null(errors->next);
	}
}

static void refuses_what_is_no_address(void **state)
{
	static const char *const addresses[] = {
		"abc", "a@b", "@b.example", "ab@", "a@@b.example", "a b@c.de",
		"a@b..example", ".a@b.example", "a.@b.example", "a@-b.example",
		"a@b-.example", "a@b.example.", "<a@b.example>", "a@[1.2.3.4]",
		"a,b@c.de", "a@b.example\\n",
	};
	char text[200];
	struct body b;

	(void)state;
	for (size_t i = 0; i < COUNT(addresses); i++) {
		snprintf(text, sizeof(text), "{\"name\":\"ab\",\"email\":\"%s\"}",
			 addresses[i]);
		if (read_text(text, strlen(text), &b) != ERR_INVALID)
			fail_msg("%s", addresses[i]);
		assert_string_equal(errors->code, "not_an_email");
	}
}

static void lists_no_more_than_16_unknown_members(void **state)
{
	char text[1000] = "{";
	struct body b;
	int n = 0;

	(void)state;
	for (int i = 0; i < 40; i++)
		sprintf(text + strlen(text), "\"x%d\":1,", i);
	strcat(text, "\"name\":\"ab\"" REST);

	assert_int_equal(read_text(text, strlen(text), &b), ERR_INVALID);
	for (const struct json_error *e = errors; e; e = e->next)
		n++;
	assert_int_equal(n, 16);
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
		CLAIM(reads_what_the_table_allows),
		CLAIM(counts_code_points_not_bytes),
		CLAIM(takes_ids_in_the_form_we_give_out),
		CLAIM(refuses_what_is_no_json),
		CLAIM(refuses_depth_over_32),
		CLAIM(brackets_in_strings_are_no_depth),
		CLAIM(names_what_breaks_a_rule),
		CLAIM(refuses_what_is_no_address),
		CLAIM(lists_no_more_than_16_unknown_members),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
