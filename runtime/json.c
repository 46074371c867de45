/* json.c - see json.h. */
#include <jansson.h>
#include <string.h>

#include "runtime/json.h"
#include "runtime/uuid.h"

enum {
	DEPTH = 32,
	UNKNOWN_MEMBERS = 16,		/* listed in an answer at most */
	EMAIL_BYTES = 254,		/* RFC 5321, 4.5.3.1 */
	EMAIL_LOCAL_BYTES = 64,
	DOMAIN_LABEL_BYTES = 63,
	ID_BYTES = 36,
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

size_t json_code_points(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;

	return n;
}

static bool domain_valid(const char *domain)
{
	size_t labels = 0;

	for (;;) {
		size_t bytes = strcspn(domain, ".");

		if (bytes == 0 || bytes > DOMAIN_LABEL_BYTES ||
		    domain[0] == '-' || domain[bytes - 1] == '-')
			return false;
		labels++;
		if (!domain[bytes])
			return labels >= 2;
		domain += bytes + 1;
	}
}

/*
 * RFC 5321 without quoted local parts and address literals, with UTF-8 as in
 * RFC 6531; whether mail arrives only a mail can tell.
 */
static bool email_valid(const char *email)
{
	const char *at = strchr(email, '@');
	size_t local = at ? (size_t)(at - email) : 0;

	if (local == 0 || local > EMAIL_LOCAL_BYTES || strchr(at + 1, '@') ||
	    email[0] == '.' || at[-1] == '.' || strstr(email, "..") ||
	    strlen(email) > EMAIL_BYTES)
		return false;

	for (const char *c = email; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f ||
		    strchr("\"(),:;<>[\\]", *c))
			return false;

	return domain_valid(at + 1);
}

bool json_chosen(const char *const *choices, const char *text)
{
	for (; *choices; choices++)
		if (strcmp(*choices, text) == 0)
			return true;

	return false;
}

static const char *id_refusal(const json_t *value)
{
	if (!json_is_string(value))
		return "wrong_type";

	return uuid_valid(json_string_value(value)) ? NULL : "not_an_id";
}

static const char *ids_refusal(const struct json_field *f, const json_t *value)
{
	if (!json_is_array(value))
		return "wrong_type";
	if (json_array_size(value) < f->min)
		return "too_few";

	return json_array_size(value) > f->max ? "too_many" : NULL;
}

static const char *number_refusal(const struct json_field *f,
				  const json_t *value)
{
	const double n = json_real_value(value);

	if (!json_is_real(value))
		return "wrong_type";
	if (n < (double)f->min || n > (double)f->max)
		return "out_of_range";

	return n != (double)(size_t)n ? "wrong_type" : NULL;
}

/* The code of the rule that the value breaks, or NULL. */
static const char *refusal(const struct json_field *f, const json_t *value)
{
	size_t n;

	if (!value || json_is_null(value))
		return f->min > 0 ? "required" : NULL;
	if (f->kind == JSON_KIND_ID)
		return id_refusal(value);
	if (f->kind == JSON_KIND_IDS)
		return ids_refusal(f, value);
	if (f->kind == JSON_KIND_NUMBER)
		return number_refusal(f, value);
	if (!json_is_string(value))
		return "wrong_type";

	n = json_code_points(json_string_value(value));
	if (n < f->min)
		return "too_short";
	if (n > f->max)
		return "too_long";
	if (f->kind == JSON_KIND_EMAIL && !email_valid(json_string_value(value)))
		return "not_an_email";
	if (f->kind == JSON_KIND_CHOICE &&
	    !json_chosen(f->choices, json_string_value(value)))
		return "not_a_choice";

	return NULL;
}

static const struct json_field *field_named(const struct json_field *fields,
					    const char *name)
{
	for (; fields->name; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields;

	return NULL;
}

/* As a reference token of a JSON pointer, cut to what a reader needs. */
static const char *pointer_to(struct arena *arena, const char *name)
{
	size_t bytes = strlen(name);
	char *out = arena_alloc(arena, 2 * bytes + 2), *p = out;

	*p++ = '/';
	for (; *name; name++) {
		if (*name == '~' || *name == '/') {
			*p++ = '~';
			*p++ = *name == '~' ? '0' : '1';
		} else {
			*p++ = *name;
		}
	}
	return out;
}

static const struct json_error *error_new(struct arena *arena,
					  const char *pointer,
					  const char *code,
					  const struct json_error *next)
{
	struct json_error *e = arena_alloc(arena, sizeof(*e));

	*e = (struct json_error){ pointer, code, next };
	return e;
}

static bool has_before(const json_t *array, size_t i)
{
	const char *id = json_string_value(json_array_get(array, i));

	for (size_t before = 0; before < i; before++) {
		const char *other = json_string_value(json_array_get(array,
								     before));

		if (other && strcmp(other, id) == 0)
			return true;
	}
	return false;
}

/* Of the members of an array of ids. */
static const struct json_error *find_id_errors(struct arena *arena,
					       const struct json_field *f,
					       const json_t *array,
					       const struct json_error *errors)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *code = id_refusal(json_array_get(array, i));

		if (!code && has_before(array, i))
			code = "repeated";
		if (code)
			errors = error_new(arena, arena_printf(arena, "/%s/%zu",
							       f->name, i),
					   code, errors);
	}
	return errors;
}

