/* auth.c - see auth.h. */
#include <openssl/sha.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "runtime/auth.h"
#include "runtime/clock.h"
#include "runtime/token.h"

#include "auth.sql.h"

enum {
	REMEMBERED = 4096,	/* tokens of a process; a power of two */
	LOOK_AGAIN_MS = 900,
};

/* A verified token, at the place that its digest names. */
struct entry {
	unsigned char digest[SHA256_DIGEST_LENGTH];
	struct token_claims claims;
	int64_t looked_ms;	/* CLOCK_MONOTONIC; when it was live */
};

static struct entry remembered[REMEMBERED];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct entry *place_of(const unsigned char *digest)
{
	size_t n;

	memcpy(&n, digest, sizeof(n));
	return &remembered[n % REMEMBERED];
}

/* Copies the claims of a token that is remembered and hasn't expired. */
static bool recall(const unsigned char *digest, int64_t now_s,
		   struct entry *out)
{
	bool known;

	pthread_mutex_lock(&lock);
	*out = *place_of(digest);
	pthread_mutex_unlock(&lock);

	known = memcmp(out->digest, digest, sizeof(out->digest)) == 0;
	return known && now_s < out->claims.expires_s;
}

static void remember(const struct entry *e)
{
	pthread_mutex_lock(&lock);
	*place_of(e->digest) = *e;
	pthread_mutex_unlock(&lock);
}

/* RFC 6750, 2.1. */
static const char *bearer_token(const struct req *req)
{
	static const char scheme[] = "Bearer ";
	const size_t bytes = sizeof(scheme) - 1;

	if (!req->authorization ||
	    strncasecmp(req->authorization, scheme, bytes) != 0)
		return NULL;

	return req->authorization + bytes;
}

/* Does the session, or the service, live? */
static enum err look_again(struct req *req, struct entry *e, int64_t now_ms)
{
	const char *live;
	enum err err;

	err = db_one(req->db, *e->claims.scope ? &sql_service_live
					       : &sql_session_live,
		     ARGS(e->claims.session, e->claims.user), &live);
	if (err == ERR_NOT_FOUND)
		return ERR_AUTH;
	if (err)
		return err;

	e->looked_ms = now_ms;
	remember(e);

	return OK;
}

/* Is it a token for this route?  RFC 6750, 3.1. */
static enum err admit(struct req *req, const struct token_claims *claims)
{
	const struct route *r = req->route;

	if (r->auth == AUTH_SERVICE ? token_allows(claims, r->scope)
				    : !*claims->scope)
		return OK;

	req->reply.headers = arena_printf(req->arena,
		"WWW-Authenticate: Bearer realm=\"kith\", "
		"error=\"insufficient_scope\"%s\r\n",
		r->scope ? arena_printf(req->arena, ", scope=\"%s\"", r->scope)
			 : "");
	return ERR_DENIED;
}

enum err auth_check(struct req *req)
{
	const char *token = bearer_token(req);
	const int64_t now = now_ms();
	const int64_t now_s = time(NULL);
	unsigned char digest[SHA256_DIGEST_LENGTH];
	struct entry e;
	enum err err;

	if (!token)
		return ERR_AUTH;

	SHA256((const unsigned char *)token, strlen(token), digest);
	if (!recall(digest, now_s, &e)) {
		err = token_verify(token, now_s, &e.claims);
		if (err)
			return err;
		memcpy(e.digest, digest, sizeof(digest));
		e.looked_ms = now - LOOK_AGAIN_MS;
	}

	if (now - e.looked_ms >= LOOK_AGAIN_MS) {
		err = look_again(req, &e, now);
		if (err)
			return err;
	}
	err = admit(req, &e.claims);
	if (err)
		return err;

	req->user = arena_copy(req->arena, e.claims.user, UUID_TEXT - 1);
	req->session = arena_copy(req->arena, e.claims.session, UUID_TEXT - 1);
	req->expires_s = e.claims.expires_s;

	return OK;
}
