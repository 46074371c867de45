/*
 * proof.h - proving, within a session, that one is the account's owner.
 *
 * By the password; who has none must have signed in less than 10 minutes ago.
 * Attempts are throttled as those of login are, in one count for all that
 * needs a proof.  A role that uses it may SELECT id, email, credentials and
 * password of auth.account, and all of auth.throttle.
 */
#ifndef RUNTIME_PROOF_H
#define RUNTIME_PROOF_H

#include "runtime/err.h"
#include "runtime/http.h"

struct proof {
	const char *throttle_key;	/* to be deleted: attempts forgiven */
	const char *email;		/* NULL: none */
	const char *credentials;	/* which were proved */
};

/*
 * password may be NULL; pointer names it in the body.  Replies if it returns
 * an error: 403 wrong_password or sign_in_again, 422, 429.
 */
enum err proof_check(struct req *, const char *pointer, const char *password,
		     struct proof *out);

/* 403 wrong_password; returns ERR_DENIED. */
enum err proof_wrong(struct req *);

#endif
