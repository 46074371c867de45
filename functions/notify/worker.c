/*
 * notify-worker - makes notifications of events, and pushes what is due.
 *
 * One thread consumes, as runtime/consumer.h says; another pushes.  All that
 * they share is in the database.
 */
#include <malloc.h>

#include "functions/notify/worker_push.h"
#include "runtime/conf.h"
#include "runtime/consumer.h"
#include "runtime/log.h"

int main(void)
{
	struct pusher *pusher;

	log_name("notify-worker");
	conf_read(conf_file());

	/* glibc would make an arena for each thread of librdkafka. */
	mallopt(M_ARENA_MAX, 2);
	pusher = pusher_start();
	consumer_run("notify-worker", consumptions);
	pusher_stop(pusher);

	return 0;
}
