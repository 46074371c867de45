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

#define ID_A "0190a6b2-7c1e-7d3a-9f10-0123456789aa"
#define ID_B "0190a6b2-7c1e-7d3a-9f10-0123456789bb"
#define ID_C "0190a6b2-7c1e-7d3a-9f10-0123456789cc"

/* What a table of one field makes of each text. */
struct reading {
	const char *text, *value;	/* value NULL: absent, or refused */
	const char *pointer, *code;	/* code NULL: is taken */
};

static void assert_readings(const struct json_field *table,
			    const struct reading *r, size_t n)
{
	struct body b;

	for (size_t i = 0; i < n; i++, r++) {
		errors = NULL;
		assert_int_equal(json_read(arena, r->text, strlen(r->text),
					   table, &b, &errors),
				 r->code ? ERR_INVALID : OK);
		if (r->code) {
			assert_string_equal(errors->pointer, r->pointer);
			assert_string_equal(errors->code, r->code);
			assert_null(errors->next);
		} else if (r->value) {
			assert_string_equal(b.name, r->value);
		} else {
			assert_null(b.name);
		}
	}
}

static void reads_ids_as_an_array_of_postgresql(void **state)
{
	static const struct json_field table[] = {
		JSON_IDS(struct body, name, 2, 3),
		{ 0 }
	};
	static const struct reading cases[] = {
{ "{\"name\":[\"" ID_A "\",\"" ID_B "\"]}", "{" ID_A "," ID_B "}" },
{ "{\"name\":[\"" ID_C "\",\"" ID_B "\",\"" ID_A "\"]}",
  "{" ID_C "," ID_B "," ID_A "}" },
{ "{\"name\":[\"" ID_A "\"]}", NULL, "/name", "too_few" },
{ "{\"name\":[]}", NULL, "/name", "too_few" },
{ "{\"name\":[1,2,3,4]}", NULL, "/name", "too_many" },
{ "{\"name\":[\"" ID_A "\",\"" ID_A "\"]}", NULL, "/name/1", "repeated" },
{ "{\"name\":[\"" ID_A "\",\"" ID_B "\",\"" ID_A "\"]}", NULL,
  "/name/2", "repeated" },
{ "{\"name\":[\"{}\",\"" ID_A "\"]}", NULL, "/name/0", "not_an_id" },
{ "{\"name\":[\"" ID_A "\",7]}", NULL, "/name/1", "wrong_type" },
{ "{\"name\":[\"" ID_A "\",null]}", NULL, "/name/1", "wrong_type" },
{ "{\"name\":[\"" ID_A "\",[\"" ID_B "\"]]}", NULL, "/name/1", "wrong_type" },
{ "{\"name\":\"" ID_A "\"}", NULL, "/name", "wrong_type" },
{ "{\"name\":{\"0\":\"" ID_A "\"}}", NULL, "/name", "wrong_type" },
{ "{\"name\":null}", NULL, "/name", "required" },
{ "{}", NULL, "/name", "required" },
	};

	(void)state;
	assert_readings(table, cases, COUNT(cases));
}

static void names_every_bad_id(void **state)
{
	static const struct json_field table[] = {
		JSON_IDS(struct body, name, 1, 4),
		{ 0 }
	};
	static const char text[] = "{\"name\":[1,\"x\",\"" ID_A "\",\""
				   ID_A "\"]}";
	struct body b;

	(void)state;
	errors = NULL;
	assert_int_equal(json_read(arena, text, strlen(text), table, &b,
				   &errors), ERR_INVALID);
	assert_string_equal(errors->code, "repeated");
	assert_string_equal(errors->next->code, "not_an_id");
	assert_string_equal(errors->next->next->code, "wrong_type");
	assert_null(errors->next->next->next);
}

static void an_id_may_be_optional(void **state)
{
	static const struct json_field table[] = {
		JSON_ID_OR_NULL(struct body, name),
		{ 0 }
	};
	static const struct reading cases[] = {
		{ "{\"name\":\"" ID_A "\"}", ID_A },
		{ "{\"name\":null}", NULL },
		{ "{}", NULL },
		{ "{\"name\":\"\"}", NULL, "/name", "not_an_id" },
		{ "{\"name\":7}", NULL, "/name", "wrong_type" },
	};

	(void)state;
	assert_readings(table, cases, COUNT(cases));
}

static void reads_integers_of_a_range_as_digits(void **state)
{
	static const struct json_field small[] = {
		JSON_NUMBER(struct body, name, 1, 7),
		{ 0 }
	}, large[] = {
		JSON_NUMBER(struct body, name, 1, 9007199254740991),
		{ 0 }
	};
	static const struct reading of_small[] = {
		{ "{\"name\":1}", "1" },
		{ "{\"name\":7}", "7" },
		{ "{\"name\":7.0}", "7" },
		{ "{\"name\":0.3e1}", "3" },
		{ "{\"name\":0}", NULL, "/name", "out_of_range" },
		{ "{\"name\":-0}", NULL, "/name", "out_of_range" },
		{ "{\"name\":-1}", NULL, "/name", "out_of_range" },
		{ "{\"name\":8}", NULL, "/name", "out_of_range" },
		{ "{\"name\":1e300}", NULL, "/name", "out_of_range" },
		{ "{\"name\":1.5}", NULL, "/name", "wrong_type" },
		{ "{\"name\":\"1\"}", NULL, "/name", "wrong_type" },
		{ "{\"name\":true}", NULL, "/name", "wrong_type" },
		{ "{\"name\":[1]}", NULL, "/name", "wrong_type" },
		{ "{\"name\":null}", NULL, "/name", "required" },
		{ "{}", NULL, "/name", "required" },
	}, of_large[] = {
		{ "{\"name\":9007199254740991}", "9007199254740991" },
		{ "{\"name\":2147483648}", "2147483648" },
		{ "{\"name\":9007199254740992}", NULL, "/name",
		  "out_of_range" },
		{ "{\"name\":9007199254740993}", NULL, "/name",
		  "out_of_range" },
		{ "{\"name\":9223372036854775808}", NULL, "/name",
		  "out_of_range" },
		{ "{\"name\":1000000000000000000000000000000000000000000}",
		  NULL, "/name", "out_of_range" },
	};

	(void)state;
	assert_readings(small, of_small, COUNT(of_small));
	assert_readings(large, of_large, COUNT(of_large));
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
		CLAIM(reads_ids_as_an_array_of_postgresql),
		CLAIM(names_every_bad_id),
		CLAIM(an_id_may_be_optional),
		CLAIM(reads_integers_of_a_range_as_digits),
		CLAIM(refuses_what_is_no_json),
		CLAIM(refuses_depth_over_32),
		CLAIM(brackets_in_strings_are_no_depth),
		CLAIM(names_what_breaks_a_rule),
		CLAIM(refuses_what_is_no_address),
		CLAIM(lists_no_more_than_16_unknown_members),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
