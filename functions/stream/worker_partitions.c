/* worker_partitions.c - see worker_kafka_private.h. */
#include <string.h>

#include "functions/stream/worker_kafka_private.h"
#include "runtime/conf.h"
#include "runtime/log.h"

enum {
	ASK_MS = 2000,			/* at the start, once */
	LOOK_MS = 100,			/* the loop may stand still for one */
};

static const char *const topics[TOPICS] = {
	"chat.events", "subscription.events", "live.events",
	"notification.events",
};

void partitions_open(struct consumer *c)
{
	for (size_t i = 0; i < TOPICS; i++)
		c->topic[i] = rd_kafka_topic_new(c->kafka, topics[i],
						 NULL);
}

void partitions_close(struct consumer *c)
{
	for (size_t i = 0; i < c->started; i++)
		rd_kafka_consume_stop(c->partition[i].topic,
				      c->partition[i].number);
	for (size_t i = 0; i < TOPICS; i++)
		rd_kafka_topic_destroy(c->topic[i]);
}

struct partition *partition_of(struct consumer *c,
			       const rd_kafka_topic_t *topic, int32_t number)
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

void partition_restart(struct consumer *c, struct partition *p, int64_t offset)
{
	rd_kafka_consume_stop(p->topic, p->number);
	p->next = offset;
	start(c, p);
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
	if (at_end && !end_of(c, topics[topic], number, &p->next))
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
		const rd_kafka_metadata_topic_t *t = find_topic(all, topics[i]);

		if (!t)
			return false;
		for (int k = 0; k < t->partition_cnt; k++)
			if (!add(c, i, t->partitions[k].id, at_start))
				return false;
	}
	return true;
}

/*
 * Whoever asks for an offset while a broker waits for messages waits with it,
 * so all are asked for before the first is read.
 */
bool partitions_look(struct consumer *c, bool at_start)
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
