/* bytea.c - see bytea.h. */
#include <assert.h>
#include <string.h>

#include "runtime/bytea.h"

static const char prefix[] = "\\x", digits[] = "0123456789abcdef";

enum { PREFIX = sizeof(prefix) - 1 };

const char *bytea_text(struct arena *arena, const void *bytes, size_t n)
{
	const unsigned char *byte = bytes;
	char *text = arena_alloc(arena, sizeof(prefix) + 2 * n), *p;

	p = stpcpy(text, prefix);
	for (size_t i = 0; i < n; i++) {
		*p++ = digits[byte[i] >> 4];
		*p++ = digits[byte[i] & 15];
	}
	return text;
}

static unsigned int value_of(char digit)
{
	const char *at = strchr(digits, digit);

	assert(at && *at);
	return (unsigned int)(at - digits);
}

const void *bytea_bytes(struct arena *arena, const char *text, size_t *n)
{
	const size_t bytes = (strlen(text) - PREFIX) / 2;
	unsigned char *out = arena_alloc(arena, bytes);

	assert(strncmp(text, prefix, PREFIX) == 0);
	for (size_t i = 0; i < bytes; i++) {
		const char *pair = text + PREFIX + 2 * i;

		out[i] = (unsigned char)(value_of(pair[0]) << 4 |
					 value_of(pair[1]));
	}
	*n = bytes;

	return out;
}
