/* relay_topics.c - see relay_topics.h. */
#include <stdbool.h>
#include <stdio.h>

#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/relay_topics.h"

enum { POLL_MS = 100, ADMIN_TIMEOUT_MS = 5000, LEARN_MS = 500 };

#define MINUTE "60000"
#define HOUR "3600000"
#define DAY "86400000"
#define WEEK "604800000"
#define DAYS_30 "2592000000"

/* Only what is in a segment that is full or old can be deleted. */
struct topic {
	const char *name, *retention_ms, *segment_ms;
	const char *dead_ms;		/* of NAME.dlq; NULL: there is none */
};

/* Every topic that events are written to. */
static const struct topic topics[] = {
	{ "auth.events",         WEEK,   DAY,    DAYS_30 },
	{ "user.events",         WEEK,   DAY,    DAYS_30 },
	{ "subscription.events", WEEK,   DAY,    DAYS_30 },
	{ "chat.events",         DAY,    HOUR,   DAY },	/* it has texts */
	{ "notification.events", WEEK,   DAY,    DAYS_30 },
	{ "mail.events",         WEEK,   DAY,    DAYS_30 },
	{ "live.events",         MINUTE, MINUTE, NULL },
};

enum { TOPICS = sizeof(topics) / sizeof(*topics) };

static rd_kafka_NewTopic_t *new_topic(const char *name, int partitions)
{
	char why[256];
	rd_kafka_NewTopic_t *t;

	t = rd_kafka_NewTopic_new(name, partitions, conf.kafka_replication,
				  why, sizeof(why));
	if (!t)
		log_exit(EXIT_CONFIG, "Kafka: %s", why);

	return t;
}

static rd_kafka_NewTopic_t *new_events(const struct topic *topic)
{
	rd_kafka_NewTopic_t *t = new_topic(topic->name, conf.kafka_partitions);

	rd_kafka_NewTopic_set_config(t, "retention.ms", topic->retention_ms);
	rd_kafka_NewTopic_set_config(t, "segment.ms", topic->segment_ms);

	return t;
}

/* One partition has one order; a letter is an event and what became of it. */
static rd_kafka_NewTopic_t *new_dead_letters(const struct topic *topic)
{
	char name[128];
	rd_kafka_NewTopic_t *t;

	snprintf(name, sizeof(name), "%s.dlq", topic->name);
	t = new_topic(name, 1);
	rd_kafka_NewTopic_set_config(t, "retention.ms", topic->dead_ms);
	rd_kafka_NewTopic_set_config(t, "segment.ms", topic->segment_ms);
	rd_kafka_NewTopic_set_config(t, "max.message.bytes", "2097152");

	return t;
}

/* wanted[2 * TOPICS]; how many they are. */
static size_t all_topics(rd_kafka_NewTopic_t **wanted)
{
	size_t n = 0;

	for (size_t i = 0; i < TOPICS; i++) {
		wanted[n++] = new_events(&topics[i]);
		if (topics[i].dead_ms)
			wanted[n++] = new_dead_letters(&topics[i]);
	}
	return n;
}

static enum err are_there(rd_kafka_event_t *answer)
{
	const rd_kafka_CreateTopics_result_t *result;
	const rd_kafka_topic_result_t **each;
	rd_kafka_resp_err_t err;
	size_t n;

	if (rd_kafka_event_error(answer)) {
		log_warn("Kafka: topics: %s",
			 rd_kafka_event_error_string(answer));
		return ERR_UNAVAILABLE;
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
		return ERR_UNAVAILABLE;
	}
	return OK;
}

/* Or else a topic's first event waits a second for librdkafka to ask. */
static void learn_topics(rd_kafka_t *kafka)
{
	const struct rd_kafka_metadata *all;

	if (rd_kafka_metadata(kafka, 1, NULL, &all, LEARN_MS) ==
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_metadata_destroy(all);
}

enum err topics_make(rd_kafka_t *kafka, bool (*go_on)(void *), void *arg)
{
	rd_kafka_NewTopic_t *wanted[2 * TOPICS];
	const size_t n = all_topics(wanted);
	rd_kafka_queue_t *answers = rd_kafka_queue_new(kafka);
	rd_kafka_AdminOptions_t *options;
	rd_kafka_event_t *answer = NULL;
	char why[256];
	enum err err;

	options = rd_kafka_AdminOptions_new(kafka,
					    RD_KAFKA_ADMIN_OP_CREATETOPICS);
	rd_kafka_AdminOptions_set_request_timeout(options, ADMIN_TIMEOUT_MS,
						  why, sizeof(why));
	rd_kafka_CreateTopics(kafka, wanted, n, options, answers);

	while (!answer && go_on(arg))
		answer = rd_kafka_queue_poll(answers, POLL_MS);
	err = answer ? are_there(answer) : ERR_UNAVAILABLE;
	if (!err)
		learn_topics(kafka);

	rd_kafka_event_destroy(answer);
	rd_kafka_NewTopic_destroy_array(wanted, n);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_queue_destroy(answers);

	return err;
}
