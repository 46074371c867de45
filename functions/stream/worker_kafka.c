/* worker_kafka.c - see worker_kafka.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "functions/stream/worker_kafka_private.h"
#include "runtime/conf.h"
#include "runtime/kafka.h"
#include "runtime/log.h"

enum {
	AGAIN_MS = 250,			/* while Kafka is away at the start */
	LOOK_S = 10,			/* between looks for new partitions */
	BATCH = 256,			/* then others have their turn */
};

static kafka_setting settings[] = {
	{ "enable.auto.commit", "false" },
	{ "auto.offset.reset", "error" },
	{ "socket.timeout.ms", "6000" },
	{ "fetch.wait.max.ms", "500" },
	{ "fetch.error.backoff.ms", "100" },
	{ "fetch.message.max.bytes", "262144" },
	{ "queued.min.messages", "2000" },	/* of a partition */
	{ "queued.max.messages.kbytes", "4096" },
	{ NULL }
};

static void on_error(rd_kafka_t *kafka, int err, const char *reason,
		     void *consumer)
{
	struct consumer *c = consumer;

	(void)kafka;
	log_warn("Kafka: %s", reason);
	if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		c->lost = true;
}

static void connect_kafka(struct consumer *c)
{
	rd_kafka_conf_t *chosen = kafka_conf("kith-stream", settings);

	rd_kafka_conf_set_error_cb(chosen, on_error);
	rd_kafka_conf_set_opaque(chosen, c);
	c->kafka = kafka_new(RD_KAFKA_CONSUMER, chosen);
	c->queue = rd_kafka_queue_new(c->kafka);
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
	if (partitions_look(c, false) && c->lost) {
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
	partition_restart(c, p, RD_KAFKA_OFFSET_BEGINNING);
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

/*
 * A relay that took over publishes the last batch again.  Ids of the outbox are
 * counted; a hint has another one.
 */
static bool comes_again(struct consumer *c, const char *id)
{
	char *end;
	const uint64_t number = strtoull(id, &end, 10);
	uint64_t *last = &c->seen[number % SEEN];
	const bool again = *last == number;

	if (number == 0 || *end)
		return false;
	*last = number;

	return again;
}

static void deliver(struct consumer *c, const rd_kafka_message_t *m)
{
	rd_kafka_headers_t *all;
	const char *type, *id;

	if (rd_kafka_message_headers(m, &all))
		return;
	type = header(all, "ce_type");
	id = header(all, "ce_id") ?: "";
	/* kith_to: a consumer's private second try. */
	if (!type || header(all, "kith_to") || comes_again(c, id))
		return;
	if (!c->handlers.event(c->handlers.arg, type, m->payload, m->len))
		log_error("event '%s' of %s can't be read", id,
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
	partitions_open(c);
	watch(c, base);
	while (!partitions_look(c, true))
		usleep(AGAIN_MS * 1000);

	return c;
}

void consumer_free(struct consumer *c)
{
	partitions_close(c);
	rd_kafka_queue_destroy(c->queue);
	rd_kafka_destroy(c->kafka);
	event_free(c->wake);
	event_free(c->look);
	close(c->wake_fd);
	free(c);
}
