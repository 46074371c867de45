/* worker_delivery.c - see worker_hub.h: what streams are sent. */
#include <event2/buffer.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "functions/stream/worker_hub_private.h"
#include "runtime/conf.h"
#include "runtime/log.h"

enum {
	NUMBER_CHARS = 18,		/* fits into 64 bits */
	/* More than this is no reason to be cut for reading slowly. */
	REPLAY_BYTES = HUB_WAITING_BYTES / 2,
};

void hub_new_epoch(struct hub *h)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		log_exit(EXIT_SYSTEM, "no random bytes");
	snprintf(h->epoch, sizeof(h->epoch), "%016" PRIx64, random);
}

bool hub_send(struct stream *s, const char *text, size_t bytes)
{
	struct evbuffer *waiting = bufferevent_get_output(s->bev);

	if (evbuffer_get_length(waiting) + bytes <= HUB_WAITING_BYTES) {
		if (bufferevent_write(s->bev, text, bytes) != 0)
			log_exit(EXIT_SYSTEM, "out of memory");
		return true;
	}
	atomic_fetch_add(&s->hub->slot->cut_slow, 1);
	hub_end(s);

	return false;
}

static void send_resync(struct stream *s)
{
	char text[128];
	int bytes = snprintf(text, sizeof(text), "event: resync\n"
			     "id: %s-%" PRIu64 "\ndata: {}\n\n",
			     s->hub->epoch, ring_last(s->hub->ring));

	atomic_fetch_add(&s->hub->slot->resyncs, 1);
	hub_send(s, text, (size_t)bytes);
}

/* EPOCH-NUMBER, just as we write it, of this epoch. */
static bool read_id(const struct hub *h, const char *id, uint64_t *number)
{
	const size_t epoch = strlen(h->epoch);
	const char *digits = id + epoch + 1;

	if (strncmp(id, h->epoch, epoch) != 0 || id[epoch] != '-')
		return false;
	if (strspn(digits, "0123456789") != strlen(digits) ||
	    strlen(digits) < 1 || strlen(digits) > NUMBER_CHARS ||
	    (digits[0] == '0' && digits[1]))
		return false;
	*number = strtoull(digits, NULL, 10);

	return true;
}

static void add_missed(void *missed, const char *text, size_t bytes)
{
	if (evbuffer_add(missed, text, bytes) != 0)
		log_exit(EXIT_SYSTEM, "out of memory");
}

/* False: it would be too much. */
static bool replay(struct stream *s, uint64_t number)
{
	struct evbuffer *missed = evbuffer_new();
	bool fits;

	if (!missed)
		log_exit(EXIT_SYSTEM, "out of memory");
	ring_replay(s->hub->ring, s->user->node.id, number, add_missed,
		    missed);
	fits = evbuffer_get_length(missed) <= REPLAY_BYTES;
	if (fits)
		bufferevent_write_buffer(s->bev, missed);
	evbuffer_free(missed);

	return fits;
}

void hub_begin(struct stream *s, const char *last_event_id)
{
	uint64_t number;

	if (!last_event_id || !read_id(s->hub, last_event_id, &number) ||
	    !ring_reaches(s->hub->ring, number) || !replay(s, number))
		send_resync(s);
}

void hub_gap(struct hub *h)
{
	struct stream *next;

	hub_new_epoch(h);
	ring_clear(h->ring);
	for (struct stream *s = TAILQ_FIRST(&h->streams); s; s = next) {
		next = TAILQ_NEXT(s, of_all);
		send_resync(s);
	}
}

/* As streams see it; to be freed. */
static char *text_of(const struct hub *h, const struct delivery *d, int *bytes)
{
	char *text;

	if (d->kept)
		*bytes = asprintf(&text, "event: %s\nid: %s-%" PRIu64
				  "\ndata: %s\n\n", d->name, h->epoch,
				  ring_last(h->ring) + 1, d->data);
	else
		*bytes = asprintf(&text, "event: %s\ndata: %s\n\n", d->name,
				  d->data);
	if (*bytes < 0)
		log_exit(EXIT_SYSTEM, "out of memory");

	return text;
}

/* To all streams of a user; how many took it. */
static unsigned send_to(struct hub *h, const unsigned char *user,
			const char *text, size_t bytes)
{
	struct user *u = (struct user *)table_find(&h->users, user);
	struct stream *next;
	unsigned taken = 0;

	for (struct stream *s = u ? TAILQ_FIRST(&u->streams) : NULL; s;
	     s = next) {
		next = TAILQ_NEXT(s, of_user);
		taken += hub_send(s, text, bytes);
	}
	return taken;
}

void hub_deliver(struct hub *h, const struct delivery *d)
{
	unsigned taken = 0;
	int bytes;
	char *text = text_of(h, d, &bytes);

	if (d->kept)
		ring_add(h->ring, d->to, d->n, text, (size_t)bytes);
	for (size_t i = 0; i < d->n; i++)
		taken += send_to(h, d->to[i], text, (size_t)bytes);

	atomic_fetch_add(&h->slot->delivered, taken);
	free(text);
}
