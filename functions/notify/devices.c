/*
 * devices.c - see notify.h.
 *
 * A device is a session that takes pushes: it registers with a token of its
 * provider's, which replaces the one before, and ends with the session.
 */
#include <string.h>

#include "runtime/base64url.h"
#include "runtime/conf.h"
#include "runtime/json.h"
#include "runtime/keys.h"
#include "runtime/uuid.h"

#include "functions/notify/notify.h"

#include "notify.sql.h"

enum {
	TOKEN_BYTES = 1024,
	APNS_HEX_MAX = 200,		/* 64 today, "variable length" */
	POINT_BYTES = 65, AUTH_BYTES = 16,	/* RFC 8291, 3.1 and 3.2 */
};

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
#define ALNUM LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

struct device {
	const char *platform;
	const char *token;		/* webpush: the endpoint */
	const char *p256dh, *auth;	/* webpush, base64url */
	const char *environment;	/* apns; NULL: production */
};

static const char *const platforms[] = { "fcm", "apns", "webpush", NULL };
static const char *const environments[] = { "production", "sandbox", NULL };

static const struct json_field device_fields[] = {
	JSON_CHOICE(struct device, platform, platforms),
	JSON_TEXT(struct device, token, 1, TOKEN_BYTES),
	JSON_TEXT(struct device, p256dh, 0, 128),
	JSON_TEXT(struct device, auth, 0, 128),
	JSON_CHOICE(struct device, environment, environments),
	{ 0 }
};

struct preferences {
	const char *language, *message, *request, *accepted, *login, *service;
};

static const char *const languages[] = { "en", "ru", NULL };

static const struct json_field preferences_fields[] = {
	JSON_CHOICE(struct preferences, language, languages),
	JSON_BOOLEAN(struct preferences, message),
	JSON_BOOLEAN(struct preferences, request),
	JSON_BOOLEAN(struct preferences, accepted),
	JSON_BOOLEAN(struct preferences, login),
	JSON_BOOLEAN(struct preferences, service),
	{ 0 }
};

struct mute {
	const char *chat_id;
};

static const struct json_field mute_fields[] = {
	JSON_ID(struct mute, chat_id),
	{ 0 }
};

enum err platform_list(struct req *req)
{
	const char *key = keys_vapid();

	return http_json(req, 200, arena_printf(req->arena,
		"{\"fcm\":%s,\"apns\":%s,\"webpush\":%s}",
		conf.fcm_account ? "true" : "false",
		conf.apns_key ? "true" : "false",
		key ? arena_printf(req->arena, "\"%s\"", key) : "null"));
}

static bool is_served(const char *platform)
{
	if (strcmp(platform, "fcm") == 0)
		return conf.fcm_account;
	if (strcmp(platform, "apns") == 0)
		return conf.apns_key;
	return keys_vapid();
}

/* https://host/..., of what a URL may have; who is there the worker looks at. */
static bool endpoint_valid(const char *token)
{
	static const char scheme[] = "https://";
	const char *host = token + sizeof(scheme) - 1;
	size_t bytes;

	if (strncmp(token, scheme, sizeof(scheme) - 1) != 0)
		return false;
	bytes = strspn(host, LOWER "-.:[]");

	return bytes > 0 && strchr("-.:", host[0]) == NULL &&
	       host[bytes] == '/' &&
	       strspn(host, ALNUM "-._~:/?[]!$&'()*+,;=%") == strlen(host);
}

static bool token_valid(const char *platform, const char *token)
{
	const size_t bytes = strlen(token);

	if (bytes > TOKEN_BYTES)
		return false;
	if (strcmp(platform, "webpush") == 0)
		return endpoint_valid(token);
	if (strcmp(platform, "apns") == 0)
		return bytes % 2 == 0 && bytes <= APNS_HEX_MAX &&
		       strspn(token, "0123456789abcdefABCDEF") == bytes;
	return strspn(token, ALNUM "-_:") == bytes;
}

static bool key_valid(const char *text, size_t bytes)
{
	unsigned char key[POINT_BYTES];

	/* A point begins with 4, for "uncompressed"; a secret with anything. */
	return strlen(text) == BASE64URL_CHARS(bytes) &&
	       base64url_decode(text, strlen(text), key) &&
	       (bytes != POINT_BYTES || key[0] == 4);
}

/* The keys of a browser, and of nothing else. */
static enum err check_keys(struct req *req, const struct device *d)
{
	const bool wanted = strcmp(d->platform, "webpush") == 0;

