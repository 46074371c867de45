/*
 * relay_kafka.h - publishing a batch of events to Kafka, all or nothing.
 *
 * Ownership: a publisher owns its connection to Kafka.  Events are copied.
 *
 * Errors: ERR_UNAVAILABLE when the stop flag was raised meanwhile or Kafka
 * refused an event.  The publisher is new after that: what it had in hand is
 * forgotten, and the batch must be published again from its beginning, or a
 * later event could overtake an earlier one.
 */
#ifndef RUNTIME_RELAY_KAFKA_H
#define RUNTIME_RELAY_KAFKA_H

#include <signal.h>

#include "runtime/err.h"

struct publisher;

/* All texts but traceparent (NULL: none) are needed. */
struct event {
	const char *id, *topic, *type, *key, *data, *traceparent;
	const char *time;		/* RFC 3339 */
};

/* Never NULL.  Connects in the background; *stop ends every wait. */
struct publisher *publisher_new(const volatile sig_atomic_t *stop);
void publisher_free(struct publisher *);

/* Make the topics that are missing; waits until Kafka is there. */
enum err publisher_make_topics(struct publisher *);

/* Publish events[n] in order and wait until Kafka has stored every one. */
enum err publisher_send(struct publisher *, const struct event *events,
			size_t n);

#endif
