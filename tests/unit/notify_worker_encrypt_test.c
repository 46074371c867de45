/* What is encrypted for a browser is what RFC 8291 says, and it can read it. */
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <string.h>

#include "tests/unit/test.h"

#include "functions/notify/worker_encrypt.h"
#include "runtime/base64url.h"

/* RFC 8291, section 5 and appendix A. */
#define TEXT "When I grow up, I want to be a watermelon"
#define OUR_PUBLIC "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLoc" \
	"InmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
#define OUR_PRIVATE "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
#define P256DH "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4b" \
	"jyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define THEIR_PRIVATE "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"
#define SALT "DGv6ra1nlYgDCS1FRnbzlw"
#define BODY "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27" \
	"mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVP" \
	"TpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"

static unsigned char out[ENCRYPT_BODY_BYTES + 1];

static EVP_PKEY *pair(const char *public, const char *private)
{
	unsigned char point[ENCRYPT_POINT_BYTES], scalar[32];
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *number;
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;

	assert_true(base64url_decode(public, strlen(public), point));
	assert_true(base64url_decode(private, strlen(private), scalar));
	number = BN_bin2bn(scalar, sizeof(scalar), NULL);
	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
					"prime256v1", 0);
	OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
					 point, sizeof(point));
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number);
	params = OSSL_PARAM_BLD_to_param(build);
	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR,
					   params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(number);
	EVP_PKEY_CTX_free(context);

	return key;
}

static void the_example_of_rfc_8291_comes_out_byte_for_byte(void **state)
{
	struct encrypt_once once = { .key = pair(OUR_PUBLIC, OUR_PRIVATE) };
	char text[BASE64URL_CHARS(sizeof(TEXT) + ENCRYPT_MORE_BYTES) + 1];
	const size_t bytes = sizeof(TEXT) - 1;

	(void)state;
	assert_true(base64url_decode(SALT, strlen(SALT), once.salt));
	assert_true(encrypt_push(&once, P256DH, AUTH, TEXT, bytes, out));
	base64url_encode(out, bytes + ENCRYPT_MORE_BYTES, text);
	assert_string_equal(text, BODY);
	EVP_PKEY_free(once.key);
}

static void expand(const void *salt, const void *key, const void *info,
		   size_t info_bytes, unsigned char *to, size_t bytes)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);

	EVP_PKEY_derive_init(c);
	EVP_PKEY_CTX_set_hkdf_md(c, EVP_sha256());
	EVP_PKEY_CTX_set1_hkdf_salt(c, salt, 16);
	EVP_PKEY_CTX_set1_hkdf_key(c, key, 32);
	EVP_PKEY_CTX_add1_hkdf_info(c, info, (int)info_bytes);
	assert_int_equal(EVP_PKEY_derive(c, to, &bytes), 1);
	EVP_PKEY_CTX_free(c);
}

/* The secret of the browser's key and ours, whose point is in the body. */
static void browser_agrees(EVP_PKEY *browser, const unsigned char *point,
			   unsigned char secret[32])
{
	EVP_PKEY *ours = EVP_PKEY_new();
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(browser, NULL);
	size_t bytes = 32;

	EVP_PKEY_copy_parameters(ours, browser);
	assert_int_equal(EVP_PKEY_set1_encoded_public_key(ours, point, 65), 1);
	EVP_PKEY_derive_init(c);
	assert_int_equal(EVP_PKEY_derive_set_peer(c, ours), 1);
	assert_int_equal(EVP_PKEY_derive(c, secret, &bytes), 1);
	EVP_PKEY_CTX_free(c);
	EVP_PKEY_free(ours);
}

