/*
 * worker_client.h - what the two clients of Kafka have in common.
 */
#ifndef STREAM_WORKER_CLIENT_H
#define STREAM_WORKER_CLIENT_H

#include <librdkafka/rdkafka.h>

/*
 * These settings, names and values up to a NULL, and conf.kafka_brokers.  One
 * that librdkafka refuses ends the process with EXIT_CONFIG.
 */
rd_kafka_conf_t *client_conf(const char *const (*settings)[2]);

/* Never NULL.  Takes the conf. */
rd_kafka_t *client_new(rd_kafka_type_t, rd_kafka_conf_t *);

#endif
