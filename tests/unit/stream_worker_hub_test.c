/* The hub: every stream gets what is its user's, from where it was. */
#include "tests/unit/stream_worker_fixture.h"

static void a_new_stream_must_load_everything(void **state)
{
	struct client c = anns_client(NULL);
	char text[128];

	(void)state;
	sent_to(&c);
	snprintf(text, sizeof(text), "event: resync\nid: %s\ndata: {}\n\n",
		 c.id);
	assert_string_equal(c.text, text);
	assert_int_equal(strspn(c.id, "0123456789abcdef"), 16);
	assert_string_equal(c.id + 16, "-0");
	client_free(&c);
}

static void an_event_goes_to_its_users_streams_only(void **state)
{
	struct client ann = client_new(ANN, 'a', NULL);
	struct client too = client_new(ANN, 'b', NULL);
	struct client bob = client_new(BOB, 'a', NULL);
	char text[128];

	(void)state;
	sent_to(&too);
	sent_to(&bob);
	sent_to(&ann);
	deliver(7, 7, 1);
	sent_to(&ann);
	snprintf(text, sizeof(text), "event: message\nid: %s\ndata: 7\n\n",
		 ann.id);
	assert_string_equal(ann.text, text);
	assert_string_equal(sent_to(&too), text);
	assert_string_equal(sent_to(&bob), "");
	assert_int_equal(slot.delivered, 2);
	client_free(&ann);
	client_free(&too);
	client_free(&bob);
}

static void what_is_not_kept_has_no_id(void **state)
{
	struct client c = anns_client(NULL), again;

	(void)state;
	sent_to(&c);
	hub_deliver(hub, &(struct delivery){
		.name = "typing", .data = "{}", .to = people, .n = 1 });
	assert_string_equal(sent_to(&c), "event: typing\ndata: {}\n\n");
	again = anns_client(c.id);
	assert_string_equal(sent_to(&again), "");
	client_free(&c);
	client_free(&again);
}

static void who_comes_back_gets_what_was_missed(void **state)
{
	struct client c = anns_client(NULL), back;

	(void)state;
	deliver(1, 3, 1);
	assert_string_equal(data_sent_to(&c), "{} 1 2 3");
	back = anns_client(c.id);
	assert_string_equal(sent_to(&back), "");
	deliver(4, 4, 2);
	client_free(&back);

	deliver(5, 6, 1);
	back = anns_client(c.id);
	assert_string_equal(data_sent_to(&back), "4 5 6");
	client_free(&back);

	back = client_new(BOB, 'a', c.id);	/* an id is no secret */
	assert_string_equal(data_sent_to(&back), "4");
	client_free(&back);
	client_free(&c);
}

static void what_is_no_id_of_ours_must_load_everything(void **state)
{
	static const char *const forms[] = {
		"", "-", "%.16s", "%.16s-", "%.16s-00", "%.16s-01",
		"%.16s-+1", "%.16s- 1", "%.16s-1 ", "%.16s-1x", "%.16s-0x1",
		"%.16s--1", "%.15s-1", "%.16s_1", " %.16s-1", "%.16s-3",
		"%.16s-18446744073709551615", "%.16s-18446744073709551616",
		"%.16s-9223372036854775807", "0123456789abcdef-1", "1",
		"0", "\xff\xfe", "null", "%.16s-1-1",
	};
	struct client c = anns_client(NULL);

	(void)state;
	deliver(1, 2, 1);
	sent_to(&c);
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct client back;
		char id[64];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(id, sizeof(id), forms[i], c.id);
#pragma GCC diagnostic pop
		back = anns_client(id);
		assert_string_equal(data_sent_to(&back), "{}");
		assert_string_equal(back.id, c.id);
		client_free(&back);
	}
	client_free(&c);
}

static void after_a_gap_nobody_can_resume(void **state)
{
	struct client c = anns_client(NULL), back;
	char before[64];

	(void)state;
	deliver(1, 2, 1);
	sent_to(&c);
	strcpy(before, c.id);
	hub_gap(hub);
	assert_string_equal(data_sent_to(&c), "{}");
	assert_memory_not_equal(c.id, before, 16);
	back = anns_client(before);
	assert_string_equal(data_sent_to(&back), "{}");
	client_free(&back);
	deliver(3, 3, 1);
	back = anns_client(c.id);
	assert_string_equal(data_sent_to(&back), "3");
	client_free(&back);
	client_free(&c);
}

/* It is cut at 256 KB; the others notice nothing. */
static void who_does_not_read_is_cut(void **state)
{
	static char text[64 << 10];
	struct client slow = anns_client(NULL), quick = anns_client(NULL);
	const struct delivery d = { .name = "message", .data = text,
				    .to = people, .n = 1 };

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	sent_to(&slow);
	bufferevent_disable(slow.bev, EV_READ);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(slot.cut_slow, i / 4);
		assert_int_equal(has_ended(&slow), i / 4);
		hub_deliver(hub, &d);
		event_base_loop(base, EVLOOP_NONBLOCK);
		evbuffer_drain(bufferevent_get_input(quick.bev), SIZE_MAX);
	}
	assert_true(has_ended(&slow));
	assert_false(has_ended(&quick));
	assert_int_equal(slot.streams, 1);
	client_free(&slow);
	client_free(&quick);
}

/* Or it would be cut for it, come back, and be cut again. */
static void who_missed_too_much_must_load_everything(void **state)
{
	static char text[64 << 10];
	struct client c = anns_client(NULL);
	struct client back;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	sent_to(&c);
	bufferevent_disable(c.bev, EV_READ);
	for (int i = 0; i < 3; i++)
		hub_deliver(hub, &(struct delivery){
			.name = "message", .data = text, .to = people, .n = 1,
			.kept = true });
	back = anns_client(c.id);
	assert_string_equal(data_sent_to(&back), "{}");
	client_free(&back);
	client_free(&c);
}

