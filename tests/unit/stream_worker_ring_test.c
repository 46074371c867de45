/* The ring: who comes back gets what was missed, in order, or nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"

#include "functions/stream/worker_ring.h"

enum { EVENTS = 8, BYTES = 1 << 20 };

static const unsigned char people[][UUID_BYTES] = { "ann", "bob", "cat" };
#define ANN people[0]
#define BOB people[1]
#define CAT people[2]

static struct ring *ring;
static char missed[1024];

static int open_ring(void **state)
{
	(void)state;
	ring = ring_new(EVENTS, BYTES);
	return 0;
}

static int close_ring(void **state)
{
	(void)state;
	ring_free(ring);
	return 0;
}

/* Events called "first" to "last" for the first n of the people. */
static void add(int first, int last, size_t n)
{
	char text[16];

	for (int i = first; i <= last; i++) {
		snprintf(text, sizeof(text), "%d ", i);
		ring_add(ring, people, n, text, strlen(text));
	}
}

static void note(void *arg, const char *text, size_t bytes)
{
	(void)arg;
	strncat(missed, text, bytes);
}

static const char *missed_by(const unsigned char user[UUID_BYTES],
			     uint64_t number)
{
	missed[0] = '\0';
	ring_replay(ring, user, number, note, NULL);
	return missed;
}

static void it_reaches_back_to_the_oldest_event(void **state)
{
	static const struct {
		int events;
		uint64_t number;
		bool reached;
	} rows[] = {
		{ 0, 0, true }, { 0, 1, false },
		{ 3, 0, true }, { 3, 3, true }, { 3, 4, false },
		{ EVENTS, 0, true },
		{ EVENTS + 1, 0, false }, { EVENTS + 1, 1, true },
		{ 3 * EVENTS, 2 * EVENTS - 1, false },
		{ 3 * EVENTS, 2 * EVENTS, true },
		{ 3 * EVENTS, 3 * EVENTS, true },
		{ 3 * EVENTS, 3 * EVENTS + 1, false },
		{ 3 * EVENTS, UINT64_MAX, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ring_clear(ring);
		add(1, rows[i].events, 1);
		assert_int_equal(ring_last(ring), rows[i].events);
		assert_int_equal(ring_reaches(ring, rows[i].number),
				 rows[i].reached);
	}
}

static void a_user_gets_what_was_missed_in_order(void **state)
{
	(void)state;
	add(1, 2, 2);
	add(3, 3, 1);
	add(4, 4, 2);

	assert_string_equal(missed_by(ANN, 0), "1 2 3 4 ");
	assert_string_equal(missed_by(ANN, 2), "3 4 ");
	assert_string_equal(missed_by(ANN, 4), "");
	assert_string_equal(missed_by(BOB, 0), "1 2 4 ");
	assert_string_equal(missed_by(BOB, 2), "4 ");
	assert_string_equal(missed_by(CAT, 0), "");
}

static void the_oldest_go_first(void **state)
{
	(void)state;
	add(1, 2, 3);
	add(3, EVENTS + 1, 1);
	assert_string_equal(missed_by(BOB, 1), "2 ");
	add(EVENTS + 2, EVENTS + 2, 1);
	assert_string_equal(missed_by(BOB, 2), "");
	add(EVENTS + 3, EVENTS + 3, 3);
	assert_string_equal(missed_by(BOB, 5), "11 ");
	assert_string_equal(missed_by(ANN, 3), "4 5 6 7 8 9 10 11 ");
}

static void it_takes_no_more_memory_than_it_may(void **state)
{
	static char text[BYTES / 4];

	(void)state;
	for (int i = 0; i < EVENTS; i++)
		ring_add(ring, people, 3, text, sizeof(text) - 1024);
	assert_true(ring_reaches(ring, EVENTS - 4));
	assert_false(ring_reaches(ring, EVENTS - 5));
}

static void an_event_larger_than_all_memory_is_kept_alone(void **state)
{
	static char text[2 * BYTES];

	(void)state;
	add(1, 3, 1);
	ring_add(ring, people, 1, text, sizeof(text));
	assert_true(ring_reaches(ring, 3));
	assert_false(ring_reaches(ring, 2));
	add(5, 5, 1);
	assert_string_equal(missed_by(ANN, 4), "5 ");
}

static void a_cleared_ring_begins_anew(void **state)
{
	(void)state;
	add(1, EVENTS + 3, 3);
	ring_clear(ring);
	assert_int_equal(ring_last(ring), 0);
	assert_string_equal(missed_by(ANN, 0), "");
	add(1, 1, 2);
	assert_string_equal(missed_by(BOB, 0), "1 ");
}

/* Thousands of users, so that their table has to grow. */
static void it_keeps_many_users_apart(void **state)
{
	static unsigned char many[5000][UUID_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(many); i++)
		memcpy(many[i], &i, sizeof(i));
	for (int times = 0; times < 3 * EVENTS; times++)
		ring_add(ring, many, COUNT(many), "x", 1);
	for (size_t i = 0; i < COUNT(many); i += 7)
		ring_add(ring, &many[i], 1, "y", 1);
	for (size_t i = 4900; i < COUNT(many); i++)
		assert_string_equal(missed_by(many[i], 0),
				    i % 7 == 0 && i >= 4949 ? "y" : "");
}

#define IN_RING(f) cmocka_unit_test_setup_teardown(f, open_ring, close_ring)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_RING(it_reaches_back_to_the_oldest_event),
		IN_RING(a_user_gets_what_was_missed_in_order),
		IN_RING(the_oldest_go_first),
		IN_RING(it_takes_no_more_memory_than_it_may),
		IN_RING(an_event_larger_than_all_memory_is_kept_alone),
		IN_RING(a_cleared_ring_begins_anew),
		IN_RING(it_keeps_many_users_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
