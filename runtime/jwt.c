/* jwt.c - see jwt.h. */
#include <errno.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base64url.h"
#include "runtime/es256.h"
#include "runtime/jwt.h"
#include "runtime/log.h"

enum { SIGNATURE_BYTES = 1024 };	/* an RSA key of 8192 bits */

static const char *encode(struct arena *arena, const void *data, size_t bytes)
{
	char *text = arena_alloc(arena, BASE64URL_CHARS(bytes) + 1);

	base64url_encode(data, bytes, text);
	return text;
}

/* Frees the object; NULL: no memory. */
static const char *encode_json(struct arena *arena, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	if (!text)
		return NULL;
	arena_defer(arena, free, text);

	return encode(arena, text, strlen(text));
}

static bool rs256_sign(EVP_PKEY *key, const char *text,
		       unsigned char out[SIGNATURE_BYTES], size_t *bytes)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool done;

	*bytes = SIGNATURE_BYTES;
	done = md &&
	       EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
	       EVP_DigestSign(md, out, bytes, (const void *)text,
			      strlen(text)) == 1;
	EVP_MD_CTX_free(md);

	return done;
}

const char *jwt_sign(struct arena *arena, EVP_PKEY *key, const char *kid,
		     json_t *claims)
{
	const bool rsa = EVP_PKEY_is_a(key, "RSA");
	json_t *header = json_pack("{s:s,s:s,s:s*}", "typ", "JWT", "alg",
				   rsa ? "RS256" : "ES256", "kid", kid);
	const char *head = encode_json(arena, header);
	const char *body = encode_json(arena, claims), *text;
	unsigned char signature[SIGNATURE_BYTES];
	size_t bytes = ES256_BYTES;

	if (!head || !body)
		return NULL;
	text = arena_printf(arena, "%s.%s", head, body);
	if (rsa ? !rs256_sign(key, text, signature, &bytes)
		: !es256_sign(key, text, strlen(text), signature))
		return NULL;

	return arena_printf(arena, "%s.%s", text,
			    encode(arena, signature, bytes));
}

/* A key with a passphrase is refused, not asked for on a terminal. */
static int no_passphrase(char *out, int bytes, int writes, void *arg)
{
	(void)out;
	(void)bytes;
	(void)writes;
	(void)arg;
	return -1;
}

static EVP_PKEY *read_key(const char *name, BIO *pem)
{
	EVP_PKEY *key = pem ? PEM_read_bio_PrivateKey(pem, NULL, no_passphrase,
						      NULL) : NULL;

	BIO_free(pem);
	if (!key)
		log_error("%s: no private key in PEM", name);
	return key;
}

EVP_PKEY *jwt_key_file(const char *path)
{
	BIO *file = BIO_new_file(path, "re");

	if (!file) {
		log_error("%s: can't be read", path);
		return NULL;
	}
	return read_key(path, file);
}

EVP_PKEY *jwt_key_text(const char *name, const char *pem)
{
	return read_key(name, BIO_new_mem_buf(pem, -1));
}
