/* keys_seal.c - what is derived from keys: see keys.h and keys_private.h. */
#include <assert.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base64url.h"
#include "runtime/bytea.h"
#include "runtime/conf.h"
#include "runtime/keys.h"
#include "runtime/keys_private.h"
#include "runtime/log.h"

enum { NONCE_BYTES = 12, TAG_BYTES = 16, INFO_BYTES = 128 };

/* These calls fail only when memory or randomness is out. */
static void must(bool done)
{
	if (!done)
		log_exit(EXIT_SYSTEM, "OpenSSL has no memory");
}

/*
 * HKDF-SHA256 (RFC 5869) of the secret: a key of its own for this label and
 * purpose, which together are shorter than INFO_BYTES.
 */
static void derive(const char *label, const char *purpose,
		   unsigned char out[KEYS_BYTES])
{
	EVP_PKEY_CTX *hkdf = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	unsigned char info[INFO_BYTES];
	size_t out_bytes = KEYS_BYTES;
	int bytes;

	bytes = snprintf((char *)info, sizeof(info), "%s:%s", label, purpose);
	assert(bytes < INFO_BYTES);
	must(hkdf && EVP_PKEY_derive_init(hkdf) == 1 &&
	     EVP_PKEY_CTX_set_hkdf_md(hkdf, EVP_sha256()) == 1 &&
	     EVP_PKEY_CTX_set1_hkdf_key(hkdf, keys_secret(),
					KEYS_BYTES) == 1 &&
	     EVP_PKEY_CTX_add1_hkdf_info(hkdf, info, bytes) == 1 &&
	     EVP_PKEY_derive(hkdf, out, &out_bytes) == 1);
	EVP_PKEY_CTX_free(hkdf);
}

static void mac(const char *label, const char *purpose, const void *data,
		size_t n, unsigned char out[KEYS_BYTES])
{
	unsigned char key[KEYS_BYTES];

	derive(label, purpose, key);
	must(HMAC(EVP_sha256(), key, sizeof(key), data, n, out, NULL));
}

const char *keys_mac(struct arena *arena, const char *purpose,
		     const void *data, size_t n)
{
	unsigned char bytes[KEYS_BYTES];

	mac("mac", purpose, data, n, bytes);
	return bytea_text(arena, bytes, sizeof(bytes));
}

/*
 * A key a context, since random nonces of 96 bits serve one key for 2^32 texts
 * only (NIST SP 800-38D, 8.3).
 */
static EVP_CIPHER_CTX *cipher_new(const char *purpose, const char *context,
				  const unsigned char *nonce, bool seals)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	unsigned char key[KEYS_BYTES];

	mac("seal", purpose, context, strlen(context), key);
	must(cipher && EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, key,
					 nonce, seals) == 1);
	return cipher;
}

const char *keys_seal(struct arena *arena, const char *purpose,
		      const char *context, const char *text)
{
	const size_t text_bytes = strlen(text);
	const size_t bytes = NONCE_BYTES + text_bytes + TAG_BYTES;
	unsigned char *nonce = arena_alloc(arena, bytes);
	unsigned char *body = nonce + NONCE_BYTES;
	char *out = arena_alloc(arena, BASE64URL_CHARS(bytes) + 1);
	EVP_CIPHER_CTX *cipher;
	int n;

	assert(text_bytes < INT_MAX);
	must(RAND_bytes(nonce, NONCE_BYTES) == 1);
	cipher = cipher_new(purpose, context, nonce, true);
	must(EVP_CipherUpdate(cipher, body, &n, (const void *)text,
			      (int)text_bytes) == 1 &&
	     EVP_CipherFinal_ex(cipher, body + text_bytes, &n) == 1 &&
	     EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES,
				 body + text_bytes) == 1);
	EVP_CIPHER_CTX_free(cipher);

	base64url_encode(nonce, bytes, out);
	return out;
}

enum err keys_open(struct arena *arena, const char *purpose,
		   const char *context, const char *sealed, const char **text)
{
	const size_t chars = strlen(sealed), bytes = BASE64URL_BYTES(chars);
	unsigned char *nonce = arena_alloc(arena, bytes + 1), *body, *tag;
	EVP_CIPHER_CTX *cipher;
	bool ours;
	int n;

	if (bytes < NONCE_BYTES + TAG_BYTES || bytes > INT_MAX ||
	    !base64url_decode(sealed, chars, nonce))
		return ERR_INVALID;

	body = nonce + NONCE_BYTES;
	tag = nonce + bytes - TAG_BYTES;
	cipher = cipher_new(purpose, context, nonce, false);
	ours = EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES,
				   tag) == 1 &&
	       EVP_CipherUpdate(cipher, body, &n, body,
				(int)(tag - body)) == 1 &&
	       EVP_CipherFinal_ex(cipher, tag, &n) == 1;
	EVP_CIPHER_CTX_free(cipher);
	if (!ours)
		return ERR_INVALID;

	*tag = '\0';
	*text = (const char *)body;
	return OK;
}
