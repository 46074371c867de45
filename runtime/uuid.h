/*
 * uuid.h - UUIDv7 (RFC 9562): identifiers that sort by the time they were made.
 */
#ifndef RUNTIME_UUID_H
#define RUNTIME_UUID_H

#include <stdbool.h>

#include "runtime/arena.h"

/* Lower-case text of 36 characters. */
const char *uuid_new(struct arena *);

/* 36 characters, hyphens in place, lower-case hex: the form we give out. */
bool uuid_valid(const char *text);

/* Between text and its 16 bytes.  The text must be valid. */
void uuid_bytes(const char *text, unsigned char out[16]);
void uuid_text(const unsigned char bytes[16], char out[37]);

#endif
