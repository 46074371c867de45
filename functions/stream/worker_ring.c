/* worker_ring.c - see worker_ring.h. */
#include <stdlib.h>
#include <string.h>

#include "functions/stream/worker_ring.h"
#include "runtime/conf.h"
#include "runtime/log.h"

/* That an event is for a user: an element of the user's list. */
struct mention {
	struct reader *reader;
	struct mention *next;		/* of the same user; newer */
	uint64_t number;		/* of the event */
};

/* A user for whom an event is in the ring. */
struct reader {
	struct node node;
	struct mention *first, *last;
};

struct entry {
	size_t n, bytes;		/* of text */
	char *text;			/* behind the mentions */
	struct mention mention[];	/* v[n] */
};

struct ring {
	struct entry **entry;		/* v[size]; number % size */
	size_t size;
	uint64_t oldest, next;		/* numbers; the same: it is empty */
	size_t bytes, bytes_max;
	struct table readers;
};

struct ring *ring_new(size_t events, size_t bytes)
{
	struct ring *r = calloc(1, sizeof(*r));

	if (r)
		r->entry = calloc(events, sizeof(struct entry *));
	if (!r || !r->entry)
		log_exit(EXIT_SYSTEM, "out of memory");
	r->size = events;
	r->bytes_max = bytes;
	r->oldest = r->next = 1;
	table_open(&r->readers);

	return r;
}

/* What an event takes if none of its readers has another one. */
static size_t cost(size_t n, size_t bytes)
{
	return sizeof(struct entry) + bytes +
	       n * (sizeof(struct mention) + sizeof(struct reader));
}

static struct entry **entry_of(const struct ring *r, uint64_t number)
{
	return &r->entry[number % r->size];
}

/* The oldest event's mentions are the first ones of their readers. */
static void forget_oldest(struct ring *r)
{
	struct entry *e = *entry_of(r, r->oldest);

	for (size_t i = 0; i < e->n; i++) {
		struct reader *reader = e->mention[i].reader;

		reader->first = e->mention[i].next;
		if (!reader->first) {
			table_remove(&r->readers, &reader->node);
			free(reader);
		}
	}
	r->bytes -= cost(e->n, e->bytes);
	r->oldest++;
	free(e);
}

void ring_clear(struct ring *r)
{
	while (r->oldest < r->next)
		forget_oldest(r);
	r->oldest = r->next = 1;
}

void ring_free(struct ring *r)
{
	ring_clear(r);
	table_close(&r->readers);
	free(r->entry);
	free(r);
}

uint64_t ring_last(const struct ring *r)
{
	return r->next - 1;
}

static struct reader *reader_of(struct ring *r, const unsigned char *id)
{
	struct reader *reader = (struct reader *)table_find(&r->readers, id);

	if (reader)
		return reader;
	reader = calloc(1, sizeof(*reader));
	if (!reader)
		log_exit(EXIT_SYSTEM, "out of memory");
	memcpy(reader->node.id, id, UUID_BYTES);
	table_add(&r->readers, &reader->node);

	return reader;
}

static void append(struct reader *reader, struct mention *m, uint64_t number)
{
	*m = (struct mention){ .reader = reader, .number = number };
	if (reader->first)
		reader->last->next = m;
	else
		reader->first = m;
	reader->last = m;
}

void ring_add(struct ring *r, const unsigned char (*to)[UUID_BYTES], size_t n,
	      const char *text, size_t bytes)
{
	struct entry *e;

	while (r->oldest < r->next &&
	       (r->next - r->oldest == r->size ||
		r->bytes + cost(n, bytes) > r->bytes_max))
		forget_oldest(r);

	e = malloc(sizeof(*e) + n * sizeof(*e->mention) + bytes);
	if (!e)
		log_exit(EXIT_SYSTEM, "out of memory");
	*e = (struct entry){ .n = n, .bytes = bytes,
			     .text = (char *)&e->mention[n] };
	memcpy(e->text, text, bytes);
	for (size_t i = 0; i < n; i++)
		append(reader_of(r, to[i]), &e->mention[i], r->next);

	*entry_of(r, r->next) = e;
	r->bytes += cost(n, bytes);
	r->next++;
}

bool ring_reaches(const struct ring *r, uint64_t number)
{
	return number + 1 >= r->oldest && number < r->next;
}

void ring_replay(const struct ring *r, const unsigned char user[UUID_BYTES],
		 uint64_t number,
		 void (*each)(void *arg, const char *text, size_t bytes),
		 void *arg)
{
	const struct reader *reader =
		(const struct reader *)table_find(&r->readers, user);
	const struct mention *m = reader ? reader->first : NULL;

	for (; m; m = m->next) {
		const struct entry *e = *entry_of(r, m->number);

		if (m->number > number)
			each(arg, e->text, e->bytes);
	}
}
