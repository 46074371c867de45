/* oidc.c - see oauth.h: OpenID Connect Discovery and Core, Apple's too. */
#include <string.h>
#include <time.h>

#include "functions/oauth/document.h"
#include "functions/oauth/fetch.h"
#include "functions/oauth/id_token.h"
#include "functions/oauth/oauth.h"
#include "runtime/base64url.h"
#include "runtime/jwt.h"
#include "runtime/log.h"

enum { SECRET_S = 300 };		/* of Apple's signed secret */

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name)) ?: "";
}

/* OpenID Connect Discovery, 4.3: it is what this issuer says of itself. */
static bool metadata_valid(const json_t *metadata, const void *issuer)
{
	return strcmp(text_of(metadata, "issuer"), issuer) == 0 &&
	       fetch_takes(text_of(metadata, "authorization_endpoint")) &&
	       fetch_takes(text_of(metadata, "token_endpoint")) &&
	       fetch_takes(text_of(metadata, "jwks_uri"));
}

static bool has_method(const json_t *methods, const char *method)
{
	for (size_t i = 0; i < json_array_size(methods); i++)
		if (strcmp(json_string_value(json_array_get(methods, i)) ?: "",
			   method) == 0)
			return true;

	return false;
}

enum err oidc_endpoints(struct arena *arena, const struct provider *p,
			int64_t deadline_ms, struct endpoints *out)
{
	const size_t bytes = strlen(p->issuer);
	const struct document_source source = {
		.url = arena_printf(arena, "%.*s%s",
			(int)(bytes - (p->issuer[bytes - 1] == '/')),
			p->issuer, "/.well-known/openid-configuration"),
		.valid = metadata_valid, .arg = p->issuer,
	};
	json_t *metadata, *methods;
	enum err err;

	err = document_get(arena, p->metadata, &source, deadline_ms,
			   &metadata);
	if (err)
		return err;

	methods = json_object_get(metadata,
				  "token_endpoint_auth_methods_supported");
	*out = (struct endpoints){
		.authorization = text_of(metadata, "authorization_endpoint"),
		.token = text_of(metadata, "token_endpoint"),
		.keys = text_of(metadata, "jwks_uri"),
		.user = json_string_value(json_object_get(metadata,
			"userinfo_endpoint")),
		.says_iss = json_is_true(json_object_get(metadata,
			"authorization_response_iss_parameter_supported")),
		.secret_in_body = has_method(methods, "client_secret_post") &&
			!has_method(methods, "client_secret_basic"),
	};
	return OK;
}

/* NULL: there is none. */
static const char *secret_of(struct arena *arena, const struct provider *p)
{
	const json_int_t now_s = time(NULL);

	if (p->kind != PROVIDER_APPLE)
		return p->client_secret;

	return jwt_sign(arena, p->key, p->key_id, json_pack(
		"{s:s,s:I,s:I,s:s,s:s}", "iss", p->team_id, "iat", now_s,
		"exp", now_s + SECRET_S, "aud", p->issuer,
		"sub", p->client_id));
}

static const char *basic(struct arena *arena, const char *id,
			 const char *secret)
{
	const char *pair = arena_printf(arena, "%s:%s",
					fetch_encode(arena, id),
					fetch_encode(arena, secret));
	const size_t bytes = strlen(pair);
	char *text = arena_alloc(arena, 4 * (bytes / 3 + 1) + 1);

	EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)pair,
			(int)bytes);
	return arena_printf(arena, "Basic %s", text);
}

static struct fetch request_of(const struct ask *a, const struct endpoints *e)
{
	struct arena *arena = a->req->arena;
	const struct provider *p = a->provider;
	const struct sign_in *s = a->sign_in;
	const char *secret = secret_of(arena, p);
	const bool in_body = !secret || e->secret_in_body ||
			     p->kind != PROVIDER_OIDC;
	struct fetch f = { .url = e->token, .deadline_ms = a->deadline_ms };

	f.form = arena_printf(arena, "%s%s%s%s%s%s",
		fetch_pair(arena, "grant_type", "authorization_code"),
		fetch_pair(arena, "code", s->code),
		fetch_pair(arena, "redirect_uri", s->redirect_uri),
		fetch_pair(arena, "code_verifier", s->code_verifier),
		in_body ? fetch_pair(arena, "client_id", p->client_id) : "",
		in_body && secret ?
			fetch_pair(arena, "client_secret", secret) : "");
	if (!in_body)
		f.authorization = basic(arena, p->client_id, secret);

