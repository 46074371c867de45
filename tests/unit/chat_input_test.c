/* What is refused before anything is done. */
#include "tests/unit/chat_fixture.h"

/* A right body of each endpoint, of what is not there. */
static const struct endpoint {
	const char *method, *path, *body;
} endpoints[] = {
	{ "POST", "/chat/create", "{\"user_ids\":[\"" NOBODY "\"]}" },
	{ "POST", "/chat/members", "{\"chat_id\":\"" NOBODY "\","
				   "\"user_id\":\"" NOBODY "\"}" },
	{ "POST", "/messages/send", "{\"chat_id\":\"" NOBODY "\","
				    "\"client_id\":\"" NOBODY "\","
				    "\"text\":\"hello\"}" },
	{ "POST", "/messages/received", "{\"chat_id\":\"" NOBODY "\","
					"\"seq\":1}" },
	{ "POST", "/messages/read", "{\"chat_id\":\"" NOBODY "\",\"seq\":1}" },
	{ "PUT",  "/messages/" NOBODY "/1", "{\"text\":\"hello\"}" },
};

static const struct endpoint bodiless[] = {
	{ "DELETE", "/chat/members" },
	{ "GET",    "/chat/" NOBODY },
	{ "GET",    "/chats" },
	{ "GET",    "/messages/chat" },
	{ "GET",    "/messages/chat/" NOBODY },
	{ "DELETE", "/messages/" NOBODY "/1" },
};

static struct reply ask(struct endpoint e, const char *body, const char *token)
{
	return call((struct call){
		.method = e.method, .path = e.path, .body = body,
		.token = token,
	});
}

static void nobody_does_anything_without_a_token(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(endpoints); i++)
		assert_problem(ask(endpoints[i], endpoints[i].body, NULL), 401,
			       "unauthorized");
	for (size_t i = 0; i < COUNT(bodiless); i++)
		assert_problem(ask(bodiless[i], NULL, NULL), 401,
			       "unauthorized");
}

static void a_body_is_json(void **state)
{
	struct person ann = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(endpoints); i++) {
		struct endpoint e = endpoints[i];

		assert_problem(call((struct call){
				.method = e.method, .path = e.path,
				.body = e.body, .type = "text/plain",
				.token = ann.token,
			}), 415, "unsupported_media_type");
		assert_problem(ask(e, "{", ann.token), 400, "malformed");
		assert_problem(ask(e, "", ann.token), 400, "malformed");
		assert_problem(ask(e, NULL, ann.token), 415,
			       "unsupported_media_type");
		assert_invalid(ask(e, "[]", ann.token), "", "wrong_type");
		assert_invalid(ask(e, text("%.*s,\"x\":1}",
					   (int)strlen(e.body) - 1, e.body),
				   ann.token), "/x", "unknown");
	}
}

#define ID  "\"" NOBODY "\""
#define ID2 "\"0190a6b2-7c1e-7d3a-9f10-0123456789ac\""

