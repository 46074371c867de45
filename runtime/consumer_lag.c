/* consumer_lag.c - see consumer_private.h: how far a consumer is behind. */
#include "runtime/consumer_private.h"

enum { TIMEOUT_MS = 100 };

/*
 * Put into each offset where its partition begins or ends, whichever which is.
 * (The call for watermarks would wait for a broker that is away far longer
 * than it is told to.)
 */
static bool ask(rd_kafka_t *kafka, rd_kafka_topic_partition_list_t *list,
		int64_t which)
{
	for (int i = 0; i < list->cnt; i++)
		list->elems[i].offset = which;
	if (rd_kafka_offsets_for_times(kafka, list, TIMEOUT_MS))
		return false;
	for (int i = 0; i < list->cnt; i++)
		if (list->elems[i].err || list->elems[i].offset < 0)
			return false;
	return true;
}

void lag_begin(rd_kafka_t *kafka, rd_kafka_topic_partition_list_t *done)
{
	rd_kafka_topic_partition_list_t *begin;

	begin = rd_kafka_topic_partition_list_copy(done);
	if (ask(kafka, begin, RD_KAFKA_OFFSET_BEGINNING))
		for (int i = 0; i < done->cnt; i++)
			if (done->elems[i].offset < 0)
				done->elems[i].offset = begin->elems[i].offset;
	rd_kafka_topic_partition_list_destroy(begin);
}

/* Where each partition ended when it was last fetched from. */
static bool recall(rd_kafka_t *kafka, rd_kafka_topic_partition_list_t *list)
{
	int64_t low;

	for (int i = 0; i < list->cnt; i++) {
		rd_kafka_topic_partition_t *p = &list->elems[i];

		if (rd_kafka_get_watermark_offsets(kafka, p->topic,
						   p->partition, &low,
						   &p->offset) ||
		    p->offset < 0)
			return false;
	}
	return true;
}

int64_t lag_measure(rd_kafka_t *kafka,
		    const rd_kafka_topic_partition_list_t *done, bool paused)
{
	rd_kafka_topic_partition_list_t *end;
	int64_t lag = 0;

	end = rd_kafka_topic_partition_list_copy(done);
	if (!(paused ? ask(kafka, end, RD_KAFKA_OFFSET_END)
		     : recall(kafka, end)))
		lag = -1;
	for (int i = 0; lag >= 0 && i < end->cnt; i++)
		if (end->elems[i].offset > done->elems[i].offset)
			lag += end->elems[i].offset - done->elems[i].offset;
	rd_kafka_topic_partition_list_destroy(end);

	return lag;
}
