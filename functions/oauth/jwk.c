/* jwk.c - see jwk.h. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <stdbool.h>
#include <string.h>

#include "functions/oauth/jwk.h"
#include "runtime/base64url.h"

enum {
	RSA_BITS_LEAST = 2048, RSA_BITS_MOST = 8192,
	RSA_BYTES = RSA_BITS_MOST / 8, EXPONENT_BYTES = 4,
	EC_BYTES = 32,
};

static const char *text_of(const json_t *jwk, const char *name)
{
	return json_string_value(json_object_get(jwk, name)) ?: "";
}

/* A member says this, or isn't there. */
static bool may_be(const json_t *jwk, const char *name, const char *text)
{
	return !json_object_get(jwk, name) ||
	       strcmp(text_of(jwk, name), text) == 0;
}

/* How many bytes a member has; 0: none, too many, or no base64url. */
static size_t bytes_of(const json_t *jwk, const char *name,
		       unsigned char *out, size_t room)
{
	const char *text = text_of(jwk, name);
	const size_t chars = strlen(text), bytes = BASE64URL_BYTES(chars);

	return bytes <= room && base64url_decode(text, chars, out) ? bytes : 0;
}

static EVP_PKEY *make(const char *type, OSSL_PARAM_BLD *build)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY *key = NULL;

	if (context && params && EVP_PKEY_fromdata_init(context) == 1)
		EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(context);

	return key;
}

static EVP_PKEY *ec_key(const json_t *jwk)
{
	unsigned char point[1 + 2 * EC_BYTES] = {
		POINT_CONVERSION_UNCOMPRESSED
	};
	OSSL_PARAM_BLD *build;
	EVP_PKEY *key = NULL;

	if (strcmp(text_of(jwk, "crv"), "P-256") != 0 ||
	    bytes_of(jwk, "x", point + 1, EC_BYTES) != EC_BYTES ||
	    bytes_of(jwk, "y", point + 1 + EC_BYTES, EC_BYTES) != EC_BYTES)
		return NULL;

	build = OSSL_PARAM_BLD_new();
	if (build &&
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
					    "prime256v1", 0) &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
					     point, sizeof(point)))
		key = make("EC", build);
	OSSL_PARAM_BLD_free(build);

	return key;
}

static EVP_PKEY *rsa_key_of(const BIGNUM *n, const BIGNUM *e)
{
	OSSL_PARAM_BLD *build;
	EVP_PKEY *key = NULL;

	if (!n || !e || BN_num_bits(n) < RSA_BITS_LEAST || !BN_is_odd(n) ||
	    !BN_is_odd(e) || BN_is_one(e))
		return NULL;

	build = OSSL_PARAM_BLD_new();
	if (build && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
		key = make("RSA", build);
	OSSL_PARAM_BLD_free(build);

	return key;
}

static EVP_PKEY *rsa_key(const json_t *jwk)
{
	unsigned char n[RSA_BYTES], e[EXPONENT_BYTES];
	const size_t n_bytes = bytes_of(jwk, "n", n, sizeof(n));
	const size_t e_bytes = bytes_of(jwk, "e", e, sizeof(e));
	BIGNUM *modulus = BN_bin2bn(n, (int)n_bytes, NULL);
	BIGNUM *exponent = BN_bin2bn(e, (int)e_bytes, NULL);
	EVP_PKEY *key = rsa_key_of(modulus, exponent);

	BN_free(modulus);
	BN_free(exponent);

	return key;
}

EVP_PKEY *jwk_key(const json_t *jwk, const char *alg)
{
	const bool rsa = strcmp(alg, "RS256") == 0;

	if (strcmp(text_of(jwk, "kty"), rsa ? "RSA" : "EC") != 0 ||
	    !may_be(jwk, "alg", alg) || !may_be(jwk, "use", "sig"))
		return NULL;

	return rsa ? rsa_key(jwk) : ec_key(jwk);
}
