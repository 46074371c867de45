/*
 * clock.h - the time.
 *
 * now_ms() and now_us() tell how long something lasts and when it is over: they
 * count from the start of the machine, for all its processes, and never go
 * back.
 */
#ifndef RUNTIME_CLOCK_H
#define RUNTIME_CLOCK_H

#include <stdint.h>

enum { CLOCK_TEXT = sizeof("2026-11-26T17:00:00.000Z") };

int64_t now_ms(void);
uint64_t now_us(void);

/* Milliseconds since 1970. */
int64_t unix_ms(void);

/* Now as RFC 3339 has it, in UTC with milliseconds. */
void unix_text(char out[CLOCK_TEXT]);

#endif
