/*
 * consumer_main.c - the main() of workers that have no other.
 *
 *	NAME-worker		consume what its table says until SIGTERM
 *
 * function.conf beside the executable is read first.
 */
#include <libgen.h>
#include <malloc.h>

#include "runtime/conf.h"
#include "runtime/consumer.h"
#include "runtime/log.h"

int main(int argc, char **argv)
{
	const char *name = basename(argv[0]);

	log_name(name);
	if (argc != 1)
		log_exit(EXIT_CONFIG, "usage: %s", name);
	conf_read(conf_file());

	/* glibc would make an arena for each thread of librdkafka. */
	mallopt(M_ARENA_MAX, 2);
	consumer_run(name, consumptions);

	return 0;
}
