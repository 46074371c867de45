/* json.c - see json.h. */
#include <jansson.h>
#include <string.h>

#include "runtime/json.h"
#include "runtime/json_private.h"

enum {
	DEPTH = 32,
	UNKNOWN_MEMBERS = 16,		/* listed in an answer at most */
};

/* jansson itself would go 2,000 deep. */
static bool too_deep(const char *text, size_t bytes)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < bytes; i++) {
		char c = text[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']'))
			depth--;
		if (depth > DEPTH)
			return true;
	}
	return false;
}

static const struct json_field *field_named(const struct json_field *fields,
					    const char *name)
{
	for (; fields->name; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields;

	return NULL;
}

static const struct json_error *find_errors(struct arena *arena, json_t *object,
					    const struct json_field *fields)
{
	const struct json_error *errors = NULL;
	const char *name;
	int unknown = 0;
	json_t *value;

	if (!json_is_object(object))
		return json_error_new(arena, "", "wrong_type", NULL);

	json_object_foreach(object, name, value)
		if (!field_named(fields, name) &&
		    unknown++ < UNKNOWN_MEMBERS)
			errors = json_error_new(arena,
						json_pointer(arena, "", name),
						"unknown", errors);

	for (const struct json_field *f = fields; f->name; f++)
		errors = json_member_errors(arena, f,
					    json_object_get(object, f->name),
					    errors);
	return errors;
}

static void free_json(void *json)
{
	json_decref(json);
}

/* NULL: it is none, or too deep. */
static json_t *load(struct arena *arena, const char *text, size_t bytes,
		    size_t flags)
{
	json_t *json = too_deep(text, bytes) ? NULL :
		json_loadb(text, bytes, JSON_REJECT_DUPLICATES | flags, NULL);

	if (json)
		arena_defer(arena, free_json, json);
	return json;
}

json_t *json_document(struct arena *arena, const char *text, size_t bytes)
{
	return load(arena, text, bytes, 0);
}

enum err json_read(struct arena *arena, const char *text, size_t bytes,
		   const struct json_field *fields, void *out,
		   const struct json_error **errors)
{
	const struct json_error *found;
	json_t *object;

	/* An integer of any length is a number, however it's written. */
	object = load(arena, text, bytes, JSON_DECODE_INT_AS_REAL);
	if (!object)
		return ERR_MALFORMED;

	found = find_errors(arena, object, fields);
	if (found) {
		*errors = found;
		return ERR_INVALID;
	}

	for (const struct json_field *f = fields; f->name; f++)
		*(const char **)((char *)out + f->offset) =
			json_member_text(arena, f,
					 json_object_get(object, f->name));

	return OK;
}
