/* A lane that fails costs its own pushes time, and nobody else's. */
#include "tests/unit/test.h"

#include "tests/unit/notify_worker_lane_fixture.h"

static void failures_in_a_row_open_the_breaker(void **state)
{
	(void)state;
	push(fcm, VERDICT_SENT, 0);
	for (int i = 0; i < 3 * LANE_FAILURES; i++)
		assert_false(push(fcm, i % LANE_FAILURES == 0 ? VERDICT_SENT
			     : VERDICT_AWAY, 0));
	assert_true(room(fcm) > 0);
	push(fcm, VERDICT_SENT, 0);
	fail_until_open(fcm);
	assert_int_equal(room(fcm), 0);
	assert_int_equal(room(origin), LANE_NEW);
}

static void one_failure_is_enough_of_a_stranger(void **state)
{
	(void)state;
	assert_true(push(origin, VERDICT_AWAY, 0));
	assert_int_equal(room(origin), 0);
	now = origin->until_ms;
	assert_int_equal(room(origin), 1);
	push(origin, VERDICT_SENT, 0);
	fail_until_open(origin);
}

static void an_open_breaker_lets_one_push_try(void **state)
{
	(void)state;
	fail_until_open(fcm);
	now = fcm->until_ms - 1;
	assert_int_equal(room(fcm), 0);
	now++;
	assert_int_equal(room(fcm), 1);
	lanes_start(lanes, fcm, now);
	assert_int_equal(room(fcm), 0);
	lanes_drop(lanes, fcm, true);

	assert_true(push(fcm, VERDICT_SENT, 0));
	assert_int_equal(room(fcm), LANE_STREAMS + 1);
}

static void it_stays_open_longer_each_time_but_not_for_ever(void **state)
{
	int64_t expected = LANE_FIRST_MS;

	(void)state;
	fail_until_open(fcm);
	for (int i = 0; i < 20; i++) {
		const int64_t ms = fcm->until_ms - now;

		assert_in_range(ms, expected * 3 / 4, expected * 5 / 4);
		now = fcm->until_ms;
		assert_true(push(fcm, VERDICT_AWAY, 0));
		expected = expected * 2 < LANE_LONGEST_MS ? expected * 2
			 : LANE_LONGEST_MS;
	}
	now = fcm->until_ms;
	push(fcm, VERDICT_SENT, 0);
	fail_until_open(fcm);
	assert_in_range(fcm->until_ms - now, 0, LANE_FIRST_MS * 5 / 4);
}

/* All that were on their way fail together, when one is enough. */
static void what_was_sent_before_it_opened_says_nothing_new(void **state)
{
	const struct verdict away = verdict(VERDICT_AWAY, 0, NULL);
	const struct verdict sent = verdict(VERDICT_SENT, 0, NULL);
	int64_t until;

	(void)state;
	push(fcm, VERDICT_SENT, 0);
	while (room(fcm) > 0)
		lanes_start(lanes, fcm, now);
	for (int i = 0; i < LANE_FAILURES; i++)
		end(fcm, false, VERDICT_AWAY);
	until = fcm->until_ms;
	while (fcm->flying > 1)
		assert_false(lanes_end(lanes, fcm, false, &away, ++now));
	assert_false(lanes_end(lanes, fcm, false, &sent, ++now));
	assert_int_equal(fcm->until_ms, until);
	assert_int_equal(room(fcm), 0);
}

static void a_pause_opens_it_at_once(void **state)
{
	(void)state;
	assert_true(push(fcm, VERDICT_PAUSE, 7000));
	assert_false(push(fcm, VERDICT_PAUSE, 3000));
	assert_int_equal(fcm->until_ms, now + 7000);
	push(fcm, VERDICT_SENT, 0);
	assert_int_equal(room(fcm), 0);
	now += 7000;
	assert_int_equal(room(fcm), 1);

	assert_true(push(fcm, VERDICT_CONFIG, 0));
	assert_int_equal(fcm->until_ms, now + LANE_CONFIG_MS);
}

static void what_says_nothing_of_the_provider_changes_nothing(void **state)
{
	(void)state;
	for (int i = 1; i < LANE_FAILURES; i++)
		push(fcm, VERDICT_AWAY, 0);
	assert_false(push(fcm, VERDICT_TOKEN, 0));
	lanes_drop(lanes, fcm, lanes_start(lanes, fcm, now));
	assert_true(push(fcm, VERDICT_AWAY, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_LANES(failures_in_a_row_open_the_breaker),
		ON_LANES(one_failure_is_enough_of_a_stranger),
		ON_LANES(an_open_breaker_lets_one_push_try),
		ON_LANES(it_stays_open_longer_each_time_but_not_for_ever),
		ON_LANES(what_was_sent_before_it_opened_says_nothing_new),
		ON_LANES(a_pause_opens_it_at_once),
		ON_LANES(what_says_nothing_of_the_provider_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
