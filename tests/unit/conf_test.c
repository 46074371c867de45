/* A setting has its bounds, and what is out of them ends the process. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"

#include "runtime/conf.h"

/* How a process ends that reads the environment with NAME=value. */
static int exit_of(const char *name, const char *value)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		setenv(name, value, 1);
		conf_read(NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));

	return WEXITSTATUS(status);
}

static void a_bad_value_ends_the_process(void **state)
{
	static const struct {
		const char *name, *value;
		int exit;
	} cases[] = {
		{ "CHATS_WITH",	  "accepted",  0 },
		{ "CHATS_WITH",	  "everyone",  0 },
		{ "CHATS_WITH",	  "",	       0 },
		{ "CHATS_WITH",	  "nobody",    EXIT_CONFIG },
		{ "CHATS_WITH",	  "Accepted",  EXIT_CONFIG },
		{ "CHATS_WITH",	  "accepted ", EXIT_CONFIG },
		{ "CHATS_HOURLY", "1",	       0 },
		{ "CHATS_HOURLY", "1000000",   0 },
		{ "CHATS_HOURLY", "",	       0 },
		{ "CHATS_HOURLY", "0",	       EXIT_CONFIG },
		{ "CHATS_HOURLY", "1000001",   EXIT_CONFIG },
		{ "CHATS_HOURLY", "-1",	       EXIT_CONFIG },
		{ "CHATS_HOURLY", "1.5",       EXIT_CONFIG },
		{ "CHATS_HOURLY", "many",      EXIT_CONFIG },
		{ "CHATS_HOURLY", "99999999999999999999", EXIT_CONFIG },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (exit_of(cases[i].name, cases[i].value) != cases[i].exit)
			fail_msg("%s=%s", cases[i].name, cases[i].value);
}

static void what_is_not_set_has_its_default(void **state)
{
	(void)state;
	unsetenv("CHATS_WITH");
	unsetenv("CHATS_HOURLY");
	conf_read(NULL);
	assert_string_equal(conf.chats_with, "accepted");
	assert_int_equal(conf.chats_hourly, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_bad_value_ends_the_process),
		CLAIM(what_is_not_set_has_its_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
