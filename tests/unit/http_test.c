/* Routing, queries and error documents, without a database. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"

#include "runtime/conf.h"
#include "runtime/http.h"
#include "runtime/keys.h"

#define ID "0190a6b2-7c1e-7d3a-9f10-0123456789ab"

static struct arena *arena;

static enum err item_get(struct req *req)
{
	return http_json(req, 200, req->id);
}

static enum err part_get(struct req *req)
{
	return http_json(req, 200, arena_printf(req->arena, "%s %s", req->id,
						req->seq));
}

/* There is always one row more than a page has. */
static enum err items_list(struct req *req)
{
	const char *limit, *after, *cell[2 * 101];
	enum err err;

	err = http_paging(req, &limit, &after);
	if (err)
		return err;

	for (int i = 0; i <= 100; i++) {
		cell[2 * i] = arena_printf(req->arena, "position %d", i + 1);
		cell[2 * i + 1] = "1";
	}
	cell[1] = arena_printf(req->arena, "\"%s\"", after ?: "");

	return http_page(req, &(struct db_rows){ atoi(limit) + 1, 2, cell },
			 limit);
}

static enum err item_break(struct req *req)
{
	(void)req;
	return ERR_INTERNAL;
}

const struct route routes[] = {
	{ "GET",    "/items",           AUTH_NONE,     items_list },
	{ "GET",    "/items/{id}",      AUTH_NONE,     item_get },
	{ "DELETE", "/items/{id}",      AUTH_USER,     item_get },
	{ "GET",    "/items/{id}/more", AUTH_NONE,     item_get },
	{ "GET",    "/parts/{id}/{seq}", AUTH_NONE,    part_get },
	{ "DELETE", "/parts/{id}/{seq}", AUTH_USER,    part_get },
	{ "POST",   "/broken",          AUTH_NONE,     item_break },
	{ "GET",    "/inside",          AUTH_INTERNAL, items_list },
	{ 0 }
};

static struct req ask(const char *method, const char *path, const char *query)
{
	return (struct req){
		.arena = arena, .method = method, .path = path,
		.query = query, .body = "", .address = "127.0.0.1",
		.request_id = "r1", .traceparent = "",
	};
}

static struct req answer(const char *method, const char *path,
			 const char *query)
{
	struct req req = ask(method, path, query);

	http_handle(&req);
	return req;
}

static void finds_the_route(void **state)
{
	(void)state;
	assert_string_equal(answer("GET", "/items/" ID, "").reply.body, ID);
	assert_string_equal(answer("HEAD", "/items/" ID, "").reply.body, ID);
	assert_string_equal(answer("GET", "/items/" ID "/more", "").reply.body,
			    ID);
}

static void a_path_may_end_with_a_number(void **state)
{
	static const char *const numbers[] = {
		"1", "9", "10", "4294967296", "999999999999999",
		"9007199254740991",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++)
		assert_string_equal(answer("GET", arena_printf(arena,
				"/parts/" ID "/%s", numbers[i]), "").reply.body,
			arena_printf(arena, ID " %s", numbers[i]));
}

static void what_is_not_there_is_404(void **state)
{
	static const char *const paths[] = {
		"", "/", "/item", "/items/", "/items/me", "/items/" ID "/",
		"/items/" ID "x", "/items/0190A6B2-7C1E-7D3A-9F10-0123456789AB",
		"/items/0190a6b2-7c1e-7d3a-9f10-0123456789a'", "/inside",
		"/parts/" ID, "/parts/" ID "/", "/parts/" ID "/0",
		"/parts/" ID "/01", "/parts/" ID "/-1", "/parts/" ID "/+1",
		"/parts/" ID "/1.0", "/parts/" ID "/1e1", "/parts/" ID "/x",
		"/parts/" ID "/1/", "/parts/" ID "/ 1", "/parts/" ID "/{seq}",
		"/parts/" ID "/9007199254740992",
		"/parts/" ID "/10000000000000000",
		"/parts/" ID "/18446744073709551617", "/parts/1/1", "/parts//1",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++)
		if (answer("GET", paths[i], "").reply.status != 404)
			fail_msg("%s", paths[i]);
}

static void the_internal_listener_sees_more(void **state)
{
	struct req req = ask("GET", "/inside", "");

	(void)state;
	req.internal = true;
	http_handle(&req);
	assert_int_equal(req.reply.status, 200);
}

static void another_method_is_405_with_allow(void **state)
{
	static const char *const methods[] = { "POST", "TRACE", "get", "" };

	(void)state;
	for (size_t i = 0; i < COUNT(methods); i++) {
		struct req req = answer(methods[i], "/items/" ID, "");

		assert_int_equal(req.reply.status, 405);
		assert_string_equal(req.reply.headers,
				    "Allow: GET, DELETE\r\n");
	}
}

static void without_a_token_401_says_how(void **state)
{
	struct req req = answer("DELETE", "/items/" ID, "");

	(void)state;
	assert_int_equal(req.reply.status, 401);
	assert_string_equal(req.reply.headers,
			    "WWW-Authenticate: Bearer realm=\"kith\"\r\n");
}

