/* keys.c - reading keys: see keys.h. */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base64url.h"
#include "runtime/conf.h"
#include "runtime/keys.h"
#include "runtime/keys_private.h"
#include "runtime/log.h"

enum {
	PUBLIC_KEYS = 16,
	REFRESH_KEYS = 256,
	KID_BYTES = 64,
	COORDINATE_BYTES = 32,
	POINT_BYTES = 1 + 2 * COORDINATE_BYTES,
};

static struct {
	struct {
		char kid[KID_BYTES + 1];
		EVP_PKEY *key;
	} public[PUBLIC_KEYS];
	size_t publics;

	EVP_PKEY *signing;			/* NULL: no signing.pem */
	const char *signing_kid;

	unsigned char refresh[REFRESH_KEYS][KEYS_BYTES];
	bool refresh_known[REFRESH_KEYS];
	int refresh_number;			/* -1: none */

	unsigned char secret[KEYS_BYTES];
	char vapid[BASE64URL_CHARS(POINT_BYTES) + 1];	/* "": none */
} keys;

static _Noreturn void refuse(const char *file, const char *why)
{
	log_exit(EXIT_CONFIG, "KEYS: %s: %s", file, why);
}

/* NULL if the file may be absent and is, or is not ours to read. */
static FILE *open_file(const char *directory, const char *name, bool may_lack)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "re");
	if (!file && !(may_lack && (errno == ENOENT || errno == EACCES)))
		refuse(path, strerror(errno));

	return file;
}

/* Exactly 32 bytes in hex, and a newline if there is one. */
static bool read_hex(char *text, unsigned char out[KEYS_BYTES])
{
	size_t bytes;

	text[strcspn(text, "\n")] = '\0';
	return strlen(text) == 2 * KEYS_BYTES &&
	       OPENSSL_hexstr2buf_ex(out, KEYS_BYTES, &bytes, text, '\0');
}

/* NULL if there is no such point on P-256. */
static EVP_PKEY *key_of_point(const unsigned char *point, size_t bytes)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (build && context &&
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
					    "prime256v1", 0) &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
					     point, bytes) &&
	    (params = OSSL_PARAM_BLD_to_param(build)) &&
	    EVP_PKEY_fromdata_init(context) == 1)
		EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params);

	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_BLD_free(build);

	return key;
}

static bool read_coordinate(const char *text, unsigned char *out)
{
	const size_t chars = strlen(text);

	return chars == BASE64URL_CHARS(COORDINATE_BYTES) &&
	       base64url_decode(text, chars, out);
}

static EVP_PKEY *public_key(const char *kid, size_t kid_bytes)
{
	for (size_t i = 0; i < keys.publics; i++)
		if (strlen(keys.public[i].kid) == kid_bytes &&
		    memcmp(keys.public[i].kid, kid, kid_bytes) == 0)
			return keys.public[i].key;

	return NULL;
}

