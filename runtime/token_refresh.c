/* token_refresh.c - refresh tokens: see token.h. */
#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "runtime/base64url.h"
#include "runtime/conf.h"
#include "runtime/keys_private.h"
#include "runtime/log.h"
#include "runtime/token.h"
#include "runtime/uuid.h"

static const char prefix[] = "v1.";

/* As it travels. */
struct refresh {
	unsigned char number;
	unsigned char session[16];
	unsigned char counter[4];
	unsigned char mac[16];
};

enum {
	PREFIX_CHARS = sizeof(prefix) - 1,
	BODY_CHARS = BASE64URL_CHARS(sizeof(struct refresh)),
	SIGNED_BYTES = offsetof(struct refresh, mac),
};

static void mac(const struct refresh *r, const unsigned char *key,
		unsigned char out[EVP_MAX_MD_SIZE])
{
	if (!HMAC(EVP_sha256(), key, KEYS_BYTES, (const unsigned char *)r,
		  SIGNED_BYTES, out, NULL))
		log_exit(EXIT_SYSTEM, "OpenSSL has no memory");
}

enum err token_refresh_make(struct arena *arena, const char *session,
			    uint32_t counter, const char **token)
{
	const int number = keys_refresh_number();
	const uint32_t big_endian = htonl(counter);
	struct refresh r = { .number = (unsigned char)number };
	unsigned char whole[EVP_MAX_MD_SIZE];
	char *out;

	if (number < 0) {
		log_error("token: no key for refresh tokens");
		return ERR_INTERNAL;
	}
	uuid_bytes(session, r.session);
	memcpy(r.counter, &big_endian, sizeof(r.counter));
	mac(&r, keys_refresh(number), whole);
	memcpy(r.mac, whole, sizeof(r.mac));

	out = arena_alloc(arena, PREFIX_CHARS + BODY_CHARS + 1);
	memcpy(out, prefix, PREFIX_CHARS);
	base64url_encode(&r, sizeof(r), out + PREFIX_CHARS);
	*token = out;

	return OK;
}

enum err token_refresh_read(const char *token, char session[UUID_TEXT],
			    uint32_t *counter)
{
	const char *body = token + PREFIX_CHARS;
	unsigned char whole[EVP_MAX_MD_SIZE];
	const unsigned char *key;
	uint32_t big_endian;
	struct refresh r;

	if (strncmp(token, prefix, PREFIX_CHARS) != 0 ||
	    strnlen(body, BODY_CHARS + 1) != BODY_CHARS ||
	    !base64url_decode(body, BODY_CHARS, (unsigned char *)&r))
		return ERR_AUTH;

	key = keys_refresh(r.number);
	if (!key)
		return ERR_AUTH;
	mac(&r, key, whole);
	if (CRYPTO_memcmp(r.mac, whole, sizeof(r.mac)) != 0)
		return ERR_AUTH;

	uuid_text(r.session, session);
	memcpy(&big_endian, r.counter, sizeof(big_endian));
	*counter = ntohl(big_endian);

	return OK;
}
