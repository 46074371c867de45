/* Of a chat only the newest waits; and what was received meanwhile. */
#include "tests/unit/notify_queue.h"

static const char *id_of(struct person p)
{
	return sql("SELECT id FROM notify.push WHERE device_id = '%s'",
		   p.session);
}

static void a_newer_one_takes_the_place_and_the_time_of_one_that_waits(
	void **state)
{
	struct two t = two_new();
	const char *id;

	(void)state;
	write_to(t, 1);
	pass(t.ann, 1);
	id = id_of(t.ann);
	write_to(t, 2);
	assert_string_equal(queue_of(t.ann), "2 2 0");
	assert_string_not_equal(id_of(t.ann), id);
	pass(t.ann, 1);
	write_to(t, 3);
	assert_string_equal(queue_of(t.ann), "3 1 0");
	pass(t.ann, 1);
	assert_string_equal(at(claim(t.ann), "0,payload"), sql(
		"SELECT json_build_object('kind', 'message', 'number', 3,"
		" 'title', 'Somebody · 3 new messages', 'body', 'hi', 'data',"
		" row_to_json(ROW('%s', 3, '%s', 3)::notify.message_data),"
		" 'unread', 1, 'tag', replace('%s', '-', ''))",
		t.chat, t.bob.id, t.chat));
}

static void a_newer_one_follows_one_that_is_on_its_way(void **state)
{
	struct two t = two_new();
	const char *claims;

	(void)state;
	write_to(t, 1);
	pass(t.ann, 3);
	claims = claim(t.ann);
	pass(t.ann, 1);
	write_to(t, 2);
	assert_string_equal(queue_of(t.ann), "2 3 0");
	for (size_t i = 0; i < 3; i++) {
		static const char *const outcomes[] = {
			"sent", "refused", "later",
		};

		assert_string_equal(settle(claims, outcomes[i], 60000), "0");
		assert_string_equal(queue_of(t.ann), "2 3 0");
	}
	pass(t.ann, 3);
	assert_string_equal(numbers_of(t.ann, claim(t.ann)), "2");
	assert_string_equal(settle(claims, "sent", 0), "0");
	assert_string_equal(queue_of(t.ann), "2 30 1 claimed");
}

/* So what was on its way before does not count as received in time. */
static void what_follows_is_the_oldest_of_what_waits(void **state)
{
	struct two t = two_new();

	(void)state;
	write_to(t, 1);
	pass(t.ann, 3);
	claim(t.ann);
	write_to(t, 2);
	pass(t.ann, 1);
	write_to(t, 3);
	receive(t.ann, t.chat, 1);
	pass(t.ann, 2);
	assert_string_equal(numbers_of(t.ann, claim(t.ann)), "3");
}

static void a_newer_one_keeps_the_time_of_one_that_failed(void **state)
{
	struct two t = two_new();

	(void)state;
	write_to(t, 1);
	pass(t.ann, 3);
	assert_string_equal(settle(claim(t.ann), "later", 20000), "1");
	assert_string_equal(queue_of(t.ann), "1 20 1");
	write_to(t, 2);
	assert_string_equal(queue_of(t.ann), "2 20 1");
	pass(t.ann, 19);
	assert_string_equal(claim(t.ann), "[]");
	pass(t.ann, 1);
	assert_string_equal(numbers_of(t.ann, claim(t.ann)), "2");
	assert_string_equal(queue_of(t.ann), "2 30 2 claimed");
}

/* What a claim's owner did not live to settle. */
static void a_newer_one_follows_one_whose_lease_is_over(void **state)
{
	struct two t = two_new();

	(void)state;
	write_to(t, 1);
	pass(t.ann, 3);
	claim(t.ann);
	pass(t.ann, LEASE_S);
	write_to(t, 2);
	assert_string_equal(queue_of(t.ann), "2 3 0");
}

static void of_other_chats_and_devices_each_waits(void **state)
{
	struct two t = two_new();
	struct person there = elsewhere(t.ann);

	(void)state;
	device_new(there, "fcm", 0);
	write_to(t, 1);
	pass(t.ann, 1);
	say(t.bob, chat_of(t.ann, t.bob, "Trip"), 1, "hi", t.ann);
	make(t.ann, "request", t.bob.id, t.bob.id, 0);
	assert_string_equal(queue_of(t.ann), "1 2 0, 2 3 0, 3 3 0");
	assert_string_equal(queue_of(there), queue_of(t.ann));
	write_to(t, 2);
	assert_string_equal(queue_of(t.ann), "2 3 0, 3 3 0, 4 2 0");
}

