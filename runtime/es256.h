/*
 * es256.h - ECDSA on P-256 with SHA-256 as JWTs carry it: r and s, 32 bytes
 * each (RFC 7518, section 3.4).
 */
#ifndef RUNTIME_ES256_H
#define RUNTIME_ES256_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

enum { ES256_BYTES = 64 };

/* False: no memory, or key is no private key on P-256. */
bool es256_sign(EVP_PKEY *key, const char *text, size_t bytes,
		unsigned char out[ES256_BYTES]);

bool es256_verify(EVP_PKEY *key, const char *text, size_t bytes,
		  const unsigned char signature[ES256_BYTES]);

#endif
