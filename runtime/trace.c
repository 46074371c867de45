/* trace.c - see trace.h. */
#include <stdbool.h>
#include <string.h>

#include "runtime/trace.h"

/* "00-" trace id (32 hex) "-" parent id (16 hex) "-" flags (2 hex) */
enum { VERSION = 2, TRACE = 35, SPAN = 52, BYTES = 55 };

static const char nobody[] = "11111111111111111111111111111111";

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

const char *trace_continue(struct arena *arena, const char *given,
			   const char *request_id)
{
	if (strlen(request_id) != 32 ||
	    strspn(request_id, "0123456789abcdef") != 32 ||
	    is_zero(request_id, 16) || is_zero(request_id + 16, 16))
		request_id = nobody;
	if (given && valid(given))
		return arena_printf(arena, "%.*s-%.16s%s", TRACE, given,
				    request_id, given + SPAN);

	return arena_printf(arena, "00-%s-%.16s-00", request_id, request_id);
}
