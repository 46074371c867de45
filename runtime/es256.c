/* es256.c - see es256.h. */
#include <openssl/ecdsa.h>

#include "runtime/es256.h"

enum {
	HALF = ES256_BYTES / 2,
	DER_BYTES = 80,		/* the form that OpenSSL takes has 72 at most */
};

/* Writes r and s of the DER form. */
static bool unpack(const unsigned char *der, size_t bytes, unsigned char *out)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)bytes);
	const bool done = sig &&
		BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, HALF) == HALF &&
		BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + HALF, HALF) == HALF;

	ECDSA_SIG_free(sig);
	return done;
}

bool es256_sign(EVP_PKEY *key, const char *text, size_t bytes,
		unsigned char out[ES256_BYTES])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char der[DER_BYTES];
	size_t der_bytes = sizeof(der);
	const bool done = md &&
		EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
		EVP_DigestSign(md, der, &der_bytes, (const void *)text,
			       bytes) == 1 &&
		unpack(der, der_bytes, out);

	EVP_MD_CTX_free(md);
	return done;
}

/* Writes the DER form; 0 when memory is out. */
static size_t pack(const unsigned char *in, unsigned char der[DER_BYTES])
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(in, HALF, NULL);
	BIGNUM *s = BN_bin2bn(in + HALF, HALF, NULL);
	int bytes = 0;

	if (sig && ECDSA_SIG_set0(sig, r, s)) {
		bytes = i2d_ECDSA_SIG(sig, &der);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(sig);

	return bytes > 0 ? (size_t)bytes : 0;
}

bool es256_verify(EVP_PKEY *key, const char *text, size_t bytes,
		  const unsigned char signature[ES256_BYTES])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char der[DER_BYTES];
	const size_t der_bytes = pack(signature, der);
	const bool valid = md && der_bytes > 0 &&
		EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
		EVP_DigestVerify(md, der, der_bytes, (const void *)text,
				 bytes) == 1;

	EVP_MD_CTX_free(md);
	return valid;
}
