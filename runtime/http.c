/* http.c - see http.h: routing, and reading what a client sent. */
#include <assert.h>
#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "runtime/auth.h"
#include "runtime/http.h"
#include "runtime/idempotency.h"
#include "runtime/log.h"
#include "runtime/uuid.h"

enum { ID_BYTES = 36 };

/* What is in the holes of a pattern: points into the path; NULL without one. */
struct holes {
	const char *id, *seq;
	size_t seq_bytes;
};

/* Moves text behind a prefix that it has. */
static bool skip(const char **text, const char *prefix)
{
	const size_t bytes = strlen(prefix);

	if (strncmp(*text, prefix, bytes) != 0)
		return false;
	*text += bytes;

	return true;
}

static bool path_fits(const char *pattern, const char *path, struct holes *out)
{
	*out = (struct holes){ 0 };

	while (*pattern) {
		if (skip(&pattern, "{id}")) {
			if (strnlen(path, ID_BYTES) < ID_BYTES)
				return false;
			out->id = path;
			path += ID_BYTES;
		} else if (skip(&pattern, "{seq}")) {
			out->seq = path;
			out->seq_bytes = strspn(path, "0123456789");
			path += out->seq_bytes;
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return *path == '\0';
}

bool http_seq_valid(const char *text)
{
	static const char most[] = "9007199254740991";	/* 2^53 - 1 */
	const size_t bytes = strlen(text);

	return bytes > 0 && text[0] != '0' && bytes < sizeof(most) &&
	       strspn(text, "0123456789") == bytes &&
	       (bytes < sizeof(most) - 1 || strcmp(text, most) <= 0);
}

static bool method_fits(const struct route *r, const char *method)
{
	return strcmp(r->method, method) == 0 ||
	       (strcmp(r->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

const struct route *http_route(const struct req *req)
{
	const struct route *other = NULL;
	struct holes holes;

	for (const struct route *r = routes; r->method; r++) {
		if (!path_fits(r->path, req->path, &holes))
			continue;
		if (method_fits(r, req->method))
			return r;
		other = r;
	}
	return other;
}

/* 405 with the methods that the path has. */
static enum err refuse_method(struct req *req)
{
	const char *allow = NULL;
	struct holes holes;

	for (const struct route *r = routes; r->method; r++)
		if (path_fits(r->path, req->path, &holes))
			allow = allow ? arena_printf(req->arena, "%s, %s",
						     allow, r->method)
				      : r->method;

	req->reply.headers = arena_printf(req->arena, "Allow: %s\r\n", allow);
	return ERR_METHOD;
}

static enum err find_route(struct req *req)
{
	const struct route *r = http_route(req);
	struct holes holes;

	if (!r || (r->auth == AUTH_INTERNAL && !req->internal) ||
	    !path_fits(r->path, req->path, &holes))
		return ERR_NOT_FOUND;
	req->route = r;
	if (!method_fits(r, req->method))
		return refuse_method(req);

	if (holes.id) {
		req->id = arena_copy(req->arena, holes.id, ID_BYTES);
		if (!uuid_valid(req->id))
			return ERR_NOT_FOUND;
	}
	if (holes.seq) {
		req->seq = arena_copy(req->arena, holes.seq, holes.seq_bytes);
		if (!http_seq_valid(req->seq))
			return ERR_NOT_FOUND;
	}
	return OK;
}

static enum err answer(struct req *req)
{
	enum err err;

	err = find_route(req);
	if (err)
		return err;

	if (req->route->auth == AUTH_USER ||
	    req->route->auth == AUTH_SERVICE) {
		err = auth_check(req);
		if (err)
			return err;
	}

	if (req->route->creates && req->idempotency_key)
		return idempotency_run(req);

	return req->route->handler(req);
}

void http_handle(struct req *req)
{
	enum err err = answer(req);

	if (err && req->reply.status < 400)
		http_refuse(req, err);
	assert(req->reply.status != 0);

	if (err == ERR_AUTH || err == ERR_DENIED || err == ERR_THROTTLED)
		log_warn("refused with %d: %s %s", req->reply.status,
			 req->method, req->route->path);
}

bool http_sent_as(const struct req *req, const char *type)
{
	const size_t bytes = strlen(type);
	const char *rest = req->content_type;

	if (!rest || strncasecmp(rest, type, bytes) != 0)
		return false;
	rest += bytes;
	rest += strspn(rest, " \t");

	return *rest == '\0' || strcasecmp(rest, ";charset=utf-8") == 0 ||
	       strcasecmp(rest, "; charset=utf-8") == 0;
}

enum err http_body(struct req *req, const struct json_field *fields, void *out)
{
	if (!http_sent_as(req, "application/json"))
		return ERR_MEDIA_TYPE;

	return json_read(req->arena, req->body, req->body_bytes, fields, out,
			 &req->errors);
}

/* RFC 3986, 2.1, and '+' for a space; refuses NUL and what isn't UTF-8. */
static enum err decode(struct arena *arena, const char *text, size_t bytes,
		       const char **out)
{
	char *decoded = arena_alloc(arena, bytes + 1), *p = decoded;
	json_t *utf8;

	for (size_t i = 0; i < bytes; i++) {
		char hex[3] = { 0 };

		if (text[i] != '%') {
			*p++ = text[i] == '+' ? ' ' : text[i];
			continue;
		}
		if (i + 2 >= bytes || !isxdigit((unsigned char)text[i + 1]) ||
		    !isxdigit((unsigned char)text[i + 2]))
			return ERR_MALFORMED;
		memcpy(hex, text + i + 1, 2);
		*p = (char)strtol(hex, NULL, 16);
		if (*p++ == '\0')
			return ERR_MALFORMED;
		i += 2;
	}

	utf8 = json_string(decoded);
	if (!utf8)
		return ERR_MALFORMED;
	json_decref(utf8);
	*out = decoded;

	return OK;
}

enum err http_query(struct req *req, const char *name, const char **value)
{
	const size_t name_bytes = strlen(name);
	const char *found = NULL, *p = req->query;
	enum err err;

	while (*p) {
		size_t bytes = strcspn(p, "&");

		if (bytes > name_bytes && p[name_bytes] == '=' &&
		    strncmp(p, name, name_bytes) == 0) {
			if (found)
				return ERR_MALFORMED;
			err = decode(req->arena, p + name_bytes + 1,
				     bytes - name_bytes - 1, &found);
			if (err)
				return err;
		}
		p += bytes + (p[bytes] == '&');
	}
	*value = found;

	return OK;
}
