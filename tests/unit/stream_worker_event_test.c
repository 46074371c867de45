/* Events of Kafka: what of them reaches whom, and that nothing breaks. */
#include "tests/unit/stream_worker_fixture.h"

#include "functions/stream/worker_event.h"

#define A "616e6e00-0000-0000-0000-000000000000"	/* "ann" */
#define B "626f6200-0000-0000-0000-000000000000"	/* "bob" */
#define C "63617400-0000-0000-0000-000000000000"	/* "cat" */

static struct client ann, bob, cat;

static int open_clients(void **state)
{
	open_hub(state);
	ann = client_new(ANN, 'a', NULL);
	bob = client_new(BOB, 'a', NULL);
	cat = client_new(CAT, 'a', NULL);
	sent_to(&ann);
	sent_to(&bob);
	sent_to(&cat);

	return 0;
}

static int close_clients(void **state)
{
	client_free(&ann);
	client_free(&bob);
	client_free(&cat);

	return close_hub(state);
}

static bool deliver_text(const char *type, const char *data)
{
	return event_deliver(hub, type, data, strlen(data));
}

/* "event: NAME" and data without the id; "" for nothing. */
static const char *heard(struct client *c)
{
	static char text[1024];
	const char *event = sent_to(c), *data = strstr(event, "\ndata: ");

	if (!data)
		return event;
	snprintf(text, sizeof(text), "%.*s %.*s",
		 (int)strcspn(event, "\n"), event,
		 (int)strcspn(data + 1, "\n"), data + 1);
	return text;
}

static void each_kind_has_its_name(void **state)
{
	static const char *const kinds[][2] = {
		{ "MessageSent", "message" }, { "MessageEdited", "message" },
		{ "MessageDeleted", "message" },
		{ "MessageReceived", "received" }, { "MessagesRead", "read" },
		{ "ChatCreated", "chat" }, { "ChatMemberAdded", "chat" },
		{ "ChatMemberRemoved", "chat" }, { "Typing", "typing" },
		{ "Presence", "presence" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		char text[128];

		assert_true(deliver_text(kinds[i][0], "{\"user_id\":\"" C "\","
			"\"seq\":7,\"to\":[\"" A "\",\"" B "\"]}"));
		snprintf(text, sizeof(text),
			 "event: %s data: {\"user_id\":\"" C "\",\"seq\":7}",
			 kinds[i][1]);
		assert_string_equal(heard(&ann), text);
		assert_string_equal(heard(&bob), text);
		assert_string_equal(heard(&cat), "");
	}
}

static void each_of_a_pair_is_told_the_other(void **state)
{
	static const char *const types[] = {
		"SubscriptionRequestSent", "SubscriptionRequestAccepted",
		"SubscriptionRequestDeclined", "SubscriptionRemoved",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		assert_true(deliver_text(types[i], "{\"user_id\":\"" A "\","
			"\"other_id\":\"" B "\",\"was\":\"accepted\"}"));
		assert_string_equal(heard(&ann),
			"event: subscription data: {\"user_id\":\"" B "\"}");
		assert_string_equal(heard(&bob),
			"event: subscription data: {\"user_id\":\"" A "\"}");
		assert_string_equal(heard(&cat), "");
	}
}

static void who_types_is_not_told_so(void **state)
{
	(void)state;
	assert_true(deliver_text("Typing", "{\"chat_id\":\"" C "\",\"user_id\":"
				 "\"" A "\",\"to\":[\"" A "\",\"" B "\"]}"));
	assert_string_equal(heard(&ann), "");
	assert_string_equal(heard(&bob), "event: typing data: "
		"{\"chat_id\":\"" C "\",\"user_id\":\"" A "\"}");
}

static void a_text_stays_one_line(void **state)
{
	(void)state;
	assert_true(deliver_text("MessageSent", "{\n \"text\" : "
		"\"a\\n\\ndata: b\\r\\u0085\\u2028\", \"to\":[\"" A "\"]}"));
	assert_string_equal(heard(&ann), "event: message data: {\"text\":"
		"\"a\\n\\ndata: b\\r\xc2\x85\xe2\x80\xa8\"}");
}

static void hints_are_not_kept(void **state)
{
	struct client back;

	(void)state;
	assert_true(deliver_text("MessageSent", "{\"to\":[\"" A "\"]}"));
	sent_to(&ann);
	assert_true(deliver_text("Typing", "{\"user_id\":\"" B "\","
				 "\"to\":[\"" A "\"]}"));
	assert_true(deliver_text("Presence", "{\"to\":[\"" A "\"]}"));
	back = anns_client(ann.id);
	assert_string_equal(sent_to(&back), "");
	client_free(&back);
}

static void what_is_for_nobody_reaches_nobody(void **state)
{
	(void)state;
	assert_true(deliver_text("MessagesRead", "{\"to\":[]}"));
	assert_true(deliver_text("Unheard", "{\"to\":[\"" A "\"]}"));
	assert_true(deliver_text("Unheard", "{"));
	assert_true(deliver_text("UserDeleted", "{\"user_id\":\"" A "\"}"));
	assert_string_equal(heard(&ann), "");
}

static void what_can_not_be_read_reaches_nobody(void **state)
{
	static const char *const data[] = {
		"", "{", "null", "[]", "\"" A "\"", "{}", "{\"to\":null}",
		"{\"to\":\"" A "\"}", "{\"to\":{\"a\":\"" A "\"}}",
		"{\"to\":[\"" A "\",7]}", "{\"to\":[\"" A "\",\"\"]}",
		"{\"to\":[\"" A "\",\"616E6E00-0000-0000-0000-000000000000\"]}",
		"{\"to\":[\"" A "\",\"" B "x\"]}", "{\"to\":[\"" A "\",[]]}",
		"{\"to\":[\"" A "\"],\"to\":[\"" B "\"]}",
		"{\"text\":\"\xff\",\"to\":[\"" A "\"]}",
		"{\"text\":\"\\u0000\",\"to\":[\"" A "\"]}",
		"{\"to\":[\"" A "\"]}}", "{\"to\":[\"" A "\"]",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(data); i++) {
		assert_false(deliver_text("MessageSent", data[i]));
		assert_false(deliver_text("Typing", data[i]));
		assert_false(deliver_text("SubscriptionRemoved", data[i]));
	}
	assert_false(event_deliver(hub, "MessageSent", NULL, 0));
	assert_false(deliver_text("Typing", "{\"to\":[\"" A "\"]}"));
	assert_false(deliver_text("SubscriptionRemoved",
				  "{\"user_id\":\"" A "\"}"));
	assert_string_equal(heard(&ann), "");
}

#define WITH_CLIENTS(f) \
	cmocka_unit_test_setup_teardown(f, open_clients, close_clients)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CLIENTS(each_kind_has_its_name),
		WITH_CLIENTS(each_of_a_pair_is_told_the_other),
		WITH_CLIENTS(who_types_is_not_told_so),
		WITH_CLIENTS(a_text_stays_one_line),
		WITH_CLIENTS(hints_are_not_kept),
		WITH_CLIENTS(what_is_for_nobody_reaches_nobody),
		WITH_CLIENTS(what_can_not_be_read_reaches_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