static const struct {
	const char *path, *body, *pointer, *code;
} bodies[] = {
{ "/chat/create", "{}",				"/user_ids", "required" },
{ "/chat/create", "{\"user_ids\":null}",	"/user_ids", "required" },
{ "/chat/create", "{\"user_ids\":[]}",		"/user_ids", "too_few" },
{ "/chat/create", "{\"user_ids\":" ID "}",	"/user_ids", "wrong_type" },
{ "/chat/create", "{\"user_ids\":{}}",		"/user_ids", "wrong_type" },
{ "/chat/create", "{\"user_ids\":[7]}",		"/user_ids/0", "wrong_type" },
{ "/chat/create", "{\"user_ids\":[" ID ",null],\"title\":\"x\"}",
  "/user_ids/1", "wrong_type" },
{ "/chat/create", "{\"user_ids\":[" ID ",\"me\"],\"title\":\"x\"}",
  "/user_ids/1", "not_an_id" },
{ "/chat/create", "{\"user_ids\":[" ID "," ID "],\"title\":\"x\"}",
  "/user_ids/1", "repeated" },
{ "/chat/create", "{\"user_ids\":[\"},{\"]}",	"/user_ids/0", "not_an_id" },
{ "/chat/create", "{\"user_ids\":[" ID "," ID2 "]}", "/title", "required" },
{ "/chat/create", "{\"user_ids\":[" ID "," ID2 "],\"title\":null}",
  "/title", "required" },
{ "/chat/create", "{\"user_ids\":[" ID "],\"title\":\"\"}",
  "/title", "too_short" },
{ "/chat/create", "{\"user_ids\":[" ID "],\"title\":7}",
  "/title", "wrong_type" },

{ "/chat/members", "{\"user_id\":" ID "}",	"/chat_id", "required" },
{ "/chat/members", "{\"chat_id\":" ID "}",	"/user_id", "required" },
{ "/chat/members", "{\"chat_id\":" ID ",\"user_id\":\"me\"}",
  "/user_id", "not_an_id" },
{ "/chat/members", "{\"chat_id\":7,\"user_id\":" ID "}",
  "/chat_id", "wrong_type" },

{ "/messages/send", "{\"client_id\":" ID ",\"text\":\"x\"}",
  "/chat_id", "required" },
{ "/messages/send", "{\"chat_id\":null,\"client_id\":" ID ",\"text\":\"x\"}",
  "/chat_id", "required" },
{ "/messages/send", "{\"chat_id\":" ID ",\"user_id\":" ID ",\"client_id\":" ID
  ",\"text\":\"x\"}", "/chat_id", "not_both" },
{ "/messages/send", "{\"chat_id\":" ID ",\"text\":\"x\"}",
  "/client_id", "required" },
{ "/messages/send", "{\"chat_id\":" ID ",\"client_id\":\"1\",\"text\":\"x\"}",
  "/client_id", "not_an_id" },
{ "/messages/send", "{\"chat_id\":\"1\",\"client_id\":" ID ",\"text\":\"x\"}",
  "/chat_id", "not_an_id" },
{ "/messages/send", "{\"user_id\":\"1\",\"client_id\":" ID ",\"text\":\"x\"}",
  "/user_id", "not_an_id" },
{ "/messages/send", "{\"chat_id\":" ID ",\"client_id\":" ID "}",
  "/text", "required" },
{ "/messages/send", "{\"chat_id\":" ID ",\"client_id\":" ID ",\"text\":\"\"}",
  "/text", "too_short" },
{ "/messages/send", "{\"chat_id\":" ID ",\"client_id\":" ID ",\"text\":[]}",
  "/text", "wrong_type" },

{ "/messages/read", "{\"chat_id\":" ID "}",	"/seq", "required" },
{ "/messages/read", "{\"seq\":1}",		"/chat_id", "required" },
{ "/messages/read", "{\"chat_id\":" ID ",\"seq\":\"1\"}",
  "/seq", "wrong_type" },
{ "/messages/read", "{\"chat_id\":" ID ",\"seq\":0}", "/seq", "out_of_range" },
{ "/messages/read", "{\"chat_id\":" ID ",\"seq\":-1}", "/seq", "out_of_range" },
{ "/messages/read", "{\"chat_id\":" ID ",\"seq\":1.5}", "/seq", "wrong_type" },
{ "/messages/read", "{\"chat_id\":" ID ",\"seq\":9007199254740992}",
  "/seq", "out_of_range" },
{ "/messages/received", "{\"chat_id\":" ID ",\"seq\":9223372036854775808}",
  "/seq", "out_of_range" },
{ "/messages/received", "{\"chat_id\":[],\"seq\":1}",
  "/chat_id", "wrong_type" },
};

static void what_breaks_a_rule_is_named(void **state)
{
	struct person ann = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++)
		assert_invalid(POST(bodies[i].path, bodies[i].body,
				    .token = ann.token),
			       bodies[i].pointer, bodies[i].code);
}

static void nobody_is_with_oneself(void **state)
{
	struct person ann = person_new(), bob = friend_of(ann);

	(void)state;
	assert_invalid(POST("/chat/create", creation(NULL, quoted(ann)),
			    .token = ann.token), "/user_ids/0", "oneself");
	assert_invalid(POST("/chat/create", creation("Trip",
				text("%s,%s", quoted(bob), quoted(ann))),
			    .token = ann.token), "/user_ids/1", "oneself");
	assert_invalid(POST("/messages/send", text("{\"user_id\":\"%s\","
				"\"client_id\":" ID ",\"text\":\"x\"}", ann.id),
			    .token = ann.token), "/user_id", "oneself");
}

