/*
 * json.h - read a JSON body into a struct by a table.
 *
 * Strict: one object and nothing after it; unknown and repeated members, wrong
 * types, depth over 32, NUL, lone surrogates and bad UTF-8 are refused.  A
 * member that is null counts as absent.
 *
 * Ownership: strings live in the arena.
 *
 * Errors: ERR_MALFORMED for what is no JSON; ERR_INVALID for JSON that breaks
 * the table, with every offending member in *errors.  out is untouched then.
 */
#ifndef RUNTIME_JSON_H
#define RUNTIME_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/arena.h"
#include "runtime/err.h"

enum json_kind {
	JSON_KIND_TEXT, JSON_KIND_EMAIL, JSON_KIND_CHOICE, JSON_KIND_ID,
	JSON_KIND_IDS, JSON_KIND_NUMBER, JSON_KIND_NUMBERS, JSON_KIND_BOOLEAN,
	JSON_KIND_STRINGS
};

#define JSON_NUMBER_MAX 9007199254740991	/* 2^53 - 1: RFC 8259, 6 */

struct json_field {
	const char *name;		/* NULL ends the table */
	enum json_kind kind;
	size_t offset;			/* of a const char * in the struct */
	size_t min, max;		/* code points, or as the macro says */
	const char *const *choices;	/* JSON_CHOICE: ends with NULL */
};

/* Bounds in code points; min 0: optional, NULL when absent. */
#define JSON_TEXT(type, member, min, max) \
	{ #member, JSON_KIND_TEXT, offsetof(type, member), min, max, NULL }
/* local@domain of at most 254 bytes. */
#define JSON_EMAIL(type, member) \
	{ #member, JSON_KIND_EMAIL, offsetof(type, member), 3, 254, NULL }
/* Optional; one of a NULL-ended list of words. */
#define JSON_CHOICE(type, member, choices) \
	{ #member, JSON_KIND_CHOICE, offsetof(type, member), 0, 64, choices }
/* A UUID, in the form we give out. */
#define JSON_ID(type, member) \
	{ #member, JSON_KIND_ID, offsetof(type, member), 1, 36, NULL }
/* The same; NULL when absent. */
#define JSON_ID_OR_NULL(type, member) \
	{ #member, JSON_KIND_ID, offsetof(type, member), 0, 36, NULL }
/* min to max UUIDs, each once; read as PostgreSQL's "{id,id}". */
#define JSON_IDS(type, member, min, max) \
	{ #member, JSON_KIND_IDS, offsetof(type, member), min, max, NULL }
/* An integer from min, at least 1, to max, at most 2^53 - 1; read as digits. */
#define JSON_NUMBER(type, member, min, max) \
	{ #member, JSON_KIND_NUMBER, offsetof(type, member), min, max, NULL }
/* The same; NULL when absent. */
#define JSON_NUMBER_OR_NULL(type, member, max) \
	{ #member, JSON_KIND_NUMBER, offsetof(type, member), 0, max, NULL }
/* NULL when absent; else 1 to max numbers from 1, each once: "{1,2}". */
#define JSON_NUMBERS_OR_NULL(type, member, max) \
	{ #member, JSON_KIND_NUMBERS, offsetof(type, member), 0, max, NULL }
/* Read as "true" or "false". */
#define JSON_BOOLEAN(type, member) \
	{ #member, JSON_KIND_BOOLEAN, offsetof(type, member), 1, 1, NULL }
/* Optional; an object of strings, read as JSON of at most max bytes. */
#define JSON_STRINGS(type, member, max) \
	{ #member, JSON_KIND_STRINGS, offsetof(type, member), 0, max, NULL }

/* A member that was refused, and a stable word for the reason. */
struct json_error {
	const char *pointer;		/* RFC 6901 */
	const char *code;
	const struct json_error *next;
};

enum err json_read(struct arena *, const char *text, size_t bytes,
		   const struct json_field *fields, void *out,
		   const struct json_error **errors);

/*
 * What others than clients send, an object or array, as strictly: jansson's,
 * for the arena's life.  NULL: it is none.
 */
struct json_t *json_document(struct arena *, const char *text, size_t bytes);

/* A text that JSON_EMAIL takes. */
bool json_email(const char *text);

/* text is one of the words. */
bool json_chosen(const char *const *choices, const char *text);

/* Of UTF-8. */
size_t json_code_points(const char *text);

#endif
