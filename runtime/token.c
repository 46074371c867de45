/* token.c - access tokens: see token.h. */
#include <assert.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base64url.h"
#include "runtime/conf.h"
#include "runtime/es256.h"
#include "runtime/keys_private.h"
#include "runtime/log.h"
#include "runtime/token.h"
#include "runtime/uuid.h"

enum { TOKEN_BYTES = 4096, LEEWAY_S = 60 };

/* The header before and after the kid: the only one we write or accept. */
static const char head[] = "{\"alg\":\"ES256\",\"kid\":\"";
static const char tail[] = "\",\"typ\":\"at+jwt\"}";

enum { HEAD_BYTES = sizeof(head) - 1, TAIL_BYTES = sizeof(tail) - 1 };

/* What lies between dots. */
struct part {
	unsigned char data[BASE64URL_BYTES(TOKEN_BYTES)];
	size_t bytes;
};

static const char *encode(struct arena *arena, const void *data, size_t bytes)
{
	char *text = arena_alloc(arena, BASE64URL_CHARS(bytes) + 1);

	base64url_encode(data, bytes, text);
	return text;
}

/* The length of a word of a scope; 0: there is none. */
static size_t word_chars(const char *scope)
{
	const char *c = scope;

	while (*c > ' ' && *c <= '~' && *c != '"' && *c != '\\')
		c++;

	return (size_t)(c - scope);
}

static bool scope_valid(const char *scope)
{
	size_t chars;

	if (strnlen(scope, SCOPE_TEXT) == SCOPE_TEXT)
		return false;

	for (;; scope += chars + 1) {
		chars = word_chars(scope);
		if (chars == 0)
			return false;
		if (scope[chars] != ' ')
			return scope[chars] == '\0';
	}
}

bool token_allows(const struct token_claims *claims, const char *word)
{
	const char *scope = claims->scope;
	size_t chars;

	for (;; scope += chars + 1) {
		chars = word_chars(scope);
		if (chars > 0 && strlen(word) == chars &&
		    memcmp(scope, word, chars) == 0)
			return true;
		if (!scope[chars])
			return false;
	}
}

/* NULL: no memory. */
static char *claims_text(const struct token_claims *claims, int64_t now_s)
{
	json_t *object = json_pack("{s:s,s:s,s:s,s:s,s:s*,s:I,s:I}",
		"iss", conf.issuer, "aud", conf.audience,
		"sub", claims->user, "sid", claims->session,
		"scope", *claims->scope ? claims->scope : NULL,
		"iat", (json_int_t)now_s,
		"exp", (json_int_t)claims->expires_s);
	char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);

	json_decref(object);
	return text;
}

static enum err sign(struct arena *arena, const struct token_claims *claims,
		     int64_t now_s, const char **token)
{
	char *claimed = claims_text(claims, now_s);
	unsigned char signature[ES256_BYTES];
	const char *kid, *header, *text;
	EVP_PKEY *key = keys_signing(&kid);

	if (!key || !claimed) {
		free(claimed);
		log_error("token: no key that signs, or bad claims");
		return ERR_INTERNAL;
	}
	arena_defer(arena, free, claimed);

	header = arena_printf(arena, "%s%s%s", head, kid, tail);
	text = arena_printf(arena, "%s.%s",
			    encode(arena, header, strlen(header)),
			    encode(arena, claimed, strlen(claimed)));
	if (!es256_sign(key, text, strlen(text), signature)) {
		log_error("token: OpenSSL can't sign");
		return ERR_INTERNAL;
	}
	*token = arena_printf(arena, "%s.%s", text,
			      encode(arena, signature, sizeof(signature)));

	return OK;
}

enum err token_sign(struct arena *arena, const char *user,
		    const char *session, int64_t now_s, const char **token)
{
	struct token_claims claims = { .expires_s = now_s + conf.access_ttl_s };

	snprintf(claims.user, UUID_TEXT, "%s", user);
	snprintf(claims.session, UUID_TEXT, "%s", session);

	return sign(arena, &claims, now_s, token);
}

