/* uuid.c - see uuid.h. */
#include <stdint.h>
#include <sys/random.h>

#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/uuid.h"

enum { TIME_BYTES = 6, BYTES = 16, CHARS = 36 };

static const char digits[] = "0123456789abcdef";

static bool hyphen_at(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

const char *uuid_new(struct arena *arena)
{
	char *text = arena_alloc(arena, CHARS + 1);
	unsigned char bytes[BYTES];
	uint64_t ms;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		log_exit(EXIT_SYSTEM, "no random bytes");

	ms = (uint64_t)unix_ms();
	for (int i = 0; i < TIME_BYTES; i++)
		bytes[i] = (unsigned char)(ms >> 8 * (TIME_BYTES - 1 - i));
	bytes[6] = 0x70 | (bytes[6] & 0x0f);	/* version 7 */
	bytes[8] = 0x80 | (bytes[8] & 0x3f);	/* variant of RFC 9562 */

	uuid_text(bytes, text);
	return text;
}

static bool is_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool uuid_valid(const char *text)
{
	for (size_t i = 0; i < CHARS; i++)
		if (hyphen_at(i) ? text[i] != '-' : !is_digit(text[i]))
			return false;

	return text[CHARS] == '\0';
}

static int value_of(char digit)
{
	return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

void uuid_bytes(const char *text, unsigned char out[BYTES])
{
	for (size_t i = 0; i < BYTES; i++, text += 2) {
		text += *text == '-';
		out[i] = (unsigned char)(value_of(text[0]) << 4 |
					 value_of(text[1]));
	}
}

void uuid_text(const unsigned char bytes[BYTES], char out[CHARS + 1])
{
	for (size_t i = 0; i < CHARS; bytes++) {
		if (hyphen_at(i))
			out[i++] = '-';
		out[i++] = digits[*bytes >> 4];
		out[i++] = digits[*bytes & 15];
	}
	out[CHARS] = '\0';
}
