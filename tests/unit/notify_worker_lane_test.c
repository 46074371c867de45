/* A lane that fails costs its own pushes time, and nobody else's. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"

#include "functions/notify/worker_lane.h"

#define ORIGIN "https://push.example"

static struct lanes *lanes;
static struct lane *fcm, *origin;
static int64_t now;

static int open_lanes(void **state)
{
	(void)state;
	now = 1000000;
	lanes = lanes_new();
	fcm = lanes_find(lanes, "fcm", now);
	origin = lanes_find(lanes, ORIGIN, now);
	return 0;
}

static int close_lanes(void **state)
{
	(void)state;
	lanes_free(lanes);
	return 0;
}

static int room(const struct lane *lane)
{
	return lanes_room(lanes, lane, now);
}

/* A push goes out and comes back so. */
static bool push(struct lane *lane, enum verdict_kind kind, int wait_ms)
{
	const struct verdict v = verdict(kind, wait_ms, NULL);

	lanes_start(lanes, lane, now);
	return lanes_end(lanes, lane, &v, now);
}

static void fail_until_open(struct lane *lane)
{
	for (int i = 1; i < LANE_FAILURES; i++)
		assert_false(push(lane, VERDICT_AWAY, 0));
	assert_true(push(lane, VERDICT_AWAY, 0));
}

static void every_kind_of_lane_has_its_window(void **state)
{
	static const struct {
		const char *name;
		enum lane_kind kind;
		int room;
	} rows[] = {
		{ "fcm", LANE_FCM, LANE_PROVIDER },
		{ "apns", LANE_APNS, LANE_PROVIDER },
		{ "apns-sandbox", LANE_APNS_SANDBOX, LANE_STREAMS },
		{ ORIGIN, LANE_ORIGIN, LANE_NEW },
		{ "", LANE_ORIGIN, LANE_NEW },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct lane *lane = lanes_find(lanes, rows[i].name, now);

		assert_int_equal(lane->kind, rows[i].kind);
		assert_string_equal(lane->name, rows[i].name);
		assert_int_equal(room(lane), rows[i].room);
		assert_ptr_equal(lanes_find(lanes, rows[i].name, now), lane);
	}
}

static void what_is_on_its_way_takes_room(void **state)
{
	const struct verdict sent = verdict(VERDICT_SENT, 0, NULL);

	(void)state;
	for (int i = 0; i < LANE_PROVIDER; i++) {
		assert_int_equal(room(fcm), LANE_PROVIDER - i);
		lanes_start(lanes, fcm, now);
	}
	assert_int_equal(room(fcm), 0);
	assert_int_equal(room(origin), LANE_NEW);
	lanes_end(lanes, fcm, &sent, now);
	lanes_drop(lanes, fcm);
	assert_int_equal(room(fcm), 2);
}

static void the_window_of_an_origin_grows_with_its_successes(void **state)
{
	(void)state;
	push(origin, VERDICT_SENT, 0);
	assert_int_equal(room(origin), LANE_NEW + 1);
	for (int i = 0; i < 2 * LANE_GOOD; i++)
		push(origin, VERDICT_GONE, 0);
	assert_int_equal(room(origin), LANE_GOOD);
	fail_until_open(origin);
	now += LANE_LONGEST_MS;
	push(origin, VERDICT_SENT, 0);
	assert_int_equal(room(origin), LANE_NEW + 1);
}

static void failures_in_a_row_open_the_breaker(void **state)
{
	(void)state;
	for (int i = 0; i < 3 * LANE_FAILURES; i++)
		assert_false(push(fcm, i % LANE_FAILURES == 0 ? VERDICT_SENT
			     : VERDICT_AWAY, 0));
	assert_true(room(fcm) > 0);
	push(fcm, VERDICT_SENT, 0);
	fail_until_open(fcm);
	assert_int_equal(room(fcm), 0);
	assert_int_equal(room(origin), LANE_NEW);
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
	lanes_drop(lanes, fcm);

	assert_true(push(fcm, VERDICT_SENT, 0));
	assert_int_equal(room(fcm), LANE_PROVIDER);
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
	for (int i = 0; i < LANE_PROVIDER; i++)
		lanes_start(lanes, fcm, now);
	for (int i = 0; i < LANE_FAILURES; i++)
		lanes_end(lanes, fcm, &away, now);
	until = fcm->until_ms;
	while (fcm->flying > 1)
		assert_false(lanes_end(lanes, fcm, &away, ++now));
	assert_false(lanes_end(lanes, fcm, &sent, ++now));
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
	lanes_start(lanes, fcm, now);
	lanes_drop(lanes, fcm);
	assert_true(push(fcm, VERDICT_AWAY, 0));
}

