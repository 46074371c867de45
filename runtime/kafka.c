/* kafka.c - see kafka.h. */
#include <stdio.h>
#include <string.h>

#include "runtime/conf.h"
#include "runtime/kafka.h"
#include "runtime/log.h"

/* CONFWARN says that settings chosen on purpose are unusual. */
static void on_log(const rd_kafka_t *kafka, int level, const char *facility,
		   const char *text)
{
	(void)kafka;
	(void)level;
	if (strcmp(facility, "CONFWARN") != 0)
		log_warn("Kafka: %s: %s", facility, text);
}

static void on_log_nothing(const rd_kafka_t *kafka, int level,
			   const char *facility, const char *text)
{
	(void)kafka;
	(void)level;
	(void)facility;
	(void)text;
}

void kafka_set(rd_kafka_conf_t *c, const char *name, const char *value)
{
	char why[256];

	if (rd_kafka_conf_set(c, name, value, why, sizeof(why)) !=
	    RD_KAFKA_CONF_OK)
		log_exit(EXIT_CONFIG, "Kafka: %s", why);
}

rd_kafka_conf_t *kafka_conf(const char *client, kafka_setting *table)
{
	rd_kafka_conf_t *c = rd_kafka_conf_new();

	kafka_set(c, "bootstrap.servers", conf.kafka_brokers);
	kafka_set(c, "client.id", client);
	kafka_set(c, "socket.keepalive.enable", "true");
	kafka_set(c, "reconnect.backoff.max.ms", "1000");
	/* TCP alone would try as late again as the network was away. */
	kafka_set(c, "socket.connection.setup.timeout.ms", "5000");
	kafka_set(c, "log.connection.close", "false");
	for (; (*table)[0]; table++)
		kafka_set(c, (*table)[0], (*table)[1]);
	rd_kafka_conf_set_log_cb(c, on_log);

	return c;
}

void kafka_say_nothing(rd_kafka_conf_t *c)
{
	rd_kafka_conf_set_log_cb(c, on_log_nothing);
}

rd_kafka_t *kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *c)
{
	char why[256];
	rd_kafka_t *kafka = rd_kafka_new(type, c, why, sizeof(why));

	if (!kafka)
		log_exit(EXIT_SYSTEM, "Kafka: %s", why);
	return kafka;
}

rd_kafka_headers_t *kafka_headers(const struct kafka_event *e)
{
	char schema[128];
	const char *const headers[][2] = {
		{ "ce_specversion", "1.0" },
		{ "ce_id", e->id },
		{ "ce_source", e->source },
		{ "ce_type", e->type },
		{ "ce_subject", e->key },
		{ "ce_time", e->time },
		{ "ce_dataschema", schema },
		{ "content-type", "application/json" },
		{ "traceparent", e->traceparent },
	};
	const size_t n = sizeof(headers) / sizeof(*headers);
	rd_kafka_headers_t *list = rd_kafka_headers_new(n);

	snprintf(schema, sizeof(schema),
		 "/asyncapi.yaml#/components/schemas/%s", e->type);
	for (size_t i = 0; i < n; i++)
		if (headers[i][1])
			rd_kafka_header_add(list, headers[i][0], -1,
					    headers[i][1], -1);

	return list;
}
