/* relay_kafka.c - see relay_kafka.h. */
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/relay_kafka.h"

enum { POLL_MS = 100, ADMIN_TIMEOUT_MS = 5000, LEARN_MS = 500, PURGE_MS = 500 };

struct publisher {
	rd_kafka_t *kafka;
	bool (*go_on)(void *);
	void *arg;			/* of go_on */
	size_t waiting;			/* for acknowledgement */
	bool failed;			/* until there is a new connection */
	bool has_topics;
};

#define HOUR_MS "3600000"
#define DAY_MS	"86400000"
#define WEEK_MS	"604800000"

/* Every topic there is.  Only segments that are full or old can be deleted. */
static const struct {
	const char *name, *retention_ms, *segment_ms;
} topics[] = {
	{ "auth.events",	 WEEK_MS, DAY_MS },
	{ "user.events",	 WEEK_MS, DAY_MS },
	{ "subscription.events", WEEK_MS, DAY_MS },
	{ "chat.events",	 DAY_MS,  HOUR_MS },	/* it has texts */
};

/*
 * Idempotent, so that librdkafka's own retries neither double nor swap.
 * Gapless, so that it sends nothing more once an event is refused: a batch may
 * be several requests.  The long timeout leaves giving up to us.
 */
static const char *const settings[][2] = {
	{ "acks", "all" },
	{ "enable.idempotence", "true" },
	{ "enable.gapless.guarantee", "true" },
	{ "message.timeout.ms", "300000" },
	{ "linger.ms", "5" },
	{ "compression.type", "lz4" },
	{ "queue.buffering.max.messages", "20000" },
	{ "queue.buffering.max.kbytes", "65536" },
	{ "socket.keepalive.enable", "true" },
	{ "socket.connection.setup.timeout.ms", "10000" },
	{ "reconnect.backoff.max.ms", "1000" },
	{ "partitioner", "murmur2_random" },
	{ "log.connection.close", "false" },
	{ "client.id", "kith-relay" },
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

/*
 * Errors too come here.  A fatal one makes the next event fail.  CONFWARN says
 * that gapless is experimental.
 */
static void on_log(const rd_kafka_t *kafka, int level, const char *facility,
		   const char *text)
{
	(void)kafka;
	(void)level;
	if (strcmp(facility, "CONFWARN") != 0)
		log_warn("Kafka: %s: %s", facility, text);
}

static void set(rd_kafka_conf_t *c, const char *name, const char *value)
{
	char why[256];

	if (rd_kafka_conf_set(c, name, value, why, sizeof(why)) !=
	    RD_KAFKA_CONF_OK)
		log_exit(EXIT_CONFIG, "Kafka: %s", why);
}

static void connect_kafka(struct publisher *p)
{
	rd_kafka_conf_t *c = rd_kafka_conf_new();
	char why[256];

	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		set(c, settings[i][0], settings[i][1]);
	set(c, "bootstrap.servers", conf.kafka_brokers);
	rd_kafka_conf_set_opaque(c, p);
	rd_kafka_conf_set_dr_msg_cb(c, on_delivery);
	rd_kafka_conf_set_log_cb(c, on_log);

	p->kafka = rd_kafka_new(RD_KAFKA_PRODUCER, c, why, sizeof(why));
	if (!p->kafka)
		log_exit(EXIT_SYSTEM, "Kafka: %s", why);
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

static rd_kafka_NewTopic_t *new_topic(size_t i)
{
	char why[256];
	rd_kafka_NewTopic_t *t;

	t = rd_kafka_NewTopic_new(topics[i].name, conf.kafka_partitions,
				  conf.kafka_replication, why, sizeof(why));
	if (!t)
		log_exit(EXIT_CONFIG, "Kafka: %s", why);
	rd_kafka_NewTopic_set_config(t, "retention.ms",
				     topics[i].retention_ms);
	rd_kafka_NewTopic_set_config(t, "segment.ms", topics[i].segment_ms);

	return t;
}

static bool topics_exist(rd_kafka_event_t *answer)
{
	const rd_kafka_CreateTopics_result_t *result;
	const rd_kafka_topic_result_t **each;
	rd_kafka_resp_err_t err;
	size_t n;

	if (rd_kafka_event_error(answer)) {
		log_warn("Kafka: topics: %s",
			 rd_kafka_event_error_string(answer));
		return false;
	}
	result = rd_kafka_event_CreateTopics_result(answer);
	each = rd_kafka_CreateTopics_result_topics(result, &n);
	for (size_t i = 0; i < n; i++) {
		err = rd_kafka_topic_result_error(each[i]);
		if (!err || err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
			continue;
		log_error("Kafka: topic %s: %s",
			  rd_kafka_topic_result_name(each[i]),
			  rd_kafka_err2str(err));
		return false;
	}
	return true;
}

/* One try; it ends early when we must stop. */
static bool try_topics(struct publisher *p)
{
	rd_kafka_NewTopic_t *wanted[sizeof(topics) / sizeof(*topics)];
	const size_t n = sizeof(wanted) / sizeof(*wanted);
	rd_kafka_queue_t *answers = rd_kafka_queue_new(p->kafka);
	rd_kafka_AdminOptions_t *options;
	rd_kafka_event_t *answer = NULL;
	char why[256];
	bool exist;

	options = rd_kafka_AdminOptions_new(p->kafka,
					    RD_KAFKA_ADMIN_OP_CREATETOPICS);
	rd_kafka_AdminOptions_set_request_timeout(options, ADMIN_TIMEOUT_MS,
						  why, sizeof(why));
	for (size_t i = 0; i < n; i++)
		wanted[i] = new_topic(i);
	rd_kafka_CreateTopics(p->kafka, wanted, n, options, answers);

	while (!answer && p->go_on(p->arg))
		answer = rd_kafka_queue_poll(answers, POLL_MS);
	exist = answer && topics_exist(answer);

	rd_kafka_event_destroy(answer);
	rd_kafka_NewTopic_destroy_array(wanted, n);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_queue_destroy(answers);

	return exist;
}

/* Or else a topic's first event waits a second for librdkafka to ask. */
static void learn_topics(struct publisher *p)
{
	const struct rd_kafka_metadata *all;

	if (rd_kafka_metadata(p->kafka, 1, NULL, &all, LEARN_MS) ==
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_metadata_destroy(all);
}

enum err publisher_ready(struct publisher *p)
{
	rd_kafka_poll(p->kafka, 0);
	if (p->has_topics)
		return OK;
	if (!try_topics(p))
		return ERR_UNAVAILABLE;

	learn_topics(p);
	p->has_topics = true;

	return OK;
}

static rd_kafka_headers_t *headers_of(const struct event *e)
{
	char schema[128];
	const char *const headers[][2] = {
		{ "ce_specversion", "1.0" },
		{ "ce_id", e->id },
		{ "ce_source", "/kith" },
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

/* False if Kafka can't take it; a full queue is waited for. */
static bool produce(struct publisher *p, const struct event *e)
{
	rd_kafka_headers_t *headers = headers_of(e);
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
