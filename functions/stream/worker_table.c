/* worker_table.c - see worker_table.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "functions/stream/worker_table.h"
#include "runtime/conf.h"
#include "runtime/log.h"

enum { FIRST_SIZE = 64 };

void table_open(struct table *t)
{
	*t = (struct table){ .size = FIRST_SIZE };
	t->bucket = calloc(t->size, sizeof(*t->bucket));
	if (!t->bucket)
		log_exit(EXIT_SYSTEM, "out of memory");
}

void table_close(struct table *t)
{
	for (size_t i = 0; i < t->size; i++)
		for (struct node *n = t->bucket[i], *next; n; n = next) {
			next = n->next;
			free(n);
		}
	free(t->bucket);
}

/* Ids that count up or share their time must not share a bucket. */
static struct node **bucket_of(const struct table *t, const unsigned char *id)
{
	uint64_t half[2];

	memcpy(half, id, sizeof(half));
	half[0] ^= half[1] * 0x9e3779b97f4a7c15;
	half[0] ^= half[0] >> 32;
	half[0] *= 0xd6e8feb86659fd93;
	half[0] ^= half[0] >> 32;

	return &t->bucket[half[0] & (t->size - 1)];
}

struct node *table_find(const struct table *t,
			const unsigned char id[UUID_BYTES])
{
	struct node *n = *bucket_of(t, id);

	while (n && memcmp(n->id, id, UUID_BYTES) != 0)
		n = n->next;
	return n;
}

static void put(struct table *t, struct node *n)
{
	struct node **bucket = bucket_of(t, n->id);

	n->next = *bucket;
	*bucket = n;
}

static void grow(struct table *t)
{
	struct table larger = { .size = 2 * t->size, .n = t->n };

	larger.bucket = calloc(larger.size, sizeof(*larger.bucket));
	if (!larger.bucket)
		log_exit(EXIT_SYSTEM, "out of memory");

	for (size_t i = 0; i < t->size; i++)
		for (struct node *n = t->bucket[i], *next; n; n = next) {
			next = n->next;
			put(&larger, n);
		}
	free(t->bucket);
	*t = larger;
}

void table_add(struct table *t, struct node *n)
{
	if (t->n == t->size)
		grow(t);
	put(t, n);
	t->n++;
}

void table_remove(struct table *t, struct node *n)
{
	struct node **p = bucket_of(t, n->id);

	while (*p != n)
		p = &(*p)->next;
	*p = n->next;
	t->n--;
}
