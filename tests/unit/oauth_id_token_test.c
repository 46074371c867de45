/* What of an id_token is taken, and for which reason all else is refused. */
#include <jansson.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"

#include "functions/oauth/id_token.h"
#include "functions/oauth/jwk.h"
#include "runtime/base64url.h"
#include "runtime/es256.h"

enum { NOW = 1700000000, JSON_BYTES = 8192 };

#define ISSUER "https://id.example"

static struct arena *arena;
static EVP_PKEY *rsa, *ec, *other_rsa, *other_ec, *small_rsa;

static const char *const audiences[] = { "kith", "kith-app", NULL };
static const struct id_rules rules = {
	.issuer = ISSUER, .audiences = audiences, .nonce = "the nonce",
	.now_s = NOW,
};

static int open_keys(void **state)
{
	(void)state;
	arena = arena_new();
	rsa = EVP_RSA_gen(2048);
	other_rsa = EVP_RSA_gen(2048);
	small_rsa = EVP_RSA_gen(1024);
	ec = EVP_EC_gen("P-256");
	other_ec = EVP_EC_gen("P-256");
	assert_true(rsa && other_rsa && small_rsa && ec && other_ec);

	return 0;
}

static int close_keys(void **state)
{
	EVP_PKEY *const keys[] = { rsa, other_rsa, small_rsa, ec, other_ec };

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++)
		EVP_PKEY_free(keys[i]);
	arena_free(arena);

	return 0;
}

static const char *encode(const void *data, size_t bytes)
{
	char *out = arena_alloc(arena, BASE64URL_CHARS(bytes) + 1);

	base64url_encode(data, bytes, out);
	return out;
}

static const char *number(EVP_PKEY *key, const char *name)
{
	unsigned char bytes[1024];
	BIGNUM *n = NULL;
	int length;

	assert_int_equal(EVP_PKEY_get_bn_param(key, name, &n), 1);
	length = BN_bn2bin(n, bytes);
	BN_free(n);

	return encode(bytes, (size_t)length);
}

/* further: members, each with a comma in front. */
static const char *jwk(EVP_PKEY *key, const char *kid, const char *further)
{
	unsigned char point[65];
	size_t bytes;

	if (EVP_PKEY_is_a(key, "RSA"))
		return arena_printf(arena, "{\"kty\":\"RSA\",\"kid\":\"%s\","
			"\"n\":\"%s\",\"e\":\"%s\"%s}", kid,
			number(key, "n"), number(key, "e"), further);
	assert_int_equal(EVP_PKEY_get_octet_string_param(key, "pub", point,
			 sizeof(point), &bytes), 1);
	return arena_printf(arena, "{\"kty\":\"EC\",\"kid\":\"%s\","
		"\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"%s}", kid,
		encode(point + 1, 32), encode(point + 33, 32), further);
}

static const json_t *keys_of(const char *list)
{
	const char *text = arena_printf(arena, "{\"keys\":[%s]}", list);
	json_t *keys = json_loads(text, 0, NULL);

	assert_non_null(keys);
	arena_defer(arena, (void (*)(void *))json_delete, keys);

	return keys;
}

/* base with the members of patch; those that are null go. */
static const char *patched(const char *base, const char *patch)
{
	json_t *object = json_loads(base, 0, NULL);
	json_t *changes = json_loads(patch, 0, NULL), *value;
	const char *name;
	char *text;

	assert_true(object && changes);
	json_object_foreach(changes, name, value)
		if (json_is_null(value))
			json_object_del(object, name);
		else
			json_object_set(object, name, value);
	text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	json_decref(changes);
	arena_defer(arena, free, text);

	return text;
}

static const char *claims_with(const char *patch)
{
	return patched("{\"iss\":\"" ISSUER "\",\"sub\":\"ann\","
		       "\"aud\":\"kith\",\"nonce\":\"the nonce\","
		       "\"iat\":1700000000,\"exp\":1700000600,"
		       "\"email\":\"ann@example.org\","
		       "\"email_verified\":true}", patch);
}

static const char *header_with(const char *patch)
{
	return patched("{\"alg\":\"RS256\",\"kid\":\"one\"}", patch);
}

