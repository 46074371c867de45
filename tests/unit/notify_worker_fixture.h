/*
 * notify_worker_fixture.h - keys, tokens and requests of pushes, for tests.
 */
#ifndef TESTS_UNIT_NOTIFY_WORKER_FIXTURE_H
#define TESTS_UNIT_NOTIFY_WORKER_FIXTURE_H

#include <jansson.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/test.h"

#include "functions/notify/worker_request.h"
#include "runtime/base64url.h"
#include "runtime/es256.h"

enum { NOW = 1700000000 };

#define P256DH "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4b" \
	"jyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"

static const struct push push = {
	.device_id = "00000000-0000-7000-8000-000000000001",
	.collapse_id = "01234567-89ab-7def-8123-456789abcdef",
	.lane = "https://push.example:8443",
	.token = "https://push.example:8443/send/a?b=c",
	.p256dh = P256DH, .auth = AUTH, .payload = "{\"text\":1}",
	.ttl_s = 60, .urgent = true,
};

static struct arena *arena;
static EVP_PKEY *key;
static char key_path[] = "/tmp/kith-push-key-XXXXXX";

static inline const char *pem(void)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long bytes;
	const char *out;

	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0,
						  NULL, NULL), 1);
	bytes = BIO_get_mem_data(bio, &text);
	out = arena_copy(arena, text, (size_t)bytes);
	BIO_free(bio);

	return out;
}

static inline void write_file(char *path, const char *text)
{
	FILE *file = fdopen(mkstemp(path), "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* A new key, which is the caller's, in a file of its own, too. */
static inline int key_make(EVP_PKEY *new_key)
{
	arena = arena_new();
	key = new_key;
	write_file(key_path, pem());
	return 0;
}

static inline int key_remove(void **state)
{
	(void)state;
	unlink(key_path);
	EVP_PKEY_free(key);
	arena_free(arena);
	return 0;
}

/* A part of a token, as text. */
static inline const char *part(const char *jwt, int n)
{
	size_t chars;
	char *out;

	for (; n > 0; n--)
		jwt = strchr(jwt, '.') + 1;
	chars = strcspn(jwt, ".");
	out = arena_alloc(arena, chars + 1);
	assert_true(base64url_decode(jwt, chars, (unsigned char *)out));

	return out;
}

static inline const char *claim(const char *jwt, const char *name)
{
	json_t *claims = json_loads(part(jwt, 1), 0, NULL);
	const json_t *value = json_object_get(claims, name);
	const char *out = json_is_integer(value) ?
		arena_printf(arena, "%lld", json_integer_value(value)) :
		arena_printf(arena, "%s", json_string_value(value) ?: "?");

	json_decref(claims);
	return out;
}

static inline bool rs256_verify(const char *jwt, size_t text_bytes)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool valid;

	EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key);
	valid = EVP_DigestVerify(md, (const void *)part(jwt, 2), 256,
				 (const void *)jwt, text_bytes) == 1;
	EVP_MD_CTX_free(md);
	return valid;
}

static inline void check_signature(const char *jwt, const char *header)
{
	const size_t text_bytes = (size_t)(strrchr(jwt, '.') - jwt);

	assert_string_equal(part(jwt, 0), header);
	if (strstr(header, "RS256"))
		assert_true(rs256_verify(jwt, text_bytes));
	else
		assert_true(es256_verify(key, jwt, text_bytes,
					 (const void *)part(jwt, 2)));
}

/* The value of a header of the request; NULL: it has none. */
static inline const char *header(const struct request *request,
				 const char *name)
{
	for (const struct curl_slist *h = request->headers; h; h = h->next)
		if (strncasecmp(h->data, name, strlen(name)) == 0 &&
		    h->data[strlen(name)] == ':')
			return h->data + strlen(name) + 2;
	return NULL;
}

#endif
