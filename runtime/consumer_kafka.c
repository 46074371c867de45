/* consumer_kafka.c - see consumer_private.h: what its parts share. */
#include <time.h>

#include "runtime/conf.h"
#include "runtime/consumer_private.h"
#include "runtime/log.h"

int64_t consumer_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void consumer_set(rd_kafka_conf_t *c, const char *name, const char *value)
{
	char why[256];

	if (rd_kafka_conf_set(c, name, value, why, sizeof(why)) !=
	    RD_KAFKA_CONF_OK)
		log_exit(EXIT_CONFIG, "Kafka: %s", why);
}

void consumer_log(const rd_kafka_t *kafka, int level, const char *facility,
		  const char *text)
{
	(void)kafka;
	(void)level;
	log_warn("Kafka: %s: %s", facility, text);
}
