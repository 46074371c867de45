/*
 * worker_webpush.h - Web Push (RFC 8030): requests, encrypted for the browser
 * (RFC 8291) and signed with our VAPID key (RFC 8292), and what the answers
 * mean.
 */
#ifndef NOTIFY_WORKER_WEBPUSH_H
#define NOTIFY_WORKER_WEBPUSH_H

#include <stdint.h>

#include "functions/notify/worker_request.h"
#include "functions/notify/worker_verdict.h"

enum {
	WEBPUSH_TOKEN_S = 12 * 3600,	/* a token's life: half of the most */
	WEBPUSH_RENEW_S = 11 * 3600,
	WEBPUSH_TOKENS = 64,		/* origins whose tokens are kept */
};

struct webpush;

/* NULL: there is no key file.  What is no key ends with EXIT_CONFIG. */
struct webpush *webpush_new(const char *key_file, const char *contact);
void webpush_free(struct webpush *);

/* The value of Authorization for an origin, until the next call. */
const char *webpush_authorization(struct webpush *, const char *origin,
				  int64_t now_s);

/* False: *instead says what is to be done without a request. */
bool webpush_request(struct webpush *, struct arena *, int64_t now_s,
		     const struct push *, struct request *out,
		     struct verdict *instead);

struct verdict webpush_judge(const struct answer *);

#endif
