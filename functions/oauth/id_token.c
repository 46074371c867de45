/* id_token.c - see id_token.h. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

#include "functions/oauth/id_token.h"
#include "functions/oauth/jwk.h"
#include "functions/oauth/provider.h"
#include "runtime/base64url.h"
#include "runtime/es256.h"
#include "runtime/json.h"

enum {
	LEEWAY_S = 60,
	OLDEST_S = 600,			/* as old as a nonce gets */
	KID_BYTES = 256,
	SUBJECT_BYTES = 255,		/* OpenID Connect Core, 2 */
	KEYS = 64,
};

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name)) ?: "";
}

/* Members that would lead to other keys, or to another way of reading. */
static bool header_leads_away(const json_t *header)
{
	static const char *const names[] = {
		"crit", "b64", "zip", "enc", "jku", "jwk", "x5u", "x5c",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (json_object_get(header, names[i]))
			return true;

	return false;
}

static const char *read_header(const json_t *header, struct id_token *t)
{
	const json_t *typ = json_object_get(header, "typ");

	t->alg = text_of(header, "alg");
	t->kid = text_of(header, "kid");
	if (!json_is_object(header))
		return "malformed";
	if (strcmp(t->alg, "RS256") != 0 && strcmp(t->alg, "ES256") != 0)
		return "wrong_alg";
	if (typ && strcmp(text_of(header, "typ"), "JWT") != 0)
		return "wrong_typ";
	if (header_leads_away(header))
		return "header_leads_away";

	return *t->kid && strlen(t->kid) <= KID_BYTES ? NULL : "no_kid";
}

const char *id_token_read(struct arena *arena, const char *text,
			  struct id_token *out)
{
	struct id_token t = { .text = text };
	const char *p = text, *refusal;
	unsigned char *part[3];
	size_t bytes[3];

	if (strnlen(text, ID_TOKEN_CHARS + 1) > ID_TOKEN_CHARS)
		return "malformed";
	for (int i = 0; i < 3; i++) {
		const size_t chars = strcspn(p, ".");

		bytes[i] = BASE64URL_BYTES(chars);
		part[i] = arena_alloc(arena, bytes[i] + 1);
		if (p[chars] != (i < 2 ? '.' : '\0') ||
		    !base64url_decode(p, chars, part[i]))
			return "malformed";
		p += chars + 1;
		if (i == 1)
			t.signed_chars = (size_t)(p - 1 - text);
	}
	t.signature = part[2];
	t.signature_bytes = bytes[2];

	refusal = read_header(json_document(arena, (char *)part[0], bytes[0]),
			      &t);
	if (refusal)
		return refusal;
	t.claims = json_document(arena, (char *)part[1], bytes[1]);
	if (!json_is_object(t.claims))
		return "malformed";
	*out = t;

	return NULL;
}

bool id_token_keys_valid(const json_t *keys, const void *unused)
{
	const json_t *list = json_object_get(keys, "keys");

	(void)unused;
	return json_is_array(list) && json_array_size(list) <= KEYS;
}

static bool rs256_verify(EVP_PKEY *key, const struct id_token *t)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	const bool valid = md &&
		EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
		EVP_DigestVerify(md, t->signature, t->signature_bytes,
				 (const unsigned char *)t->text,
				 t->signed_chars) == 1;

	EVP_MD_CTX_free(md);
	return valid;
}

static bool signature_valid(EVP_PKEY *key, const struct id_token *t)
{
	if (strcmp(t->alg, "RS256") == 0)
		return rs256_verify(key, t);

	return t->signature_bytes == ES256_BYTES &&
	       es256_verify(key, t->text, t->signed_chars, t->signature);
}

/* The only one that is called so; NULL: there is none. */
static const json_t *key_named(const json_t *keys, const char *kid)
{
	const json_t *list = json_object_get(keys, "keys"), *found = NULL;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *jwk = json_array_get(list, i);

		if (strcmp(text_of(jwk, "kid"), kid) != 0)
			continue;
		if (found)
			return NULL;
		found = jwk;
	}
	return found;
}

