/* crowd_test.c - half of the threads at one row, and no more. */
#include "runtime/conf.h"
#include "runtime/crowd.h"

#include "tests/unit/test.h"

static const char here[] = "here", there[] = "there";

static void half_of_the_threads_enter(void **state)
{
	char same[] = "here";		/* by its text, not its address */

	(void)state;
	conf.threads = 5;
	assert_int_equal(crowd_enter(here), OK);
	assert_int_equal(crowd_enter(same), OK);
	assert_int_equal(crowd_enter(here), ERR_UNAVAILABLE);
	assert_int_equal(crowd_enter(there), OK);

	crowd_leave(same);
	assert_int_equal(crowd_enter(here), OK);
	assert_int_equal(crowd_enter(here), ERR_UNAVAILABLE);

	crowd_leave(here);
	crowd_leave(here);
	crowd_leave(there);
}

static void the_only_thread_enters(void **state)
{
	(void)state;
	conf.threads = 1;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(crowd_enter(here), OK);
		crowd_leave(here);
	}
}

static void every_thread_has_a_place(void **state)
{
	static const char *const rows[] = { "1", "2" };

	(void)state;
	conf.threads = 32;
	for (int i = 0; i < 32; i++)
		assert_int_equal(crowd_enter(rows[i % 2]), OK);
	for (int i = 0; i < 32; i++)
		crowd_leave(rows[i % 2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(half_of_the_threads_enter),
		CLAIM(the_only_thread_enters),
		CLAIM(every_thread_has_a_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