	if (!d->p256dh != !wanted)
		return http_invalid(req, "/p256dh",
				    wanted ? "required" : "not_for_platform");
	if (!d->auth != !wanted)
		return http_invalid(req, "/auth",
				    wanted ? "required" : "not_for_platform");
	if (wanted && !key_valid(d->p256dh, POINT_BYTES))
		return http_invalid(req, "/p256dh", "not_a_key");
	if (wanted && !key_valid(d->auth, AUTH_BYTES))
		return http_invalid(req, "/auth", "not_a_key");

	return OK;
}

static enum err read_device(struct req *req, struct device *d)
{
	enum err err;

	err = http_body(req, device_fields, d);
	if (err)
		return err;
	if (!d->platform)
		return http_invalid(req, "/platform", "required");
	if (!is_served(d->platform))
		return http_invalid(req, "/platform", "not_available");
	if (!token_valid(d->platform, d->token))
		return http_invalid(req, "/token", "not_a_token");
	if (d->environment && strcmp(d->platform, "apns") != 0)
		return http_invalid(req, "/environment", "not_for_platform");

	return check_keys(req, d);
}

/* A registration, and who asks for it. */
struct registration {
	struct req *req;
	struct device device;
	const char *doc;
	bool is_new;
};

/* Two that bring the same token do so in turn: it belongs to the last. */
static enum err register_device(struct db *db, void *registration)
{
	struct registration *r = registration;
	const struct device *d = &r->device;
	const char *const *row;		/* device, whether it is new */
	const char *done;
	enum err err;

	err = db_one(db, &sql_device_lock, ARGS(d->token), &done);
	if (!err)
		err = db_one(db, &sql_device_take,
			     ARGS(r->req->session, d->token), &done);
	if (err)
		return err;
	err = db_row(db, &sql_device_put,
		     ARGS(r->req->session, r->req->user, d->platform, d->token,
			  d->p256dh, d->auth, d->environment), &row);
	if (err)	/* a foreign key: the session has just ended */
		return err == ERR_CONFLICT ? ERR_AUTH : err;
	r->doc = row[0];
	r->is_new = row[1];

	return OK;
}

enum err device_put(struct req *req)
{
	struct registration r = { .req = req };
	enum err err;

	err = read_device(req, &r.device);
	if (!err)
		err = db_atomic(req->db, register_device, &r);
	if (err)
		return err;

	return http_json(req, r.is_new ? 201 : 200, r.doc);
}

enum err device_list(struct req *req)
{
	const char *limit, *after;
	struct db_rows rows;
	enum err err;

	err = http_paging(req, &limit, &after);
	if (err)
		return err;
	err = db_all(req->db, &sql_device_list,
		     ARGS(req->user, req->session, limit, after), &rows);
	if (err)
		return err;

	return http_page(req, &rows, limit);
}

enum err device_delete(struct req *req)
{
	const char *deleted;
	enum err err;

	err = db_one(req->db, &sql_device_delete, ARGS(req->user, req->id),
		     &deleted);

	return err ?: http_empty(req, 204);
}

enum err preferences_get(struct req *req)
{
	const char *doc;
	enum err err;

	err = db_one(req->db, &sql_preferences_get, ARGS(req->user), &doc);

	return err ?: http_json(req, 200, doc);
}

enum err preferences_put(struct req *req)
{
	struct preferences p;
	const char *put;
	enum err err;

	err = http_body(req, preferences_fields, &p);
	if (err)
		return err;
	if (!p.language)
		return http_invalid(req, "/language", "required");

	err = db_one(req->db, &sql_preferences_put,
		     ARGS(req->user, p.language, p.message, p.request,
			  p.accepted, p.login, p.service), &put);
	if (err)	/* a foreign key: the user has just left */
		return err == ERR_CONFLICT ? ERR_AUTH : err;

	return preferences_get(req);
}

enum err mute_add(struct req *req)
{
	const char *muted;
	struct mute m;
	enum err err;

	err = http_body(req, mute_fields, &m);
	if (err)
		return err;
	err = db_one(req->db, &sql_mute_add, ARGS(req->user, m.chat_id),
		     &muted);

	return err ?: http_empty(req, 204);
}

enum err mute_remove(struct req *req)
{
	const char *id, *removed;
	enum err err;

	err = http_query(req, "chat_id", &id);
	if (err)
		return err;
	if (!id)
		return http_invalid(req, "chat_id", "required");
	if (!uuid_valid(id))
		return http_invalid(req, "chat_id", "not_an_id");
	err = db_one(req->db, &sql_mute_remove, ARGS(req->user, id), &removed);

	return err ?: http_empty(req, 204);
}
