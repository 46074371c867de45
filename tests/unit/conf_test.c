/* A setting has its bounds, and what is out of them ends the process. */
#include <stdbool.h>
#include <stdio.h>
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

static void write_file(const char *directory, const char *name,
		       const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* conf_read() of DIR/releases/1/function.conf. */
static void read_release(const char *directory)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/releases/1/function.conf", directory);
	conf_read(path);
}

static bool is_in(char **entries, const char *entry)
{
	for (; *entries; entries++)
		if (strcmp(*entries, entry) == 0)
			return true;
	return false;
}

static void assert_variable(const char *name, const char *value,
			    const char *from)
{
	struct conf_variable v = { .name = "" };

	for (size_t i = 0; strcmp(v.name, name) != 0; i++)
		assert_true(conf_variable(i, &v));
	assert_string_equal(v.value, value);
	assert_string_equal(v.from, from);
}

static void settings_beat_the_environment_which_beats_the_file(void **state)
{
	char directory[] = "/tmp/conf.XXXXXX", command[128];
	char **entries;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(command, sizeof(command), "mkdir -p %s/releases/1", directory);
	assert_int_equal(system(command), 0);
	write_file(directory, "releases/1/function.conf",
		   "PROCESSES=2\nTHREADS=2\nRATE=2\n");
	setenv("THREADS", "3", 1);
	setenv("RATE", "3", 1);
	write_file(directory, "settings", "# ours\nRATE=4\n");

	read_release(directory);
	assert_int_equal(conf.processes, 2);
	assert_int_equal(conf.threads, 3);
	assert_int_equal(conf.rate, 4);
	assert_variable("PROCESSES", "2", "function.conf");
	assert_variable("THREADS", "3", "environment");
	assert_variable("RATE", "4", "settings");
	assert_variable("QUEUE_MS", "1000", "default");
	assert_variable("CHATS_WITH", "accepted", "default");
	entries = conf_environ();
	assert_true(is_in(entries, "THREADS=3") && is_in(entries, "RATE=4"));
	assert_false(is_in(entries, "PROCESSES=2"));
	conf_environ_free(entries);

	/* A worker's are those of its pool. */
	setenv("POOL_SLOT", "0", 1);
	read_release(directory);
	assert_int_equal(conf.rate, 3);
	unsetenv("POOL_SLOT");
	unsetenv("THREADS");
	unsetenv("RATE");
	snprintf(command, sizeof(command), "rm -r %s", directory);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_bad_value_ends_the_process),
		CLAIM(what_is_not_set_has_its_default),
		CLAIM(settings_beat_the_environment_which_beats_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
