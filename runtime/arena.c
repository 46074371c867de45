/* arena.c - see arena.h. */
#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/arena.h"
#include "runtime/conf.h"
#include "runtime/log.h"

enum { BLOCK_BYTES = 16 * 1024 };

struct block {
	struct block *next;
	size_t size, used;
	alignas(max_align_t) unsigned char memory[];
};

struct deferred {
	struct deferred *next;
	void (*free_fn)(void *);
	void *object;
};

struct arena {
	struct block *block;		/* newest first; the oldest is kept */
	struct deferred *deferred;	/* newest first */
};

static void *must_have(void *memory)
{
	if (!memory)
		log_exit(EXIT_SYSTEM, "out of memory");

	return memory;
}

static struct block *block_new(size_t bytes, struct block *next)
{
	struct block *b = must_have(malloc(sizeof(*b) + bytes));

	*b = (struct block){ .next = next, .size = bytes };
	return b;
}

struct arena *arena_new(void)
{
	struct arena *a = must_have(calloc(1, sizeof(*a)));

	a->block = block_new(BLOCK_BYTES, NULL);
	return a;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;

	arena_reset(a);
	free(a->block);
	free(a);
}

void arena_reset(struct arena *a)
{
	struct block *b;

	for (; a->deferred; a->deferred = a->deferred->next)
		a->deferred->free_fn(a->deferred->object);

	while ((b = a->block)->next) {
		a->block = b->next;
		free(b);
	}
	a->block->used = 0;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
	const size_t align = alignof(max_align_t);
	struct block *b = a->block;
	void *p;

	assert(bytes < SIZE_MAX / 2);
	bytes = (bytes + align - 1) / align * align;

	if (bytes > b->size - b->used) {
		b = block_new(bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES, b);
		a->block = b;
	}
	p = b->memory + b->used;
	b->used += bytes;

	return memset(p, 0, bytes);
}

char *arena_copy(struct arena *a, const void *text, size_t bytes)
{
	char *copy = arena_alloc(a, bytes + 1);

	if (bytes > 0)
		memcpy(copy, text, bytes);

	return copy;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list args, again;
	char *text;
	int bytes;

	va_start(args, format);
	va_copy(again, args);
	bytes = vsnprintf(NULL, 0, format, args);
	va_end(args);
	assert(bytes >= 0);

	text = arena_alloc(a, (size_t)bytes + 1);
	vsnprintf(text, (size_t)bytes + 1, format, again);
	va_end(again);

	return text;
}

void arena_defer(struct arena *a, void (*free_fn)(void *), void *object)
{
	struct deferred *d = arena_alloc(a, sizeof(*d));

	*d = (struct deferred){ a->deferred, free_fn, object };
	a->deferred = d;
}
