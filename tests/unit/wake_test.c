/* wake_test.c - the datagram that wakes the relay. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "runtime/conf.h"
#include "runtime/wake.h"

#include "tests/unit/test.h"

enum { FOR_EVER_MS = 600000 };		/* a test has two minutes */

static char directory[] = "/tmp/wake.XXXXXX";
static char path[sizeof(directory) + sizeof("/relay.sock")];

static int choose_path(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/relay.sock", directory);
	conf.relay_socket = path;

	return 0;
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path) || rmdir(directory);
}

static void nobody_waits_for_a_wake_without_a_relay(void **state)
{
	(void)state;
	wake_relay();
}

static void a_relay_takes_the_path_of_one_before(void **state)
{
	FILE *left = fopen(path, "w");

	(void)state;
	assert_non_null(left);
	fclose(left);
	wake_listen();
}

static void a_wake_ends_the_wait(void **state)
{
	(void)state;
	wake_relay();
	wake_wait(FOR_EVER_MS);
}

static void wakes_that_nobody_reads_block_nobody_and_end_one_wait(void **state)
{
	struct timespec begin, end;

	(void)state;
	for (int i = 0; i < 10000; i++)
		wake_relay();
	wake_wait(FOR_EVER_MS);

	clock_gettime(CLOCK_MONOTONIC, &begin);
	wake_wait(20);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true((end.tv_sec - begin.tv_sec) * 1000000000L +
		    end.tv_nsec - begin.tv_nsec >= 20 * 1000000L);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(nobody_waits_for_a_wake_without_a_relay),
		CLAIM(a_relay_takes_the_path_of_one_before),
		CLAIM(a_wake_ends_the_wait),
		CLAIM(wakes_that_nobody_reads_block_nobody_and_end_one_wait),
	};

	return cmocka_run_group_tests(tests, choose_path, remove_path);
}