static const char *hmac(const char *text, const char *secret, size_t bytes)
{
	unsigned char mac[32];
	size_t mac_bytes;

	assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, secret,
				  bytes, (const unsigned char *)text,
				  strlen(text), mac, sizeof(mac), &mac_bytes));
	return encode(mac, mac_bytes);
}

static const char *signature_of(EVP_PKEY *key, const char *text)
{
	unsigned char out[1024];
	size_t bytes = sizeof(out);
	EVP_MD_CTX *md;

	if (EVP_PKEY_is_a(key, "EC")) {
		assert_true(es256_sign(key, text, strlen(text), out));
		return encode(out, ES256_BYTES);
	}
	md = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL,
					    key), 1);
	assert_int_equal(EVP_DigestSign(md, out, &bytes, (const void *)text,
					strlen(text)), 1);
	EVP_MD_CTX_free(md);

	return encode(out, bytes);
}

/* What is signed. */
static const char *unsigned_token(const char *header, const char *claims)
{
	return arena_printf(arena, "%s.%s", encode(header, strlen(header)),
			    encode(claims, strlen(claims)));
}

static const char *signed_token(EVP_PKEY *key, const char *header,
				const char *claims)
{
	const char *text = unsigned_token(header, claims);

	return arena_printf(arena, "%s.%s", text, signature_of(key, text));
}

/* NULL: it is taken. */
static const char *refusal(const char *text, const json_t *keys,
			   const struct id_rules *r, struct id_claims *out)
{
	struct id_token token;
	const char *reason = id_token_read(arena, text, &token);

	reason = reason ?: id_token_verify(&token, keys);
	return reason ?: id_token_claims(&token, r, out);
}

/* Of a token that is signed by the right key. */
static const char *refused(const char *header, const char *claims)
{
	struct id_claims out;
	const char *list = arena_printf(arena, "%s,%s", jwk(rsa, "one", ""),
					jwk(ec, "two", ""));

	return refusal(signed_token(rsa, header_with(header),
				    claims_with(claims)),
		       keys_of(list), &rules, &out);
}

static void assert_refused(const char *reason, const char *expected,
			   const char *what)
{
	if (expected ? !reason || strcmp(reason, expected) != 0 : !!reason)
		fail_msg("%s: %s, not %s", what, reason ?: "taken",
			 expected ?: "taken");
}

static void both_algorithms_are_taken(void **state)
{
	static const char *const es = "{\"alg\":\"ES256\",\"kid\":\"two\","
				      "\"typ\":\"JWT\"}";
	struct id_claims out;

	(void)state;
	assert_refused(refused("{}", "{}"), NULL, "RS256");
	assert_refused(refusal(signed_token(ec, es, claims_with("{}")),
			       keys_of(jwk(ec, "two", "")), &rules, &out),
		       NULL, "ES256");
	assert_string_equal(out.subject, "ann");
	assert_string_equal(out.email, "ann@example.org");
	assert_true(out.email_verified);
}

