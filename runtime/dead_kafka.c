/* dead_kafka.c - see dead_kafka.h. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/conf.h"
#include "runtime/dead_kafka.h"

enum { WAIT_MS = 10000, SEND_MS = 30000, TOGETHER = 100 };

static const char suffix[] = ".dlq";

static rd_kafka_t *reader, *writer;	/* the writer once it is needed */
static bool failed;			/* to send something */

typedef const char *const setting[2];

static setting reader_settings[] = {
	{ "group.id", "kith-dead" },
	{ "enable.auto.commit", "false" },
	{ "enable.auto.offset.store", "false" },
	{ "auto.offset.reset", "earliest" },
	{ "enable.partition.eof", "true" },
	{ NULL }
};

/* As relay publishes: an event returns to its key's partition. */
static setting writer_settings[] = {
	{ "acks", "all" },
	{ "enable.idempotence", "true" },
	{ "message.timeout.ms", "30000" },
	{ "message.max.bytes", "2097152" },
	{ "partitioner", "murmur2_random" },
	{ "compression.type", "lz4" },
	{ NULL }
};

void dead_exit(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("dead: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	fflush(stdout);
	_exit(code);
}

static void on_delivery(rd_kafka_t *kafka, const rd_kafka_message_t *message,
			void *opaque)
{
	(void)kafka;
	(void)opaque;
	failed |= message->err != RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* What it would say is said by what fails. */
static void on_log(const rd_kafka_t *kafka, int level, const char *facility,
		   const char *text)
{
	(void)kafka;
	(void)level;
	(void)facility;
	(void)text;
}

static rd_kafka_t *connect_as(rd_kafka_type_t type, setting *settings)
{
	rd_kafka_conf_t *c = rd_kafka_conf_new();
	rd_kafka_t *kafka;
	char why[256];

	for (; (*settings)[0]; settings++)
		rd_kafka_conf_set(c, (*settings)[0], (*settings)[1], NULL, 0);
	if (rd_kafka_conf_set(c, "bootstrap.servers", conf.kafka_brokers, why,
			      sizeof(why)))
		dead_exit(EXIT_CONFIG, "KAFKA_BROKERS: %s", why);
	rd_kafka_conf_set_log_cb(c, on_log);
	if (type == RD_KAFKA_PRODUCER)
		rd_kafka_conf_set_dr_msg_cb(c, on_delivery);

	kafka = rd_kafka_new(type, c, why, sizeof(why));
	if (!kafka)
		dead_exit(EXIT_SYSTEM, "%s", why);

	return kafka;
}

static void must(rd_kafka_resp_err_t err)
{
	if (err)
		dead_exit(EXIT_SYSTEM, "%s", rd_kafka_err2str(err));
}

void dead_open(void)
{
	if (!*conf.kafka_brokers)
		dead_exit(EXIT_CONFIG, "KAFKA_BROKERS is not set");
	reader = connect_as(RD_KAFKA_CONSUMER, reader_settings);
	rd_kafka_poll_set_consumer(reader);
}

void dead_close(void)
{
	rd_kafka_consumer_close(reader);
	rd_kafka_destroy(reader);
	if (writer)
		rd_kafka_destroy(writer);
}

void dead_topics(void (*each)(const char *topic))
{
	const struct rd_kafka_metadata *all;
	char topic[256];

	must(rd_kafka_metadata(reader, 1, NULL, &all, WAIT_MS));
	for (int i = 0; i < all->topic_cnt; i++) {
		const char *name = all->topics[i].topic;
		const char *end = name + strlen(name) - strlen(suffix);

		if (end <= name || strcmp(end, suffix) != 0)
			continue;
		snprintf(topic, sizeof(topic), "%.*s", (int)(end - name), name);
		each(topic);
	}
	rd_kafka_metadata_destroy(all);
}

/* The letters that wait: all offsets from *first up to *end. */
static rd_kafka_topic_partition_list_t *find_waiting(const char *topic,
						     int64_t *first,
						     int64_t *end)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t err;
	char name[256];

	snprintf(name, sizeof(name), "%s%s", topic, suffix);
	rd_kafka_topic_partition_list_add(list, name, 0);
	err = rd_kafka_query_watermark_offsets(reader, name, 0, first, end,
					       WAIT_MS);
	if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
	    err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
	    err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
		dead_exit(EXIT_NOT_FOUND, "there is no topic %s", name);
	must(err);
	must(rd_kafka_committed(reader, list, WAIT_MS));
	must(list->elems[0].err);
	if (list->elems[0].offset > *first)
		*first = list->elems[0].offset;

	return list;
}

/* NULL: there is none any more. */
static rd_kafka_message_t *read_next(void)
{
	rd_kafka_message_t *m = rd_kafka_consumer_poll(reader, WAIT_MS);

	if (!m)
		dead_exit(EXIT_SYSTEM, "Kafka doesn't answer");
	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		rd_kafka_message_destroy(m);
		return NULL;
	}
	must(m->err);

	return m;
}

