/*
 * relay_kafka.h - publishing a batch of events to Kafka, all or nothing.
 *
 * Ownership: a publisher owns its connection to Kafka.  Events are copied.
 *
 * Errors: ERR_UNAVAILABLE when Kafka refused, or after go_on() said no.  What
 * the publisher had in hand is then forgotten, and the batch must be published
 * again from its beginning, or a later event could overtake an earlier one.
 */
#ifndef RUNTIME_RELAY_KAFKA_H
#define RUNTIME_RELAY_KAFKA_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/err.h"

struct publisher;

/* All texts but traceparent (NULL: none) are needed. */
struct event {
	const char *id, *topic, *type, *key, *data, *traceparent;
	const char *time;		/* RFC 3339 */
};

/*
 * Never NULL.  Connects in the background.  Whatever waits asks go_on(arg)
 * several times a second, and ends when that is false.
 */
struct publisher *publisher_new(bool (*go_on)(void *), void *arg);
void publisher_free(struct publisher *);

/* Make the topics that are missing, once; to be asked before every batch. */
enum err publisher_ready(struct publisher *);

/* Publish events[n] in order and wait until Kafka has stored every one. */
enum err publisher_send(struct publisher *, const struct event *events,
			size_t n);

#endif
