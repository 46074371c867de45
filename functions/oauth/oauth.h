/*
 * oauth.h - the parts of the function oauth.
 *
 *	provider.c	the configuration
 *	fetch.c		HTTP; document.c: what providers publish
 *	id_token.c	what providers sign; jwk.c: their keys
 *	oidc.c, github.c	a sign-in at a provider, from a code or a token
 *	proof.c		the request: who it proves one to be
 *	sign_in.c	the account of that, and its tokens
 *	callback.c	answers that come as a form
 *	identities.c	the identities of an account
 */
#ifndef OAUTH_OAUTH_H
#define OAUTH_OAUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "functions/oauth/provider.h"
#include "runtime/err.h"
#include "runtime/http.h"

enum { ASK_MS = 4000 };		/* all that a request asks a provider */

/* A sign-in, as a client sends it: by code or by id_token. */
struct sign_in {
	const char *provider;
	const char *code, *code_verifier, *redirect_uri, *iss;
	const char *id_token;
	const char *nonce, *device, *nickname;
};

/* Who that is. */
struct identity {
	const struct provider *provider;
	const char *issuer, *subject;
	const char *email;		/* NULL: none is known */
	bool email_proved;		/* verified, by one who is trusted */
	const char *nonce_digest;	/* NULL: there was no nonce */
	bool nonce_needed;		/* it must be one that we gave */
};

/* A provider is asked. */
struct ask {
	struct req *req;
	const struct provider *provider;
	const struct sign_in *sign_in;
	int64_t deadline_ms;
};

/* Where a provider's endpoints are. */
struct endpoints {
	const char *authorization, *token, *keys;
	const char *user;		/* whose token it is; NULL: none */
	const char *emails;		/* GitHub's; else NULL */
	bool says_iss;			/* RFC 9207 */
	bool secret_in_body;	/* else in a header: RFC 6749, 2.3.1 */
};

/* proof.c.  With the answer of what it refuses. */
enum err proof_read(struct req *, struct sign_in *, struct identity *out);
/* 401 invalid_token; reason goes to the log. */
enum err proof_refuse(struct req *, const char *reason);
const char *proof_nonce_digest(struct arena *, const char *nonce);

/* oidc.c */
enum err oidc_endpoints(struct arena *, const struct provider *,
			int64_t deadline_ms, struct endpoints *out);
/* From a code; *id_token is NULL if none came. */
enum err oidc_exchange(const struct ask *, const struct endpoints *,
		       const char **id_token, const char **access_token);
enum err oidc_identity(const struct ask *, const struct endpoints *,
		       const char *id_token, const char *access_token,
		       struct identity *out);

/* github.c */
void github_endpoints(struct arena *, const struct provider *,
		      struct endpoints *out);
enum err github_identity(const struct ask *, const struct endpoints *,
			 const char *access_token, struct identity *out);

/* sign_in.c */
enum err sign_in_post(struct req *);
/*
 * Take the nonce, in a transaction of the caller's; ERR_AUTH: there is none, or
 * no longer.
 */
enum err sign_in_nonce(struct req *, const struct identity *);

/* callback.c */
enum err callback_post(struct req *);

/* identities.c */
enum err identities_list(struct req *);
enum err identities_link(struct req *);
enum err identities_delete(struct req *);
/*
 * Link who to the account, in a transaction of the caller's, and tell its owner
 * by mail.  ERR_CONFLICT: somebody has just done so, or the account is gone.
 */
enum err identities_add(struct req *, const struct identity *who,
			const char *account, const char **doc);

#endif
