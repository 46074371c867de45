/* worker_live.c - see worker_live.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "functions/stream/worker_live.h"
#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/kafka.h"
#include "runtime/log.h"

struct live {
	rd_kafka_t *kafka;
	uint64_t epoch, count;		/* an event's id */
};

static kafka_setting settings[] = {
	{ "acks", "1" },
	{ "linger.ms", "5" },
	{ "message.timeout.ms", "5000" },
	{ "socket.timeout.ms", "6000" },
	{ "queue.buffering.max.messages", "10000" },
	{ "queue.buffering.max.kbytes", "8192" },
	{ "partitioner", "murmur2_random" },
	{ NULL }
};

struct live *live_new(void)
{
	rd_kafka_conf_t *chosen = kafka_conf("kith-stream", settings);
	struct live *l = calloc(1, sizeof(*l));

	if (!l)
		log_exit(EXIT_SYSTEM, "out of memory");
	kafka_say_nothing(chosen);	/* the consumer says it */
	l->kafka = kafka_new(RD_KAFKA_PRODUCER, chosen);
	if (getrandom(&l->epoch, sizeof(l->epoch), 0) != sizeof(l->epoch))
		log_exit(EXIT_SYSTEM, "no random bytes");

	return l;
}

void live_free(struct live *l)
{
	rd_kafka_purge(l->kafka, RD_KAFKA_PURGE_F_QUEUE |
				 RD_KAFKA_PURGE_F_INFLIGHT);
	rd_kafka_destroy(l->kafka);
	free(l);
}

static rd_kafka_headers_t *headers_of(struct live *l, const char *type,
				      const char *key)
{
	char id[48], now[CLOCK_TEXT];

	snprintf(id, sizeof(id), "%016lx-%lu", l->epoch, ++l->count);
	unix_text(now);

	return kafka_headers(&(struct kafka_event){
		.id = id, .source = "/kith/live", .type = type, .key = key,
		.time = now,
	});
}

void live_serve(struct live *l)
{
	rd_kafka_poll(l->kafka, 0);
}

void live_publish(struct live *l, const char *type, const char *key,
		  const char *data)
{
	rd_kafka_headers_t *headers = headers_of(l, type, key);

	if (rd_kafka_producev(l->kafka, RD_KAFKA_V_TOPIC("live.events"),
			      RD_KAFKA_V_KEY(key, strlen(key)),
			      RD_KAFKA_V_VALUE((void *)(uintptr_t)data,
					       strlen(data)),
			      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
			      RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END))
		rd_kafka_headers_destroy(headers);
}
