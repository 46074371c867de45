/* github.c - see oauth.h: OAuth 2, and who one is from GitHub's API. */
#include <inttypes.h>
#include <string.h>

#include "functions/oauth/fetch.h"
#include "functions/oauth/oauth.h"
#include "runtime/json.h"
#include "runtime/log.h"

void github_endpoints(struct arena *arena, const struct provider *p,
		      struct endpoints *out)
{
	const char *api = strcmp(p->issuer, "https://github.com") == 0 ?
		"https://api.github.com" :	/* else GitHub Enterprise */
		arena_printf(arena, "%s/api/v3", p->issuer);

	*out = (struct endpoints){
		.authorization = arena_printf(arena, "%s/login/oauth/authorize",
					      p->issuer),
		.token = arena_printf(arena, "%s/login/oauth/access_token",
				      p->issuer),
		.user = arena_printf(arena, "%s/user", api),
		.emails = arena_printf(arena, "%s/user/emails", api),
		.secret_in_body = true,
	};
}

/* *out is NULL if the token doesn't allow it. */
static enum err get(const struct ask *a, const char *url,
		    const char *access_token, json_t **out)
{
	const struct fetch f = {
		.url = url, .deadline_ms = a->deadline_ms,
		.authorization = arena_printf(a->req->arena, "Bearer %s",
					      access_token),
	};
	struct fetched answer;
	enum err err;

	err = fetch(a->req->arena, &f, &answer);
	if (err)
		return err;
	*out = answer.status == 200 ? answer.json : NULL;

	return OK;
}

/* The address that its owner uses first, if it is verified; else NULL. */
static const char *address_of(const json_t *emails)
{
	for (size_t i = 0; i < json_array_size(emails); i++) {
		const json_t *entry = json_array_get(emails, i);
		const char *email = json_string_value(
			json_object_get(entry, "email"));

		if (json_is_true(json_object_get(entry, "primary")) &&
		    json_is_true(json_object_get(entry, "verified")) &&
		    email && json_email(email))
			return email;
	}
	return NULL;
}

enum err github_identity(const struct ask *a, const struct endpoints *e,
			 const char *access_token, struct identity *out)
{
	json_t *user, *emails, *id;
	enum err err;

	err = get(a, e->user, access_token, &user);
	if (err)
		return err;
	id = json_object_get(user, "id");
	if (!json_is_integer(id) || json_integer_value(id) <= 0) {
		log_error("%s: a user without an id", a->provider->name);
		return ERR_UNAVAILABLE;
	}
	err = get(a, e->emails, access_token, &emails);
	if (err)
		return err;

	*out = (struct identity){
		.subject = arena_printf(a->req->arena, "%" PRIdMAX,
					(intmax_t)json_integer_value(id)),
		.email = address_of(emails),
	};
	out->email_proved = out->email && a->provider->trusts_email;

	return OK;
}
