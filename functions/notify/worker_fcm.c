/* worker_fcm.c - requests to FCM and the account's token: see worker_fcm.h. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "functions/notify/worker_fcm.h"
#include "runtime/conf.h"
#include "runtime/jwt.h"
#include "runtime/log.h"

enum {
	ASSERTION_S = 3600,	/* the most that Google allows */
	EARLY_S = 300,		/* a token is renewed before it ends */
	NEW_S = 60,		/* so young a token isn't asked for anew */
	LONGEST_WAIT_S = 300,	/* after failures */
	TOKEN_BYTES = 4096,
};

struct fcm {
	json_t *account;		/* the strings below are its */
	const char *email, *key_id, *token_uri;
	EVP_PKEY *key;
	struct arena *arena;
	const char *send_url;

	char token[TOKEN_BYTES];	/* "": none */
	int number;
	int64_t got_s, renew_s, ends_s;
	bool asked;
	int failures;			/* in a row */
	int64_t next_s;			/* no earlier request for a token */
};

static const char *member(const struct fcm *f, const char *path,
			  const char *name)
{
	const char *text = json_string_value(json_object_get(f->account,
							     name));

	if (!text)
		log_exit(EXIT_CONFIG, "%s: no service account: it has no %s",
			 path, name);
	return text;
}

struct fcm *fcm_new(const char *account, const char *url)
{
	struct fcm *f = calloc(1, sizeof(*f));

	if (!f)
		log_exit(EXIT_SYSTEM, "out of memory");
	f->account = json_load_file(account, 0, NULL);
	if (!f->account)
		log_exit(EXIT_CONFIG, "%s: can't be read as JSON", account);
	f->email = member(f, account, "client_email");
	f->key_id = member(f, account, "private_key_id");
	f->token_uri = member(f, account, "token_uri");
	f->key = jwt_key_text(account, member(f, account, "private_key"));
	if (!f->key || !EVP_PKEY_is_a(f->key, "RSA"))
		log_exit(EXIT_CONFIG, "%s: its key is not of RSA", account);
	f->arena = arena_new();
	f->send_url = arena_printf(f->arena, "%s/v1/projects/%s/messages:send",
				   url, member(f, account, "project_id"));

	return f;
}

void fcm_free(struct fcm *f)
{
	if (!f)
		return;
	arena_free(f->arena);
	EVP_PKEY_free(f->key);
	json_decref(f->account);
	free(f);
}

bool fcm_ready(const struct fcm *f, int64_t now_s)
{
	return f->token[0] && now_s < f->ends_s;
}

bool fcm_wants_token(const struct fcm *f, int64_t now_s)
{
	return !f->asked && now_s >= f->next_s &&
	       (!f->token[0] || now_s >= f->renew_s);
}

static void token_failed(struct fcm *f, int64_t now_s, const char *why)
{
	int64_t wait_s = LONGEST_WAIT_S;

	if (f->failures < 9)
		wait_s = INT64_C(1) << f->failures++;
	f->next_s = now_s + (wait_s < LONGEST_WAIT_S ? wait_s
						     : LONGEST_WAIT_S);
	log_error("fcm: no access token: %s", why);
}

bool fcm_ask_token(struct fcm *f, struct arena *arena, int64_t now_s,
		   struct request *out)
{
	static const char scope[] =
		"https://www.googleapis.com/auth/firebase.messaging";
	const char *body, *jwt = jwt_sign(arena, f->key, f->key_id,
		json_pack("{s:s,s:s,s:s,s:I,s:I}", "iss", f->email,
			  "scope", scope, "aud", f->token_uri,
			  "iat", (json_int_t)now_s,
			  "exp", (json_int_t)(now_s + ASSERTION_S)));

	if (!jwt) {
		token_failed(f, now_s, "the account's key can't sign");
		return false;
	}
	body = arena_printf(arena, "grant_type=urn%%3Aietf%%3Aparams%%3Aoauth"
			    "%%3Agrant-type%%3Ajwt-bearer&assertion=%s", jwt);
	*out = (struct request){
		.url = f->token_uri, .body = body, .body_bytes = strlen(body),
	};
	request_header(arena, out,
		       "Content-Type: application/x-www-form-urlencoded");
	f->asked = true;

	return true;
}

/* It becomes a header, so nothing but printable ASCII. */
static bool token_fits(const char *token)
{
	if (!token || !*token || strlen(token) >= TOKEN_BYTES)
		return false;
	for (; *token; token++)
		if (*token <= ' ' || *token > '~')
			return false;
	return true;
}

void fcm_take_token(struct fcm *f, int64_t now_s, const struct answer *answer)
{
	json_t *body = answer->status == 200 ?
		json_loadb(answer->body, answer->body_bytes, 0, NULL) : NULL;
	const char *token = json_string_value(json_object_get(body,
							"access_token"));
	const int64_t s = json_integer_value(json_object_get(body,
							"expires_in"));

	f->asked = false;
	if (!token_fits(token) || s <= 0) {
		char why[32];

		snprintf(why, sizeof(why), "status %ld", answer->status);
		token_failed(f, now_s, why);
		json_decref(body);
		return;
	}

	strcpy(f->token, token);
	json_decref(body);
	f->number++;
	f->failures = 0;
	f->got_s = now_s;
	f->ends_s = now_s + s;
	f->renew_s = now_s + (s > 2 * EARLY_S ? s - EARLY_S : s / 2);
}

int fcm_token_number(const struct fcm *f)
{
	return f->number;
}

bool fcm_token_refused(struct fcm *f, int64_t now_s, int number)
{
	if (number != f->number)
		return true;
	if (f->token[0] && now_s < f->got_s + NEW_S)
		return false;

	f->token[0] = '\0';
	return true;
}

void fcm_request(const struct fcm *f, struct arena *arena,
		 const struct push *push, struct request *out)
{
	*out = (struct request){
		.url = f->send_url, .body = push->payload,
		.body_bytes = strlen(push->payload),
	};
	request_header(arena, out, "Authorization: Bearer %s", f->token);
	request_header(arena, out, "Content-Type: application/json");
}
