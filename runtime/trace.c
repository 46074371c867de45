/* trace.c - see trace.h. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "runtime/trace.h"

/* "00-" trace id (32 hex) "-" parent id (16 hex) "-" flags (2 hex) */
enum { VERSION = 2, TRACE = 35, SPAN = 52, BYTES = 55 };

static bool is_zero(const char *hex, size_t n)
{
	return strspn(hex, "0") >= n;
}

static bool valid(const char *t)
{
	for (size_t i = 0; i < BYTES; i++)
		if (i == VERSION || i == TRACE || i == SPAN
		    ? t[i] != '-' : !strchr("0123456789abcdef", t[i]) || !t[i])
			return false;

	return strncmp(t, "00-", 3) == 0 && t[BYTES] == '\0' &&
	       !is_zero(t + VERSION + 1, 32) && !is_zero(t + TRACE + 1, 16);
}

const char *trace_continue(struct arena *arena, const char *given)
{
	uint64_t random[3] = { 1, 1, 1 };

	/* Without randomness a trace is still valid. */
	if (getrandom(random, sizeof(random), 0) < 0)
		random[0] = (uint64_t)(uintptr_t)given | 1;

	if (given && valid(given))
		return arena_printf(arena, "%.*s-%016lx%s", TRACE, given,
				    random[2] | 1, given + SPAN);

	return arena_printf(arena, "00-%016lx%016lx-%016lx-00", random[0] | 1,
			    random[1], random[2] | 1);
}
