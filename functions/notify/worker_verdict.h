/*
 * worker_verdict.h - what a provider's answer means for a push and its lane.
 *
 * Each provider judges its own answers; what is no answer, or says nothing but
 * its status, is judged here.
 */
#ifndef NOTIFY_WORKER_VERDICT_H
#define NOTIFY_WORKER_VERDICT_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/scoreboard.h"

enum verdict_kind {
	VERDICT_SENT,
	VERDICT_GONE,		/* the device takes no pushes any more */
	VERDICT_REFUSED,	/* this push never will be taken */
	VERDICT_LATER,		/* this push again; the provider is well */
	VERDICT_AWAY,		/* this push again; the provider is not well */
	VERDICT_PAUSE,		/* so, too, and it says how long */
	VERDICT_TOKEN,		/* this push again, with a new token of ours */
	VERDICT_CONFIG,		/* all of them later: an operator must act */
};

/* What came back.  The body ends with a NUL and may have been cut. */
struct answer {
	long status;
	const char *body;
	size_t body_bytes;
	int64_t retry_after_s;	/* 0: it doesn't say */
};

struct verdict {
	enum verdict_kind kind;
	int wait_ms;		/* of the push or the lane; 0: as usual */
	char reason[40];	/* a word of [A-Za-z0-9_]; "": none */
};

/* The reason is cut, and other characters become '_'.  NULL: none. */
struct verdict verdict(enum verdict_kind, int wait_ms, const char *reason);

/*
 * Of a status that needs no body: 2xx, 408, 429 and 5xx, with Retry-After,
 * and of 3xx, which nobody follows.  Any other is refused.
 */
struct verdict verdict_of_status(const struct answer *);

/* How long a push rests that has been tried so often: up to 5 minutes. */
int verdict_wait_ms(int tries);

/* What it comes to, and the word for it of notify.settle(). */
enum push_outcome verdict_outcome(enum verdict_kind);
const char *verdict_word(enum verdict_kind);

#endif
