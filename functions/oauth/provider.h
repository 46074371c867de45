/*
 * provider.h - whose accounts sign in here: the file conf.oauth_providers.
 *
 * An object with a member a provider, by the name that clients use:
 *
 *	preset		"google", "apple" or "github"; or
 *	issuer		URL, exactly as the provider says it; with a preset:
 *			instead of its own (GitHub Enterprise)
 *	client_id	ours
 *	client_secret	without one, we are known by PKCE alone
 *	team_id, key_id, key_file
 *			of Apple's preset, which signs its secret
 *	title		for people; the name, if there is none
 *	scope		what is asked for
 *	redirect_uris	the only ones; [] for apps alone
 *	audiences	client ids of apps, whose tokens are taken too
 *	trusts_email	an e-mail address that it calls verified is the
 *			user's: true for Google and Apple, else false
 *
 * Ownership: providers are static once read.
 */
#ifndef OAUTH_PROVIDER_H
#define OAUTH_PROVIDER_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

#include "runtime/arena.h"

enum provider_kind { PROVIDER_OIDC, PROVIDER_APPLE, PROVIDER_GITHUB };

struct document;		/* document.h */

struct provider {
	const char *name, *title, *scope;
	enum provider_kind kind;
	const char *issuer;
	const char *client_id;
	const char *client_secret;		/* NULL: none, or Apple's */
	const char *team_id, *key_id;		/* Apple's */
	EVP_PKEY *key;
	const char *const *redirect_uris;	/* each ends with NULL */
	const char *const *audiences;		/* the client_id is the first */
	bool trusts_email;
	const char *response_mode;		/* NULL: the usual one */
	struct document *metadata, *keys;
};

struct providers {
	const struct provider *v;	/* v[n] */
	size_t n;
};

/*
 * Read text, which is the file's.  NULL, or what is wrong with it: then *out is
 * untouched.
 */
const char *providers_parse(struct arena *, const char *text, size_t bytes,
			    struct providers *out);

/* Ends the process with EXIT_CONFIG for a file that is wrong. */
void providers_read(const char *file_or_null);

const struct providers *providers(void);

/* NULL: none is called so. */
const struct provider *provider_named(const char *name);

/* text is one of a list that ends with NULL. */
bool provider_lists(const char *const *list, const char *text);

#endif
