/*
 * worker_encrypt.h - the body of a Web Push: RFC 8291, in one record of
 * aes128gcm (RFC 8188), which only the browser can read.
 */
#ifndef NOTIFY_WORKER_ENCRYPT_H
#define NOTIFY_WORKER_ENCRYPT_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	ENCRYPT_POINT_BYTES = 65,	/* of P-256, uncompressed */
	ENCRYPT_AUTH_BYTES = 16,
	ENCRYPT_SALT_BYTES = 16,
	/* Salt, record size, length and key; delimiter and tag. */
	ENCRYPT_MORE_BYTES = ENCRYPT_SALT_BYTES + 4 + 1 + ENCRYPT_POINT_BYTES +
		1 + 16,
	ENCRYPT_BODY_BYTES = 4096,	/* what every push service takes */
};

/* What is to be new for every push; RFC 8291's example gives its own. */
struct encrypt_once {
	unsigned char salt[ENCRYPT_SALT_BYTES];
	EVP_PKEY *key;			/* a pair on P-256 */
};

/* False: no memory or randomness.  The key is then NULL, else to be freed. */
bool encrypt_once(struct encrypt_once *);

/*
 * out[bytes + ENCRYPT_MORE_BYTES].  p256dh and auth are the subscription's, in
 * base64url.  False: they are no key and secret, or the text is too long.
 */
bool encrypt_push(const struct encrypt_once *, const char *p256dh,
		  const char *auth, const void *text, size_t bytes,
		  unsigned char *out);

/* The point of a key on P-256.  False: it is none. */
bool encrypt_point(EVP_PKEY *, unsigned char out[ENCRYPT_POINT_BYTES]);

#endif
