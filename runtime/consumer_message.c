/* consumer_message.c - see consumer_private.h: a message becomes a delivery. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/consumer_private.h"
#include "runtime/trace.h"

enum { ID_DIGITS = 18 };		/* any number of so many fits a bigint */

/* A copy of a header's last value, up to a NUL in it; NULL: there is none. */
static const char *header(struct arena *arena, const rd_kafka_headers_t *all,
			  const char *name)
{
	const void *value;
	size_t bytes;

	if (!all || rd_kafka_header_get_last(all, name, &value, &bytes) ||
	    !value)
		return NULL;

	return arena_copy(arena, value, bytes);
}

static const struct consumption *find(const struct consumption *c,
				      const char *topic, const char *type)
{
	for (; c->topic; c++)
		if (strcmp(c->topic, topic) == 0 && strcmp(c->type, type) == 0)
			return c;
	return NULL;
}

/* A number as the outbox gives them. */
static bool is_id(const char *text)
{
	const size_t digits = strspn(text, "0123456789");

	return digits > 0 && digits <= ID_DIGITS && text[digits] == '\0' &&
	       text[0] != '0';
}

static bool is_json_object(const void *text, size_t bytes)
{
	json_t *value = text ? json_loadb(text, bytes, 0, NULL) : NULL;
	const bool is = json_is_object(value);

	json_decref(value);
	return is;
}

static const char *next_trace(struct arena *arena, const char *traceparent)
{
	const char *ours = arena_printf(arena, "%08x%08x%08x%08x",
					arc4random(), arc4random(),
					arc4random(), arc4random());

	return trace_continue(arena, traceparent, ours);
}

/* What is wrong with it, in a word; NULL: nothing. */
static const char *check(const struct item *item, const char *version)
{
	const rd_kafka_message_t *m = item->message;

	if (!version || strcmp(version, "1.0") != 0)
		return "not_cloudevents";
	if (!item->delivery.id || !is_id(item->delivery.id))
		return "no_event_id";
	if (!is_json_object(m->payload, m->len))
		return "malformed_json";

	return NULL;
}

void message_read(struct arena *arena, const char *consumer,
		  const struct consumption *table, struct item *item)
{
	const rd_kafka_message_t *m = item->message;
	struct delivery *d = &item->delivery;
	rd_kafka_headers_t *all = NULL;
	const char *to;

	rd_kafka_message_headers(m, &all);
	to = header(arena, all, "kith_to");
	if (to && strcmp(to, consumer) != 0)
		return;
	d->type = header(arena, all, "ce_type");
	if (!d->type) {
		item->malformed = "no_event_type";
		return;
	}
	item->consumption = find(table, rd_kafka_topic_name(m->rkt), d->type);
	if (!item->consumption)
		return;

	d->id = header(arena, all, "ce_id");
	d->key = arena_copy(arena, m->key, m->key_len);
	d->data = arena_copy(arena, m->payload, m->len);
	d->traceparent = next_trace(arena, header(arena, all, "traceparent"));
	item->malformed = check(item, header(arena, all, "ce_specversion"));
}
