/*
 * jwt.h - the JWTs by which providers know us (RFC 7519).
 */
#ifndef RUNTIME_JWT_H
#define RUNTIME_JWT_H

#include <jansson.h>
#include <openssl/evp.h>

#include "runtime/arena.h"

/*
 * Signed ES256 by a key on P-256, RS256 by an RSA key.  kid may be NULL.  The
 * claims are freed.  NULL: the key can't sign.
 */
const char *jwt_sign(struct arena *, EVP_PKEY *, const char *kid,
		     json_t *claims);

/* A private key of a PEM file, or of PEM text; NULL: see the log. */
EVP_PKEY *jwt_key_file(const char *path);
EVP_PKEY *jwt_key_text(const char *name, const char *pem);

#endif
