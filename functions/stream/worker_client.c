/* worker_client.c - see worker_client.h. */
#include "functions/stream/worker_client.h"
#include "runtime/conf.h"
#include "runtime/log.h"

static void set(rd_kafka_conf_t *c, const char *name, const char *value)
{
	char why[256];

	if (rd_kafka_conf_set(c, name, value, why, sizeof(why)) !=
	    RD_KAFKA_CONF_OK)
		log_exit(EXIT_CONFIG, "Kafka: %s", why);
}

rd_kafka_conf_t *client_conf(const char *const (*settings)[2])
{
	rd_kafka_conf_t *c = rd_kafka_conf_new();

	for (; (*settings)[0]; settings++)
		set(c, (*settings)[0], (*settings)[1]);
	set(c, "bootstrap.servers", conf.kafka_brokers);
	set(c, "client.id", "kith-stream");
	set(c, "reconnect.backoff.max.ms", "1000");
	set(c, "socket.keepalive.enable", "true");
	set(c, "log.connection.close", "false");

	return c;
}

rd_kafka_t *client_new(rd_kafka_type_t type, rd_kafka_conf_t *c)
{
	char why[256];
	rd_kafka_t *kafka = rd_kafka_new(type, c, why, sizeof(why));

	if (!kafka)
		log_exit(EXIT_SYSTEM, "Kafka: %s", why);
	return kafka;
}
