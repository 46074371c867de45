/* consumer_dead.c - see consumer_private.h: the way to the dead letters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/consumer_private.h"
#include "runtime/kafka.h"
#include "runtime/log.h"

enum { SEND_MS = 2000, PURGE_MS = 500 };

struct dead_letters {
	const char *consumer;
	rd_kafka_t *kafka;		/* NULL: not needed yet */
	rd_kafka_resp_err_t result;	/* of the message sent last */
};

/* An event as large as its topic takes must go in here, with its reason. */
static kafka_setting settings[] = {
	{ "acks", "all" },
	{ "linger.ms", "0" },
	{ "message.max.bytes", "2097152" },
	{ "compression.type", "lz4" },
	{ "topic.metadata.refresh.interval.ms", "5000" },
	{ NULL }
};

static void on_delivery(rd_kafka_t *kafka, const rd_kafka_message_t *message,
			void *opaque)
{
	struct dead_letters *d = opaque;

	(void)kafka;
	d->result = message->err;
}

static void connect_kafka(struct dead_letters *d)
{
	rd_kafka_conf_t *c = kafka_conf(d->consumer, settings);

	rd_kafka_conf_set_opaque(c, d);
	rd_kafka_conf_set_dr_msg_cb(c, on_delivery);
	d->kafka = kafka_new(RD_KAFKA_PRODUCER, c);
}

struct dead_letters *dead_letters_new(const char *consumer)
{
	struct dead_letters *d = calloc(1, sizeof(*d));

	if (!d)
		log_exit(EXIT_SYSTEM, "out of memory");
	d->consumer = consumer;

	return d;
}

void dead_letters_free(struct dead_letters *d)
{
	if (d->kafka)
		rd_kafka_destroy(d->kafka);
	free(d);
}

static void add(rd_kafka_headers_t *all, const char *name, const char *value)
{
	rd_kafka_header_remove(all, name);
	rd_kafka_header_add(all, name, -1, value, -1);
}

static void add_number(rd_kafka_headers_t *all, const char *name, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", (long)n);
	add(all, name, text);
}

static void add_now(rd_kafka_headers_t *all, const char *name)
{
	char text[CLOCK_TEXT];

	unix_text(text);
	add(all, name, text);
}

/* The message's own, and what became of it. */
static rd_kafka_headers_t *headers_of(const struct dead_letters *d,
				      const rd_kafka_message_t *m,
				      const char *reason, int attempts)
{
	rd_kafka_headers_t *own, *all;

	all = rd_kafka_message_headers(m, &own) ? rd_kafka_headers_new(8)
						: rd_kafka_headers_copy(own);
	add(all, "kith_consumer", d->consumer);
	add(all, "kith_reason", reason);
	add(all, "kith_topic", rd_kafka_topic_name(m->rkt));
	add_number(all, "kith_partition", m->partition);
	add_number(all, "kith_offset", m->offset);
	add_number(all, "kith_attempts", attempts);
	add_now(all, "kith_failed_at");

	return all;
}

static rd_kafka_resp_err_t produce(struct dead_letters *d,
				   const rd_kafka_message_t *m,
				   rd_kafka_headers_t *headers)
{
	char topic[256];
	rd_kafka_resp_err_t err;

	snprintf(topic, sizeof(topic), "%s.dlq", rd_kafka_topic_name(m->rkt));
	d->result = RD_KAFKA_RESP_ERR__TIMED_OUT;
	err = rd_kafka_producev(d->kafka, RD_KAFKA_V_TOPIC(topic),
		RD_KAFKA_V_KEY(m->key, m->key_len),
		RD_KAFKA_V_VALUE(m->payload, m->len),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
	if (err)
		rd_kafka_headers_destroy(headers);

	return err;
}

enum err dead_letters_send(struct dead_letters *d, const rd_kafka_message_t *m,
			 const char *reason, int attempts)
{
	rd_kafka_resp_err_t err;

	if (!d->kafka)
		connect_kafka(d);
	err = produce(d, m, headers_of(d, m, reason, attempts));
	if (!err) {
		/* Nothing of it may come when the next one is sent. */
		if (rd_kafka_flush(d->kafka, SEND_MS)) {
			rd_kafka_purge(d->kafka, RD_KAFKA_PURGE_F_QUEUE |
						 RD_KAFKA_PURGE_F_INFLIGHT);
			rd_kafka_flush(d->kafka, PURGE_MS);
		}
		err = d->result;
	}
	if (!err)
		return OK;

	log_error("Kafka doesn't take a dead letter: %s",
		  rd_kafka_err2str(err));
	return ERR_UNAVAILABLE;
}
