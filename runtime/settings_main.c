/*
 * settings_main.c - what a function would run with: the program `settings`.
 *
 *	settings FUNCTION_CONF
 *
 * Prints each variable of conf.c as a JSON object on a line of its own: name,
 * value (null: none), from ("settings", "environment", "function.conf" or
 * "default"), secret, help.  A value that may be a secret is null, too.
 *
 * Exit codes: 0; 64 usage; 100 bad configuration.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "runtime/conf.h"
#include "runtime/log.h"

enum { EXIT_USAGE = 64 };

static bool ends_with(const char *name, const char *end)
{
	const size_t bytes = strlen(name), end_bytes = strlen(end);

	return bytes >= end_bytes &&
	       strcmp(name + bytes - end_bytes, end) == 0;
}

static bool is_secret(const char *name)
{
	return strstr(name, "SECRET") || ends_with(name, "PASSWORD") ||
	       ends_with(name, "_KEY");
}

static void print(const struct conf_variable *v)
{
	const bool secret = is_secret(v->name);
	json_t *line = json_pack("{s:s,s:s?,s:s,s:b,s:s}", "name", v->name,
				 "value", secret ? NULL : v->value,
				 "from", v->from, "secret", secret,
				 "help", v->help);

	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(line);
}

int main(int argc, char **argv)
{
	struct conf_variable v;

	log_name("settings");
	if (argc != 2)
		log_exit(EXIT_USAGE, "usage: settings FUNCTION_CONF");

	conf_read(argv[1]);
	for (size_t i = 0; conf_variable(i, &v); i++)
		print(&v);

	return 0;
}
