/*
 * worker_kafka_private.h - what the parts of the consumer share.
 *
 *	worker_kafka.c		messages
 *	worker_partitions.c	where they come from
 */
#ifndef STREAM_WORKER_KAFKA_PRIVATE_H
#define STREAM_WORKER_KAFKA_PRIVATE_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

#include "functions/stream/worker_kafka.h"

enum {
	TOPICS = 4,
	PARTITIONS = 512,		/* of all topics, at most */
	SEEN = 8192,			/* eight times a batch of the relay */
};

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
	uint64_t seen[SEEN];		/* the last ids, each at id % SEEN */
};

/* worker_partitions.c */

/* Before the first look. */
void partitions_open(struct consumer *);
void partitions_close(struct consumer *);

/* NULL: it isn't read. */
struct partition *partition_of(struct consumer *, const rd_kafka_topic_t *,
			       int32_t number);

/* Read from here on, or with an offset below 0 from the first one there is. */
void partition_restart(struct consumer *, struct partition *, int64_t offset);

/* Read what is not read yet.  False: not everything is there. */
bool partitions_look(struct consumer *, bool at_start);

#endif
