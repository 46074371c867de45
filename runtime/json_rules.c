/* json_rules.c - see json_private.h. */
#include <stdint.h>
#include <string.h>

#include "runtime/json_private.h"
#include "runtime/uuid.h"

enum {
	EMAIL_BYTES = 254,		/* RFC 5321, 4.5.3.1 */
	EMAIL_LOCAL_BYTES = 64,
	DOMAIN_LABEL_BYTES = 63,
	ELEMENT_BYTES = 36,		/* a UUID; a number has 16 */
};

size_t json_code_points(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;

	return n;
}

const char *json_pointer(struct arena *arena, const char *base,
			 const char *name)
{
	const size_t bytes = strlen(base) + 2 * strlen(name) + 2;
	char *out = arena_alloc(arena, bytes), *p = stpcpy(out, base);

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

const struct json_error *json_error_new(struct arena *arena,
					const char *pointer, const char *code,
					const struct json_error *next)
{
	struct json_error *e = arena_alloc(arena, sizeof(*e));

	*e = (struct json_error){ pointer, code, next };
	return e;
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
bool json_email(const char *email)
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

static const char *array_refusal(const struct json_field *f,
				 const json_t *value)
{
	if (!json_is_array(value))
		return "wrong_type";
	if (json_array_size(value) < (f->min ?: 1))
		return "too_few";

	return json_array_size(value) > f->max ? "too_many" : NULL;
}

static const char *number_refusal(const json_t *value, size_t min, size_t max)
{
	const double n = json_real_value(value);

	if (!json_is_real(value))
		return "wrong_type";
	if (n < (double)min || n > (double)max)
		return "out_of_range";

	return n != (double)(size_t)n ? "wrong_type" : NULL;
}

static const char *strings_refusal(const struct json_field *f,
				   const json_t *value)
{
	if (!json_is_object(value))
		return "wrong_type";

	return json_dumpb(value, NULL, 0, JSON_COMPACT) > f->max ? "too_long"
								 : NULL;
}

static const char *text_refusal(const struct json_field *f,
				const json_t *value)
{
	const char *text = json_string_value(value);
	size_t n;

	if (!text)
		return "wrong_type";
	n = json_code_points(text);
	if (n < f->min)
		return "too_short";
	if (n > f->max)
		return "too_long";
	if (f->kind == JSON_KIND_EMAIL && !json_email(text))
		return "not_an_email";
	if (f->kind == JSON_KIND_CHOICE && !json_chosen(f->choices, text))
		return "not_a_choice";

	return NULL;
}

/* The code of the rule that the value itself breaks, or NULL. */
static const char *refusal(const struct json_field *f, const json_t *value)
{
	if (!value || json_is_null(value))
		return f->min > 0 ? "required" : NULL;

	switch (f->kind) {
	case JSON_KIND_ID:
		return id_refusal(value);
	case JSON_KIND_IDS:
	case JSON_KIND_NUMBERS:
		return array_refusal(f, value);
	case JSON_KIND_NUMBER:
		return number_refusal(value, f->min ?: 1, f->max);
	case JSON_KIND_BOOLEAN:
		return json_is_boolean(value) ? NULL : "wrong_type";
	case JSON_KIND_STRINGS:
		return strings_refusal(f, value);
	default:
		return text_refusal(f, value);
	}
}

static bool has_before(const json_t *array, size_t i)
{
	for (size_t before = 0; before < i; before++)
		if (json_equal(json_array_get(array, before),
			       json_array_get(array, i)))
			return true;

	return false;
}

/* Of the elements of an array of ids or numbers. */
static const struct json_error *find_element_errors(
	struct arena *arena, const struct json_field *f, const json_t *array,
	const struct json_error *errors)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *element = json_array_get(array, i);
		const char *code = f->kind == JSON_KIND_IDS
			? id_refusal(element)
			: number_refusal(element, 1, JSON_NUMBER_MAX);

		if (!code && has_before(array, i))
			code = "repeated";
		if (code)
			errors = json_error_new(arena,
				arena_printf(arena, "/%s/%zu", f->name, i),
				code, errors);
	}
	return errors;
}

/* Of the members of an object of strings. */
static const struct json_error *find_string_errors(
	struct arena *arena, const struct json_field *f, const json_t *object,
	const struct json_error *errors)
{
	const char *base = json_pointer(arena, "", f->name);
	const char *name;
	const json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, name, value)
		if (!json_is_string(value))
			errors = json_error_new(arena,
						json_pointer(arena, base, name),
						"wrong_type", errors);
	return errors;
}

const struct json_error *json_member_errors(struct arena *arena,
					    const struct json_field *f,
					    const json_t *value,
					    const struct json_error *errors)
{
	const char *code = refusal(f, value);

	if (code)
		return json_error_new(arena, json_pointer(arena, "", f->name),
				      code, errors);
	if (f->kind == JSON_KIND_IDS || f->kind == JSON_KIND_NUMBERS)
		return find_element_errors(arena, f, value, errors);
	if (f->kind == JSON_KIND_STRINGS)
		return find_string_errors(arena, f, value, errors);

	return errors;
}

static const char *number_text(struct arena *arena, const json_t *value)
{
	return arena_printf(arena, "%.0f", json_real_value(value));
}

/* As PostgreSQL writes it; an element needs ELEMENT_BYTES at most. */
static const char *array_literal(struct arena *arena, const json_t *array)
{
	const size_t n = json_array_size(array);
	char *text = arena_alloc(arena, n * (ELEMENT_BYTES + 1) +
					sizeof("{}"));
	char *p = text;

	*p++ = '{';
	for (size_t i = 0; i < n; i++) {
		const json_t *element = json_array_get(array, i);

		if (i > 0)
			*p++ = ',';
		p = stpcpy(p, json_string_value(element) ?:
			      number_text(arena, element));
	}
	*p = '}';

	return text;
}

static const char *object_text(struct arena *arena, const json_t *object)
{
	const size_t bytes = json_dumpb(object, NULL, 0, JSON_COMPACT);
	char *text = arena_alloc(arena, bytes + 1);

	json_dumpb(object, text, bytes, JSON_COMPACT);
	text[bytes] = '\0';

	return text;
}

/* Strings are the document's, which the arena holds. */
const char *json_member_text(struct arena *arena, const struct json_field *f,
			     const json_t *value)
{
	if (!value || json_is_null(value))
		return NULL;

	switch (f->kind) {
	case JSON_KIND_IDS:
	case JSON_KIND_NUMBERS:
		return array_literal(arena, value);
	case JSON_KIND_NUMBER:
		return number_text(arena, value);
	case JSON_KIND_BOOLEAN:
		return json_is_true(value) ? "true" : "false";
	case JSON_KIND_STRINGS:
		return object_text(arena, value);
	default:
		return json_string_value(value);
	}
}