static void a_device_that_comes_later_gets_what_comes_later(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const char *chat = chat_of(ann, bob, "");

	(void)state;
	say(bob, chat, 1, "hi", ann);
	device_new(ann, "fcm", 0);
	assert_string_equal(queue_of(ann), "");
	say(bob, chat, 2, "hi", ann);
	assert_string_equal(queue_of(ann), "2 3 0");
}

/* Messages come at 0 and 2 s; received and due as a case says. */
static void what_was_received_in_time_waits_for_the_newest(void **state)
{
	static const struct {
		int received;
		const char *claimed, *left;
	} cases[] = {
		{ 0, "2", "2 30 1 claimed" }, { 1, "", "2 2 0" },
		{ 2, "",  "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct two t = two_new();

		write_to(t, 1);
		pass(t.ann, 2);
		write_to(t, 2);
		pass(t.ann, 1);
		receive(t.ann, t.chat, cases[i].received);
		assert_string_equal(numbers_of(t.ann, claim(t.ann)),
				    cases[i].claimed);
		assert_string_equal(queue_of(t.ann), cases[i].left);
	}
}

/* It was put off once; then its own time counts. */
static void the_newest_is_pushed_in_its_own_time(void **state)
{
	struct two t = two_new();

	(void)state;
	write_to(t, 1);
	pass(t.ann, 2);
	write_to(t, 2);
	pass(t.ann, 1);
	receive(t.ann, t.chat, 1);
	claim(t.ann);
	pass(t.ann, 1);
	write_to(t, 3);
	assert_string_equal(queue_of(t.ann), "3 1 0");
	assert_string_equal(claim(t.ann), "[]");
	pass(t.ann, 1);
	assert_string_equal(numbers_of(t.ann, claim(t.ann)), "3");
}

static void what_is_late_is_not_put_off(void **state)
{
	struct two t = two_new();

	(void)state;
	write_to(t, 1);
	pass(t.ann, 2);
	write_to(t, 2);
	receive(t.ann, t.chat, 1);
	pass(t.ann, 3);
	assert_string_equal(numbers_of(t.ann, claim(t.ann)), "2");
}

/* Not received by then: it is late already. */
static void what_was_put_off_is_pushed_when_it_is_due(void **state)
{
	struct two t = two_new();

	(void)state;
	write_to(t, 1);
	pass(t.ann, 2);
	write_to(t, 2);
	pass(t.ann, 1);
	receive(t.ann, t.chat, 1);
	claim(t.ann);
	pass(t.ann, 2);
	assert_string_equal(numbers_of(t.ann, claim(t.ann)), "2");
}

static void one_that_failed_is_put_off_too_if_it_was_received(void **state)
{
	struct two t = two_new();

	(void)state;
	write_to(t, 1);
	pass(t.ann, 3);
	settle(claim(t.ann), "later", 1000);
	write_to(t, 2);
	receive(t.ann, t.chat, 1);
	pass(t.ann, 1);
	assert_string_equal(claim(t.ann), "[]");
	assert_string_equal(queue_of(t.ann), "2 2 1");
}

FUNCTION_TESTS("notify",
	QUEUE_CLAIM(a_newer_one_takes_the_place_and_the_time_of_one_that_waits),
	QUEUE_CLAIM(a_newer_one_follows_one_that_is_on_its_way),
	QUEUE_CLAIM(what_follows_is_the_oldest_of_what_waits),
	QUEUE_CLAIM(a_newer_one_keeps_the_time_of_one_that_failed),
	QUEUE_CLAIM(a_newer_one_follows_one_whose_lease_is_over),
	QUEUE_CLAIM(of_other_chats_and_devices_each_waits),
	QUEUE_CLAIM(a_device_that_comes_later_gets_what_comes_later),
	QUEUE_CLAIM(what_was_received_in_time_waits_for_the_newest),
	QUEUE_CLAIM(the_newest_is_pushed_in_its_own_time),
	QUEUE_CLAIM(what_is_late_is_not_put_off),
	QUEUE_CLAIM(what_was_put_off_is_pushed_when_it_is_due),
	QUEUE_CLAIM(one_that_failed_is_put_off_too_if_it_was_received))