static const struct {
	const char *method, *path, *query, *parameter, *code;
} queries[] = {
{ "DELETE", "/chat/members", "user_id=" NOBODY,	"chat_id", "required" },
{ "DELETE", "/chat/members", "chat_id=" NOBODY,	"user_id", "required" },
{ "DELETE", "/chat/members", "chat_id=x&user_id=" NOBODY,
  "chat_id", "not_an_id" },
{ "DELETE", "/chat/members", "user_id=me&chat_id=" NOBODY,
  "user_id", "not_an_id" },
{ "GET", "/messages/chat", "",			"user_id", "required" },
{ "GET", "/messages/chat", "user_id=me",	"user_id", "not_an_id" },
{ "GET", "/chats", "limit=0",			"limit", "out_of_range" },
{ "GET", "/chats", "limit=101",			"limit", "out_of_range" },
{ "GET", "/chats", "cursor=x",			"cursor", "not_a_cursor" },
{ "GET", "/messages/chat/" NOBODY, "limit=101",	"limit", "out_of_range" },
{ "GET", "/messages/chat/" NOBODY, "limit=",	"limit", "out_of_range" },
{ "GET", "/messages/chat/" NOBODY, "before=0",	"before", "out_of_range" },
{ "GET", "/messages/chat/" NOBODY, "before=",	"before", "out_of_range" },
{ "GET", "/messages/chat/" NOBODY, "before=-1",	"before", "out_of_range" },
{ "GET", "/messages/chat/" NOBODY, "before=x",	"before", "out_of_range" },
{ "GET", "/messages/chat/" NOBODY, "before=1%20", "before", "out_of_range" },
{ "GET", "/messages/chat/" NOBODY, "before=9007199254740992",
  "before", "out_of_range" },
{ "GET", "/messages/chat/" NOBODY, "after=-1",	"after", "out_of_range" },
{ "GET", "/messages/chat/" NOBODY, "after=00",	"after", "out_of_range" },
{ "GET", "/messages/chat/" NOBODY, "after=99999999999999999999",
  "after", "out_of_range" },
{ "GET", "/messages/chat/" NOBODY, "after=1&before=3", "after", "not_both" },
};

static void a_bad_parameter_is_named(void **state)
{
	struct person ann = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(queries); i++)
		assert_invalid(call((struct call){
				.method = queries[i].method,
				.path = queries[i].path,
				.query = queries[i].query,
				.token = ann.token,
			}), queries[i].parameter, queries[i].code);
}

static void a_parameter_has_one_meaning(void **state)
{
	static const char *const bad[] = {
		"before=1&before=1", "after=1&after=2", "limit=1&limit=2",
		"before=%00", "after=%ff",
	};
	struct person ann = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_problem(GET("/messages/chat/" NOBODY, .query = bad[i],
				   .token = ann.token), 400, "malformed");
}

static void a_message_has_a_number(void **state)
{
	static const char *const numbers[] = {
		"0", "01", "-1", "x", "1.0", "9007199254740992", "",
		"99999999999999999999", "1/2",
	};
	struct person ann = person_new(), bob = person_new();
	const char *chat = pair_of(ann, bob);

	(void)state;
	say(ann, chat, "one");
	for (size_t i = 0; i < COUNT(numbers); i++) {
		assert_problem(edit(ann, chat, numbers[i], "x"), 404,
			       "not_found");
		assert_problem(delete(ann, chat, numbers[i]), 404,
			       "not_found");
	}
	assert_problem(edit(ann, "me", "1", "x"), 404, "not_found");
	assert_string_equal(texts(list(ann, chat, "")), "one");
}

FUNCTION_TESTS("chat",
	CHAT_CLAIM(nobody_does_anything_without_a_token),
	CHAT_CLAIM(a_body_is_json),
	CHAT_CLAIM(what_breaks_a_rule_is_named),
	CHAT_CLAIM(nobody_is_with_oneself),
	CHAT_CLAIM(a_bad_parameter_is_named),
	CHAT_CLAIM(a_parameter_has_one_meaning),
	CHAT_CLAIM(a_message_has_a_number))
