/*
 * arena.h - memory that lives as long as a request.
 *
 * Ownership: everything an arena hands out belongs to it and ends with
 * arena_reset(); nothing is freed singly.  Foreign objects join with
 * arena_defer().  An arena belongs to one thread at a time.
 *
 * Errors: none.  When memory runs out the process exits 111, to be restarted:
 * a request is small and bounded, so that is a system failure.
 */
#ifndef RUNTIME_ARENA_H
#define RUNTIME_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *);

/* Run the deferred calls, last first, and take all memory back. */
void arena_reset(struct arena *);

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *, size_t bytes);

/* A copy that ends with a NUL. */
char *arena_copy(struct arena *, const void *text, size_t bytes);

char *arena_printf(struct arena *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Call free_fn(object) at the next reset. */
void arena_defer(struct arena *, void (*free_fn)(void *), void *object);

#endif
