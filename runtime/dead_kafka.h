/*
 * dead_kafka.h - the dead letters that wait, and sending their events again.
 *
 * The letters of a topic wait in TOPIC.dlq behind what the group kith-dead has
 * committed there.
 *
 * Errors: what fails ends the process, as dead_exit() does: with EXIT_SYSTEM
 * when Kafka is away, EXIT_NOT_FOUND for a topic that has no dead letters.
 */
#ifndef RUNTIME_DEAD_KAFKA_H
#define RUNTIME_DEAD_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

enum { EXIT_NOT_FOUND = 1, EXIT_USAGE = 64 };

/* Say why on stderr and end the process. */
_Noreturn void dead_exit(int code, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Connects in the background to conf.kafka_brokers. */
void dead_open(void);
void dead_close(void);

/* Call each() for every topic that has a place for dead letters. */
void dead_topics(void (*each)(const char *topic));

/* False: this letter, and those behind it, are not to be taken. */
typedef bool dead_take(const char *topic, const rd_kafka_message_t *);

/* Call take() for the letters that wait, count at most, oldest first. */
void dead_look(const char *topic, long count, dead_take *take);

/*
 * The same, and what was taken waits no longer, once what take() has sent is
 * stored.  How many were taken.
 */
long dead_remove(const char *topic, long count, dead_take *take);

/* Of a letter: a copy of a header's last value; NULL: it has none. */
char *dead_header(const rd_kafka_message_t *, const char *name);

/* Send the event to the topic again, for the one consumer only. */
void dead_send(const char *topic, const rd_kafka_message_t *,
	       const char *consumer);

#endif
