/* Presence: what is news, when, and that none of it is lost. */
#include <string.h>

#include "tests/unit/test.h"

#include "functions/stream/worker_presence.h"

enum { LINGER = PRESENCE_LINGER_MS };

static struct presence presence;
static struct attendance ann;

static int open_presence(void **state)
{
	(void)state;
	presence_open(&presence);
	memset(&ann, 0, sizeof(ann));
	return 0;
}

static void come(void)
{
	presence_come(&presence, &ann);
}

static void leave(int64_t at_ms)
{
	presence_leave(&presence, &ann, at_ms);
}

/* What is news at a time: 'h'ere, 'g'one, or '-'. */
static char news(int64_t at_ms)
{
	struct attendance *taken;

	if (!presence_take(&presence, at_ms, &taken))
		return '-';
	assert_ptr_equal(taken, &ann);
	return taken->taken_here ? 'h' : 'g';
}

static void settle(bool told, int64_t at_ms)
{
	presence_settle(&presence, &ann, told, at_ms);
}

static void come_and_be_known(void)
{
	come();
	assert_int_equal(news(0), 'h');
	settle(true, 0);
}

static void who_came_is_news_at_once_and_once(void **state)
{
	(void)state;
	come_and_be_known();
	assert_int_equal(news(LINGER), '-');
	assert_false(presence_idle(&ann));
}

static void who_left_is_news_after_a_while(void **state)
{
	(void)state;
	come_and_be_known();
	leave(100);
	assert_int_equal(news(99 + LINGER), '-');
	assert_false(presence_idle(&ann));
	assert_int_equal(news(100 + LINGER), 'g');
	settle(true, 100 + LINGER);
	assert_true(presence_idle(&ann));
}

static void who_is_back_soon_is_no_news(void **state)
{
	(void)state;
	come_and_be_known();
	leave(100);
	come();
	assert_int_equal(news(200 + LINGER), '-');
}

static void who_left_before_it_was_told_is_no_news(void **state)
{
	(void)state;
	come();
	leave(100);
	assert_int_equal(news(100 + LINGER), '-');
	assert_true(presence_idle(&ann));
}

static void what_could_not_be_told_is_news_again(void **state)
{
	(void)state;
	come();
	assert_int_equal(news(0), 'h');
	settle(false, 0);
	assert_int_equal(news(0), 'h');
	settle(true, 0);
	leave(100);
	assert_int_equal(news(100 + LINGER), 'g');
	settle(false, 200 + LINGER);
	assert_int_equal(news(200 + LINGER), 'g');
}

static void what_changes_while_it_is_told_is_news_afterwards(void **state)
{
	(void)state;
	come();
	assert_int_equal(news(0), 'h');
	leave(100);
	assert_int_equal(news(200 + LINGER), '-');
	settle(true, 200 + LINGER);
	assert_int_equal(news(200 + LINGER), 'g');
	come();
	assert_int_equal(news(200 + LINGER), '-');
	settle(true, 200 + LINGER);
	assert_int_equal(news(200 + LINGER), 'h');
}

static void what_was_forgotten_is_told_again(void **state)
{
	(void)state;
	come_and_be_known();
	presence_forgotten(&presence, &ann);
	assert_int_equal(news(0), 'h');
	presence_forgotten(&presence, &ann);
	settle(true, 0);
	assert_int_equal(news(0), '-');
}

static void who_has_waited_longest_is_told_first(void **state)
{
	struct attendance bob = { 0 }, *taken;

	(void)state;
	come();
	presence_come(&presence, &bob);
	assert_int_equal(news(0), 'h');
	assert_true(presence_take(&presence, 0, &taken));
	assert_ptr_equal(taken, &bob);
	settle(true, 0);
	presence_settle(&presence, &bob, true, 0);

	presence_leave(&presence, &bob, 10);
	leave(20);
	assert_true(presence_take(&presence, 19 + LINGER, &taken));
	assert_ptr_equal(taken, &bob);
	assert_int_equal(news(19 + LINGER), '-');
	assert_int_equal(news(20 + LINGER), 'g');
}

#define ALONE(f) cmocka_unit_test_setup(f, open_presence)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ALONE(who_came_is_news_at_once_and_once),
		ALONE(who_left_is_news_after_a_while),
		ALONE(who_is_back_soon_is_no_news),
		ALONE(who_left_before_it_was_told_is_no_news),
		ALONE(what_could_not_be_told_is_news_again),
		ALONE(what_changes_while_it_is_told_is_news_afterwards),
		ALONE(what_was_forgotten_is_told_again),
		ALONE(who_has_waited_longest_is_told_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