enum err token_sign_service(struct arena *arena,
			    const struct token_claims *claims, int64_t now_s,
			    const char **token)
{
	assert(scope_valid(claims->scope));
	assert(strcmp(claims->user, claims->session) == 0);

	return sign(arena, claims, now_s, token);
}

/* Three parts of canonical base64url, nothing else. */
static bool split(const char *token, struct part part[3])
{
	if (strnlen(token, TOKEN_BYTES + 1) > TOKEN_BYTES)
		return false;

	for (int i = 0; i < 3; i++) {
		const size_t chars = strcspn(token, ".");

		if (!base64url_decode(token, chars, part[i].data))
			return false;
		part[i].bytes = BASE64URL_BYTES(chars);
		token += chars;
		if (*token++ != (i < 2 ? '.' : '\0'))
			return false;
	}
	return true;
}

/*
 * The key that the header names.  The header is compared byte by byte, so no
 * other algorithm, type or member gets any further.
 */
static EVP_PKEY *key_of(const struct part *header)
{
	const unsigned char *kid = header->data + HEAD_BYTES;
	const size_t fixed_bytes = HEAD_BYTES + TAIL_BYTES;

	if (header->bytes < fixed_bytes ||
	    memcmp(header->data, head, HEAD_BYTES) != 0 ||
	    memcmp(header->data + header->bytes - TAIL_BYTES, tail,
		   TAIL_BYTES) != 0)
		return NULL;

	return keys_public((const char *)kid, header->bytes - fixed_bytes);
}

static const char *text_of(const json_t *claims, const char *name)
{
	return json_string_value(json_object_get(claims, name)) ?: "";
}

/* A number of seconds, and it lies in first_s to last_s. */
static bool time_between(const json_t *claims, const char *name,
			 int64_t first_s, int64_t last_s)
{
	const json_t *time = json_object_get(claims, name);

	return json_is_integer(time) && json_integer_value(time) >= first_s &&
	       json_integer_value(time) <= last_s;
}

/* Without one, or in the form that it must have. */
static bool scope_right(const json_t *claims)
{
	return !json_object_get(claims, "scope") ||
	       scope_valid(text_of(claims, "scope"));
}

static bool claims_valid(const json_t *claims, int64_t now_s)
{
	const int64_t latest_s = now_s + LEEWAY_S;

	return strcmp(text_of(claims, "iss"), conf.issuer) == 0 &&
	       strcmp(text_of(claims, "aud"), conf.audience) == 0 &&
	       uuid_valid(text_of(claims, "sub")) &&
	       uuid_valid(text_of(claims, "sid")) &&
	       scope_right(claims) &&
	       time_between(claims, "exp", now_s - LEEWAY_S + 1, INT64_MAX) &&
	       time_between(claims, "iat", 0, latest_s) &&
	       (!json_object_get(claims, "nbf") ||
		time_between(claims, "nbf", 0, latest_s));
}

static enum err read_claims(const struct part *part, int64_t now_s,
			    struct token_claims *out)
{
	json_t *claims = json_loadb((const char *)part->data, part->bytes,
				    JSON_REJECT_DUPLICATES, NULL);
	const bool valid = claims_valid(claims, now_s);

	if (valid) {
		strcpy(out->user, text_of(claims, "sub"));
		strcpy(out->session, text_of(claims, "sid"));
		strcpy(out->scope, text_of(claims, "scope"));
		out->expires_s = json_integer_value(json_object_get(claims,
								    "exp"));
	}
	json_decref(claims);

	return valid ? OK : ERR_AUTH;
}

enum err token_verify(const char *token, int64_t now_s,
		      struct token_claims *out)
{
	struct part part[3];
	EVP_PKEY *key;

	if (!split(token, part))
		return ERR_AUTH;

	key = key_of(&part[0]);
	if (!key || part[2].bytes != ES256_BYTES ||
	    !es256_verify(key, token, (size_t)(strrchr(token, '.') - token),
			  part[2].data))
		return ERR_AUTH;

	return read_claims(&part[1], now_s, out);
}
