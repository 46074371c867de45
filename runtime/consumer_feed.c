/*
 * consumer_feed.c - see consumer_private.h: messages from Kafka.
 *
 * A partition is read on from where the group has committed, or if that is no
 * longer (or not yet) there, from its beginning: never from its end, which
 * would skip what nobody has seen.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/consumer_private.h"
#include "runtime/kafka.h"
#include "runtime/log.h"

enum {
	POLL_MS = 100,
	COMMITTED_MS = 2000,		/* to be told where the group stands */
	CLOSE_MS = 3000,
	LAG_MS = 1000,			/* between measurements */
};

struct feed {
	rd_kafka_t *kafka;
	struct scoreboard_worker *slot;
	/* By partition, the next offset that will be taken, and be done. */
	rd_kafka_topic_partition_list_t *taken, *done;
	bool paused;
	int64_t lag_ms;			/* when it was looked at */
};

/*
 * We store an offset once its effect is committed; librdkafka commits what is
 * stored, each second and when a partition goes.  A worker that is restarted
 * within the session goes on as the same member, without a rebalance.
 *
 * A coordinator that has just started may say it is none.  librdkafka 2.0 then
 * puts the question for another to a connection that it gives up, and does
 * nothing more until the question has timed out, with the socket's time.
 */
static kafka_setting settings[] = {
	{ "auto.offset.reset", "earliest" },
	{ "enable.auto.offset.store", "false" },
	{ "enable.auto.commit", "true" },
	{ "auto.commit.interval.ms", "1000" },
	{ "partition.assignment.strategy", "range" },
	{ "session.timeout.ms", "6000" },
	{ "socket.timeout.ms", "6000" },
	{ "heartbeat.interval.ms", "1000" },
	{ "queued.min.messages", "2000" },	/* each takes a kilobyte */
	{ "queued.max.messages.kbytes", "8192" },
	{ "fetch.max.bytes", "8388608" },
	{ "topic.metadata.refresh.interval.ms", "5000" },
	{ NULL }
};

static void forget(struct feed *f)
{
	if (f->taken)
		rd_kafka_topic_partition_list_destroy(f->taken);
	if (f->done)
		rd_kafka_topic_partition_list_destroy(f->done);
	f->taken = f->done = NULL;
}

/* What librdkafka isn't told here, of a group's offsets, it asks itself. */
static void on_rebalance(rd_kafka_t *kafka, rd_kafka_resp_err_t err,
			 rd_kafka_topic_partition_list_t *partitions,
			 void *opaque)
{
	struct feed *f = opaque;

	forget(f);
	if (err != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		rd_kafka_assign(kafka, NULL);
		return;
	}
	rd_kafka_committed(kafka, partitions, COMMITTED_MS);
	f->taken = rd_kafka_topic_partition_list_copy(partitions);
	f->done = rd_kafka_topic_partition_list_copy(partitions);
	lag_begin(kafka, f->done);
	rd_kafka_assign(kafka, partitions);
	/* One that was ours before may be paused from then. */
	if (f->paused)
		rd_kafka_pause_partitions(kafka, partitions);
	else
		rd_kafka_resume_partitions(kafka, partitions);
	log_info("has %d partitions", partitions->cnt);
}

