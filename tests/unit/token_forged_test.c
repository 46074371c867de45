/* Forged access tokens are refused, also those that our key signed. */
#include <openssl/hmac.h>

#include "tests/unit/token_fixture.h"

/* Members of a header; these are right once %s is the kid. */
#define ALG	"\"alg\":\"ES256\""
#define KID	"\"kid\":\"%s\""
#define TYP	"\"typ\":\"at+jwt\""
#define HEADER(alg, kid, typ) "{" alg "," kid "," typ "}"

/* With the kid of the key that signs in the place of a %s. */
static const char *with_kid(const char *header)
{
	const char *hole = strstr(header, "%s");

	if (!hole)
		return header;
	return arena_printf(arena, "%.*s%s%s", (int)(hole - header), header,
			    kid, hole + 2);
}

static const char *hmac_token(const char *header, const void *key,
			      size_t key_bytes)
{
	const char *text = unsigned_token(header, VALID);
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int bytes;

	HMAC(EVP_sha256(), key, (int)key_bytes, (const void *)text,
	     strlen(text), mac, &bytes);
	return arena_printf(arena, "%s.%s", text, base64url(mac, bytes));
}

static void only_the_exact_header_is_accepted(void **state)
{
	static const char *const headers[] = {
		HEADER("\"alg\":\"none\"", KID, TYP),
		HEADER("\"alg\":\"None\"", KID, TYP),
		HEADER("\"alg\":\"nOnE\"", KID, TYP),
		HEADER("\"alg\":\"es256\"", KID, TYP),
		HEADER("\"alg\":\"RS256\"", KID, TYP),
		HEADER("\"alg\":\"HS256\"", KID, TYP),
		HEADER("\"alg\":\"ES384\"", KID, TYP),
		HEADER("\"alg\":[\"ES256\"]", KID, TYP),
		HEADER("\"alg\":null", KID, TYP),
		HEADER(NONE, KID, TYP),
		HEADER(ALG, KID, "\"typ\":\"JWT\""),
		HEADER(ALG, KID, "\"typ\":\"AT+JWT\""),
		HEADER(ALG, KID, NONE),
		HEADER(ALG, NONE, TYP),
		HEADER(ALG, "\"jku\":\"https://evil.example/k\"," KID, TYP),
		HEADER(ALG, "\"jwk\":{\"kty\":\"EC\"}," KID, TYP),
		HEADER(ALG, KID, TYP ",\"x5u\":\"https://evil.example/k\""),
		HEADER(ALG, KID, TYP ",\"x5c\":[\"MIIB\"]"),
		HEADER(ALG, "\"crit\":[\"exp\"]," KID, TYP),
		HEADER(ALG, "\"b64\":false," KID, TYP),
		HEADER(ALG, "\"enc\":\"A128GCM\"," KID, TYP),
		HEADER(ALG, KID, TYP ",\"zip\":\"DEF\""),
		HEADER(ALG "," ALG, KID, TYP),
		HEADER(ALG, KID "," KID, TYP),
		HEADER(ALG, KID, TYP "," TYP),
		HEADER(KID, ALG, TYP),
		HEADER(ALG, " " KID, TYP),
		HEADER(ALG, KID, TYP) "\n",
		HEADER(ALG, "\"kid\":\"../%s\"", TYP),
		HEADER(ALG, "\"kid\":\"%sA\"", TYP),
		HEADER(ALG, "\"kid\":\"%s\\u0000\"", TYP),
		HEADER(ALG, "\"kid\":\"\"", TYP),
		HEADER(ALG, "\"kid\":\"../../x\"", TYP),
		HEADER(ALG, "\"kid\":\"' OR 1=1--\"", TYP),
		"[" KID "]",
		"%s",
		"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++) {
		const char *header = with_kid(headers[i]);

		assert_refused(signed_by(signing, header, VALID), header);
		assert_refused(arena_printf(arena, "%s.", unsigned_token(
				header, VALID)), header);
	}
}

