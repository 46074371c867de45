/* releases.c - GET /ops/releases: what is kept of a function. */
#include <glob.h>
#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "functions/ops/ops.h"
#include "runtime/conf.h"
#include "runtime/scoreboard.h"

enum { NAME_BYTES = 31, VERSION_BYTES = sizeof("20261126T081500.123") - 1 };

const char *function_path(struct arena *arena, const char *name,
			  const char *file)
{
	return arena_printf(arena, "%s/%s/%s", conf.functions ?: ".", name,
			    file);
}

bool function_exists(struct arena *arena, const char *name)
{
	const size_t bytes = strspn(name, "abcdefghijklmnopqrstuvwxyz"
				    "0123456789_-");

	return bytes > 0 && bytes <= NAME_BYTES && !name[bytes] &&
	       access(function_path(arena, name, "releases"), F_OK) == 0;
}

const char *function_points(struct arena *arena, const char *name,
			    const char *link)
{
	char target[PATH_MAX];
	const ssize_t bytes = readlink(function_path(arena, name, link),
				       target, sizeof(target) - 1);

	if (bytes < 0)
		return NULL;
	target[bytes] = '\0';
	link = basename(target);

	return arena_copy(arena, link, strlen(link));
}

enum err reply_document(struct req *req, json_t *doc)
{
	char *text = json_dumps(doc, JSON_COMPACT);

	json_decref(doc);
	if (!text)
		return ERR_INTERNAL;
	arena_defer(req->arena, free, text);

	return http_json(req, 200, text);
}

/* What its pool says; if there is none, what it would start. */
static const char *serving(struct req *req, const char *name)
{
	const char *path = function_path(req->arena, name, "scoreboard");
	const struct scoreboard *board;
	const char *release = NULL;

	if (scoreboard_is_kept(path) && !scoreboard_open(path, &board)) {
		release = arena_copy(req->arena, board->release,
				     strnlen(board->release,
					     sizeof(board->release)));
		scoreboard_close(board);
	}
	return release ?: function_points(req->arena, name, "current") ?: "";
}

/* A version is the time at which it was made, in UTC; NULL: it is another. */
static const char *made_at(struct req *req, const char *v)
{
	static const char form[] = "00000000T000000.000";

	if (strlen(v) != VERSION_BYTES)
		return NULL;
	for (size_t i = 0; i < VERSION_BYTES; i++)
		if (form[i] == '0' ? v[i] < '0' || v[i] > '9' : v[i] != form[i])
			return NULL;

	return arena_printf(req->arena, "%.4s-%.2s-%.2sT%.2s:%.2s:%sZ", v,
			    v + 4, v + 6, v + 9, v + 11, v + 13);
}

enum err releases_list(struct req *req)
{
	const char *name, *now, *before;
	glob_t paths = { 0 };
	json_t *items;
	enum err err;

	err = http_query(req, "name", &name);
	if (err)
		return err;
	if (!name)
		return http_invalid(req, "name", "required");
	if (!function_exists(req->arena, name))
		return ERR_NOT_FOUND;

	now = serving(req, name);
	before = function_points(req->arena, name, "previous") ?: "";
	items = json_array();
	/* By name: the oldest first; and none that is being made. */
	glob(function_path(req->arena, name, "releases/*"), 0, NULL, &paths);
	for (size_t i = paths.gl_pathc; i-- > 0;) {
		const char *v = basename(paths.gl_pathv[i]);
		const bool serves = strcmp(v, now) == 0;

		json_array_append_new(items, json_pack(
			"{s:s,s:s?,s:b,s:b}", "version", v,
			"made_at", made_at(req, v), "serves", serves,
			"previous", !serves && strcmp(v, before) == 0));
	}
	globfree(&paths);

	return reply_document(req, json_pack("{s:o,s:n}", "items", items,
					     "next"));
}
