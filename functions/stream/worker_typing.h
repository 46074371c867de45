/*
 * worker_typing.h - telling others who is typing, once a second.
 */
#ifndef STREAM_WORKER_TYPING_H
#define STREAM_WORKER_TYPING_H

#include <stdbool.h>
#include <stdint.h>

#include "functions/stream/worker_live.h"

struct typing;

/* Never NULL. */
struct typing *typing_new(struct live *);
void typing_free(struct typing *);

/*
 * Ids as text; to: separated by commas.  False: one of them is none.  now_ms is
 * of CLOCK_MONOTONIC.
 */
bool typing_tell(struct typing *, const char *chat, const char *user,
		 const char *to, int64_t now_ms);

#endif
