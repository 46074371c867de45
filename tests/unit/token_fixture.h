/*
 * token_fixture.h - keys for tests of access tokens, and tokens made with them
 * by hand.  Both are in order: what a test refuses is its own change.
 */
#ifndef TESTS_UNIT_TOKEN_FIXTURE_H
#define TESTS_UNIT_TOKEN_FIXTURE_H

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "tests/unit/keys_fixture.h"

#include "runtime/base64url.h"
#include "runtime/conf.h"
#include "runtime/keys.h"
#include "runtime/keys_private.h"
#include "runtime/token.h"

#define USER	"017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
#define SESSION	"0190163d-8694-739b-aea5-966c26f8ad91"
#define NOW	1800000000

/* Members of claims; these are right. */
#define AUD	"\"aud\":\"kith\""
#define EXP	"\"exp\":1800000600"
#define IAT	"\"iat\":1800000000"
#define ISS	"\"iss\":\"https://kith.example\""
#define SID	"\"sid\":\"" SESSION "\""
#define SUB	"\"sub\":\"" USER "\""
#define NONE	"\"none\":0"
#define CLAIMS(aud, exp, iat, iss, sid, sub) \
	"{" aud "," exp "," iat "," iss "," sid "," sub "}"
#define VALID	CLAIMS(AUD, EXP, IAT, ISS, SID, SUB)

static struct arena *arena;
static const char *kid;
static EVP_PKEY *signing;

static inline const char *base64url(const void *data, size_t bytes)
{
	char *text = arena_alloc(arena, BASE64URL_CHARS(bytes) + 1);

	base64url_encode(data, bytes, text);
	return text;
}

/* The fixed-length form of RFC 7518, section 3.4. */
static inline const char *ecdsa(EVP_PKEY *key, const char *text)
{
	const int half = (EVP_PKEY_get_bits(key) + 7) / 8;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char der[160], raw[160];
	const unsigned char *p = der;
	size_t bytes = sizeof(der);
	ECDSA_SIG *signature;

	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL,
					    key), 1);
	assert_int_equal(EVP_DigestSign(context, der, &bytes,
					(const void *)text, strlen(text)), 1);
	signature = d2i_ECDSA_SIG(NULL, &p, (long)bytes);
	BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, half);
	BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + half, half);
	ECDSA_SIG_free(signature);
	EVP_MD_CTX_free(context);

	return base64url(raw, 2 * (size_t)half);
}

static inline const char *unsigned_token(const char *header, const char *claims)
{
	return arena_printf(arena, "%s.%s", base64url(header, strlen(header)),
			    base64url(claims, strlen(claims)));
}

/* The header that every token of ours has. */
static inline const char *our_header(void)
{
	return arena_printf(arena, "{\"alg\":\"ES256\",\"kid\":\"%s\","
			    "\"typ\":\"at+jwt\"}", kid);
}

static inline const char *signed_by(EVP_PKEY *key, const char *header,
			     const char *claims)
{
	const char *text = unsigned_token(header, claims);

	return arena_printf(arena, "%s.%s", text, ecdsa(key, text));
}

static inline enum err verify(const char *token)
{
	struct token_claims claims;

	return token_verify(token, NOW, &claims);
}

static inline void assert_refused(const char *token, const char *what)
{
	struct token_claims claims = { .expires_s = -1 };

	if (token_verify(token, NOW, &claims) != ERR_AUTH)
		fail_msg("accepted: %s", what);
	assert_int_equal(claims.expires_s, -1);
}

static inline void use_new_keys(void)
{
	FILE *file;

	keys_read(keys_directory);
	if (!keys_signing(&kid))
		return;
	EVP_PKEY_free(signing);
	file = fopen(keys_path("signing.pem"), "r");
	signing = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	assert_non_null(signing);
	fclose(file);
}

static inline int set_up(void **state)
{
	arena = arena_new();
	conf.issuer = "https://kith.example";
	conf.audience = "kith";
	conf.access_ttl_s = 600;
	keys_directory_make(state);
	use_new_keys();

	return 0;
}

static inline int tear_down(void **state)
{
	EVP_PKEY_free(signing);
	arena_free(arena);
	return keys_directory_remove(state);
}

#endif
