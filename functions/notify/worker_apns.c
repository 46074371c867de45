/* worker_apns.c - requests to APNs and our token: see worker_apns.h. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "functions/notify/worker_apns.h"
#include "runtime/conf.h"
#include "runtime/es256.h"
#include "runtime/jwt.h"
#include "runtime/log.h"

struct apns {
	struct apns_account account;
	EVP_PKEY *key;
	struct arena *arena;		/* the token's */
	const char *token;		/* NULL: none */
	int number;
	int64_t made_s;
};

static void check(const char *name, const char *value)
{
	if (!value || !*value)
		log_exit(EXIT_CONFIG, "APNS_KEY needs %s", name);
}

struct apns *apns_new(const struct apns_account *account)
{
	struct apns *a = calloc(1, sizeof(*a));
	unsigned char signature[ES256_BYTES];

	if (!a)
		log_exit(EXIT_SYSTEM, "out of memory");
	check("APNS_KEY_ID", account->key_id);
	check("APNS_TEAM_ID", account->team_id);
	check("APNS_TOPIC", account->topic);
	a->account = *account;
	a->arena = arena_new();
	a->key = jwt_key_file(account->key);
	if (!a->key || !es256_sign(a->key, "", 0, signature))
		log_exit(EXIT_CONFIG, "%s: no key on P-256", account->key);

	return a;
}

void apns_free(struct apns *a)
{
	if (!a)
		return;
	arena_free(a->arena);
	EVP_PKEY_free(a->key);
	free(a);
}

const char *apns_token(struct apns *a, int64_t now_s)
{
	/* A clock that was set back makes no token last longer. */
	if (a->token && now_s >= a->made_s && now_s < a->made_s + APNS_RENEW_S)
		return a->token;

	arena_reset(a->arena);
	a->token = jwt_sign(a->arena, a->key, a->account.key_id,
			    json_pack("{s:s,s:I}", "iss", a->account.team_id,
				      "iat", (json_int_t)now_s));
	if (!a->token)
		log_exit(EXIT_SYSTEM, "apns: OpenSSL can't sign");
	a->made_s = now_s;
	a->number++;

	return a->token;
}

int apns_token_number(const struct apns *a)
{
	return a->number;
}

bool apns_token_refused(struct apns *a, int64_t now_s, int number)
{
	if (number != a->number || !a->token)
		return true;
	if (now_s >= a->made_s && now_s < a->made_s + APNS_SELDOM_S)
		return false;

	a->token = NULL;
	return true;
}

/* It becomes a part of the path. */
static bool is_hex(const char *token)
{
	const char *c = token;

	while (isascii(*c) && isxdigit((unsigned char)*c))
		c++;
	return c > token && *c == '\0';
}

bool apns_request(struct apns *a, struct arena *arena, int64_t now_s,
		  const struct push *push, struct request *out)
{
	const struct apns_account *account = &a->account;

	if (!is_hex(push->token))
		return false;

	*out = (struct request){
		.url = arena_printf(arena, "%s/3/device/%s", push->sandbox ?
				    account->sandbox_url : account->url,
				    push->token),
		.body = push->payload, .body_bytes = strlen(push->payload),
	};
	request_header(arena, out, "authorization: bearer %s",
		       apns_token(a, now_s));
	request_header(arena, out, "content-type: application/json");
	request_header(arena, out, "apns-topic: %s", account->topic);
	/* A badge is for the user to see: "background" is for nothing such. */
	request_header(arena, out, "apns-push-type: alert");
	request_header(arena, out, "apns-priority: %d",
		       push->urgent ? 10 : 5);
	/* 0: now or never. */
	request_header(arena, out, "apns-expiration: %lld", push->ttl_s > 0 ?
		       (long long)(now_s + push->ttl_s) : 0LL);
	request_header(arena, out, "apns-collapse-id: %s",
		       request_collapse_id(arena, push));

	return true;
}