static void a_public_key_is_no_secret(void **state)
{
	static const char *const headers[] = {
		HEADER("\"alg\":\"HS256\"", KID, TYP),
		HEADER("\"alg\":\"HS256\"", KID, "\"typ\":\"JWT\""),
		HEADER(ALG, KID, TYP),
	};
	FILE *file = fopen(keys_path("jwks.json"), "r");
	unsigned char *der = NULL;
	const int der_bytes = i2d_PUBKEY(signing, &der);
	BIO *bio = BIO_new(BIO_s_mem());
	char jwks[1024] = "", pem[1024] = "";

	(void)state;
	assert_true(der_bytes > 0 && PEM_write_bio_PUBKEY(bio, signing));
	assert_true(BIO_read(bio, pem, sizeof(pem) - 1) > 0);
	assert_true(fread(jwks, 1, sizeof(jwks) - 1, file) > 0);
	fclose(file);

	for (size_t i = 0; i < COUNT(headers); i++) {
		const char *header = with_kid(headers[i]);
		const char *jwk = strchr(jwks + 1, '{');

		assert_refused(hmac_token(header, pem, strlen(pem)), "PEM");
		assert_refused(hmac_token(header, pem, strlen(pem) - 1), "PEM");
		assert_refused(hmac_token(header, der, (size_t)der_bytes),
			       "DER");
		assert_refused(hmac_token(header, jwks, strlen(jwks)), "JWKS");
		assert_refused(hmac_token(header, jwk, (size_t)(
				strchr(jwk, '}') + 1 - jwk)), "JWK");
		assert_refused(hmac_token(header, "", 0), "empty");
	}
	OPENSSL_free(der);
	BIO_free(bio);
}

static void another_key_signs_nothing(void **state)
{
	EVP_PKEY *same_curve = EVP_EC_gen("P-256");
	EVP_PKEY *other_curve = EVP_EC_gen("P-384");

	(void)state;
	assert_refused(signed_by(same_curve, our_header(), VALID), "P-256");
	assert_refused(signed_by(other_curve, our_header(), VALID), "P-384");
	EVP_PKEY_free(same_curve);
	EVP_PKEY_free(other_curve);
}

/* r and s of 0 were accepted by other libraries once (CVE-2022-21449). */
static void a_signature_that_is_no_signature_is_refused(void **state)
{
	static const unsigned char zeros[64];
	const char *text = unsigned_token(our_header(), VALID);

	(void)state;
	for (size_t bytes = 0; bytes <= sizeof(zeros); bytes++)
		assert_refused(arena_printf(arena, "%s.%s", text,
					    base64url(zeros, bytes)), "zeros");
}

static void claims_that_are_right_are_accepted(void **state)
{
	static const char *const claims[] = {
		CLAIMS(AUD, "\"exp\":1799999941", IAT, ISS, SID, SUB),
		CLAIMS(AUD, EXP, "\"iat\":1800000060", ISS, SID, SUB),
		CLAIMS(AUD, EXP, "\"iat\":0", ISS, SID, SUB),
		CLAIMS(AUD, EXP, IAT ",\"nbf\":1800000060", ISS, SID, SUB),
		CLAIMS(AUD, EXP, IAT, ISS, SID, SUB ",\"scope\":\"a b\""),
		CLAIMS(SUB, SID, ISS, IAT, EXP, AUD),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(claims); i++)
		assert_int_equal(verify(signed_by(signing, our_header(),
						  claims[i])), OK);
}

