/* http_reply.c - see http.h: replies, and the errors' one table. */
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/http.h"

/* By enum err. */
static const struct problem {
	int status;
	const char *code, *title;
} problems[] = {
[ERR_MALFORMED]   = { 400, "malformed", "The request can't be understood" },
[ERR_AUTH]        = { 401, "unauthorized", "A valid access token is needed" },
[ERR_DENIED]      = { 403, "forbidden", "This is not allowed" },
[ERR_NOT_FOUND]   = { 404, "not_found", "There is no such thing" },
[ERR_METHOD]      = { 405, "method_not_allowed", "The method is not allowed" },
[ERR_CONFLICT]    = { 409, "conflict", "The state does not allow this" },
[ERR_CHANGED]     = { 412, "changed_meanwhile", "It was changed meanwhile" },
[ERR_TOO_LARGE]   = { 413, "too_large", "The request is too large" },
[ERR_MEDIA_TYPE]  = { 415, "unsupported_media_type",
		      "The body must be application/json" },
[ERR_INVALID]     = { 422, "invalid", "The request breaks a rule" },
[ERR_THROTTLED]   = { 429, "too_many_requests", "Too many requests" },
[ERR_INTERNAL]    = { 500, "internal", "Something went wrong here" },
[ERR_UNAVAILABLE] = { 503, "unavailable", "Try again a little later" },
};

static void reply(struct req *req, int status, const char *type,
		  const void *body, size_t n)
{
	req->reply.status = status;
	req->reply.type = type;
	req->reply.body = body;
	req->reply.body_bytes = n;
}

enum err http_bytes(struct req *req, int status, const char *type,
		    const void *body, size_t n)
{
	reply(req, status, type, body, n);
	return OK;
}

enum err http_text(struct req *req, int status, const char *type,
		   const char *text)
{
	return http_bytes(req, status, type, text, strlen(text));
}

enum err http_json(struct req *req, int status, const char *doc)
{
	return http_text(req, status, "application/json", doc);
}

enum err http_empty(struct req *req, int status)
{
	return http_text(req, status, NULL, "");
}

enum err http_see_other(struct req *req, const char *url)
{
	assert(!strpbrk(url, "\r\n"));
	req->reply.headers = arena_printf(req->arena, "Location: %s\r\n", url);
	return http_empty(req, 303);
}

enum err http_hand_over(struct req *req, const char *function,
			const char *path)
{
	assert(req->route->live);
	req->reply.headers = arena_printf(req->arena,
					  "X-Accel-Redirect: /live/%s%s\r\n",
					  function, path);
	return http_empty(req, 200);
}

void http_etag(struct req *req, const char *revision)
{
	req->reply.headers = arena_printf(req->arena, "ETag: \"%s\"\r\n",
					  revision);
}

/* What HTTP demands beside the status of an error. */
static void add_header(struct req *req, enum err err)
{
	const char *own = req->reply.headers ?: "";

	if (err == ERR_AUTH)
		own = arena_printf(req->arena,
				   "%sWWW-Authenticate: Bearer realm=\"kith\""
				   "%s\r\n", own, req->authorization ?
				   ", error=\"invalid_token\"" : "");
	else if (err == ERR_UNAVAILABLE && !*own)
		/* Not everybody at once when the fault is over. */
		own = arena_printf(req->arena, "Retry-After: %ld\r\n",
				   1 + random() % 3);
	else if (err == ERR_THROTTLED && !*own)
		own = "Retry-After: 1\r\n";
	req->reply.headers = own;
}

enum err http_fail(struct req *req, enum err err, const char *code,
		   const char *title)
{
	const struct problem *p = &problems[err];
	json_t *errors = json_array(), *doc;
	char *text;

	assert(err != OK);
	for (const struct json_error *e = req->errors; e; e = e->next)
		json_array_append_new(errors, json_pack("{s:s,s:s}", "pointer",
							e->pointer, "code",
							e->code));
	code = code ?: p->code;
	doc = json_pack("{s:s,s:s,s:i,s:s,s:o,s:s,s:s*}",
			"type", arena_printf(req->arena, "/problems/%s", code),
			"title", title ?: p->title, "status", p->status,
			"code", code, "errors", errors,
			"request_id", req->request_id, "detail", req->detail);
	text = json_dumps(doc, JSON_COMPACT);
	json_decref(doc);
	assert(text);
	arena_defer(req->arena, free, text);

	add_header(req, err);
	reply(req, p->status, "application/problem+json", text, strlen(text));
	return err;
}

void http_refuse(struct req *req, enum err err)
{
	err = http_fail(req, err, NULL, NULL);
}

enum err http_invalid(struct req *req, const char *pointer, const char *code)
{
	struct json_error *e = arena_alloc(req->arena, sizeof(*e));

	*e = (struct json_error){ pointer, code, NULL };
	req->errors = e;
	return http_fail(req, ERR_INVALID, NULL, NULL);
}

enum err http_later(struct req *req, enum err err, int seconds)
{
	req->reply.headers = arena_printf(req->arena, "Retry-After: %d\r\n",
					  seconds);
	return http_fail(req, err, NULL, NULL);
}
