/*
 * kafka.h - connections to Kafka, set up alike, and events as all write them.
 *
 * Ownership: as librdkafka has it: kafka_new() takes the configuration.
 *
 * Errors: a setting that librdkafka doesn't take ends the process with
 * EXIT_CONFIG, a connection that can't be made with EXIT_SYSTEM.
 */
#ifndef RUNTIME_KAFKA_H
#define RUNTIME_KAFKA_H

#include <librdkafka/rdkafka.h>

/* A name and its value; NULL ends a table. */
typedef const char *const kafka_setting[2];

/*
 * To conf.kafka_brokers, as client; what librdkafka has to say goes to the
 * log.  A table overrides what is common.
 */
rd_kafka_conf_t *kafka_conf(const char *client, kafka_setting *table);

void kafka_set(rd_kafka_conf_t *, const char *name, const char *value);

/* For whom librdkafka has nothing to say. */
void kafka_say_nothing(rd_kafka_conf_t *);

/* Never NULL; connects in the background. */
rd_kafka_t *kafka_new(rd_kafka_type_t, rd_kafka_conf_t *);

/* CloudEvents 1.0, binary mode.  All but traceparent are needed. */
struct kafka_event {
	const char *id, *source, *type, *key;
	const char *time;		/* RFC 3339 */
	const char *traceparent;	/* NULL: none */
};

rd_kafka_headers_t *kafka_headers(const struct kafka_event *);

#endif
