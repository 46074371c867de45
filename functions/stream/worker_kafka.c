/* worker_kafka.c - see worker_kafka.h. */
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "functions/stream/worker_kafka.h"
#include "runtime/conf.h"
#include "runtime/log.h"

enum {
	ASK_MS = 2000,			/* at the start, once */
	AGAIN_MS = 250,
	LOOK_S = 10,			/* between looks for new partitions */
	LOOK_MS = 100,			/* the loop may stand still for one */
	BATCH = 256,			/* then others have their turn */
	PARTITIONS = 512,		/* of all topics, at most */
};

static const struct topic {
	const char *name;
	bool needed;			/* at the start */
} topics[] = {
	{ "chat.events", true },
	{ "subscription.events", true },
	{ "live.events", true },
	{ "notification.events", false },
};

enum { TOPICS = sizeof(topics) / sizeof(*topics) };

struct partition {
	rd_kafka_topic_t *topic;
	int32_t number;
	int64_t next;			/* offset; below 0: any */
};

struct consumer {
	rd_kafka_t *kafka;
	rd_kafka_queue_t *queue;
	int wake_fd;			/* an eventfd that librdkafka writes */
	struct event *wake, *look;
	struct consumer_handlers handlers;
	rd_kafka_topic_t *topic[TOPICS];
	struct partition partition[PARTITIONS];
	size_t n, started;		/* of them */
	bool lost;			/* a topic is not there */
	bool gap;			/* is to be told */
};

static const char *const settings[][2] = {
	{ "client.id", "kith-stream" },
	{ "enable.auto.commit", "false" },
	{ "auto.offset.reset", "error" },
	{ "fetch.wait.max.ms", "500" },
	{ "fetch.error.backoff.ms", "100" },
	{ "fetch.message.max.bytes", "262144" },
	{ "queued.max.messages.kbytes", "4096" },
	{ "reconnect.backoff.max.ms", "1000" },
	{ "socket.keepalive.enable", "true" },
	{ "log.connection.close", "false" },
};

static void on_log(const rd_kafka_t *kafka, int level, const char *facility,
		   const char *text)
{
	(void)kafka;
	(void)level;
	log_warn("Kafka: %s: %s", facility, text);
}

static void on_error(rd_kafka_t *kafka, int err, const char *reason,
		     void *consumer)
{
	struct consumer *c = consumer;

	(void)kafka;
	log_warn("Kafka: %s", reason);
	if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		c->lost = true;
}

static void set(rd_kafka_conf_t *c, const char *name, const char *value)
{
	char why[256];

	if (rd_kafka_conf_set(c, name, value, why, sizeof(why)) !=
	    RD_KAFKA_CONF_OK)
		log_exit(EXIT_CONFIG, "Kafka: %s", why);
}

static void connect_kafka(struct consumer *c)
{
	rd_kafka_conf_t *conf_ = rd_kafka_conf_new();
	char why[256];

	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		set(conf_, settings[i][0], settings[i][1]);
	set(conf_, "bootstrap.servers", conf.kafka_brokers);
	rd_kafka_conf_set_log_cb(conf_, on_log);
	rd_kafka_conf_set_error_cb(conf_, on_error);
	rd_kafka_conf_set_opaque(conf_, c);

	c->kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf_, why, sizeof(why));
	if (!c->kafka)
		log_exit(EXIT_SYSTEM, "Kafka: %s", why);
	for (size_t i = 0; i < TOPICS; i++)
		c->topic[i] = rd_kafka_topic_new(c->kafka, topics[i].name,
						 NULL);
}

static struct partition *partition_of(struct consumer *c,
				      const rd_kafka_topic_t *topic,
				      int32_t number)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->partition[i].topic == topic &&
		    c->partition[i].number == number)
			return &c->partition[i];
	return NULL;
}

