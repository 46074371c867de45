/* provider.c - see provider.h. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "functions/oauth/document.h"
#include "functions/oauth/fetch.h"
#include "functions/oauth/provider.h"
#include "runtime/conf.h"
#include "runtime/json.h"
#include "runtime/jwt.h"
#include "runtime/log.h"

enum { NAME_BYTES = 32, FILE_BYTES = 256 * 1024 };

static const struct preset {
	const char *name, *title, *issuer, *scope, *response_mode;
	enum provider_kind kind;
	bool trusts_email;
} presets[] = {
	{ "google", "Google", "https://accounts.google.com", "openid email",
	  NULL, PROVIDER_OIDC, true },
	/* Apple gives names and addresses to a form only. */
	{ "apple", "Apple", "https://appleid.apple.com", "name email",
	  "form_post", PROVIDER_APPLE, true },
	{ "github", "GitHub", "https://github.com", "read:user user:email",
	  NULL, PROVIDER_GITHUB, false },
};

/* Without one. */
static const struct preset none = { .scope = "openid email" };

static struct providers all;

const struct providers *providers(void)
{
	return &all;
}

const struct provider *provider_named(const char *name)
{
	for (size_t i = 0; i < all.n; i++)
		if (strcmp(all.v[i].name, name) == 0)
			return &all.v[i];

	return NULL;
}

bool provider_lists(const char *const *list, const char *text)
{
	for (; *list; list++)
		if (strcmp(*list, text) == 0)
			return true;

	return false;
}

static bool name_valid(const char *name)
{
	const size_t bytes = strlen(name);

	/* A password is another way to sign in. */
	return bytes >= 1 && bytes <= NAME_BYTES &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz"
			    "0123456789-_") == bytes &&
	       strcmp(name, "password") != 0;
}

/* NULL: no such preset. */
static const struct preset *preset_named(const char *name)
{
	for (size_t i = 0; i < sizeof(presets) / sizeof(*presets); i++)
		if (strcmp(presets[i].name, name) == 0)
			return &presets[i];

	return NULL;
}

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* The first member that is none or of a wrong type; NULL: there is none. */
static const char *bad_member(json_t *object)
{
	static const char *const texts[] = {
		"preset", "issuer", "client_id", "client_secret", "team_id",
		"key_id", "key_file", "title", "scope", NULL
	};
	static const char *const lists[] = {
		"redirect_uris", "audiences", NULL
	};
	const char *name;
	json_t *value, *element;
	size_t i;

	json_object_foreach(object, name, value) {
		bool fits = (provider_lists(texts, name) &&
			     json_string_length(value) > 0) ||
			    (provider_lists(lists, name) &&
			     json_is_array(value)) ||
			    (strcmp(name, "trusts_email") == 0 &&
			     json_is_boolean(value));

		json_array_foreach(value, i, element)
			fits = fits && json_string_length(element) > 0;
		if (!fits)
			return name;
	}
	return NULL;
}

/* first_or_null, then what an array has, then NULL. */
static const char *const *list_of(struct arena *arena,
				  const char *first_or_null, json_t *array)
{
	const size_t n = json_array_size(array);
	const char **list = arena_alloc(arena, (n + 2) * sizeof(*list));
	const char **p = list;

	if (first_or_null)
		*p++ = first_or_null;
	for (size_t i = 0; i < n; i++)
		*p++ = json_string_value(json_array_get(array, i));

	return list;
}

static void free_key(void *key)
{
	EVP_PKEY_free(key);
}

static const char *read_apple(struct arena *arena, json_t *object,
			      struct provider *p)
{
	const char *file = text_of(object, "key_file");

	p->team_id = text_of(object, "team_id");
	p->key_id = text_of(object, "key_id");
	if (!p->team_id || !p->key_id || !file)
		return "needs team_id, key_id and key_file";

	p->key = jwt_key_file(file);
	if (!p->key)
		return "key_file holds no private key";
	arena_defer(arena, free_key, p->key);

	return EVP_PKEY_is_a(p->key, "EC") ? NULL
					   : "key_file holds no key on P-256";
}

static bool issuer_valid(const char *issuer)
{
	const char *host = strstr(issuer, "://");

	return fetch_takes(issuer) && host[3] && !strpbrk(issuer, "?# @");
}

/* What is wrong; NULL: nothing. */
static const char *read_provider(struct arena *arena, const char *name,
				 json_t *object, struct provider *p)
{
	const char *bad = bad_member(object);
	const char *called = text_of(object, "preset");
	const struct preset *preset = called ? preset_named(called) : &none;
	const json_t *trusts = json_object_get(object, "trusts_email");

	if (!name_valid(name))
		return "its name is not 1 to 32 of a-z, 0-9, - and _";
	if (bad)
		return arena_printf(arena, "member %s", bad);
	if (!preset)
		return "no such preset";

	*p = (struct provider){
		.name = name, .kind = preset->kind,
		.title = text_of(object, "title") ?: preset->title ?: name,
		.scope = text_of(object, "scope") ?: preset->scope,
		.issuer = text_of(object, "issuer") ?: preset->issuer,
		.client_id = text_of(object, "client_id"),
		.client_secret = text_of(object, "client_secret"),
		.trusts_email = trusts ? json_is_true(trusts)
				       : preset->trusts_email,
		.response_mode = preset->response_mode,
		.redirect_uris = list_of(arena, NULL,
			json_object_get(object, "redirect_uris")),
		.metadata = document_new(arena), .keys = document_new(arena),
	};
	if (!p->issuer || !p->client_id ||
	    !json_object_get(object, "redirect_uris"))
		return "needs preset or issuer, client_id and redirect_uris";
	if (!issuer_valid(p->issuer))
		return "its issuer is no https URL";
	p->audiences = list_of(arena, p->client_id,
			       json_object_get(object, "audiences"));

	return p->kind == PROVIDER_APPLE ? read_apple(arena, object, p) : NULL;
}

const char *providers_parse(struct arena *arena, const char *text,
			    size_t bytes, struct providers *out)
{
	json_t *object = json_document(arena, text, bytes), *value;
	struct provider *v, *p;
	const char *name, *wrong;

	if (!json_is_object(object))
		return "it is no JSON object";
	v = arena_alloc(arena, (json_object_size(object) + 1) * sizeof(*v));
	p = v;
	json_object_foreach(object, name, value) {
		wrong = json_is_object(value) ?
			read_provider(arena, name, value, p++) : "no object";
		if (wrong)
			return arena_printf(arena, "%s: %s", name, wrong);
	}
	*out = (struct providers){ v, json_object_size(object) };

	return NULL;
}

void providers_read(const char *file_or_null)
{
	static struct arena *arena;
	const char *wrong;
	FILE *file;
	char *text;
	size_t bytes;

	if (!file_or_null)
		return;
	file = fopen(file_or_null, "re");
	if (!file)
		log_exit(EXIT_CONFIG, "%s: %s", file_or_null, strerror(errno));
	arena = arena_new();
	text = arena_alloc(arena, FILE_BYTES);
	bytes = fread(text, 1, FILE_BYTES, file);
	fclose(file);

	wrong = bytes < FILE_BYTES ? providers_parse(arena, text, bytes, &all)
				   : "it is too long";
	if (wrong)
		log_exit(EXIT_CONFIG, "%s: %s", file_or_null, wrong);
}
