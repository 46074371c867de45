/*
 * notify-worker - makes notifications of events, and pushes what is due.
 *
 * One thread consumes, as runtime/consumer.h says; another pushes.  All that
 * they share is in the database.
 */
#include <malloc.h>

#include "runtime/conf.h"
#include "runtime/consumer.h"
#include "runtime/log.h"

int main(void)
{
	log_name("notify-worker");
	conf_read(conf_file());

	/* glibc would make an arena for each thread of librdkafka. */
	mallopt(M_ARENA_MAX, 2);
	consumer_run("notify-worker", consumptions);

	return 0;
}