static const struct json_error *find_errors(struct arena *arena, json_t *object,
					    const struct json_field *fields)
{
	const struct json_error *errors = NULL;
	const char *name, *code;
	int unknown = 0;
	json_t *value;

	if (!json_is_object(object))
		return error_new(arena, "", "wrong_type", NULL);

	json_object_foreach(object, name, value)
		if (!field_named(fields, name) &&
		    unknown++ < UNKNOWN_MEMBERS)
			errors = error_new(arena, pointer_to(arena, name),
					   "unknown", errors);

	for (const struct json_field *f = fields; f->name; f++) {
		value = json_object_get(object, f->name);
		code = refusal(f, value);
		if (code)
			errors = error_new(arena, pointer_to(arena, f->name),
					   code, errors);
		else if (f->kind == JSON_KIND_IDS)
			errors = find_id_errors(arena, f, value, errors);
	}
	return errors;
}

static const char *array_literal(struct arena *arena, const json_t *ids)
{
	const size_t n = json_array_size(ids);
	char *text = arena_alloc(arena, n * (ID_BYTES + 1) + sizeof("{}"));
	char *p = text;

	*p++ = '{';
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			*p++ = ',';
		p = stpcpy(p, json_string_value(json_array_get(ids, i)));
	}
	*p = '}';

	return text;
}

/* Strings are the document's, which the arena holds. */
static const char *text_of(struct arena *arena, const struct json_field *f,
			   const json_t *value)
{
	if (!value || json_is_null(value))
		return NULL;
	if (f->kind == JSON_KIND_IDS)
		return array_literal(arena, value);
	if (f->kind == JSON_KIND_NUMBER)
		return arena_printf(arena, "%.0f", json_real_value(value));

	return json_string_value(value);
}

static void free_json(void *json)
{
	json_decref(json);
}

enum err json_read(struct arena *arena, const char *text, size_t bytes,
		   const struct json_field *fields, void *out,
		   const struct json_error **errors)
{
	const struct json_error *found;
	json_t *object;

	if (too_deep(text, bytes))
		return ERR_MALFORMED;
	/* An integer of any length is a number, however it's written. */
	object = json_loadb(text, bytes, JSON_REJECT_DUPLICATES |
					 JSON_DECODE_INT_AS_REAL, NULL);
	if (!object)
		return ERR_MALFORMED;
	arena_defer(arena, free_json, object);

	found = find_errors(arena, object, fields);
	if (found) {
		*errors = found;
		return ERR_INVALID;
	}

	for (const struct json_field *f = fields; f->name; f++)
		*(const char **)((char *)out + f->offset) =
			text_of(arena, f, json_object_get(object, f->name));

	return OK;
}
