/*
 * keys.h - the keys of a running Kith, read once from the directory conf.keys.
 *
 *	jwks.json	public keys of access tokens (RFC 7517), for everyone
 *	signing.pem	the private key that signs; its public half is in
 *			jwks.json.  Only token-issuing functions can read it.
 *	refresh		lines of a number from 0 to 255 and 32 bytes in hex:
 *			refresh tokens.  The first line makes, all verify.
 *			Only for token-issuing functions.
 *	vapid.pem	the private key of Web Push (RFC 8292), for notify-worker
 *	vapid.pub	its public half, which browsers subscribe with
 *	secret		32 bytes in hex: cursors, stored answers, throttling
 *
 * infra/keys makes and rotates them.
 *
 * Errors: a signing.pem or refresh that is absent or not ours to read is no
 * error until it is used; any file that can't be understood ends the process
 * with EXIT_CONFIG.
 */
#ifndef RUNTIME_KEYS_H
#define RUNTIME_KEYS_H

#include <stddef.h>

#include "runtime/arena.h"
#include "runtime/err.h"

/* Before any thread is started. */
void keys_read(const char *directory);

/* What vapid.pub has; NULL: there is none. */
const char *keys_vapid(void);

/*
 * HMAC-SHA256 of data under a key that is derived from the secret for this
 * purpose alone (HKDF, RFC 5869), as PostgreSQL reads a bytea.
 */
const char *keys_mac(struct arena *, const char *purpose, const void *data,
		     size_t n);

/*
 * AES-256-GCM under a key derived from the secret for this purpose and
 * context; the sealed text is base64url of nonce, ciphertext and tag, and
 * opens in the same context only.
 *
 *	ERR_INVALID	keys_open(): not sealed by us for this purpose, context
 */
const char *keys_seal(struct arena *, const char *purpose, const char *context,
		      const char *text);
enum err keys_open(struct arena *, const char *purpose, const char *context,
		   const char *sealed, const char **text);

#endif
