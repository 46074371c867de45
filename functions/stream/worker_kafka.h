/*
 * worker_kafka.h - every event of some topics, from now on.
 *
 * Every gateway reads all partitions, in no group, and stores no offsets.  It
 * begins at the offsets that were each partition's end when it was asked, so
 * that whoever comes later misses nothing.  A topic that is made later, or
 * gets more partitions, is read from its beginning.
 *
 * Where messages may be missing (the topic was made anew, or kept for too short
 * a time) the handlers are told, and it goes on from what there is.
 */
#ifndef STREAM_WORKER_KAFKA_H
#define STREAM_WORKER_KAFKA_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

struct consumer;

struct consumer_handlers {
	/* False: the event can't be read. */
	bool (*event)(void *arg, const char *type, const void *data,
		      size_t bytes);
	/* Events may be missing. */
	void (*gap)(void *arg);
	void *arg;
};

/*
 * Never NULL.  Waits until Kafka answers and has the topics that must be there;
 * handlers are called by the loop only.
 */
struct consumer *consumer_new(struct event_base *,
			      const struct consumer_handlers *);
void consumer_free(struct consumer *);

#endif