static bool kid_is_new(const char *kid)
{
	const size_t bytes = strspn(kid, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return bytes > 0 && bytes <= KID_BYTES && !kid[bytes] &&
	       !public_key(kid, bytes);
}

static void read_jwk(json_t *jwk)
{
	unsigned char point[POINT_BYTES] = {
		POINT_CONVERSION_UNCOMPRESSED
	};
	const char *kty, *crv, *alg, *use, *kid, *x, *y;
	EVP_PKEY *key;

	if (json_unpack_ex(jwk, NULL, JSON_STRICT,
			   "{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "kty", &kty,
			   "crv", &crv, "alg", &alg, "use", &use, "kid", &kid,
			   "x", &x, "y", &y) != 0 ||
	    strcmp(kty, "EC") != 0 || strcmp(crv, "P-256") != 0 ||
	    strcmp(alg, "ES256") != 0 || strcmp(use, "sig") != 0 ||
	    !read_coordinate(x, point + 1) ||
	    !read_coordinate(y, point + 1 + COORDINATE_BYTES))
		refuse("jwks.json", "not a public ES256 key");
	if (!kid_is_new(kid) || keys.publics == PUBLIC_KEYS)
		refuse("jwks.json", "a bad or repeated kid, or too many keys");

	key = key_of_point(point, sizeof(point));
	if (!key)
		refuse("jwks.json", "not a point of P-256");
	strcpy(keys.public[keys.publics].kid, kid);
	keys.public[keys.publics++].key = key;
}

static void read_jwks(const char *directory)
{
	FILE *file = open_file(directory, "jwks.json", false);
	json_t *jwks = json_loadf(file, JSON_REJECT_DUPLICATES, NULL), *jwk;
	size_t i;

	if (json_array_size(json_object_get(jwks, "keys")) == 0)
		refuse("jwks.json", "no keys");
	json_array_foreach(json_object_get(jwks, "keys"), i, jwk)
		read_jwk(jwk);

	json_decref(jwks);
	fclose(file);
}

static void read_signing(const char *directory)
{
	static char no_passphrase[] = "";
	FILE *file = open_file(directory, "signing.pem", true);

	if (!file)
		return;

	keys.signing = PEM_read_PrivateKey(file, NULL, NULL, no_passphrase);
	if (!keys.signing)
		refuse("signing.pem", "not a private key");
	fclose(file);

	for (size_t i = 0; i < keys.publics; i++)
		if (EVP_PKEY_eq(keys.public[i].key, keys.signing) == 1)
			keys.signing_kid = keys.public[i].kid;
	if (!keys.signing_kid)
		refuse("signing.pem", "its public key is not in jwks.json");
}

static void read_refresh(const char *directory)
{
	FILE *file = open_file(directory, "refresh", true);
	char line[128], *end;

	if (!file)
		return;

	while (fgets(line, sizeof(line), file)) {
		long n = strtol(line, &end, 10);

		if (end == line || *end != ' ' || n < 0 || n >= REFRESH_KEYS ||
		    keys.refresh_known[n] ||
		    !read_hex(end + 1, keys.refresh[n]))
			refuse("refresh", "not a new number and 32 hex bytes");
		keys.refresh_known[n] = true;
		if (keys.refresh_number < 0)
			keys.refresh_number = (int)n;
	}
	fclose(file);
	if (keys.refresh_number < 0)
		refuse("refresh", "no keys");
}

static void read_vapid(const char *directory)
{
	FILE *file = open_file(directory, "vapid.pub", true);
	unsigned char point[POINT_BYTES];
	char line[128] = "";

	if (!file)
		return;
	if (fgets(line, sizeof(line), file))
		line[strcspn(line, "\n")] = '\0';
	fclose(file);
	if (strlen(line) != sizeof(keys.vapid) - 1 ||
	    !base64url_decode(line, strlen(line), point))
		refuse("vapid.pub", "not the point of a key");
	strcpy(keys.vapid, line);
}

static void forget(void)
{
	for (size_t i = 0; i < keys.publics; i++)
		EVP_PKEY_free(keys.public[i].key);
	EVP_PKEY_free(keys.signing);
	memset(&keys, 0, sizeof(keys));
	keys.refresh_number = -1;
}

void keys_read(const char *directory)
{
	char line[128];
	FILE *file;

	forget();

	file = open_file(directory, "secret", false);
	if (!fgets(line, sizeof(line), file) || !read_hex(line, keys.secret))
		refuse("secret", "not 32 hex bytes");
	fclose(file);

	read_jwks(directory);
	read_signing(directory);
	read_refresh(directory);
	read_vapid(directory);
}

/* A function that needs keys but has none is configured wrongly. */
static void must_be_loaded(void)
{
	if (keys.publics == 0)
		log_exit(EXIT_CONFIG, "KEYS: not set, but needed");
}

EVP_PKEY *keys_public(const char *kid, size_t kid_bytes)
{
	must_be_loaded();
	return public_key(kid, kid_bytes);
}

EVP_PKEY *keys_signing(const char **kid)
{
	must_be_loaded();
	if (keys.signing)
		*kid = keys.signing_kid;

	return keys.signing;
}

const unsigned char *keys_refresh(int number)
{
	must_be_loaded();
	if (!keys.refresh_known[number])
		return NULL;

	return keys.refresh[number];
}

int keys_refresh_number(void)
{
	must_be_loaded();
	return keys.refresh_number;
}

const char *keys_vapid(void)
{
	must_be_loaded();
	return *keys.vapid ? keys.vapid : NULL;
}

const unsigned char *keys_secret(void)
{
	must_be_loaded();
	return keys.secret;
}
