/* clock.c - see clock.h. */
#include <stdio.h>
#include <time.h>

#include "runtime/clock.h"

static uint64_t read_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

int64_t now_ms(void)
{
	return (int64_t)(now_us() / 1000);
}

uint64_t now_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

int64_t unix_ms(void)
{
	return (int64_t)(read_us(CLOCK_REALTIME) / 1000);
}

void unix_text(char out[CLOCK_TEXT])
{
	const int64_t ms = unix_ms();
	const time_t s = ms / 1000;
	struct tm utc;
	size_t n;

	gmtime_r(&s, &utc);
	n = strftime(out, CLOCK_TEXT, "%FT%T", &utc);
	snprintf(out + n, CLOCK_TEXT - n, ".%03dZ", (int)(ms % 1000));
}
