/*
 * keys_fixture.h - a directory of keys that infra/keys made, for tests, which
 * run in the root of the checkout.
 */
#ifndef TESTS_UNIT_KEYS_FIXTURE_H
#define TESTS_UNIT_KEYS_FIXTURE_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/test.h"

static char keys_directory[] = "/tmp/kith-keys-XXXXXX";

/* Run infra/keys on the directory; arguments as for its command line. */
static inline void keys_command(const char *arguments)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command), "infra/keys %s %s", keys_directory,
		 arguments);
	assert_int_equal(system(command), 0);
}

/* New keys, whatever a test did to the ones before. */
static inline int keys_make(void **state)
{
	char command[PATH_MAX];

	(void)state;
	snprintf(command, sizeof(command), "rm -f %s/*", keys_directory);
	assert_int_equal(system(command), 0);
	keys_command("");

	return 0;
}

static inline int keys_directory_make(void **state)
{
	assert_non_null(mkdtemp(keys_directory));
	return keys_make(state);
}

static inline int keys_directory_remove(void **state)
{
	char command[PATH_MAX];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", keys_directory);

	return system(command);
}

static inline const char *keys_path(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", keys_directory, name);
	return path;
}

static inline void keys_write(const char *name, const char *text)
{
	FILE *file = fopen(keys_path(name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

#endif