static void a_session_ends_with_its_streams(void **state)
{
	struct client one = client_new(ANN, 'a', NULL);
	struct client two = client_new(ANN, 'a', NULL);
	struct client other = client_new(ANN, 'b', NULL);
	unsigned char due[4][UUID_BYTES];

	(void)state;
	assert_int_equal(hub_sessions_due(hub, 1, due, 4), 2);
	hub_end_session(hub, due[due[0][UUID_BYTES - 1] != 'a']);
	assert_true(has_ended(&one) && has_ended(&two));
	assert_false(has_ended(&other));
	hub_end_session(hub, due[0]);
	hub_end_session(hub, due[1]);
	hub_end_session(hub, CAT);
	assert_int_equal(slot.streams, 0);
	client_free(&one);
	client_free(&two);
	client_free(&other);
}

static void sessions_are_looked_at_in_turn_and_new_ones_at_once(void **state)
{
	struct client a = client_new(ANN, 'a', NULL);
	struct client b = client_new(ANN, 'b', NULL), c;
	unsigned char due[4][UUID_BYTES];

	(void)state;
	assert_int_equal(hub_sessions_due(hub, 1000, due, 1), 1);
	assert_int_equal(due[0][UUID_BYTES - 1], 'b');
	assert_int_equal(hub_sessions_due(hub, 1001, due, 4), 1);
	assert_int_equal(due[0][UUID_BYTES - 1], 'a');
	assert_int_equal(hub_sessions_due(hub, 1002, due, 4), 0);
	c = client_new(ANN, 'c', NULL);
	assert_int_equal(hub_sessions_due(hub, 1003, due, 4), 1);
	assert_int_equal(due[0][UUID_BYTES - 1], 'c');
	assert_int_equal(hub_sessions_due(hub, 1000 + HUB_CHECK_MS, due, 4),
			 1);
	assert_int_equal(due[0][UUID_BYTES - 1], 'b');
	assert_int_equal(hub_sessions_due(hub, 3000, due, 4), 3);
	client_free(&a);
	client_free(&b);
	client_free(&c);
}

static void a_stream_ends_when_its_time_is_up(void **state)
{
	const int64_t now = time(NULL);
	struct client c = anns_client(NULL);

	(void)state;
	hub_tick(hub, now + HUB_STREAM_S - 2);
	assert_false(has_ended(&c));
	hub_tick(hub, now + HUB_STREAM_S + 2);
	assert_true(has_ended(&c));
	client_free(&c);
}

static void every_stream_is_beaten_once_in_20_s(void **state)
{
	struct client c[3];
	const int64_t now = time(NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(c); i++) {
		c[i] = anns_client(NULL);
		sent_to(&c[i]);
	}
	for (int s = 0; s < HUB_BEAT_S; s++)
		hub_tick(hub, now + s);
	for (size_t i = 0; i < COUNT(c); i++) {
		assert_string_equal(sent_to(&c[i]), ":\n\n");
		client_free(&c[i]);
	}
}

static void a_user_has_so_many_streams(void **state)
{
	struct client c[HUB_STREAMS_A_USER];

	(void)state;
	for (size_t i = 0; i < COUNT(c); i++) {
		assert_false(hub_full(hub, ANN));
		c[i] = anns_client(NULL);
	}
	assert_true(hub_full(hub, ANN));
	assert_false(hub_full(hub, BOB));
	assert_int_equal(hub_end_some(hub, 1), COUNT(c) - 1);
	assert_false(hub_full(hub, ANN));
	for (size_t i = 0; i < COUNT(c); i++)
		client_free(&c[i]);
}

static void whoever_came_and_left_is_news(void **state)
{
	struct client ann = client_new(ANN, 'a', NULL);
	struct client bob = client_new(BOB, 'a', NULL);
	struct news news[4];

	(void)state;
	assert_int_equal(hub_news(hub, 1, news, 4), 2);
	assert_memory_equal(news[0].user, ANN, UUID_BYTES);
	assert_true(news[0].here && news[1].here);
	hub_settle(hub, &news[0], true, 1);
	hub_settle(hub, &news[1], false, 1);
	assert_int_equal(hub_news(hub, 1, news, 4), 1);
	assert_memory_equal(news[0].user, BOB, UUID_BYTES);
	hub_end_some(hub, 2);
	hub_settle(hub, &news[0], false, INT64_MAX / 2);
	assert_int_equal(hub_news(hub, INT64_MAX / 2, news, 4), 1);
	assert_memory_equal(news[0].user, ANN, UUID_BYTES);
	assert_false(news[0].here);
	hub_settle(hub, &news[0], true, INT64_MAX / 2);
	client_free(&ann);
	client_free(&bob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HUB(a_new_stream_must_load_everything),
		WITH_HUB(an_event_goes_to_its_users_streams_only),
		WITH_HUB(what_is_not_kept_has_no_id),
		WITH_HUB(who_comes_back_gets_what_was_missed),
		WITH_HUB(what_is_no_id_of_ours_must_load_everything),
		WITH_HUB(after_a_gap_nobody_can_resume),
		WITH_HUB(who_does_not_read_is_cut),
		WITH_HUB(who_missed_too_much_must_load_everything),
		WITH_HUB(a_session_ends_with_its_streams),
		WITH_HUB(sessions_are_looked_at_in_turn_and_new_ones_at_once),
		WITH_HUB(a_stream_ends_when_its_time_is_up),
		WITH_HUB(every_stream_is_beaten_once_in_20_s),
		WITH_HUB(a_user_has_so_many_streams),
		WITH_HUB(whoever_came_and_left_is_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
