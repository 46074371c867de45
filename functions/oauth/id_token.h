/*
 * id_token.h - what a provider signs of a user: OpenID Connect Core, 3.1.3.7,
 * and RFC 8725.
 *
 * RS256 and ES256 by a key of the provider's own, which its exact kid names.
 * Nothing of the header leads anywhere else.
 *
 * Functions return NULL, or the stable code of the reason for which the token
 * is refused, which is for the log; outputs are untouched then.
 */
#ifndef OAUTH_ID_TOKEN_H
#define OAUTH_ID_TOKEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/arena.h"

enum { ID_TOKEN_CHARS = 8192 };

/* A token that can be read; nothing of it is true yet. */
struct id_token {
	const char *text;
	size_t signed_chars;
	const char *alg, *kid;
	const json_t *claims;
	const unsigned char *signature;
	size_t signature_bytes;
};

/* What its claims must be. */
struct id_rules {
	const char *issuer;
	const char *const *audiences;	/* ours; ends with NULL */
	const char *nonce;		/* NULL: it must have none */
	const char *access_token;	/* that came with it; NULL: none did */
	int64_t now_s;
};

struct id_claims {
	const char *subject;
	const char *email;		/* NULL: none, or none that is one */
	bool email_verified;
};

const char *id_token_read(struct arena *, const char *text,
			  struct id_token *out);

/* By a document of RFC 7517.  "unknown_kid": newer keys may have it. */
const char *id_token_verify(const struct id_token *, const json_t *keys);

const char *id_token_claims(const struct id_token *, const struct id_rules *,
			    struct id_claims *out);

/* Set the members of the address, if claims have one. */
void id_claims_email(const json_t *claims, struct id_claims *);

/* A document of RFC 7517; for document.h. */
bool id_token_keys_valid(const json_t *keys, const void *unused);

#endif
