/* session.c - see session.h. */
#include <string.h>
#include <time.h>

#include "runtime/conf.h"
#include "runtime/session.h"
#include "runtime/token.h"
#include "runtime/uuid.h"

enum { DEVICE_BYTES = 64 };

/* A header may hold any bytes: the printable ones of its beginning. */
static const char *device_of(struct req *req)
{
	const char *agent = req->user_agent ?: "";
	char *device = arena_copy(req->arena, agent,
				  strnlen(agent, DEVICE_BYTES));

	for (char *c = device; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';

	return device;
}

void session_new(struct req *req, const char *device_or_null,
		 struct session *out)
{
	*out = (struct session){
		.id = uuid_new(req->arena),
		.device = device_or_null ?: device_of(req),
		.idle_s = arena_printf(req->arena, "%d", conf.refresh_idle_s),
		.ttl_s = arena_printf(req->arena, "%d", conf.refresh_ttl_s),
		.most = arena_printf(req->arena, "%d", conf.sessions),
	};
}

enum err session_tokens(struct req *req, int status, const char *account,
			const char *session, uint32_t counter,
			const char *profile)
{
	const char *access, *refresh;
	enum err err;

	err = token_sign(req->arena, account, session, time(NULL), &access);
	if (err)
		return err;
	err = token_refresh_make(req->arena, session, counter, &refresh);
	if (err)
		return err;

	req->user = account;
	/* Tokens are base64url and dots: nothing to escape. */
	return http_json(req, status, arena_printf(req->arena,
		"{\"access_token\":\"%s\",\"token_type\":\"Bearer\","
		"\"expires_in\":%d,\"refresh_token\":\"%s\",\"user\":%s}",
		access, conf.access_ttl_s, refresh, profile));
}