	return f;
}

/* RFC 6749, 5.2, and what GitHub says instead, with 200. */
static enum err refuse_code(const struct ask *a, const struct fetched *answer)
{
	static const char *const clients_fault[] = {
		"invalid_grant", "invalid_request", "bad_verification_code",
		"redirect_uri_mismatch", NULL
	};
	const char *error = text_of(answer->json, "error");

	if (provider_lists(clients_fault, error))
		return http_fail(a->req, ERR_AUTH, "invalid_grant",
				 "The provider does not take the code");

	log_error("%s: no tokens: status %ld, error %.40s", a->provider->name,
		  answer->status, error);
	return ERR_UNAVAILABLE;
}

enum err oidc_exchange(const struct ask *a, const struct endpoints *e,
		       const char **id_token, const char **access_token)
{
	const struct fetch f = request_of(a, e);
	struct fetched answer;
	enum err err;

	err = fetch(a->req->arena, &f, &answer);
	if (err)
		return err;
	*access_token = json_string_value(json_object_get(answer.json,
							  "access_token"));
	if (answer.status != 200 || !*access_token)
		return refuse_code(a, &answer);
	*id_token = json_string_value(json_object_get(answer.json,
						      "id_token"));
	return OK;
}

/* *refusal: why not, or NULL. */
static enum err verify(const struct ask *a, const struct endpoints *e,
		       const struct id_token *token, const char **refusal)
{
	const struct document_source source = {
		.url = e->keys, .valid = id_token_keys_valid,
	};
	struct document *document = a->provider->keys;
	json_t *keys;
	enum err err;

	err = document_get(a->req->arena, document, &source, a->deadline_ms,
			   &keys);
	if (err)
		return err;
	*refusal = id_token_verify(token, keys);
	if (!*refusal || strcmp(*refusal, "unknown_kid") != 0)
		return OK;

	err = document_renew(a->req->arena, document, &source, a->deadline_ms,
			     &keys);
	if (err)
		return err == ERR_NOT_FOUND ? OK : err;
	*refusal = id_token_verify(token, keys);

	return OK;
}

/* OpenID Connect Core, 5.3: the address, which many say only here. */
static enum err ask_user(const struct ask *a, const struct endpoints *e,
			 const char *access_token, struct id_claims *claims)
{
	const struct fetch f = {
		.url = e->user, .deadline_ms = a->deadline_ms,
		.authorization = arena_printf(a->req->arena, "Bearer %s",
					      access_token),
	};
	struct fetched answer;
	enum err err;

	err = fetch(a->req->arena, &f, &answer);
	if (err || answer.status != 200 || !answer.json)
		return err;
	if (strcmp(text_of(answer.json, "sub"), claims->subject) != 0)
		return proof_refuse(a->req, "another_user");
	id_claims_email(answer.json, claims);

	return OK;
}

enum err oidc_identity(const struct ask *a, const struct endpoints *e,
		       const char *id_token, const char *access_token,
		       struct identity *out)
{
	const struct provider *p = a->provider;
	const char *const own[] = { p->client_id, NULL };
	const struct id_rules rules = {
		.issuer = p->issuer,
		.audiences = access_token ? own : p->audiences,
		.nonce = a->sign_in->nonce,
		.access_token = access_token,
		.now_s = time(NULL),
	};
	struct id_claims claims;
	struct id_token token;
	const char *refusal;
	enum err err;

	refusal = id_token_read(a->req->arena, id_token, &token);
	if (refusal)
		return proof_refuse(a->req, refusal);
	err = verify(a, e, &token, &refusal);
	if (err)
		return err;
	refusal = refusal ?: id_token_claims(&token, &rules, &claims);
	if (refusal)
		return proof_refuse(a->req, refusal);
	if (access_token && e->user && !claims.email)
		err = ask_user(a, e, access_token, &claims);
	if (err)
		return err;

	*out = (struct identity){
		.subject = claims.subject, .email = claims.email,
		.email_proved = claims.email_verified && p->trusts_email,
	};
	return OK;
}
