/*
 * dead.c - events that consumers gave up: the program `dead`.
 *
 *	dead list [--json] [TOPIC]	a line each that waits, oldest first
 *	dead replay TOPIC [COUNT]	send the oldest COUNT, or all, again
 *	dead drop TOPIC [COUNT]		let them wait no longer
 *
 * TOPIC is where the events were, as in user.events; KAFKA_BROKERS says whose.
 * A line has the topic, the offset in TOPIC.dlq, consumer, reason, attempts,
 * the event's id, type and key, and when it was given up, separated by tabs;
 * "-" is what an event doesn't have.  Its data are not shown.
 *
 * replay sends an event for the consumer that gave it up; others pass over it.
 * It may have been interrupted or run twice: an event has one effect however
 * often it is sent.  What was dropped can be read in TOPIC.dlq for 30 days.
 *
 * Exit codes: 0; 1 there is no such topic, or a letter doesn't say whose it is
 * and has to be dropped; 64 usage; 100 bad configuration; 111 Kafka is away:
 * what was done is done, try again.
 */
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/conf.h"
#include "runtime/dead_kafka.h"
#include "runtime/log.h"

/* What a line has, besides topic and offset. */
static const struct column {
	const char *name, *header;	/* header NULL: it is the key */
} columns[] = {
	{ "consumer",  "kith_consumer" },
	{ "reason",    "kith_reason" },
	{ "attempts",  "kith_attempts" },
	{ "id",        "ce_id" },
	{ "type",      "ce_type" },
	{ "key",       NULL },
	{ "failed_at", "kith_failed_at" },
};

enum { COLUMNS = sizeof(columns) / sizeof(*columns) };

_Noreturn static void usage(void)
{
	dead_exit(EXIT_USAGE, "usage: dead list [--json] [TOPIC]"
		  " | replay TOPIC [COUNT] | drop TOPIC [COUNT]");
}

/* To be freed; NULL: it has none. */
static char *value_of(const struct column *c, const rd_kafka_message_t *m)
{
	if (c->header)
		return dead_header(m, c->header);

	return m->key ? strndup(m->key, m->key_len) : NULL;
}

/* What a terminal or a reader of columns would stumble over becomes "?". */
static void print_safe(const char *text)
{
	if (!text || !*text)
		text = "-";
	for (; *text; text++)
		putchar(*text > ' ' && *text <= '~' ? *text : '?');
}

static bool list_text(const char *topic, const rd_kafka_message_t *m)
{
	printf("%s\t%ld", topic, (long)m->offset);
	for (size_t i = 0; i < COLUMNS; i++) {
		char *value = value_of(&columns[i], m);

		putchar('\t');
		print_safe(value);
		free(value);
	}
	putchar('\n');

	return true;
}

/* What is no UTF-8 becomes null, as what isn't there. */
static bool list_json(const char *topic, const rd_kafka_message_t *m)
{
	json_t *line = json_pack("{s:s,s:I}", "topic", topic, "offset",
				 (json_int_t)m->offset);

	for (size_t i = 0; i < COLUMNS; i++) {
		char *value = value_of(&columns[i], m);
		json_t *text = value ? json_string(value) : NULL;

		json_object_set_new(line, columns[i].name,
				    text ?: json_null());
		free(value);
	}
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(line);

	return true;
}

static bool nobodys;			/* a letter that was to be replayed */

static bool replay(const char *topic, const rd_kafka_message_t *m)
{
	char *consumer = dead_header(m, "kith_consumer");

	nobodys = !consumer;
	if (nobodys)
		return false;
	dead_send(topic, m, consumer);
	free(consumer);

	return true;
}

static bool drop(const char *topic, const rd_kafka_message_t *m)
{
	(void)topic;
	(void)m;
	return true;
}

static dead_take *list_form = list_text;

static void list_topic(const char *topic)
{
	dead_look(topic, LONG_MAX, list_form);
}

static void list(int argc, char **argv)
{
	const char *topic = NULL;

	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], "--json") == 0)
			list_form = list_json;
		else if (topic || argv[i][0] == '-')
			usage();
		else
			topic = argv[i];

	dead_open();
	if (topic)
		list_topic(topic);
	else
		dead_topics(list_topic);
}

static long count_of(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (n < 1 || *end)
		usage();

	return n;
}

static void remove_some(int argc, char **argv, dead_take *take,
			const char *what)
{
	long count = LONG_MAX, n;

	if (argc < 1 || argc > 2 || argv[0][0] == '-')
		usage();
	if (argc == 2)
		count = count_of(argv[1]);

	dead_open();
	n = dead_remove(argv[0], count, take);
	printf("%ld %s\n", n, what);
	if (nobodys)
		dead_exit(EXIT_NOT_FOUND, "the next letter doesn't say whose "
			  "it is: drop it");
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	log_name("dead");
	conf_read(NULL);
	if (strcmp(verb, "list") == 0)
		list(argc - 2, argv + 2);
	else if (strcmp(verb, "replay") == 0)
		remove_some(argc - 2, argv + 2, replay, "replayed");
	else if (strcmp(verb, "drop") == 0)
		remove_some(argc - 2, argv + 2, drop, "dropped");
	else
		usage();
	dead_close();

	return 0;
}
