/*
 * worker_transfer.h - HTTP requests on their way: libcurl, many at once.
 *
 * Only https, always verified, no redirects, no proxy, no cookies; answers are
 * cut to what an error needs.  Requests share connections of HTTP/2: four at
 * most to a host.
 *
 * Ownership: a transfer is the caller's from transfers_take() to
 * transfers_start(), and again when it has ended, until transfers_give().
 */
#ifndef NOTIFY_WORKER_TRANSFER_H
#define NOTIFY_WORKER_TRANSFER_H

#include "functions/notify/worker_request.h"
#include "functions/notify/worker_verdict.h"

enum { TRANSFER_BODY_BYTES = 8192 };

struct transfers;

enum transfer_end {
	TRANSFER_ANSWERED,
	TRANSFER_FAILED,	/* nobody there, no TLS, cut off, no answer */
	TRANSFER_FORBIDDEN,	/* a stranger's URL led to a private address */
	TRANSFER_BAD_URL,
};

struct transfer {
	struct arena *arena;	/* until transfers_give(): for the request */
	struct request request;
	bool stranger;		/* the URL is a stranger's */
	bool fresh;		/* by a new connection */
	void *owner;		/* the caller's */

	enum transfer_end end;
	struct answer answer;	/* status 0: none */
	const char *error;	/* static text; NULL: none */
};

/* What operators decide. */
struct transfer_rules {
	int timeout_ms;		/* of one request */
	const char *ca;		/* file; NULL: the system's */
	bool private_allowed;	/* also for strangers' URLs */
};

/* After curl_global_init(). */
struct transfers *transfers_new(const struct transfer_rules *);
/* What is on its way is cut off, and never heard of again. */
void transfers_free(struct transfers *);

/* Never NULL; its arena is empty. */
struct transfer *transfers_take(struct transfers *);
void transfers_give(struct transfers *, struct transfer *);

void transfers_start(struct transfers *, struct transfer *);

/* How many are on their way. */
int transfers_flying(const struct transfers *);

/*
 * Wait for something to happen, at most so long, and call each(arg, transfer)
 * for those that have ended.
 */
void transfers_run(struct transfers *, int wait_ms,
		   void (*each)(void *arg, struct transfer *), void *arg);

/* Cut off all: each(arg, transfer), as failed. */
void transfers_stop(struct transfers *,
		    void (*each)(void *arg, struct transfer *), void *arg);

/* From any thread: the wait ends. */
void transfers_wake(struct transfers *);

#endif
