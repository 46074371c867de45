/*
 * worker_fcm.h - Firebase Cloud Messaging, HTTP v1: requests, what its answers
 * mean, and the access token of the service account (RFC 7523).
 *
 * The token is asked for by a request of its own, which the caller carries:
 * early, so that pushes needn't wait, and seldom when Google refuses.
 */
#ifndef NOTIFY_WORKER_FCM_H
#define NOTIFY_WORKER_FCM_H

#include <stdint.h>

#include "functions/notify/worker_request.h"
#include "functions/notify/worker_verdict.h"

struct fcm;

/*
 * account is the file that Google gives out for a service account; what can't
 * be read ends the process with EXIT_CONFIG.  url is kept.
 */
struct fcm *fcm_new(const char *account, const char *url);
void fcm_free(struct fcm *);

/* There is an access token that is valid. */
bool fcm_ready(const struct fcm *, int64_t now_s);

/* It is time to ask for a token, and nobody has. */
bool fcm_wants_token(const struct fcm *, int64_t now_s);
/* The request; fcm_take_token() is owed.  False: the key can't sign. */
bool fcm_ask_token(struct fcm *, struct arena *, int64_t now_s,
		   struct request *out);
/* The answer; status 0 if there is none. */
void fcm_take_token(struct fcm *, int64_t now_s, const struct answer *);

/* Which of our tokens a request made now has: changes with each. */
int fcm_token_number(const struct fcm *);
/* FCM says 401.  False: it is the newest, and new: asking won't help. */
bool fcm_token_refused(struct fcm *, int64_t now_s, int number);

/* Only while fcm_ready(). */
void fcm_request(const struct fcm *, struct arena *, const struct push *,
		 struct request *out);

struct verdict fcm_judge(const struct answer *);

#endif
