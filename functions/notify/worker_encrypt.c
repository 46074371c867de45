/* worker_encrypt.c - see worker_encrypt.h. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

#include "functions/notify/worker_encrypt.h"
#include "runtime/base64url.h"

enum {
	SECRET_BYTES = 32,
	KEY_BYTES = 16,
	NONCE_BYTES = 12,
	TAG_BYTES = 16,
	LAST_RECORD = 2,	/* the delimiter of the last record */
};

static const char info_intro[] = "WebPush: info";	/* with its NUL */

/* HKDF with SHA-256 (RFC 5869). */
static bool hkdf(const void *salt, size_t salt_bytes, const void *key,
		 const void *info, size_t info_bytes, unsigned char *out,
		 size_t out_bytes)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	const bool done = c && EVP_PKEY_derive_init(c) == 1 &&
		EVP_PKEY_CTX_set_hkdf_md(c, EVP_sha256()) == 1 &&
		EVP_PKEY_CTX_set1_hkdf_salt(c, salt, (int)salt_bytes) == 1 &&
		EVP_PKEY_CTX_set1_hkdf_key(c, key, SECRET_BYTES) == 1 &&
		EVP_PKEY_CTX_add1_hkdf_info(c, info, (int)info_bytes) == 1 &&
		EVP_PKEY_derive(c, out, &out_bytes) == 1;

	EVP_PKEY_CTX_free(c);
	return done;
}

/* A public key; NULL: it is no point of the curve. */
static EVP_PKEY *peer_of(unsigned char point[ENCRYPT_POINT_BYTES])
{
	static char group[] = "prime256v1";
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
						  point, ENCRYPT_POINT_BYTES),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *key = NULL;

	if (c && EVP_PKEY_fromdata_init(c) == 1)
		EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(c);

	return key;
}

static bool agree(EVP_PKEY *ours, unsigned char point[ENCRYPT_POINT_BYTES],
		  unsigned char secret[SECRET_BYTES])
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(ours, NULL);
	EVP_PKEY *theirs = peer_of(point);
	size_t bytes = SECRET_BYTES;
	const bool done = c && theirs && EVP_PKEY_derive_init(c) == 1 &&
		EVP_PKEY_derive_set_peer(c, theirs) == 1 &&
		EVP_PKEY_derive(c, secret, &bytes) == 1;

	EVP_PKEY_free(theirs);
	EVP_PKEY_CTX_free(c);
	return done;
}

/* Key and nonce of the record: RFC 8291, section 3.4. */
static bool derive(const struct encrypt_once *once,
		   unsigned char theirs[ENCRYPT_POINT_BYTES],
		   const unsigned char ours[ENCRYPT_POINT_BYTES],
		   const unsigned char auth[ENCRYPT_AUTH_BYTES],
		   unsigned char key[KEY_BYTES + NONCE_BYTES])
{
	static const char key_info[] = "Content-Encoding: aes128gcm";
	static const char nonce_info[] = "Content-Encoding: nonce";
	unsigned char info[sizeof(info_intro) + 2 * ENCRYPT_POINT_BYTES];
	unsigned char secret[SECRET_BYTES];

	memcpy(info, info_intro, sizeof(info_intro));
	memcpy(info + sizeof(info_intro), theirs, ENCRYPT_POINT_BYTES);
	memcpy(info + sizeof(info_intro) + ENCRYPT_POINT_BYTES, ours,
	       ENCRYPT_POINT_BYTES);

	return agree(once->key, theirs, secret) &&
	       hkdf(auth, ENCRYPT_AUTH_BYTES, secret, info, sizeof(info),
		    secret, SECRET_BYTES) &&
	       hkdf(once->salt, ENCRYPT_SALT_BYTES, secret, key_info,
		    sizeof(key_info), key, KEY_BYTES) &&
	       hkdf(once->salt, ENCRYPT_SALT_BYTES, secret, nonce_info,
		    sizeof(nonce_info), key + KEY_BYTES, NONCE_BYTES);
}

static bool seal(const unsigned char key[KEY_BYTES + NONCE_BYTES],
		 const void *text, size_t bytes, unsigned char *out)
{
	static const unsigned char delimiter = LAST_RECORD;
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n;
	const bool done = c &&
		EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, key,
				   key + KEY_BYTES) == 1 &&
		EVP_EncryptUpdate(c, out, &n, text, (int)bytes) == 1 &&
		EVP_EncryptUpdate(c, out + bytes, &n, &delimiter, 1) == 1 &&
		EVP_EncryptFinal_ex(c, out + bytes + 1, &n) == 1 &&
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES,
				    out + bytes + 1) == 1;

	EVP_CIPHER_CTX_free(c);
	return done;
}

/* Exactly so many bytes of base64url. */
static bool decode(const char *text, unsigned char *out, size_t bytes)
{
	const size_t chars = BASE64URL_CHARS(bytes);

	return strnlen(text, chars + 1) == chars &&
	       base64url_decode(text, chars, out);
}

bool encrypt_once(struct encrypt_once *out)
{
	out->key = EVP_EC_gen("P-256");
	if (!out->key)
		return false;
	if (RAND_bytes(out->salt, sizeof(out->salt)) == 1)
		return true;

	EVP_PKEY_free(out->key);
	out->key = NULL;
	return false;
}

bool encrypt_point(EVP_PKEY *key, unsigned char out[ENCRYPT_POINT_BYTES])
{
	size_t bytes;

	return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
					       out, ENCRYPT_POINT_BYTES,
					       &bytes) == 1 &&
	       bytes == ENCRYPT_POINT_BYTES && out[0] == 4;
}

bool encrypt_push(const struct encrypt_once *once, const char *p256dh,
		  const char *auth, const void *text, size_t bytes,
		  unsigned char *out)
{
	static const unsigned char head[] = {
		0, 0, ENCRYPT_BODY_BYTES >> 8, ENCRYPT_BODY_BYTES & 255,
		ENCRYPT_POINT_BYTES,
	};
	unsigned char *ours = out + ENCRYPT_SALT_BYTES + sizeof(head);
	unsigned char theirs[ENCRYPT_POINT_BYTES], secret[ENCRYPT_AUTH_BYTES];
	unsigned char key[KEY_BYTES + NONCE_BYTES];

	if (bytes > ENCRYPT_BODY_BYTES - ENCRYPT_MORE_BYTES ||
	    !decode(p256dh, theirs, sizeof(theirs)) || theirs[0] != 4 ||
	    !decode(auth, secret, sizeof(secret)))
		return false;

	memcpy(out, once->salt, ENCRYPT_SALT_BYTES);
	memcpy(out + ENCRYPT_SALT_BYTES, head, sizeof(head));

	return encrypt_point(once->key, ours) &&
	       derive(once, theirs, ours, secret, key) &&
	       seal(key, text, bytes, ours + ENCRYPT_POINT_BYTES);
}