static void await_sent(void)
{
	if (writer && (rd_kafka_flush(writer, SEND_MS) || failed))
		dead_exit(EXIT_SYSTEM, "Kafka doesn't take an event");
}

/* Up to the letter before next. */
static void commit(rd_kafka_topic_partition_list_t *list, int64_t next)
{
	await_sent();
	list->elems[0].offset = next;
	must(rd_kafka_commit(reader, list, 0));
	must(list->elems[0].err);
}

static long go_through(const char *topic, long count, dead_take *take,
		       bool remove)
{
	int64_t next, end;
	rd_kafka_topic_partition_list_t *list = find_waiting(topic, &next,
							     &end);
	rd_kafka_message_t *m;
	bool taken = true;
	long n = 0;

	list->elems[0].offset = next;
	must(rd_kafka_assign(reader, list));
	while (taken && n < count && next < end && (m = read_next())) {
		taken = take(topic, m);
		if (taken) {
			next = m->offset + 1;
			n++;
		}
		rd_kafka_message_destroy(m);
		if (remove && n % TOGETHER == 0)
			commit(list, next);
	}
	if (remove && n > 0)
		commit(list, next);
	must(rd_kafka_assign(reader, NULL));
	rd_kafka_topic_partition_list_destroy(list);

	return n;
}

void dead_look(const char *topic, long count, dead_take *take)
{
	go_through(topic, count, take, false);
}

long dead_remove(const char *topic, long count, dead_take *take)
{
	return go_through(topic, count, take, true);
}

char *dead_header(const rd_kafka_message_t *m, const char *name)
{
	rd_kafka_headers_t *all;
	const void *value;
	size_t bytes;

	if (rd_kafka_message_headers(m, &all) ||
	    rd_kafka_header_get_last(all, name, &value, &bytes) || !value)
		return NULL;

	return strndup(value, bytes);
}

/* The event's own, and kith_to. */
static rd_kafka_headers_t *headers_for(const rd_kafka_message_t *m,
				       const char *consumer)
{
	rd_kafka_headers_t *all, *own = rd_kafka_headers_new(16);
	const char *name;
	const void *value;
	size_t bytes;

	if (rd_kafka_message_headers(m, &all) == RD_KAFKA_RESP_ERR_NO_ERROR)
		for (size_t i = 0; !rd_kafka_header_get_all(all, i, &name,
							    &value, &bytes);
		     i++)
			if (strncmp(name, "kith_", 5) != 0)
				rd_kafka_header_add(own, name, -1, value,
						    (ssize_t)bytes);
	rd_kafka_header_add(own, "kith_to", -1, consumer, -1);

	return own;
}

void dead_send(const char *topic, const rd_kafka_message_t *m,
	       const char *consumer)
{
	if (!writer)
		writer = connect_as(RD_KAFKA_PRODUCER, writer_settings);
	must(rd_kafka_producev(writer, RD_KAFKA_V_TOPIC(topic),
		RD_KAFKA_V_KEY(m->key, m->key_len),
		RD_KAFKA_V_VALUE(m->payload, m->len),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		RD_KAFKA_V_HEADERS(headers_for(m, consumer)),
		RD_KAFKA_V_END));
}
