/* http.c - see http.h: routing, and reading what a client sent. */
#include <assert.h>
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "runtime/auth.h"
#include "runtime/http.h"
#include "runtime/idempotency.h"
#include "runtime/keys.h"
#include "runtime/log.h"
#include "runtime/uuid.h"

enum { ID_BYTES = 36, LIMIT_MAX = 100 };

/* *id points into path, at the segment behind {id}; NULL without one. */
static bool path_fits(const char *pattern, const char *path, const char **id)
{
	const char *hole = strstr(pattern, "{id}");
	size_t head = hole ? (size_t)(hole - pattern) : 0;
	size_t bytes = strlen(path);

	*id = NULL;
	if (!hole)
		return strcmp(pattern, path) == 0;

	if (bytes < head + ID_BYTES || strncmp(pattern, path, head) != 0 ||
	    strcmp(hole + strlen("{id}"), path + head + ID_BYTES) != 0)
		return false;
	*id = path + head;

	return true;
}

static bool method_fits(const struct route *r, const char *method)
{
	return strcmp(r->method, method) == 0 ||
	       (strcmp(r->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

const struct route *http_route(const struct req *req)
{
	const struct route *other = NULL;
	const char *id;

	for (const struct route *r = routes; r->method; r++) {
		if (!path_fits(r->path, req->path, &id))
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
	const char *allow = NULL, *id;

	for (const struct route *r = routes; r->method; r++)
		if (path_fits(r->path, req->path, &id))
			allow = allow ? arena_printf(req->arena, "%s, %s",
						     allow, r->method)
				      : r->method;

	req->reply.headers = arena_printf(req->arena, "Allow: %s\r\n", allow);
	return ERR_METHOD;
}

static enum err find_route(struct req *req)
{
	const struct route *r = http_route(req);
	const char *id;

	if (!r || (r->auth == AUTH_INTERNAL && !req->internal) ||
	    !path_fits(r->path, req->path, &id))
		return ERR_NOT_FOUND;
	req->route = r;
	if (!method_fits(r, req->method))
		return refuse_method(req);

	if (id) {
		req->id = arena_copy(req->arena, id, ID_BYTES);
		if (!uuid_valid(req->id))
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

	if (req->route->auth == AUTH_USER) {
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

static bool is_json(const char *type)
{
	static const char json[] = "application/json";
	const size_t bytes = sizeof(json) - 1;

	if (!type || strncasecmp(type, json, bytes) != 0)
		return false;
	type += bytes;
	type += strspn(type, " \t");

	return *type == '\0' || strcasecmp(type, ";charset=utf-8") == 0 ||
	       strcasecmp(type, "; charset=utf-8") == 0;
}

enum err http_body(struct req *req, const struct json_field *fields, void *out)
{
	if (!is_json(req->content_type))
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

static bool limit_valid(const char *text)
{
	const size_t bytes = strlen(text);

	return bytes >= 1 && bytes <= 3 &&
	       strspn(text, "0123456789") == bytes && atoi(text) >= 1 &&
	       atoi(text) <= LIMIT_MAX;
}

/* What a cursor is sealed for: this list of this user. */
static const char *list_of(struct req *req)
{
	return arena_printf(req->arena, "%s %s", req->path,
			    req->user ?: "");
}

enum err http_paging(struct req *req, const char **limit, const char **after)
{
	const char *asked, *cursor;
	enum err err;

	err = http_query(req, "limit", &asked);
	if (err)
		return err;
	if (asked && !limit_valid(asked))
		return http_invalid(req, "limit", "out_of_range");

	err = http_query(req, "cursor", &cursor);
	if (err)
		return err;
	*after = NULL;
	if (cursor && keys_open(req->arena, "cursor", list_of(req), cursor,
				after))
		return http_invalid(req, "cursor", "not_a_cursor");
	*limit = asked ?: "20";

	return OK;
}

/* The documents of the first n rows, as a JSON array. */
static const char *array_of(struct req *req, const struct db_rows *rows, int n)
{
	size_t bytes = sizeof("[]");
	char *array, *p;

	for (int i = 0; i < n; i++)
		bytes += strlen(rows->cell[i * rows->ncols + 1]) + 1;
	array = p = arena_alloc(req->arena, bytes);

	*p++ = '[';
	for (int i = 0; i < n; i++) {
		if (i > 0)
			*p++ = ',';
		p = stpcpy(p, rows->cell[i * rows->ncols + 1]);
	}
	*p = ']';

	return array;
}

enum err http_page(struct req *req, const struct db_rows *rows,
		   const char *limit)
{
	const int most = atoi(limit), n = rows->nrows < most ? rows->nrows
							     : most;
	const char *cursor = "null";

	if (rows->nrows > most)
		cursor = arena_printf(req->arena, "\"%s\"",
			keys_seal(req->arena, "cursor", list_of(req),
				  rows->cell[(n - 1) * rows->ncols]));

	return http_json(req, 200,
			 arena_printf(req->arena, "{\"items\":%s,\"next\":%s}",
				      array_of(req, rows, n), cursor));
}
