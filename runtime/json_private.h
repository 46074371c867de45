/*
 * json_private.h - what json.c needs of json_rules.c: one member's rules.
 *
 * Ownership: what is returned lives in the arena, or in the document.
 */
#ifndef RUNTIME_JSON_PRIVATE_H
#define RUNTIME_JSON_PRIVATE_H

#include <jansson.h>

#include "runtime/json.h"

const struct json_error *json_error_new(struct arena *, const char *pointer,
					const char *code,
					const struct json_error *next);

/* base and a reference token behind it. */
const char *json_pointer(struct arena *, const char *base, const char *name);

/* errors, with those of a value (NULL: it isn't there) in front. */
const struct json_error *json_member_errors(struct arena *,
					    const struct json_field *,
					    const json_t *value,
					    const struct json_error *errors);

/* What a value that breaks no rule is read as. */
const char *json_member_text(struct arena *, const struct json_field *,
			     const json_t *value);

#endif