/* Hosts that hang, and as many of them as anybody likes. */
static void strangers_together_have_one_window(void **state)
{
	int flying = 0, room_of_known;

	(void)state;
	push(origin, VERDICT_SENT, 0);
	room_of_known = room(origin);
	for (int i = 0; lanes_room_of_new(lanes) > 0; i++) {
		struct lane *lane;
		char name[32];

		snprintf(name, sizeof(name), "https://%d.example", i);
		lane = lanes_find(lanes, name, now);
		for (; room(lane) > 0; flying++)
			lanes_start(lanes, lane, now);
	}
	assert_int_equal(flying, LANE_STRANGERS);
	assert_int_equal(room(lanes_find(lanes, "https://new", now)), 0);
	assert_int_equal(room(origin), room_of_known);
	assert_int_equal(room(fcm), LANE_PROVIDER);
}

static void a_stranger_that_answers_is_none_any_more(void **state)
{
	const struct verdict sent = verdict(VERDICT_SENT, 0, NULL);

	(void)state;
	for (int i = 0; i < LANE_NEW; i++)
		lanes_start(lanes, origin, now);
	for (int i = 0; i < LANE_NEW; i++)
		lanes_end(lanes, origin, &sent, now);
	strangers_together_have_one_window(state);
}

static void origins_together_leave_room_for_nobody_beyond(void **state)
{
	int flying = 0;

	(void)state;
	for (int i = 0; i < 10; i++) {
		struct lane *lane;
		char name[32];

		snprintf(name, sizeof(name), "https://%d.example", i);
		lane = lanes_find(lanes, name, now);
		for (int n = 0; n < LANE_GOOD; n++)
			push(lane, VERDICT_SENT, 0);
		for (; room(lane) > 0; flying++)
			lanes_start(lanes, lane, now);
	}
	assert_int_equal(flying, LANE_ORIGINS);
	assert_int_equal(lanes_room_of_new(lanes), 0);
}

static void only_so_many_are_remembered(void **state)
{
	char name[32];

	(void)state;
	fail_until_open(origin);
	lanes_start(lanes, lanes_find(lanes, "https://busy", now), now);
	for (int i = 0; i < 3 * LANES; i++) {
		snprintf(name, sizeof(name), "https://%d", i);
		assert_string_equal(lanes_find(lanes, name, ++now)->name,
				    name);
	}
	/* Whose breaker is open, who is busy, and the last ones. */
	assert_true(lanes_find(lanes, ORIGIN, ++now)->open);
	assert_int_equal(lanes_find(lanes, "https://busy", now)->flying, 1);
	assert_ptr_equal(lanes_find(lanes, "fcm", now), fcm);
}

static void a_lane_too_many_is_refused_while_all_are_busy(void **state)
{
	char name[LANE_NAME_BYTES + 1];

	(void)state;
	lanes_start(lanes, origin, now);
	for (int i = 0; i < LANES - LANE_ORIGIN - 1; i++) {
		snprintf(name, sizeof(name), "https://%d", i);
		lanes_start(lanes, lanes_find(lanes, name, now), now);
	}
	assert_null(lanes_find(lanes, "https://more", now));
	lanes_drop(lanes, origin);
	assert_non_null(lanes_find(lanes, "https://more", now));

	memset(name, 'x', LANE_NAME_BYTES);
	name[LANE_NAME_BYTES] = '\0';
	assert_null(lanes_find(lanes, name, now));
}

#define ON_LANES(f) cmocka_unit_test_setup_teardown(f, open_lanes, close_lanes)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_LANES(every_kind_of_lane_has_its_window),
		ON_LANES(what_is_on_its_way_takes_room),
		ON_LANES(the_window_of_an_origin_grows_with_its_successes),
		ON_LANES(failures_in_a_row_open_the_breaker),
		ON_LANES(an_open_breaker_lets_one_push_try),
		ON_LANES(it_stays_open_longer_each_time_but_not_for_ever),
		ON_LANES(what_was_sent_before_it_opened_says_nothing_new),
		ON_LANES(a_pause_opens_it_at_once),
		ON_LANES(what_says_nothing_of_the_provider_changes_nothing),
		ON_LANES(strangers_together_have_one_window),
		ON_LANES(a_stranger_that_answers_is_none_any_more),
		ON_LANES(origins_together_leave_room_for_nobody_beyond),
		ON_LANES(only_so_many_are_remembered),
		ON_LANES(a_lane_too_many_is_refused_while_all_are_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
