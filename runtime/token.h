/*
 * token.h - access tokens (JWT, ES256) and refresh tokens.
 *
 * Access token: header {"alg":"ES256","kid":...,"typ":"at+jwt"}; claims iss,
 * aud, sub (account), sid (session), iat, exp.  RFC 7519, 8725, 9068.
 *
 * A service's has the claim scope too, and its id as both sub and sid.  A scope
 * is at most 127 characters: words of printable ASCII without " and \, with a
 * space between two.  RFC 6749, 3.3; 9068, 2.2.3.
 *
 * Refresh token: "v1." and base64url of key number (1 byte), session id (16),
 * counter (4, big-endian) and the first 16 bytes of their HMAC-SHA256.  Nothing
 * of it is stored but the counter.
 *
 * Errors: ERR_AUTH for every token that is not ours and valid now, without
 * saying why; ERR_INTERNAL when the key to make one is missing.  Times are
 * seconds since the epoch.
 */
#ifndef RUNTIME_TOKEN_H
#define RUNTIME_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/arena.h"
#include "runtime/err.h"

enum { UUID_TEXT = 37, SCOPE_TEXT = 128 };	/* with their NUL */

struct token_claims {
	char user[UUID_TEXT];
	char session[UUID_TEXT];
	char scope[SCOPE_TEXT];		/* "": none, it is no service's */
	int64_t expires_s;
};

/* Signs for conf.access_ttl_s.  Needs signing.pem. */
enum err token_sign(struct arena *, const char *user, const char *session,
		    int64_t now_s, const char **token);

/* For a service, with claims that token_verify() then reads. */
enum err token_sign_service(struct arena *, const struct token_claims *,
			    int64_t now_s, const char **token);

/*
 * Length, alphabet and canonical base64url first; exact header; kid known and
 * bound to its algorithm; the signature; then every claim.  Leeway 60 s.
 * Doesn't look at the session.
 */
enum err token_verify(const char *token, int64_t now_s,
		      struct token_claims *out);

/* Is this one of the words of its scope? */
bool token_allows(const struct token_claims *, const char *word);

/* Needs the file refresh. */
enum err token_refresh_make(struct arena *, const char *session,
			    uint32_t counter, const char **token);
enum err token_refresh_read(const char *token, char session[UUID_TEXT],
			    uint32_t *counter);

#endif