static void a_claim_that_is_not_right_is_refused(void **state)
{
	static const struct { const char *patch, *reason; } rows[] = {
		{ "{\"iss\":\"https://id.example/\"}", "wrong_iss" },
		{ "{\"iss\":\"https://ID.example\"}", "wrong_iss" },
		{ "{\"iss\":\"https://evil.example\"}", "wrong_iss" },
		{ "{\"iss\":null}", "wrong_iss" },
		{ "{\"iss\":[\"https://id.example\"]}", "wrong_iss" },
		{ "{\"sub\":null}", "wrong_sub" },
		{ "{\"sub\":\"\"}", "wrong_sub" },
		{ "{\"sub\":7}", "wrong_sub" },
		{ "{\"aud\":null}", "wrong_aud" },
		{ "{\"aud\":\"other\"}", "wrong_aud" },
		{ "{\"aud\":[]}", "wrong_aud" },
		{ "{\"aud\":[\"kith\"]}", NULL },
		{ "{\"aud\":\"kith-app\"}", NULL },
		{ "{\"aud\":[\"kith\",\"other\"]}", "wrong_aud" },
		{ "{\"aud\":[\"kith\",\"other\"],\"azp\":\"kith\"}",
		  "wrong_aud" },
		{ "{\"aud\":[\"kith\",7]}", "wrong_aud" },
		{ "{\"aud\":[\"kith\",\"kith-app\"]}", "wrong_azp" },
		{ "{\"aud\":[\"kith\",\"kith-app\"],\"azp\":\"kith\"}", NULL },
		{ "{\"azp\":\"kith\"}", NULL },
		{ "{\"azp\":\"other\"}", "wrong_azp" },
		{ "{\"azp\":7}", "wrong_azp" },
		{ "{\"exp\":null}", "expired" },
		{ "{\"exp\":\"1700000600\"}", "expired" },
		{ "{\"exp\":1699999940}", "expired" },
		{ "{\"exp\":1699999941}", NULL },
		{ "{\"exp\":1e300}", "expired" },
		{ "{\"iat\":null}", "wrong_time" },
		{ "{\"iat\":1700000060}", NULL },
		{ "{\"iat\":1700000061}", "wrong_time" },
		{ "{\"iat\":1699999340}", NULL },
		{ "{\"iat\":1699999339}", "wrong_time" },
		{ "{\"nbf\":1700000061}", "wrong_time" },
		{ "{\"nbf\":\"0\"}", "wrong_time" },
		{ "{\"nbf\":1700000000}", NULL },
		{ "{\"nonce\":null}", "wrong_nonce" },
		{ "{\"nonce\":\"another\"}", "wrong_nonce" },
		{ "{\"nonce\":\"the nonce \"}", "wrong_nonce" },
		{ "{\"nonce\":[\"the nonce\"]}", "wrong_nonce" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_refused(refused("{}", rows[i].patch), rows[i].reason,
			       rows[i].patch);
}

static void a_header_that_is_not_right_is_refused(void **state)
{
	static const struct { const char *patch, *reason; } rows[] = {
		{ "{\"alg\":null}", "wrong_alg" },
		{ "{\"alg\":\"none\"}", "wrong_alg" },
		{ "{\"alg\":\"nOnE\"}", "wrong_alg" },
		{ "{\"alg\":\"rs256\"}", "wrong_alg" },
		{ "{\"alg\":\"RS384\"}", "wrong_alg" },
		{ "{\"alg\":\"PS256\"}", "wrong_alg" },
		{ "{\"alg\":\"HS256\"}", "wrong_alg" },
		{ "{\"alg\":[\"RS256\"]}", "wrong_alg" },
		{ "{\"alg\":\"ES256\"}", "wrong_key" },
		{ "{\"kid\":\"two\"}", "wrong_key" },
		{ "{\"kid\":null}", "no_kid" },
		{ "{\"kid\":\"\"}", "no_kid" },
		{ "{\"kid\":1}", "no_kid" },
		{ "{\"kid\":\"On\"}", "unknown_kid" },
		{ "{\"kid\":\"ONE\"}", "unknown_kid" },
		{ "{\"kid\":\"../one\"}", "unknown_kid" },
		{ "{\"typ\":\"JWT\"}", NULL },
		{ "{\"typ\":\"at+jwt\"}", "wrong_typ" },
		{ "{\"typ\":7}", "wrong_typ" },
		{ "{\"x5t\":\"abc\"}", NULL },
		{ "{\"crit\":[\"exp\"]}", "header_leads_away" },
		{ "{\"jku\":\"https://evil.example\"}", "header_leads_away" },
		{ "{\"jwk\":{\"kty\":\"RSA\"}}", "header_leads_away" },
		{ "{\"x5u\":\"https://evil.example\"}", "header_leads_away" },
		{ "{\"x5c\":[]}", "header_leads_away" },
		{ "{\"b64\":false}", "header_leads_away" },
		{ "{\"zip\":\"DEF\"}", "header_leads_away" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_refused(refused(rows[i].patch, "{}"), rows[i].reason,
			       rows[i].patch);
}

static void only_the_issuers_key_signs(void **state)
{
	const struct {
		const char *what, *token, *keys, *reason;
	} rows[] = {
		{ "another key under the right kid",
		  signed_token(other_rsa, header_with("{}"), claims_with("{}")),
		  jwk(rsa, "one", ""), "wrong_signature" },
		{ "another point under the right kid",
		  signed_token(other_ec, header_with("{\"alg\":\"ES256\"}"),
			       claims_with("{}")),
		  jwk(ec, "one", ""), "wrong_signature" },
		{ "a key that is too small",
		  signed_token(small_rsa, header_with("{}"), claims_with("{}")),
		  jwk(small_rsa, "one", ""), "wrong_key" },
		{ "a key for something else",
		  signed_token(rsa, header_with("{}"), claims_with("{}")),
		  jwk(rsa, "one", ",\"use\":\"enc\""), "wrong_key" },
		{ "a key of another algorithm",
		  signed_token(rsa, header_with("{}"), claims_with("{}")),
		  jwk(rsa, "one", ",\"alg\":\"RS512\""), "wrong_key" },
		{ "its own algorithm",
		  signed_token(rsa, header_with("{}"), claims_with("{}")),
		  jwk(rsa, "one", ",\"use\":\"sig\",\"alg\":\"RS256\""),
		  NULL },
		{ "a kid that two keys have",
		  signed_token(rsa, header_with("{}"), claims_with("{}")),
		  arena_printf(arena, "%s,%s", jwk(other_rsa, "one", ""),
			       jwk(rsa, "one", "")), "unknown_kid" },
		{ "no keys", signed_token(rsa, header_with("{}"),
					  claims_with("{}")),
		  "", "unknown_kid" },
		{ "an array as a key",
		  signed_token(rsa, header_with("{}"), claims_with("{}")),
		  "[],7,null,\"one\"", "unknown_kid" },
		{ "a point that is on no curve",
		  signed_token(ec, header_with("{\"alg\":\"ES256\"}"),
			       claims_with("{}")),
		  arena_printf(arena, "{\"kty\":\"EC\",\"crv\":\"P-256\","
			"\"kid\":\"one\",\"x\":\"%s\",\"y\":\"%s\"}",
			encode("0123456789abcdef0123456789abcdef", 32),
			encode("0123456789abcdef0123456789abcdef", 32)),
		  "wrong_key" },
	};
	struct id_claims out;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_refused(refusal(rows[i].token, keys_of(rows[i].keys),
				       &rules, &out),
			       rows[i].reason, rows[i].what);
}

static void no_secret_makes_a_signature(void **state)
{
	const char *text = unsigned_token(header_with("{\"alg\":\"HS256\"}"),
					  claims_with("{}"));
	const char *public = jwk(rsa, "one", "");
	const char *const tokens[] = {
		arena_printf(arena, "%s.%s", text, hmac(text, "secret", 6)),
		arena_printf(arena, "%s.%s", text,
			     hmac(text, public, strlen(public))),
		arena_printf(arena, "%s.", text),
		arena_printf(arena, "%s.", unsigned_token(
			header_with("{\"alg\":\"none\"}"), claims_with("{}"))),
	};
	struct id_claims out;

	(void)state;
	for (size_t i = 0; i < COUNT(tokens); i++)
		assert_refused(refusal(tokens[i], keys_of(public), &rules,
				       &out), "wrong_alg", tokens[i]);
}

static void what_is_no_token_is_refused(void **state)
{
	const char *token = signed_token(rsa, header_with("{}"),
					 claims_with("{}"));
	const char *dot = strchr(token, '.');
	char *huge = arena_alloc(arena, ID_TOKEN_CHARS + 2);
	const char *const tokens[] = {
		"", ".", "..", "...", "a.b.c", "e30.e30.", dot, dot + 1,
		arena_printf(arena, "%s\n", token),
		arena_printf(arena, "%s=", token),
		arena_printf(arena, " %s", token),
		arena_printf(arena, "%s.", token),
		arena_printf(arena, "%s.%s", token, "e30"),
		/* Twice the same member, and JSON that is no object. */
		signed_token(rsa, "{\"alg\":\"none\",\"alg\":\"RS256\","
			     "\"kid\":\"one\"}", claims_with("{}")),
		signed_token(rsa, "[]", claims_with("{}")),
		signed_token(rsa, header_with("{}"), "[]"),
		signed_token(rsa, header_with("{}"), "{\"iss\":1,\"iss\":2}"),
		huge,
	};
	struct id_claims out;

	(void)state;
	memset(huge, 'a', ID_TOKEN_CHARS + 1);
	for (size_t i = 0; i < COUNT(tokens); i++) {
		const char *reason = refusal(tokens[i],
					     keys_of(jwk(rsa, "one", "")),
					     &rules, &out);

		if (!reason || (strcmp(reason, "malformed") != 0 &&
				strcmp(reason, "wrong_alg") != 0))
			fail_msg("%s: %s", tokens[i], reason ?: "taken");
	}
}

static void every_changed_character_is_noticed(void **state)
{
	const json_t *keys = keys_of(jwk(ec, "two", ""));
	char *token = arena_printf(arena, "%s", signed_token(ec,
		"{\"alg\":\"ES256\",\"kid\":\"two\"}", claims_with("{}")));
	struct id_claims out;

	(void)state;
	for (char *c = token; *c; c++) {
		const char was = *c;

		*c = was == 'A' ? 'B' : 'A';
		if (!refusal(token, keys, &rules, &out))
			fail_msg("at %td", c - token);
		*c = was;
	}
	assert_refused(refusal(token, keys, &rules, &out), NULL, "unchanged");
}

static void an_access_token_belongs_to_its_id_token(void **state)
{
	/* OpenID Connect Core, A.3. */
	static const char access_token[] =
		"jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
	static const struct { const char *patch, *reason; } rows[] = {
		{ "{\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RQ\"}", NULL },
		{ "{\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RA\"}",
		  "wrong_at_hash" },
		{ "{\"at_hash\":\"\"}", "wrong_at_hash" },
		{ "{\"at_hash\":7}", "wrong_at_hash" },
		{ "{}", NULL },
	};
	struct id_rules r = rules;
	struct id_claims out;

	(void)state;
	r.access_token = access_token;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_refused(refusal(signed_token(rsa, header_with("{}"),
						    claims_with(rows[i].patch)),
				       keys_of(jwk(rsa, "one", "")), &r,
				       &out),
			       rows[i].reason, rows[i].patch);
}

static void a_nonce_that_nobody_asked_for_is_refused(void **state)
{
	struct id_rules r = rules;
	struct id_claims out;
	const json_t *keys = keys_of(jwk(rsa, "one", ""));

	(void)state;
	r.nonce = NULL;
	assert_refused(refusal(signed_token(rsa, header_with("{}"),
					    claims_with("{}")), keys, &r, &out),
		       "wrong_nonce", "with one");
	assert_refused(refusal(signed_token(rsa, header_with("{}"),
					    claims_with("{\"nonce\":null}")),
			       keys, &r, &out), NULL, "without");
}

static void an_address_is_verified_if_it_says_so(void **state)
{
	static const struct {
		const char *patch, *email;
		bool verified;
	} rows[] = {
		{ "{}", "ann@example.org", true },
		{ "{\"email_verified\":\"true\"}", "ann@example.org", true },
		{ "{\"email_verified\":\"false\"}", "ann@example.org", false },
		{ "{\"email_verified\":1}", "ann@example.org", false },
		{ "{\"email_verified\":null}", "ann@example.org", false },
		{ "{\"email\":null}", NULL, false },
		{ "{\"email\":\"no address\"}", NULL, false },
		{ "{\"email\":[\"ann@example.org\"]}", NULL, false },
	};
	const json_t *keys = keys_of(jwk(rsa, "one", ""));

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct id_claims out = { 0 };

		assert_refused(refusal(signed_token(rsa, header_with("{}"),
						    claims_with(rows[i].patch)),
				       keys, &rules, &out), NULL,
			       rows[i].patch);
		assert_int_equal(out.email_verified, rows[i].verified);
		if (rows[i].email)
			assert_string_equal(out.email, rows[i].email);
		else
			assert_null(out.email);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(both_algorithms_are_taken),
		CLAIM(a_claim_that_is_not_right_is_refused),
		CLAIM(a_header_that_is_not_right_is_refused),
		CLAIM(only_the_issuers_key_signs),
		CLAIM(no_secret_makes_a_signature),
		CLAIM(what_is_no_token_is_refused),
		CLAIM(every_changed_character_is_noticed),
		CLAIM(an_access_token_belongs_to_its_id_token),
		CLAIM(a_nonce_that_nobody_asked_for_is_refused),
		CLAIM(an_address_is_verified_if_it_says_so),
	};

	return cmocka_run_group_tests(tests, open_keys, close_keys);
}
