/*
 * worker_ring.h - the last events, for who comes back and has missed some.
 *
 * Events are numbered from 1.  When there are too many, or they take too much
 * memory, the oldest go.  What one user missed is found without a look at the
 * events of others: each user's are a list through the ring.
 *
 * Ownership: texts and ids are copied.
 */
#ifndef STREAM_WORKER_RING_H
#define STREAM_WORKER_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "functions/stream/worker_table.h"

struct ring;

/* Never NULL.  At most so many events, which take at most so much memory. */
struct ring *ring_new(size_t events, size_t bytes);
void ring_free(struct ring *);

/* Forget all events; the numbers begin anew. */
void ring_clear(struct ring *);

/* The number of the newest event; 0: there was none yet. */
uint64_t ring_last(const struct ring *);

/* An event for the users to[n], with the number behind the last one. */
void ring_add(struct ring *, const unsigned char (*to)[UUID_BYTES], size_t n,
	      const char *text, size_t bytes);

/* Nothing behind the event of this number has been forgotten. */
bool ring_reaches(const struct ring *, uint64_t number);

/* What a user missed: each(arg, text, bytes) for the events behind number. */
void ring_replay(const struct ring *, const unsigned char user[UUID_BYTES],
		 uint64_t number,
		 void (*each)(void *arg, const char *text, size_t bytes),
		 void *arg);

#endif
