/* proof.c - see oauth.h. */
#include <string.h>

#include "functions/oauth/fetch.h"
#include "functions/oauth/id_token.h"
#include "functions/oauth/oauth.h"
#include "runtime/clock.h"
#include "runtime/crowd.h"
#include "runtime/json.h"
#include "runtime/keys.h"
#include "runtime/log.h"

enum { VERIFIER_CHARS_LEAST = 43, VERIFIER_CHARS_MOST = 128 };

static const struct json_field sign_in_fields[] = {
	JSON_TEXT(struct sign_in, provider,      1, 32),
	JSON_TEXT(struct sign_in, code,          0, 4096),
	JSON_TEXT(struct sign_in, code_verifier, 0, VERIFIER_CHARS_MOST),
	JSON_TEXT(struct sign_in, redirect_uri,  0, 2048),
	JSON_TEXT(struct sign_in, iss,           0, 2048),
	JSON_TEXT(struct sign_in, id_token,      0, ID_TOKEN_CHARS),
	JSON_TEXT(struct sign_in, nonce,         0, 256),
	JSON_TEXT(struct sign_in, device,        0, 64),
	JSON_TEXT(struct sign_in, nickname,      0, 128),
	{ 0 }
};

const char *proof_nonce_digest(struct arena *arena, const char *nonce)
{
	return keys_mac(arena, "nonce", nonce, strlen(nonce));
}

enum err proof_refuse(struct req *req, const char *reason)
{
	log_warn("an id_token is refused: %s", reason);
	return http_fail(req, ERR_AUTH, "invalid_token",
			 "The id_token is not valid");
}

/* RFC 7636, 4.1. */
static bool verifier_valid(const char *text)
{
	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz"
			    "0123456789-._~") == strlen(text);
}

static enum err check_code(struct req *req, const struct provider *p,
			   const struct sign_in *s)
{
	if (!*s->code)
		return http_invalid(req, "/code", "too_short");
	if (!s->code_verifier)
		return http_invalid(req, "/code_verifier", "required");
	if (strlen(s->code_verifier) < VERIFIER_CHARS_LEAST)
		return http_invalid(req, "/code_verifier", "too_short");
	if (!verifier_valid(s->code_verifier))
		return http_invalid(req, "/code_verifier", "not_allowed");
	if (!s->redirect_uri)
		return http_invalid(req, "/redirect_uri", "required");

	return provider_lists(p->redirect_uris, s->redirect_uri) ? OK :
	       http_invalid(req, "/redirect_uri", "not_a_choice");
}

static enum err check_token(struct req *req, const struct provider *p,
			    const struct sign_in *s)
{
	if (p->kind == PROVIDER_GITHUB)		/* signs nothing */
		return http_invalid(req, "/id_token", "unknown");
	if (!s->nonce)
		return http_invalid(req, "/nonce", "required");
	if (s->code_verifier)
		return http_invalid(req, "/code_verifier", "unknown");
	if (s->redirect_uri)
		return http_invalid(req, "/redirect_uri", "unknown");

	return s->iss ? http_invalid(req, "/iss", "unknown") : OK;
}

static enum err check(struct req *req, const struct sign_in *s,
		      const struct provider **provider)
{
	const struct provider *p = provider_named(s->provider);

	if (!p)
		return http_invalid(req, "/provider", "not_a_choice");
	if (!s->code && !s->id_token)
		return http_invalid(req, "/code", "required");
	if (s->code && s->id_token)
		return http_invalid(req, "/id_token", "unknown");
	if (s->nonce && !*s->nonce)
		return http_invalid(req, "/nonce", "too_short");
	*provider = p;

	return s->code ? check_code(req, p, s) : check_token(req, p, s);
}

/* RFC 9207: was it this provider that gave the code?  Before it goes there. */
static enum err check_iss(const struct ask *a, const struct endpoints *e)
{
	const char *iss = a->sign_in->iss;

	if (!iss && e->says_iss)
		return http_invalid(a->req, "/iss", "required");

	return iss && strcmp(iss, a->provider->issuer) != 0 ?
	       http_invalid(a->req, "/iss", "wrong_issuer") : OK;
}

static enum err by_code(const struct ask *a, const struct endpoints *e,
			struct identity *out)
{
	const char *id_token, *access_token;
	enum err err;

	err = check_iss(a, e);
	if (err)
		return err;
	err = oidc_exchange(a, e, &id_token, &access_token);
	if (err)
		return err;
	if (a->provider->kind == PROVIDER_GITHUB)
		return github_identity(a, e, access_token, out);
	if (!id_token)
		return proof_refuse(a->req, "none_came");

	return oidc_identity(a, e, id_token, access_token, out);
}

static enum err ask(const struct ask *a, struct identity *out)
{
	struct endpoints e;
	enum err err = OK;

	if (a->provider->kind == PROVIDER_GITHUB)
		github_endpoints(a->req->arena, a->provider, &e);
	else
		err = oidc_endpoints(a->req->arena, a->provider,
				     a->deadline_ms, &e);
	if (err)
		return err;

	return a->sign_in->code ? by_code(a, &e, out) :
	       oidc_identity(a, &e, a->sign_in->id_token, NULL, out);
}

enum err proof_read(struct req *req, struct sign_in *s, struct identity *out)
{
	struct ask a = { .req = req, .sign_in = s };
	enum err err;

	err = http_body(req, sign_in_fields, s);
	if (err)
		return err;
	err = check(req, s, &a.provider);
	if (err)
		return err;

	/* A provider that is slow keeps half of the threads at most. */
	err = crowd_enter(a.provider->name);
	if (err)
		return err;
	a.deadline_ms = now_ms() + ASK_MS;
	err = ask(&a, out);
	crowd_leave(a.provider->name);
	if (err)
		return err;

	out->provider = a.provider;
	out->issuer = a.provider->issuer;
	out->nonce_digest = s->nonce ?
		proof_nonce_digest(req->arena, s->nonce) : NULL;
	out->nonce_needed = s->id_token;

	return OK;
}
