/*
 * keys_private.h - what token*.c and keys*.c alone need of the keys.
 *
 * Ownership: everything handed out is static.
 */
#ifndef RUNTIME_KEYS_PRIVATE_H
#define RUNTIME_KEYS_PRIVATE_H

#include <openssl/evp.h>
#include <stddef.h>

enum { KEYS_BYTES = 32 };

/*
 * P-256 keys of access tokens, for any thread; NULL: there is no such key.  A
 * kid is at most 64 of [A-Za-z0-9_-].
 */
EVP_PKEY *keys_public(const char *kid, size_t kid_bytes);
EVP_PKEY *keys_signing(const char **kid);

/* Keys of refresh tokens; NULL: there is no such key.  0 <= number <= 255. */
const unsigned char *keys_refresh(int number);
/* The number of the one that makes tokens; -1: none. */
int keys_refresh_number(void);

const unsigned char *keys_secret(void);

#endif
