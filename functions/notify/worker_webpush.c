/* worker_webpush.c - see worker_webpush.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "functions/notify/worker_encrypt.h"
#include "functions/notify/worker_webpush.h"
#include "runtime/base64url.h"
#include "runtime/conf.h"
#include "runtime/jwt.h"
#include "runtime/log.h"

struct token {
	char *origin;			/* NULL: the place is free */
	char *authorization;
	int64_t made_s, used_s;
};

struct webpush {
	EVP_PKEY *key;
	char public[BASE64URL_CHARS(ENCRYPT_POINT_BYTES) + 1];
	const char *contact;
	struct arena *arena;		/* for a token that is made */
	struct token tokens[WEBPUSH_TOKENS];
};

struct webpush *webpush_new(const char *key_file, const char *contact)
{
	struct webpush *w;
	unsigned char point[ENCRYPT_POINT_BYTES];

	if (access(key_file, F_OK) != 0)
		return NULL;
	w = calloc(1, sizeof(*w));
	if (!w)
		log_exit(EXIT_SYSTEM, "out of memory");
	w->key = jwt_key_file(key_file);
	if (!w->key || !encrypt_point(w->key, point))
		log_exit(EXIT_CONFIG, "%s: no key on P-256", key_file);
	base64url_encode(point, sizeof(point), w->public);
	w->contact = contact;
	w->arena = arena_new();

	return w;
}

static void forget(struct token *t)
{
	free(t->origin);
	free(t->authorization);
	*t = (struct token){ 0 };
}

void webpush_free(struct webpush *w)
{
	if (!w)
		return;
	for (int i = 0; i < WEBPUSH_TOKENS; i++)
		forget(&w->tokens[i]);
	arena_free(w->arena);
	EVP_PKEY_free(w->key);
	free(w);
}

/* The token of an origin, or the place of the one that was used last. */
static struct token *place_of(struct webpush *w, const char *origin)
{
	struct token *oldest = &w->tokens[0];

	for (int i = 0; i < WEBPUSH_TOKENS; i++) {
		struct token *t = &w->tokens[i];

		if (t->origin && strcmp(t->origin, origin) == 0)
			return t;
		if (t->used_s < oldest->used_s)
			oldest = t;
	}
	forget(oldest);
	return oldest;
}

/* The origin as a browser writes it: https has a port that goes unsaid. */
static size_t origin_chars(const char *origin)
{
	const size_t chars = strlen(origin);

	return chars > 4 && strcmp(origin + chars - 4, ":443") == 0 ?
		chars - 4 : chars;
}

static void make(struct webpush *w, struct token *t, const char *origin,
		 int64_t now_s)
{
	const char *jwt = jwt_sign(w->arena, w->key, NULL,
		json_pack("{s:s%,s:I,s:s}",
			  "aud", origin, origin_chars(origin),
			  "exp", (json_int_t)(now_s + WEBPUSH_TOKEN_S),
			  "sub", w->contact));

	forget(t);
	if (!jwt)
		log_exit(EXIT_SYSTEM, "web push: OpenSSL can't sign");
	t->origin = strdup(origin);
	if (!t->origin || asprintf(&t->authorization, "vapid t=%s, k=%s", jwt,
				   w->public) < 0)
		log_exit(EXIT_SYSTEM, "out of memory");
	t->made_s = now_s;
	arena_reset(w->arena);
}

const char *webpush_authorization(struct webpush *w, const char *origin,
				  int64_t now_s)
{
	struct token *t = place_of(w, origin);

	if (!t->origin || now_s < t->made_s ||
	    now_s >= t->made_s + WEBPUSH_RENEW_S)
		make(w, t, origin, now_s);
	t->used_s = now_s;

	return t->authorization;
}

/* The endpoint is what its lane says: nothing is signed for another host. */
static bool is_of_lane(const struct push *push)
{
	const size_t chars = strlen(push->lane);

	return strncmp(push->token, "https://", 8) == 0 &&
	       strncmp(push->token, push->lane, chars) == 0 &&
	       (push->token[chars] == '/' || push->token[chars] == '\0');
}

/* The body of the request; NULL: *instead says why not. */
static const unsigned char *encrypt(struct arena *arena,
				    const struct push *push, size_t bytes,
				    struct verdict *instead)
{
	unsigned char *body = arena_alloc(arena, bytes + ENCRYPT_MORE_BYTES);
	struct encrypt_once once;
	bool done;

	if (!encrypt_once(&once)) {
		*instead = verdict(VERDICT_LATER, 0, "no_randomness");
		return NULL;
	}
	done = encrypt_push(&once, push->p256dh, push->auth, push->payload,
			    bytes, body);
	EVP_PKEY_free(once.key);
	if (!done)
		*instead = verdict(VERDICT_GONE, 0, "bad_keys");

	return done ? body : NULL;
}

bool webpush_request(struct webpush *w, struct arena *arena, int64_t now_s,
		     const struct push *push, struct request *out,
		     struct verdict *instead)
{
	const size_t bytes = strlen(push->payload);
	const unsigned char *body;

	if (!is_of_lane(push) || !push->p256dh || !push->auth) {
		*instead = verdict(VERDICT_GONE, 0, "bad_endpoint");
		return false;
	}
	if (bytes > ENCRYPT_BODY_BYTES - ENCRYPT_MORE_BYTES) {
		*instead = verdict(VERDICT_REFUSED, 0, "too_long");
		return false;
	}
	body = encrypt(arena, push, bytes, instead);
	if (!body)
		return false;

	*out = (struct request){
		.url = push->token, .body = body,
		.body_bytes = bytes + ENCRYPT_MORE_BYTES,
	};
	request_header(arena, out, "Authorization: %s",
		       webpush_authorization(w, push->lane, now_s));
	request_header(arena, out, "Content-Type: application/octet-stream");
	request_header(arena, out, "Content-Encoding: aes128gcm");
	request_header(arena, out, "TTL: %d", push->ttl_s);
	request_header(arena, out, "Urgency: %s",
		       push->urgent ? "high" : "normal");
	request_header(arena, out, "Topic: %s",
		       request_collapse_id(arena, push));

	return true;
}

struct verdict webpush_judge(const struct answer *a)
{
	/* Whose host this is isn't known, so that its words mean nothing. */
	if (a->status == 404 || a->status == 410)
		return verdict(VERDICT_GONE, 0, NULL);

	return verdict_of_status(a);
}
