/*
 * sign_in.c - see oauth.h: tokens for who is somebody at a provider.
 *
 * A request that is refused leaves nothing, its nonce unused: what is written
 * is one transaction.  Two that come at once as the same new somebody meet at
 * the identity's key; the second then finds the account of the first.
 */
#include <string.h>

#include "functions/oauth/oauth.h"
#include "runtime/nickname.h"
#include "runtime/session.h"
#include "runtime/uuid.h"

#include "oauth.sql.h"

enum { TRIES = 3 };

/* One request. */
struct signing_in {
	struct req *req;
	const struct identity *who;
	struct nickname nickname;	/* all NULL: none */
	bool is_wish;			/* or none, if it can't be had */
	struct session session;

	/* What came of it. */
	const char *account, *doc;
	int status;
	const char *refusal, *title;	/* of ERR_CONFLICT; else NULL */
};

/* What identity_find found. */
enum { OWNER, NAMESAKE, PROVED, HAS_PASSWORD };

enum err sign_in_nonce(struct req *req, const struct identity *who)
{
	const char *used;
	enum err err;

	if (!who->nonce_digest)
		return OK;
	err = db_one(req->db, &sql_nonce_use, ARGS(who->nonce_digest), &used);
	if (err == ERR_NOT_FOUND)
		return who->nonce_needed ?
		       proof_refuse(req, "nonce_not_ours") : OK;
	return err;
}

static enum err refuse(struct signing_in *s, const char *code,
		       const char *title)
{
	s->refusal = code;
	s->title = title;
	return ERR_CONFLICT;
}

static enum err enter(struct signing_in *s, const char *account)
{
	const struct session *session = &s->session;

	s->account = account;
	s->status = 200;
	return db_one(s->req->db, &sql_session_start,
		      ARGS(account, session->id, session->device,
			   s->req->address, session->idle_s, session->ttl_s,
			   session->most, s->who->provider->name,
			   s->req->traceparent), &s->doc);
}

static enum err link_and_enter(struct signing_in *s, const char *account)
{
	const char *made;
	enum err err;

	err = identities_add(s->req, s->who, account, &made);
	if (err)
		return err;

	return enter(s, account);
}

/* email_or_null is the account's. */
static enum err create(struct signing_in *s, const char *email_or_null)
{
	const struct identity *who = s->who;
	struct arena *arena = s->req->arena;
	const struct session *session = &s->session;
	const char *taken;
	enum err err = ERR_NOT_FOUND;

	if (s->nickname.key)
		err = db_one(s->req->db, &sql_nickname_find,
			     ARGS(s->nickname.key), &taken);
	if (err && err != ERR_NOT_FOUND)
		return err;
	if (!err && !s->is_wish)
		return refuse(s, "nickname_taken", "The nickname is taken");
	if (!err)
		s->nickname = (struct nickname){ 0 };

	s->account = uuid_new(arena);
	s->status = 201;
	err = db_one(s->req->db, &sql_account_create,
		     ARGS(uuid_new(arena), who->issuer, who->subject,
			  s->account, who->provider->name, who->email,
			  email_or_null,
			  email_or_null && who->email_proved ? "true" : "false",
			  s->nickname.shown, s->nickname.key,
			  s->nickname.search, session->id, session->device,
			  s->req->address, session->idle_s, session->ttl_s,
			  s->req->traceparent), &s->doc);

	return err == ERR_NOT_FOUND ? ERR_CONFLICT : err;
}

/*
 * An account with the same address is the same person's if both sides have
 * proved it.  If one has, or the account has a password, its owner shall say
 * so, logged in.  What nobody proved says nothing, and is the account's that
 * had it first.
 */
static enum err sign_in(struct signing_in *s)
{
	const struct identity *who = s->who;
	const char *const *found;
	enum err err;

	err = db_row(s->req->db, &sql_identity_find,
		     ARGS(who->issuer, who->subject, who->email), &found);
	if (err)
		return err;

	if (found[OWNER])
		return enter(s, found[OWNER]);
	if (!found[NAMESAKE])
		return create(s, who->email);
	if (found[PROVED] && who->email_proved)
		return link_and_enter(s, found[NAMESAKE]);
	if (found[PROVED] || found[HAS_PASSWORD] || who->email_proved)
		return refuse(s, "link_required",
			      "An account has this address: log in and link");

	return create(s, NULL);
}

static enum err sign_in_once(struct db *db, void *arg)
{
	struct signing_in *s = arg;
	enum err err;

	(void)db;
	s->refusal = NULL;
	err = sign_in_nonce(s->req, s->who);
	if (err)
		return err;

	return sign_in(s);
}

enum err sign_in_post(struct req *req)
{
	struct signing_in s = { .req = req };
	struct identity who;
	struct sign_in body;
	const char *reason;
	enum err err;
	int tries = 0;

	err = proof_read(req, &body, &who);
	if (err)
		return err;
	reason = body.nickname ? nickname_read(req->arena, body.nickname,
					       &s.nickname) : NULL;
	/* The code is used up: to refuse would lose the sign-in. */
	s.is_wish = body.code;
	if (reason && !s.is_wish)
		return http_invalid(req, "/nickname", reason);

	s.who = &who;
	session_new(req, body.device, &s.session);
	do
		err = db_atomic(req->db, sign_in_once, &s);
	while (err == ERR_CONFLICT && !s.refusal && ++tries < TRIES);
	if (err == ERR_CONFLICT)
		return s.refusal ? http_fail(req, err, s.refusal, s.title)
				 : ERR_UNAVAILABLE;
	if (err)
		return err == ERR_NOT_FOUND ? ERR_UNAVAILABLE : err;

	return session_tokens(req, s.status, s.account, s.session.id, 0,
			      s.doc);
}
