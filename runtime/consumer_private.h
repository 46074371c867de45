/*
 * consumer_private.h - the parts of a consumer: see consumer.h.
 *
 *	consumer.c		transactions, attempts, waiting
 *	consumer_feed.c		messages from Kafka, and how far they are done
 *	consumer_message.c	what a message says
 *	consumer_dead.c		the way to the dead letters
 *	consumer_lag.c		how far it is behind
 */
#ifndef RUNTIME_CONSUMER_PRIVATE_H
#define RUNTIME_CONSUMER_PRIVATE_H

#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/consumer.h"
#include "runtime/scoreboard.h"

/* Set by SIGTERM: whatever waits ends soon. */
extern volatile sig_atomic_t consumer_stop;

/* A message in hand and what it says. */
struct item {
	rd_kafka_message_t *message;
	const struct consumption *consumption;	/* NULL: to be passed over */
	struct delivery delivery;
	const char *malformed;			/* a word for why; or NULL */
	bool again;				/* it was done before */
};

/* Read item->message; strings go to the arena. */
void message_read(struct arena *, const char *consumer,
		  const struct consumption *, struct item *);

/*
 * The messages of a group's topics.  A group must see its members ask for
 * messages, so whatever takes long has to call feed_wait() meanwhile.
 */
struct feed;

/* Never NULL; connects in the background.  All arguments are kept. */
struct feed *feed_new(const char *group, const struct consumption *,
		      struct scoreboard_worker *);

/* Commit how far it is done and leave, in a few seconds at most. */
void feed_free(struct feed *);

/*
 * Up to max messages: what is there, or else the first that comes soon.  The
 * caller destroys them.
 */
size_t feed_take(struct feed *, rd_kafka_message_t **out, size_t max);

/* This one and all before it in its partition are done. */
void feed_done(struct feed *, const rd_kafka_message_t *);

/* Let time pass; ends early when we must stop. */
void feed_wait(struct feed *, int ms);

/*
 * An offset of done[] that isn't known becomes that of the partition's
 * beginning, if Kafka says so within a moment.  Before the partitions are
 * assigned: a question waits behind a fetch that is under way.
 */
void lag_begin(rd_kafka_t *, rd_kafka_topic_partition_list_t *done);

/*
 * How many messages lie ahead of done[], where the group stands; -1: it isn't
 * known yet.  Each fetch tells where a partition ends; only while they are
 * paused, Kafka is asked, for a moment.
 */
int64_t lag_measure(rd_kafka_t *, const rd_kafka_topic_partition_list_t *done,
		    bool paused);

/* Where dead letters are sent from; connects when the first is sent. */
struct dead_letters;

/* Never NULL. */
struct dead_letters *dead_letters_new(const char *consumer);
void dead_letters_free(struct dead_letters *);

/*
 * Send a copy to the topic's dead letters and wait until Kafka has stored it,
 * for 2 s at most.  ERR_UNAVAILABLE: it may be there or not.
 */
enum err dead_letters_send(struct dead_letters *, const rd_kafka_message_t *,
			 const char *reason, int attempts);

#endif
