/* http_list.c - see http.h: lists and their pages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/http.h"
#include "runtime/keys.h"

enum { LIMIT_MAX = 100 };

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

enum err http_limit(struct req *req, const char **limit)
{
	const char *asked;
	enum err err;

	err = http_query(req, "limit", &asked);
	if (err)
		return err;
	if (asked && !limit_valid(asked))
		return http_invalid(req, "limit", "out_of_range");
	*limit = asked ?: "20";

	return OK;
}

enum err http_paging(struct req *req, const char **limit, const char **after)
{
	const char *cursor;
	enum err err;

	err = http_limit(req, limit);
	if (err)
		return err;
	err = http_query(req, "cursor", &cursor);
	if (err)
		return err;
	*after = NULL;
	if (cursor && keys_open(req->arena, "cursor", list_of(req), cursor,
				after))
		return http_invalid(req, "cursor", "not_a_cursor");

	return OK;
}

/* more: "" or further members, each with a comma in front. */
static enum err list(struct req *req, const struct db_rows *rows,
		     const char *next_or_null, const char *more)
{
	size_t bytes = sizeof("{\"items\":[],\"next\":\"\"}") +
		       strlen(next_or_null ?: "null") + strlen(more);
	char *doc, *p;

	for (int i = 0; i < rows->nrows; i++)
		bytes += strlen(rows->cell[i * rows->ncols + 1]) + 1;
	doc = arena_alloc(req->arena, bytes);

	p = stpcpy(doc, "{\"items\":[");
	for (int i = 0; i < rows->nrows; i++) {
		if (i > 0)
			*p++ = ',';
		p = stpcpy(p, rows->cell[i * rows->ncols + 1]);
	}
	p = stpcpy(p, "],\"next\":");
	if (next_or_null)
		sprintf(p, "\"%s\"%s}", next_or_null, more);
	else
		sprintf(p, "null%s}", more);

	return http_json(req, 200, doc);
}

enum err http_items(struct req *req, const struct db_rows *rows,
		    const char *next_or_null)
{
	return list(req, rows, next_or_null, "");
}

enum err http_page_and(struct req *req, const struct db_rows *rows,
		       const char *limit, const char *more)
{
	const int most = atoi(limit);
	struct db_rows page = *rows;
	const char *cursor = NULL;

	if (rows->nrows > most) {
		page.nrows = most;
		cursor = keys_seal(req->arena, "cursor", list_of(req),
				   rows->cell[(most - 1) * rows->ncols]);
	}
	return list(req, &page, cursor, more);
}

enum err http_page(struct req *req, const struct db_rows *rows,
		   const char *limit)
{
	return http_page_and(req, rows, limit, "");
}
