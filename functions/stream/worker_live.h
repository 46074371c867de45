/*
 * worker_live.h - publishing to live.events: hints that nobody waits for.
 *
 * What can't be sent soon is dropped, since it would be of no use later.  A
 * gateway delivers its own hints like those of others: when they come back
 * from Kafka.
 */
#ifndef STREAM_WORKER_LIVE_H
#define STREAM_WORKER_LIVE_H

struct live;

/* Never NULL.  Connects in the background. */
struct live *live_new(void);
void live_free(struct live *);

/* Now and then: forget errors that were reported. */
void live_serve(struct live *);

/* An event with this key and data, JSON. */
void live_publish(struct live *, const char *type, const char *key,
		  const char *data);

#endif
