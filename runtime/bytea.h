/*
 * bytea.h - bytes as PostgreSQL reads and writes them in text: "\x" and hex.
 */
#ifndef RUNTIME_BYTEA_H
#define RUNTIME_BYTEA_H

#include <stddef.h>

#include "runtime/arena.h"

const char *bytea_text(struct arena *, const void *bytes, size_t n);

/* text is of bytea_text(), or a column of that type. */
const void *bytea_bytes(struct arena *, const char *text, size_t *n);

#endif
