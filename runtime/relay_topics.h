/*
 * relay_topics.h - Kafka's topics: which there are, and making them.
 */
#ifndef RUNTIME_RELAY_TOPICS_H
#define RUNTIME_RELAY_TOPICS_H

#include <librdkafka/rdkafka.h>

#include "runtime/err.h"

/*
 * One try to make what is missing; it ends early once go_on(arg), which is
 * asked several times a second, is false.  ERR_UNAVAILABLE: see the log.
 */
enum err topics_make(rd_kafka_t *, bool (*go_on)(void *), void *arg);

#endif