static void start(struct consumer *c, const struct partition *p)
{
	if (rd_kafka_consume_start_queue(p->topic, p->number, p->next,
					 c->queue) != 0)
		log_exit(EXIT_SYSTEM, "Kafka: %s [%d]: %s",
			 rd_kafka_topic_name(p->topic), p->number,
			 rd_kafka_err2str(rd_kafka_last_error()));
}

/* Where a partition ends now.  False: Kafka doesn't say. */
static bool end_of(struct consumer *c, const char *topic, int32_t number,
		   int64_t *end)
{
	int64_t first;

	return rd_kafka_query_watermark_offsets(c->kafka, topic, number,
						&first, end, ASK_MS) ==
	       RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* A partition to be started.  False: Kafka doesn't say where it ends. */
static bool add(struct consumer *c, size_t topic, int32_t number, bool at_end)
{
	struct partition *p = &c->partition[c->n];

	if (partition_of(c, c->topic[topic], number))
		return true;
	if (c->n == PARTITIONS)
		log_exit(EXIT_CONFIG, "Kafka: more than %d partitions",
			 PARTITIONS);
	*p = (struct partition){
		.topic = c->topic[topic], .number = number,
		.next = RD_KAFKA_OFFSET_BEGINNING,
	};
	if (at_end && !end_of(c, topics[topic].name, number, &p->next))
		return false;
	c->n++;

	return true;
}

/* NULL: it isn't there. */
static const rd_kafka_metadata_topic_t *
find_topic(const rd_kafka_metadata_t *all, const char *name)
{
	for (int i = 0; i < all->topic_cnt; i++)
		if (strcmp(all->topics[i].topic, name) == 0 &&
		    !all->topics[i].err)
			return &all->topics[i];
	return NULL;
}

static bool add_all(struct consumer *c, const rd_kafka_metadata_t *all,
		    bool at_start)
{
	for (size_t i = 0; i < TOPICS; i++) {
		const rd_kafka_metadata_topic_t *t =
			find_topic(all, topics[i].name);

		if (!t && topics[i].needed)
			return false;
		for (int k = 0; t && k < t->partition_cnt; k++)
			if (!add(c, i, t->partitions[k].id, at_start))
				return false;
	}
	return true;
}

/*
 * Read what is not read yet.  False: not everything is there.  Whoever asks for
 * an offset while a broker waits for messages waits with it, so all are asked
 * for first.
 */
static bool look(struct consumer *c, bool at_start)
{
	const rd_kafka_metadata_t *all;
	bool complete;

	if (rd_kafka_metadata(c->kafka, 1, NULL, &all,
			      at_start ? ASK_MS : LOOK_MS) !=
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		return false;
	complete = add_all(c, all, at_start);
	rd_kafka_metadata_destroy(all);
	while (complete && c->started < c->n)
		start(c, &c->partition[c->started++]);

	return complete;
}

/* Once for all partitions that had one, before anything that came since. */
static void tell_gap(struct consumer *c)
{
	if (c->gap)
		c->handlers.gap(c->handlers.arg);
	c->gap = false;
}

/* A topic that is back may be another one, which was written to meanwhile. */
static void on_look(evutil_socket_t fd, short what, void *consumer)
{
	struct consumer *c = consumer;

	(void)fd;
	(void)what;
	rd_kafka_poll(c->kafka, 0);	/* for errors that belong to no topic */
	if (look(c, false) && c->lost) {
		c->lost = false;
		c->gap = true;
		tell_gap(c);
	}
}

/* What can't be read any more is left out. */
static void fail(struct consumer *c, struct partition *p,
		 const rd_kafka_message_t *m)
{
	log_error("Kafka: %s [%d]: %s", rd_kafka_topic_name(m->rkt),
		  m->partition, rd_kafka_message_errstr(m));
	if (m->err != RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
		return;
	rd_kafka_consume_stop(p->topic, p->number);
	p->next = RD_KAFKA_OFFSET_BEGINNING;
	start(c, p);
	c->gap = true;
}

/* NULL: there is no such header. */
static const char *header(const rd_kafka_headers_t *all, const char *name)
{
	const void *value;
	size_t bytes;

	/* librdkafka puts a NUL behind each value. */
	if (rd_kafka_header_get_last(all, name, &value, &bytes))
		return NULL;
	return value;
}

static void deliver(struct consumer *c, const rd_kafka_message_t *m)
{
	rd_kafka_headers_t *all;
	const char *type;

	if (rd_kafka_message_headers(m, &all))
		return;
	type = header(all, "ce_type");
	/* A consumer's private second try. */
	if (!type || header(all, "kith_to"))
		return;
	if (!c->handlers.event(c->handlers.arg, type, m->payload, m->len))
		log_error("event %s of %s can't be read",
			  header(all, "ce_id") ?: "without an id",
			  rd_kafka_topic_name(m->rkt));
}

static void take(struct consumer *c, const rd_kafka_message_t *m)
{
	struct partition *p = partition_of(c, m->rkt, m->partition);

	if (!p)
		return;
	if (m->err) {
		fail(c, p, m);
		return;
	}
	if (p->next >= 0 && m->offset != p->next) {
		log_error("Kafka: %s [%d]: %ld came instead of %ld",
			  rd_kafka_topic_name(m->rkt), m->partition, m->offset,
			  p->next);
		c->gap = true;
	}
	p->next = m->offset + 1;
	tell_gap(c);
	deliver(c, m);
}

/* librdkafka writes when the queue was empty, so it is emptied, by and by. */
static void on_wake(evutil_socket_t fd, short what, void *consumer)
{
	struct consumer *c = consumer;
	rd_kafka_message_t *m;
	uint64_t count = 1;

	(void)what;
	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		log_exit(EXIT_SYSTEM, "eventfd: %s", strerror(errno));
	for (int i = 0; i < BATCH; i++) {
		m = rd_kafka_consume_queue(c->queue, 0);
		if (!m) {
			tell_gap(c);
			return;
		}
		take(c, m);
		rd_kafka_message_destroy(m);
	}
	count = 1;
	if (write(fd, &count, sizeof(count)) < 0)
		log_exit(EXIT_SYSTEM, "eventfd: %s", strerror(errno));
}

static void watch(struct consumer *c, struct event_base *base)
{
	static const uint64_t one = 1;
	const struct timeval every = { .tv_sec = LOOK_S };

	c->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (c->wake_fd < 0)
		log_exit(EXIT_SYSTEM, "eventfd: %s", strerror(errno));
	c->wake = event_new(base, c->wake_fd, EV_READ | EV_PERSIST, on_wake, c);
	c->look = event_new(base, -1, EV_PERSIST, on_look, c);
	if (!c->wake || !c->look || event_add(c->wake, NULL) != 0 ||
	    event_add(c->look, &every) != 0)
		log_exit(EXIT_SYSTEM, "no event");
	rd_kafka_queue_io_event_enable(c->queue, c->wake_fd, &one,
				       sizeof(one));
}

struct consumer *consumer_new(struct event_base *base,
			      const struct consumer_handlers *handlers)
{
	struct consumer *c = calloc(1, sizeof(*c));

	if (!c)
		log_exit(EXIT_SYSTEM, "out of memory");
	c->handlers = *handlers;
	connect_kafka(c);
	c->queue = rd_kafka_queue_new(c->kafka);
	watch(c, base);
	while (!look(c, true))
		usleep(AGAIN_MS * 1000);

	return c;
}

void consumer_free(struct consumer *c)
{
	for (size_t i = 0; i < c->n; i++)
		rd_kafka_consume_stop(c->partition[i].topic,
				      c->partition[i].number);
	rd_kafka_queue_destroy(c->queue);
	for (size_t i = 0; i < TOPICS; i++)
		rd_kafka_topic_destroy(c->topic[i]);
	rd_kafka_destroy(c->kafka);
	event_free(c->wake);
	event_free(c->look);
	close(c->wake_fd);
	free(c);
}
