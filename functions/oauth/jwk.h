/*
 * jwk.h - public keys as RFC 7517 writes them, for RS256 and ES256.
 */
#ifndef OAUTH_JWK_H
#define OAUTH_JWK_H

#include <jansson.h>
#include <openssl/evp.h>

/*
 * The caller's.  NULL: it is no key for this algorithm.  RSA keys have 2048 to
 * 8192 bits.
 */
EVP_PKEY *jwk_key(const json_t *jwk, const char *alg);

#endif
