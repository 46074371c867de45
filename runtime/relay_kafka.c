/* relay_kafka.c - see relay_kafka.h. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/conf.h"
#include "runtime/kafka.h"
#include "runtime/log.h"
#include "runtime/relay_kafka.h"
#include "runtime/relay_topics.h"

enum { POLL_MS = 100, PURGE_MS = 500 };

struct publisher {
	rd_kafka_t *kafka;
	bool (*go_on)(void *);
	void *arg;			/* of go_on */
	size_t waiting;			/* for acknowledgement */
	bool failed;			/* until there is a new connection */
	bool has_topics;
};

/*
 * Idempotent, so that librdkafka's own retries neither double nor swap.
 * Gapless, so that it sends nothing more once an event is refused: a batch may
 * be several requests.  The long timeout leaves giving up to us.
 */
static kafka_setting settings[] = {
	{ "acks", "all" },
	{ "enable.idempotence", "true" },
	{ "enable.gapless.guarantee", "true" },
	{ "message.timeout.ms", "300000" },
	{ "linger.ms", "5" },
	{ "compression.type", "lz4" },
	{ "queue.buffering.max.messages", "20000" },
	{ "queue.buffering.max.kbytes", "65536" },
	{ "socket.connection.setup.timeout.ms", "10000" },
	{ "partitioner", "murmur2_random" },
	{ NULL }
};

static void on_delivery(rd_kafka_t *kafka, const rd_kafka_message_t *message,
			void *opaque)
{
	struct publisher *p = opaque;

	(void)kafka;
	p->waiting--;
	if (message->err && !p->failed) {
		p->failed = true;
		log_error("Kafka refused an event: %s",
			  rd_kafka_err2str(message->err));
	}
}

/* A fatal error is logged, and makes the next event fail. */
static void connect_kafka(struct publisher *p)
{
	rd_kafka_conf_t *c = kafka_conf("kith-relay", settings);

	rd_kafka_conf_set_opaque(c, p);
	rd_kafka_conf_set_dr_msg_cb(c, on_delivery);
	p->kafka = kafka_new(RD_KAFKA_PRODUCER, c);
	p->failed = p->has_topics = false;
}

static void disconnect_kafka(struct publisher *p)
{
	rd_kafka_purge(p->kafka, RD_KAFKA_PURGE_F_QUEUE |
				 RD_KAFKA_PURGE_F_INFLIGHT);
	p->failed = true;		/* what comes back now is no news */
	rd_kafka_flush(p->kafka, PURGE_MS);
	rd_kafka_destroy(p->kafka);
	p->waiting = 0;
}

struct publisher *publisher_new(bool (*go_on)(void *), void *arg)
{
	struct publisher *p = calloc(1, sizeof(*p));

	if (!p)
		log_exit(EXIT_SYSTEM, "out of memory");
	p->go_on = go_on;
	p->arg = arg;
	connect_kafka(p);

	return p;
}

void publisher_free(struct publisher *p)
{
	disconnect_kafka(p);
	free(p);
}

enum err publisher_ready(struct publisher *p)
{
	enum err err;

	rd_kafka_poll(p->kafka, 0);
	if (p->has_topics)
		return OK;
	err = topics_make(p->kafka, p->go_on, p->arg);
	p->has_topics = !err;

	return err;
}

/* False if Kafka can't take it; a full queue is waited for. */
static bool produce(struct publisher *p, const struct event *e)
{
	rd_kafka_headers_t *headers = kafka_headers(&(struct kafka_event){
		.id = e->id, .source = "/kith", .type = e->type,
		.key = e->key, .time = e->time,
		.traceparent = e->traceparent,
	});
	rd_kafka_resp_err_t err;

	for (;;) {
		err = rd_kafka_producev(p->kafka, RD_KAFKA_V_TOPIC(e->topic),
			RD_KAFKA_V_KEY(e->key, strlen(e->key)),
			RD_KAFKA_V_VALUE((void *)(uintptr_t)e->data,
					 strlen(e->data)),
			RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
			RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
		if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL ||
		    !p->go_on(p->arg))
			break;
		rd_kafka_poll(p->kafka, POLL_MS);
	}
	if (!err) {
		p->waiting++;
		return true;
	}
	rd_kafka_headers_destroy(headers);
	log_error("Kafka doesn't take event %s: %s", e->id,
		  rd_kafka_err2str(err));

	return false;
}

enum err publisher_send(struct publisher *p, const struct event *events,
			size_t n)
{
	for (size_t i = 0; i < n && !p->failed; i++)
		if (!produce(p, &events[i]))
			p->failed = true;
	/* Unlike a poll, a flush does not linger. */
	while (p->waiting > 0 && !p->failed && p->go_on(p->arg))
		rd_kafka_flush(p->kafka, POLL_MS);
	if (p->waiting == 0 && !p->failed)
		return OK;

	disconnect_kafka(p);
	connect_kafka(p);
	return ERR_UNAVAILABLE;
}
