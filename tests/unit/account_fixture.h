/*
 * account_fixture.h - an account that has lost something, and its mails.
 */
#ifndef TESTS_UNIT_ACCOUNT_FIXTURE_H
#define TESTS_UNIT_ACCOUNT_FIXTURE_H

#include "tests/unit/harness.h"

#include "runtime/arena.h"
#include "runtime/link.h"

/* An account with a session, and that session's access token. */
struct owner {
	const char *email, *account, *session, *token;
};

static inline struct owner owner_new(void)
{
	struct owner o = { .email = fresh_email() };

	o.account = account_new(o.email);
	o.session = session_of(o.account);
	o.token = token_of(o.account, o.session);

	return o;
}

/* How many mails of a template wait for an address. */
static inline const char *mails(const char *address, const char *template)
{
	return sql("SELECT count(*) FROM auth.mail WHERE template = '%s'"
		   " AND auth.email_key(address) = auth.email_key('%s')",
		   template, address);
}

/* Claims the newest of them as the worker does: its id; "" if it had no point. */
static inline const char *mail_claimed(const char *address,
				       const char *template)
{
	const char *id = sql(
		"UPDATE auth.mail SET due_at = '-infinity' WHERE id = ("
		" SELECT id FROM auth.mail WHERE template = '%s'"
		" AND auth.email_key(address) = auth.email_key('%s')"
		" ORDER BY created_at DESC LIMIT 1) RETURNING id",
		template, address);

	assert_string_not_equal(id, "");
	return sql("SELECT id FROM auth.claim_mail('1 hour') WHERE id = '%s'",
		   id);
}

/* The token of a link's id. */
static inline const char *opened(const char *purpose, const char *id)
{
	struct arena *arena = arena_new();
	const char *token = text("%s", link_make(arena, purpose, id));

	arena_free(arena);
	return token;
}

/* The token in the newest mail of a template to this address. */
static inline const char *link_to(const char *address, const char *template)
{
	const char *id = mail_claimed(address, template);

	return opened(sql("SELECT purpose FROM auth.link WHERE id = '%s'", id),
		      id);
}

static inline struct reply forgot(const char *email)
{
	return POST("/password/forgot", text("{\"email\":\"%s\"}", email));
}

static inline struct reply reset(const char *token, const char *password)
{
	return POST("/password/reset",
		    text("{\"token\":\"%s\",\"password\":\"%s\"}", token,
			 password));
}

/* A session's reason to have ended; "": lives. */
static inline const char *ended(const char *session)
{
	return sql("SELECT end_reason FROM auth.session WHERE id = '%s'",
		   session);
}

static inline const char *hash_of(const char *account)
{
	return sql("SELECT password FROM auth.account WHERE id = '%s'",
		   account);
}

#endif
