/*
 * worker_table.h - objects by their UUID.
 *
 * Ownership: an object comes from malloc(), with a struct node as its first
 * member, and stays its maker's while it is in a table, one at most.
 */
#ifndef STREAM_WORKER_TABLE_H
#define STREAM_WORKER_TABLE_H

#include <stddef.h>

enum { UUID_BYTES = 16 };

struct node {
	struct node *next;		/* of the same bucket */
	unsigned char id[UUID_BYTES];
};

struct table {
	struct node **bucket;		/* v[size]; a power of two */
	size_t size, n;
};

void table_open(struct table *);
/* Frees the objects that are still in it. */
void table_close(struct table *);

/* NULL: there is none. */
struct node *table_find(const struct table *,
			const unsigned char id[UUID_BYTES]);

/* The node's id is in no other node of the table. */
void table_add(struct table *, struct node *);
void table_remove(struct table *, struct node *);

#endif