static void errors_are_problem_documents(void **state)
{
	struct req req = answer("POST", "/broken", "");

	(void)state;
	assert_string_equal(req.reply.type, "application/problem+json");
	assert_string_equal(req.reply.body,
		"{\"type\":\"/problems/internal\","
		"\"title\":\"Something went wrong here\",\"status\":500,"
		"\"code\":\"internal\",\"errors\":[],\"request_id\":\"r1\"}");
}

static void decodes_a_parameter_once(void **state)
{
	static const struct {
		const char *query, *value;
	} cases[] = {
		{ "q=a", "a" }, { "x=1&q=a+b", "a b" }, { "q=%2541", "%41" },
		{ "q=", "" }, { "qq=1&q=%D0%B6", "\xd0\xb6" }, { "qq=1", NULL },
		{ "", NULL }, { "q", NULL }, { "&&q=%26%3D&", "&=" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct req req = ask("GET", "/items", cases[i].query);
		const char *value = "unset";

		assert_int_equal(http_query(&req, "q", &value), OK);
		if (cases[i].value)
			assert_string_equal(value, cases[i].value);
		else
			assert_null(value);
	}
}

static void refuses_queries_with_two_meanings(void **state)
{
	static const char *const queries[] = {
		"limit=1&limit=2", "limit=1&limit=1", "limit=%", "limit=%4",
		"limit=%zz", "limit=%00", "limit=%ff", "limit=%c0%af",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(queries); i++)
		if (answer("GET", "/items", queries[i]).reply.status != 400)
			fail_msg("%s", queries[i]);
}

static void a_seq_is_a_positive_number_that_json_can_hold(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} cases[] = {
		{ "1", true }, { "10", true }, { "9007199254740991", true },
		{ "", false }, { "0", false }, { "01", false }, { "x", false },
		{ "-1", false }, { "1 ", false }, { "1x", false },
		{ "9007199254740992", false }, { "10000000000000000", false },
		{ "900719925474099x", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (http_seq_valid(cases[i].text) != cases[i].valid)
			fail_msg("%s", cases[i].text);
}

static void a_limit_is_1_to_100(void **state)
{
	static const char *const limits[] = {
		"limit=0", "limit=101", "limit=-1", "limit=1e1", "limit=",
		"limit=2147483648", "limit=9223372036854775808", "limit=1%20",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(limits); i++)
		if (answer("GET", "/items", limits[i]).reply.status != 422)
			fail_msg("%s", limits[i]);
	assert_int_equal(answer("GET", "/items", "limit=100").reply.status,
			 200);
}

static void a_cursor_leads_back_to_its_place(void **state)
{
	struct req first = answer("GET", "/items", "limit=3");
	char cursor[200], query[256];

	(void)state;
	assert_int_equal(sscanf(first.reply.body,
				"{\"items\":[\"\",1,1],\"next\":\"%199[^\"]",
				cursor), 1);
	assert_null(strstr(cursor, "position"));

	snprintf(query, sizeof(query), "cursor=%s", cursor);
	assert_non_null(strstr(answer("GET", "/items", query).reply.body,
			       "[\"position 3\",1,1,"));
}

static void a_forged_cursor_is_refused(void **state)
{
	static const char *const cursors[] = {
		"cursor=", "cursor=a", "cursor=%7B%7D", "cursor=AAAAAAAAAAAAAAAA"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cursors); i++)
		if (answer("GET", "/items", cursors[i]).reply.status != 422)
			fail_msg("%s", cursors[i]);
}

static void another_lists_cursor_is_refused(void **state)
{
	struct req req = ask("GET", "/inside", "");
	char cursor[200], query[256];

	(void)state;
	req.internal = true;
	http_handle(&req);
	assert_int_equal(sscanf(strstr(req.reply.body, "next"),
				"next\":\"%199[^\"]", cursor), 1);

	snprintf(query, sizeof(query), "cursor=%s", cursor);
	assert_int_equal(answer("GET", "/items", query).reply.status, 422);
}

static int open_arena(void **state)
{
	(void)state;
	conf_read(NULL);
	keys_read(conf.keys);
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
		CLAIM(finds_the_route),
		CLAIM(a_path_may_end_with_a_number),
		CLAIM(what_is_not_there_is_404),
		CLAIM(the_internal_listener_sees_more),
		CLAIM(another_method_is_405_with_allow),
		CLAIM(without_a_token_401_says_how),
		CLAIM(errors_are_problem_documents),
		CLAIM(decodes_a_parameter_once),
		CLAIM(refuses_queries_with_two_meanings),
		CLAIM(a_seq_is_a_positive_number_that_json_can_hold),
		CLAIM(a_limit_is_1_to_100),
		CLAIM(a_cursor_leads_back_to_its_place),
		CLAIM(a_forged_cursor_is_refused),
		CLAIM(another_lists_cursor_is_refused),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