/* Of the pool's directory, which all its releases share: FNV-1a. */
static uint32_t pool_hash(void)
{
	char path[PATH_MAX + 1] = "", *end;
	uint32_t hash = 2166136261;

	if (readlink("/proc/self/exe", path, PATH_MAX) < 0)
		log_exit(EXIT_SYSTEM, "/proc/self/exe: %s", strerror(errno));
	end = strstr(path, "/releases/");
	if (end)
		*end = '\0';
	for (const char *p = path; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619;

	return hash;
}

/* A slot of a pool on a host: two pools there may share a Kafka. */
static void become_member(rd_kafka_conf_t *c, const char *group)
{
	const char *slot = getenv("POOL_SLOT");
	char host[128] = "", member[256];

	kafka_set(c, "group.id", group);
	if (!slot)
		return;
	gethostname(host, sizeof(host) - 1);
	snprintf(member, sizeof(member), "%s-%s-%08x-%s", group, host,
		 pool_hash(), slot);
	kafka_set(c, "group.instance.id", member);
}

static void subscribe(struct feed *f, const struct consumption *table)
{
	rd_kafka_topic_partition_list_t *topics =
		rd_kafka_topic_partition_list_new(8);
	rd_kafka_resp_err_t err;

	for (; table->topic; table++)
		if (!rd_kafka_topic_partition_list_find(topics, table->topic,
							0))
			rd_kafka_topic_partition_list_add(topics,
							  table->topic, 0);
	err = rd_kafka_subscribe(f->kafka, topics);
	if (err)
		log_exit(EXIT_SYSTEM, "Kafka: %s", rd_kafka_err2str(err));
	rd_kafka_topic_partition_list_destroy(topics);
}

struct feed *feed_new(const char *group, const struct consumption *table,
		      struct scoreboard_worker *slot)
{
	struct feed *f = calloc(1, sizeof(*f));
	rd_kafka_conf_t *c = kafka_conf(group, settings);

	if (!f)
		log_exit(EXIT_SYSTEM, "out of memory");
	f->slot = slot;
	become_member(c, group);
	rd_kafka_conf_set_opaque(c, f);
	rd_kafka_conf_set_rebalance_cb(c, on_rebalance);

	f->kafka = kafka_new(RD_KAFKA_CONSUMER, c);
	rd_kafka_poll_set_consumer(f->kafka);
	subscribe(f, table);

	return f;
}

/* Without Kafka the last commit is not waited for. */
void feed_free(struct feed *f)
{
	const int64_t end_ms = now_ms() + CLOSE_MS;
	rd_kafka_queue_t *events = rd_kafka_queue_get_consumer(f->kafka);
	rd_kafka_message_t *m;

	rd_kafka_error_destroy(rd_kafka_consumer_close_queue(f->kafka,
							     events));
	while (!rd_kafka_consumer_closed(f->kafka)) {
		if (now_ms() > end_ms)
			log_exit(0, "Kafka doesn't let us leave");
		m = rd_kafka_consumer_poll(f->kafka, POLL_MS);
		if (m)
			rd_kafka_message_destroy(m);
	}
	rd_kafka_queue_destroy(events);
	forget(f);
	rd_kafka_destroy(f->kafka);
	free(f);
}

static int64_t *offset_of(rd_kafka_topic_partition_list_t *list,
			  const rd_kafka_message_t *m)
{
	rd_kafka_topic_partition_t *p = list
		? rd_kafka_topic_partition_list_find(
			list, rd_kafka_topic_name(m->rkt), m->partition)
		: NULL;

	return p ? &p->offset : NULL;
}

/* Events that were deleted, or a topic that was made anew. */
static void notice_reset(struct feed *f, const rd_kafka_message_t *m)
{
	int64_t *next = offset_of(f->taken, m);

	if (!next)
		return;
	if (*next >= 0 && *next != m->offset)
		log_warn("%s [%d]: the next event was to be %ld, and is %ld",
			 rd_kafka_topic_name(m->rkt), m->partition,
			 (long)*next, (long)m->offset);
	*next = m->offset + 1;
}

/* Without an answer it stays as it was. */
static void measure_lag(struct feed *f)
{
	int64_t lag;

	if (now_ms() - f->lag_ms < LAG_MS)
		return;
	f->lag_ms = now_ms();
	lag = f->done ? lag_measure(f->kafka, f->done, f->paused) : 0;
	if (lag >= 0)
		atomic_store(&f->slot->lag, (uint64_t)lag);
}

/*
 * NULL: none in time, or an error that librdkafka deals with.  After a fatal
 * one, as when a successor has taken our place, only a restart helps.
 */
static rd_kafka_message_t *poll_once(struct feed *f, int ms)
{
	rd_kafka_message_t *m = rd_kafka_consumer_poll(f->kafka, ms);

	if (!m || !m->err)
		return m;
	if (m->err == RD_KAFKA_RESP_ERR__FATAL)
		log_exit(EXIT_SYSTEM, "Kafka: %s", rd_kafka_message_errstr(m));
	log_warn("Kafka: %s", rd_kafka_message_errstr(m));
	rd_kafka_message_destroy(m);

	return NULL;
}

size_t feed_take(struct feed *f, rd_kafka_message_t **out, size_t max)
{
	size_t n = 0;

	if (f->paused && f->done)
		rd_kafka_resume_partitions(f->kafka, f->done);
	f->paused = false;
	while (n < max && (out[n] = poll_once(f, n == 0 ? POLL_MS : 0)))
		notice_reset(f, out[n++]);
	measure_lag(f);

	return n;
}

/* A partition that was taken from us meanwhile is its new member's to store. */
void feed_done(struct feed *f, const rd_kafka_message_t *m)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(1);
	int64_t *next = offset_of(f->done, m);

	rd_kafka_topic_partition_list_add(list, rd_kafka_topic_name(m->rkt),
					  m->partition)->offset = m->offset + 1;
	rd_kafka_offsets_store(f->kafka, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (next)
		*next = m->offset + 1;
}

void feed_wait(struct feed *f, int ms)
{
	const int64_t end_ms = now_ms() + ms;
	int64_t left;

	if (!f->paused && f->done)
		rd_kafka_pause_partitions(f->kafka, f->done);
	f->paused = true;
	while (!consumer_stop && (left = end_ms - now_ms()) > 0) {
		/* To lose it would be worse than to be started again. */
		if (poll_once(f, (int)(left < POLL_MS ? left : POLL_MS)))
			log_exit(EXIT_SYSTEM, "Kafka: a message out of turn");
		measure_lag(f);
	}
}
