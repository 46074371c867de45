/*
 * ops.h - the handlers behind the operations page, and what they share.
 */
#ifndef FUNCTIONS_OPS_H
#define FUNCTIONS_OPS_H

#include <stdbool.h>

#include "runtime/http.h"

/* functions.c, releases.c, acts.c: see ops.c. */
enum err functions_list(struct req *);
enum err releases_list(struct req *);
enum err scale_post(struct req *);
enum err rollback_post(struct req *);

/* Where a function keeps a file; its directory for "". */
const char *function_path(struct arena *, const char *name, const char *file);

/* The version that a link of it points to; NULL: there is none. */
const char *function_points(struct arena *, const char *name,
			    const char *link);

/* A name of one that there is. */
bool function_exists(struct arena *, const char *name);

/* 200 with a document that this frees. */
struct json_t;
enum err reply_document(struct req *, struct json_t *doc);

#endif