const char *id_token_verify(const struct id_token *t, const json_t *keys)
{
	const json_t *jwk = key_named(keys, t->kid);
	EVP_PKEY *key;
	bool valid;

	if (!jwk)
		return "unknown_kid";
	key = jwk_key(jwk, t->alg);
	if (!key)
		return "wrong_key";
	valid = signature_valid(key, t);
	EVP_PKEY_free(key);

	return valid ? NULL : "wrong_signature";
}

/* Every one is ours, and there is one. */
static bool audience_ours(const json_t *aud, const char *const *ours)
{
	const size_t n = json_array_size(aud);

	if (json_is_string(aud))
		return provider_lists(ours, json_string_value(aud));
	for (size_t i = 0; i < n; i++)
		if (!provider_lists(ours, json_string_value(
					json_array_get(aud, i)) ?: ""))
			return false;

	return n > 0;
}

/* Named if there are many audiences, and one of ours if it is named. */
static bool party_ours(const json_t *claims, const char *const *ours)
{
	if (!json_object_get(claims, "azp"))
		return json_array_size(json_object_get(claims, "aud")) <= 1;

	return provider_lists(ours, text_of(claims, "azp"));
}

/* A number of seconds, and it lies in first_s to last_s. */
static bool time_between(const json_t *claims, const char *name,
			 int64_t first_s, int64_t last_s)
{
	const json_t *time = json_object_get(claims, name);

	return json_is_integer(time) && json_integer_value(time) >= first_s &&
	       json_integer_value(time) <= last_s;
}

static bool nonce_right(const json_t *claims, const char *nonce)
{
	const char *has = json_string_value(json_object_get(claims, "nonce"));

	if (!nonce)
		return !json_object_get(claims, "nonce");

	return has && strlen(has) == strlen(nonce) &&
	       CRYPTO_memcmp(has, nonce, strlen(nonce)) == 0;
}

/* OpenID Connect Core, 3.1.3.6: the left half of a digest, if it has one. */
static bool access_token_right(const json_t *claims, const char *access_token)
{
	char half[BASE64URL_CHARS(SHA256_DIGEST_LENGTH / 2) + 1];
	unsigned char digest[SHA256_DIGEST_LENGTH];

	if (!access_token || !json_object_get(claims, "at_hash"))
		return true;
	SHA256((const unsigned char *)access_token, strlen(access_token),
	       digest);
	base64url_encode(digest, sizeof(digest) / 2, half);

	return strcmp(text_of(claims, "at_hash"), half) == 0;
}

static const char *refusal_of(const json_t *claims, const struct id_rules *r)
{
	const size_t subject_bytes = strlen(text_of(claims, "sub"));

	if (strcmp(text_of(claims, "iss"), r->issuer) != 0)
		return "wrong_iss";
	if (subject_bytes < 1 || subject_bytes > SUBJECT_BYTES)
		return "wrong_sub";
	if (!audience_ours(json_object_get(claims, "aud"), r->audiences))
		return "wrong_aud";
	if (!party_ours(claims, r->audiences))
		return "wrong_azp";
	if (!time_between(claims, "exp", r->now_s - LEEWAY_S + 1, INT64_MAX))
		return "expired";
	if (!time_between(claims, "iat", r->now_s - OLDEST_S - LEEWAY_S,
			  r->now_s + LEEWAY_S) ||
	    (json_object_get(claims, "nbf") &&
	     !time_between(claims, "nbf", 0, r->now_s + LEEWAY_S)))
		return "wrong_time";
	if (!nonce_right(claims, r->nonce))
		return "wrong_nonce";

	return access_token_right(claims, r->access_token) ? NULL
							   : "wrong_at_hash";
}

void id_claims_email(const json_t *claims, struct id_claims *out)
{
	const json_t *verified = json_object_get(claims, "email_verified");
	const char *email = text_of(claims, "email");

	if (!json_email(email))
		return;
	out->email = email;
	/* Apple writes "true". */
	out->email_verified = json_is_true(verified) ||
		strcmp(text_of(claims, "email_verified"), "true") == 0;
}

const char *id_token_claims(const struct id_token *t,
			    const struct id_rules *rules,
			    struct id_claims *out)
{
	const char *refusal = refusal_of(t->claims, rules);

	if (refusal)
		return refusal;
	*out = (struct id_claims){ .subject = text_of(t->claims, "sub") };
	id_claims_email(t->claims, out);

	return NULL;
}
