/*
 * oauth - sign in with an account at another provider: OpenID Connect or
 * GitHub's OAuth 2.
 *
 *	GET /oauth/providers	200 list
 *	POST /oauth/nonce	201 nonce
 *	POST /oauth		200, 201 tokens | 401 invalid_grant,
 *				invalid_token | 409 link_required,
 *				nickname_taken | 503
 *	POST /oauth/callback	303 to the page | 415 | 422
 *	GET /identities		200 list
 *	POST /identities	200, 201 identity | 401 | 409 identity_taken
 *	DELETE /identities/{id}	204 | 404 | 409 last_way_in
 *
 * oauth.h says which file does what.  There is no need of an Idempotency-Key:
 * who signs in again gets the same account.
 */
#include <jansson.h>
#include <stdlib.h>
#include <openssl/rand.h>

#include "functions/oauth/fetch.h"
#include "functions/oauth/oauth.h"
#include "runtime/base64url.h"
#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/crowd.h"
#include "runtime/log.h"

#include "oauth.sql.h"

enum {
	NONCE_BYTES = 32,
	EACH_MS = 1500,			/* until who is slow is left out */
	LIST_MS = 4000,			/* and who comes after some of them */
};

void function_start(void)
{
	fetch_start();
	providers_read(conf.oauth_providers);
}

static enum err endpoints_of(struct req *req, const struct provider *p,
			     int64_t deadline_ms, struct endpoints *out)
{
	enum err err;

	if (p->kind == PROVIDER_GITHUB) {
		github_endpoints(req->arena, p, out);
		return OK;
	}
	err = crowd_enter(p->name);
	if (err)
		return err;
	err = oidc_endpoints(req->arena, p, deadline_ms, out);
	crowd_leave(p->name);

	return err;
}

static const char *document_of(struct req *req, const struct provider *p,
			       const struct endpoints *e)
{
	json_t *object = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s?}",
		"provider", p->name, "title", p->title,
		"authorization_endpoint", e->authorization,
		"client_id", p->client_id, "scope", p->scope,
		"response_mode", p->response_mode);
	char *text = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	if (!text)
		log_exit(EXIT_SYSTEM, "out of memory");
	arena_defer(req->arena, free, text);

	return text;
}

static enum err provider_list(struct req *req)
{
	const struct providers *all = providers();
	const int64_t end_ms = now_ms() + LIST_MS;
	const char **cells = arena_alloc(req->arena, (2 * all->n + 1) *
						     sizeof(*cells));
	struct db_rows rows = { .ncols = 2, .cell = cells };

	for (size_t i = 0; i < all->n; i++) {
		const struct provider *p = &all->v[i];
		const int64_t deadline_ms = now_ms() + EACH_MS;
		struct endpoints e;

		if (endpoints_of(req, p, deadline_ms < end_ms ? deadline_ms
							      : end_ms,
				 &e) == OK)
			cells[2 * rows.nrows++ + 1] = document_of(req, p, &e);
	}
	return http_items(req, &rows, NULL);
}

static enum err nonce_create(struct req *req)
{
	char nonce[BASE64URL_CHARS(NONCE_BYTES) + 1];
	unsigned char random[NONCE_BYTES];
	const char *expires_at;
	enum err err;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return ERR_INTERNAL;
	base64url_encode(random, sizeof(random), nonce);

	err = db_one(req->db, &sql_nonce_create,
		     ARGS(proof_nonce_digest(req->arena, nonce)), &expires_at);
	if (err)
		return err;

	return http_json(req, 201, arena_printf(req->arena,
		"{\"nonce\":\"%s\",\"expires_at\":\"%s\"}", nonce, expires_at));
}

const struct route routes[] = {
	{ "GET",    "/oauth/providers",  AUTH_NONE, provider_list },
	{ "POST",   "/oauth/nonce",      AUTH_NONE, nonce_create },
	{ "POST",   "/oauth",            AUTH_NONE, sign_in_post },
	{ "POST",   "/oauth/callback",   AUTH_NONE, callback_post },
	{ "GET",    "/identities",       AUTH_USER, identities_list },
	{ "POST",   "/identities",       AUTH_USER, identities_link },
	{ "DELETE", "/identities/{id}",  AUTH_USER, identities_delete },
	{ 0 }
};