static void claims_that_are_wrong_are_refused(void **state)
{
	static const char *const claims[] = {
		CLAIMS(AUD, NONE, IAT, ISS, SID, SUB),
		CLAIMS(AUD, "\"exp\":1799999940", IAT, ISS, SID, SUB),
		CLAIMS(AUD, "\"exp\":\"1800000600\"", IAT, ISS, SID, SUB),
		CLAIMS(AUD, "\"exp\":1e20", IAT, ISS, SID, SUB),
		CLAIMS(AUD, "\"exp\":1800000600.5", IAT, ISS, SID, SUB),
		CLAIMS(AUD, "\"exp\":100000000000000000000", IAT, ISS, SID,
		       SUB),
		CLAIMS(AUD, "\"exp\":-1", IAT, ISS, SID, SUB),
		CLAIMS(AUD, "\"exp\":null", IAT, ISS, SID, SUB),
		CLAIMS(AUD, "\"exp\":true", IAT, ISS, SID, SUB),
		CLAIMS(AUD, EXP "," EXP, IAT, ISS, SID, SUB),
		CLAIMS(AUD, EXP, NONE, ISS, SID, SUB),
		CLAIMS(AUD, EXP, "\"iat\":1800000061", ISS, SID, SUB),
		CLAIMS(AUD, EXP, "\"iat\":\"1800000000\"", ISS, SID, SUB),
		CLAIMS(AUD, EXP, "\"iat\":1e9", ISS, SID, SUB),
		CLAIMS(AUD, EXP, "\"iat\":-1", ISS, SID, SUB),
		CLAIMS(AUD, EXP, IAT ",\"nbf\":1800000061", ISS, SID, SUB),
		CLAIMS(AUD, EXP, IAT ",\"nbf\":\"1\"", ISS, SID, SUB),
		CLAIMS(AUD, EXP, IAT ",\"nbf\":1e3", ISS, SID, SUB),
		CLAIMS(AUD, EXP, IAT ",\"nbf\":null", ISS, SID, SUB),
		CLAIMS(NONE, EXP, IAT, ISS, SID, SUB),
		CLAIMS("\"aud\":\"other\"", EXP, IAT, ISS, SID, SUB),
		CLAIMS("\"aud\":\"KITH\"", EXP, IAT, ISS, SID, SUB),
		CLAIMS("\"aud\":\"kith \"", EXP, IAT, ISS, SID, SUB),
		CLAIMS("\"aud\":[\"kith\"]", EXP, IAT, ISS, SID, SUB),
		CLAIMS("\"aud\":[\"kith\",\"other\"]", EXP, IAT, ISS, SID, SUB),
		CLAIMS("\"aud\":\"kith\\u0000\"", EXP, IAT, ISS, SID, SUB),
		CLAIMS(AUD "," AUD, EXP, IAT, ISS, SID, SUB),
		CLAIMS(AUD, EXP, IAT, NONE, SID, SUB),
		CLAIMS(AUD, EXP, IAT, "\"iss\":\"https://kith.example/\"", SID,
		       SUB),
		CLAIMS(AUD, EXP, IAT, "\"iss\":\"\"", SID, SUB),
		CLAIMS(AUD, EXP, IAT, "\"iss\":[\"https://kith.example\"]", SID,
		       SUB),
		CLAIMS(AUD, EXP, IAT, ISS, NONE, SUB),
		CLAIMS(AUD, EXP, IAT, ISS, "\"sid\":\"1\"", SUB),
		CLAIMS(AUD, EXP, IAT, ISS, "\"sid\":7", SUB),
		CLAIMS(AUD, EXP, IAT, ISS, SID, NONE),
		CLAIMS(AUD, EXP, IAT, ISS, SID, "\"sub\":\"\""),
		CLAIMS(AUD, EXP, IAT, ISS, SID, "\"sub\":\"" USER "0\""),
		CLAIMS(AUD, EXP, IAT, ISS, SID, "\"sub\":{}"),
		CLAIMS(AUD, EXP, IAT, ISS, SID, SUB "," SUB),
		VALID "x", VALID VALID, "[" VALID "]", "\xef\xbb\xbf" VALID,
		"", "null", "{}", "[]",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(claims); i++)
		assert_refused(signed_by(signing, our_header(), claims[i]),
			       claims[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CLAIM(only_the_exact_header_is_accepted),
		CLAIM(a_public_key_is_no_secret),
		CLAIM(another_key_signs_nothing),
		CLAIM(a_signature_that_is_no_signature_is_refused),
		CLAIM(claims_that_are_right_are_accepted),
		CLAIM(claims_that_are_wrong_are_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
