/*
 * worker_apns.h - Apple's push service: requests, what its answers mean, and
 * the provider token.
 *
 * One token serves all connections, in production and in the sandbox.  Apple
 * refuses tokens older than an hour, and who makes one more often than every
 * 20 minutes.
 */
#ifndef NOTIFY_WORKER_APNS_H
#define NOTIFY_WORKER_APNS_H

#include <stdint.h>

#include "functions/notify/worker_request.h"
#include "functions/notify/worker_verdict.h"

enum { APNS_RENEW_S = 40 * 60, APNS_SELDOM_S = 20 * 60 };

struct apns;

/* As Apple gave them to the operator; all is kept. */
struct apns_account {
	const char *key;		/* file: the .p8 */
	const char *key_id, *team_id;
	const char *topic;		/* the app's bundle id */
	const char *url, *sandbox_url;
};

/* What can't be read or is missing ends the process with EXIT_CONFIG. */
struct apns *apns_new(const struct apns_account *);
void apns_free(struct apns *);

/* The provider token of this moment, until the next call. */
const char *apns_token(struct apns *, int64_t now_s);
/* Which of our tokens a request made now has: changes with each. */
int apns_token_number(const struct apns *);
/* Apple says it has expired.  False: it is too new to make another. */
bool apns_token_refused(struct apns *, int64_t now_s, int number);

/* False: the device's token can't be one of Apple's. */
bool apns_request(struct apns *, struct arena *, int64_t now_s,
		  const struct push *, struct request *out);

/* registered_ms: when the device was, since 1970; 0: unknown. */
struct verdict apns_judge(const struct answer *, int64_t registered_ms);

#endif