/* As a browser does it; the text's length, with its delimiter. */
static size_t browser_reads(const unsigned char *body, size_t bytes,
			    unsigned char *text)
{
	EVP_PKEY *browser = pair(P256DH, THEIR_PRIVATE);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	unsigned char secret[32], info[14 + 130], auth[16], key[16], nonce[12];
	unsigned char tag[16];
	const size_t text_bytes = bytes - 86 - 16;
	int n;

	browser_agrees(browser, body + 21, secret);
	memcpy(info, "WebPush: info", 14);
	base64url_decode(P256DH, strlen(P256DH), info + 14);
	memcpy(info + 14 + 65, body + 21, 65);
	base64url_decode(AUTH, strlen(AUTH), auth);
	expand(auth, secret, info, sizeof(info), secret, 32);
	expand(body, secret, "Content-Encoding: aes128gcm", 28, key, 16);
	expand(body, secret, "Content-Encoding: nonce", 24, nonce, 12);

	memcpy(tag, body + bytes - 16, 16);
	EVP_DecryptInit_ex(c, EVP_aes_128_gcm(), NULL, key, nonce);
	EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 16, tag);
	EVP_DecryptUpdate(c, text, &n, body + 86, (int)text_bytes);
	assert_int_equal(EVP_DecryptFinal_ex(c, text + n, &n), 1);
	EVP_CIPHER_CTX_free(c);
	EVP_PKEY_free(browser);

	return text_bytes;
}

static void a_browser_reads_any_text_that_fits(void **state)
{
	static const size_t sizes[] = {
		0, 1, 15, 16, 17, 1000, ENCRYPT_BODY_BYTES - ENCRYPT_MORE_BYTES
	};
	static unsigned char text[ENCRYPT_BODY_BYTES];
	static unsigned char read[ENCRYPT_BODY_BYTES];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct encrypt_once once;
		const size_t bytes = sizes[i] + ENCRYPT_MORE_BYTES;

		assert_true(encrypt_once(&once));
		assert_true(encrypt_push(&once, P256DH, AUTH, text, sizes[i],
					 out));
		assert_int_equal(browser_reads(out, bytes, read),
				 sizes[i] + 1);
		assert_memory_equal(read, text, sizes[i]);
		assert_int_equal(read[sizes[i]], 2);
		EVP_PKEY_free(once.key);
	}
}

static void what_is_used_once_is_new_each_time(void **state)
{
	struct encrypt_once a, b;

	(void)state;
	assert_true(encrypt_once(&a));
	assert_true(encrypt_once(&b));
	assert_memory_not_equal(a.salt, b.salt, sizeof(a.salt));
	assert_int_not_equal(EVP_PKEY_eq(a.key, b.key), 1);
	EVP_PKEY_free(a.key);
	EVP_PKEY_free(b.key);
}

static void what_is_no_subscription_is_refused(void **state)
{
	static const struct { const char *p256dh, *auth; } rows[] = {
		{ "", AUTH }, { P256DH, "" }, { "x", AUTH }, { P256DH, "x" },
		{ P256DH "A", AUTH }, { P256DH, AUTH "A" },
		{ P256DH, AUTH "==" },
		/* Not on the curve; compressed; another kind of point. */
		{ "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm"
		  "4bjyPjs7Vd8pZGH6SRpkNtoIAiw8", AUTH },
		{ "AiVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx", AUTH },
		{ "ACVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm"
		  "4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", AUTH },
		{ "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		  "AAAAAAAAAAAAAAAAAAAAAAAAAAAA", AUTH },
	};
	struct encrypt_once once;

	(void)state;
	assert_true(encrypt_once(&once));
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_false(encrypt_push(&once, rows[i].p256dh, rows[i].auth,
					  "x", 1, out));
	assert_false(encrypt_push(&once, P256DH, AUTH, out,
		ENCRYPT_BODY_BYTES - ENCRYPT_MORE_BYTES + 1, out));
	EVP_PKEY_free(once.key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(the_example_of_rfc_8291_comes_out_byte_for_byte),
		CLAIM(a_browser_reads_any_text_that_fits),
		CLAIM(what_is_used_once_is_new_each_time),
		CLAIM(what_is_no_subscription_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
