/* How much may be on its way to whom. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"

#include "tests/unit/notify_worker_lane_fixture.h"

static void every_kind_of_lane_has_its_window(void **state)
{
	static const struct {
		const char *name;
		enum lane_kind kind;
		int room;
	} rows[] = {
		{ "fcm", LANE_FCM, 1 },
		{ "apns", LANE_APNS, 1 },
		{ "apns-sandbox", LANE_APNS_SANDBOX, 1 },
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

static void a_new_connection_is_tried_with_one_push(void **state)
{
	bool scout = lanes_start(lanes, fcm, now);

	(void)state;
	assert_true(scout);
	assert_int_equal(room(fcm), 0);
	end(fcm, scout, VERDICT_SENT);

	for (int n = 1; n < LANE_CONNECTIONS; n++) {
		while (fcm->flying < n * LANE_STREAMS)
			assert_false(lanes_start(lanes, fcm, now));
		assert_int_equal(room(fcm), 1);
		scout = lanes_start(lanes, fcm, now);
		assert_true(scout);
		assert_int_equal(room(fcm), 0);
		end(fcm, scout, VERDICT_GONE);
	}
	while (room(fcm) > 0)
		assert_false(lanes_start(lanes, fcm, now));
	assert_int_equal(fcm->flying, LANE_PROVIDER);
}

static void after_one_that_failed_no_other_is_tried_for_a_while(void **state)
{
	(void)state;
	push(fcm, VERDICT_SENT, 0);
	while (fcm->flying < LANE_STREAMS)
		lanes_start(lanes, fcm, now);
	end(fcm, lanes_start(lanes, fcm, now), VERDICT_AWAY);
	assert_int_equal(room(fcm), 0);
	now += LANE_SCOUT_MS - 1;
	assert_int_equal(room(fcm), 0);
	now++;
	assert_int_equal(room(fcm), 1);
	lanes_drop(lanes, fcm, lanes_start(lanes, fcm, now));
	assert_int_equal(room(fcm), 1);
}

static void the_sandbox_has_one_connection(void **state)
{
	struct lane *sandbox = lanes_find(lanes, "apns-sandbox", now);

	(void)state;
	push(sandbox, VERDICT_SENT, 0);
	assert_int_equal(room(sandbox), LANE_STREAMS);
}

static void a_lane_that_was_idle_begins_anew(void **state)
{
	(void)state;
	push(fcm, VERDICT_SENT, 0);
	now += LANE_IDLE_MS - 1;
	assert_int_equal(room(fcm), LANE_STREAMS + 1);
	now++;
	assert_int_equal(room(fcm), 1);
	assert_true(lanes_start(lanes, lanes_find(lanes, "fcm", now), now));
	assert_int_equal(room(fcm), 0);
	lanes_drop(lanes, fcm, true);
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
	assert_int_equal(room(origin), 0);
	now += LANE_LONGEST_MS;
	push(origin, VERDICT_SENT, 0);
	assert_int_equal(room(origin), LANE_NEW + 1);
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
	assert_int_equal(room(fcm), 1);
}

static void a_stranger_that_answers_is_none_any_more(void **state)
{
	const struct verdict sent = verdict(VERDICT_SENT, 0, NULL);

	(void)state;
	for (int i = 0; i < LANE_NEW; i++)
		lanes_start(lanes, origin, now);
	for (int i = 0; i < LANE_NEW; i++)
		lanes_end(lanes, origin, false, &sent, now);
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
	push(origin, VERDICT_AWAY, 0);
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
	lanes_drop(lanes, origin, false);
	assert_non_null(lanes_find(lanes, "https://more", now));

	memset(name, 'x', LANE_NAME_BYTES);
	name[LANE_NAME_BYTES] = '\0';
	assert_null(lanes_find(lanes, name, now));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_LANES(every_kind_of_lane_has_its_window),
		ON_LANES(a_new_connection_is_tried_with_one_push),
		ON_LANES(after_one_that_failed_no_other_is_tried_for_a_while),
		ON_LANES(the_sandbox_has_one_connection),
		ON_LANES(a_lane_that_was_idle_begins_anew),
		ON_LANES(the_window_of_an_origin_grows_with_its_successes),
		ON_LANES(strangers_together_have_one_window),
		ON_LANES(a_stranger_that_answers_is_none_any_more),
		ON_LANES(origins_together_leave_room_for_nobody_beyond),
		ON_LANES(only_so_many_are_remembered),
		ON_LANES(a_lane_too_many_is_refused_while_all_are_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
