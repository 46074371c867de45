/* worker_event.c - see worker_event.h. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "functions/stream/worker_event.h"
#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/uuid.h"

enum form {
	NAMED,				/* to whom `to` names */
	NAMED_OTHERS,			/* but not back to user_id */
	PAIR,				/* user_id, other_id */
};

static const struct kind {
	const char *type, *name;
	enum form form;
	bool kept;
} kinds[] = {
	{ "MessageSent",       "message",  NAMED, true },
	{ "MessageEdited",     "message",  NAMED, true },
	{ "MessageDeleted",    "message",  NAMED, true },
	{ "MessageReceived",   "received", NAMED, true },
	{ "MessagesRead",      "read",     NAMED, true },
	{ "ChatCreated",       "chat",     NAMED, true },
	{ "ChatMemberAdded",   "chat",     NAMED, true },
	{ "ChatMemberRemoved", "chat",     NAMED, true },
	{ "SubscriptionRequestSent",     "subscription", PAIR, true },
	{ "SubscriptionRequestAccepted", "subscription", PAIR, true },
	{ "SubscriptionRequestDeclined", "subscription", PAIR, true },
	{ "SubscriptionRemoved",         "subscription", PAIR, true },
	{ "NotificationSent",  "notification", NAMED, true },
	{ "NotificationsRead", "notification", NAMED, true },
	{ "Typing",            "typing",   NAMED_OTHERS, false },
	{ "Presence",          "presence", NAMED, false },
};

static const struct kind *kind_of(const char *type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].type, type) == 0)
			return &kinds[i];
	return NULL;
}

static bool read_id(const json_t *value, unsigned char out[UUID_BYTES])
{
	const char *text = json_string_value(value);

	if (!text || !uuid_valid(text))
		return false;
	uuid_bytes(text, out);

	return true;
}

static void deliver(struct hub *h, const struct kind *k, const json_t *data,
		    const unsigned char (*to)[UUID_BYTES], size_t n)
{
	char *text = json_dumps(data, JSON_COMPACT);

	if (!text)
		log_exit(EXIT_SYSTEM, "out of memory");
	hub_deliver(h, &(struct delivery){
		.name = k->name, .data = text, .to = to, .n = n,
		.kept = k->kept,
	});
	free(text);
}

static bool deliver_pair(struct hub *h, const struct kind *k,
			 const json_t *data)
{
	const json_t *user = json_object_get(data, "user_id");
	const json_t *other = json_object_get(data, "other_id");
	const json_t *const side[] = { user, other };
	unsigned char id[2][UUID_BYTES];

	if (!read_id(user, id[0]) || !read_id(other, id[1]))
		return false;
	for (int i = 0; i < 2; i++) {
		json_t *told = json_pack("{s:O}", "user_id", side[1 - i]);

		deliver(h, k, told, &id[i], 1);
		json_decref(told);
	}
	return true;
}

/* The ids of an array but for one; -1: something else is in it. */
static ssize_t read_ids(const json_t *array, const unsigned char *but,
			unsigned char (*out)[UUID_BYTES])
{
	const json_t *value;
	ssize_t n = 0;
	size_t i;

	json_array_foreach(array, i, value) {
		if (!read_id(value, out[n]))
			return -1;
		if (!but || memcmp(out[n], but, UUID_BYTES) != 0)
			n++;
	}
	return n;
}

static bool deliver_named(struct hub *h, const struct kind *k, json_t *data)
{
	const json_t *to = json_object_get(data, "to");
	unsigned char (*id)[UUID_BYTES], typer[UUID_BYTES];
	ssize_t n;

	if (!json_is_array(to) ||
	    (k->form == NAMED_OTHERS &&
	     !read_id(json_object_get(data, "user_id"), typer)))
		return false;
	id = calloc(json_array_size(to) + 1, UUID_BYTES);
	if (!id)
		log_exit(EXIT_SYSTEM, "out of memory");

	n = read_ids(to, k->form == NAMED_OTHERS ? typer : NULL, id);
	json_object_del(data, "to");
	if (n > 0)
		deliver(h, k, data, id, (size_t)n);
	free(id);

	return n >= 0;
}

bool event_deliver(struct hub *h, const char *type, const void *data,
		   size_t bytes)
{
	const struct kind *k = kind_of(type);
	json_t *read;
	bool delivered;

	if (!k)
		return true;
	read = json_loadb(data, bytes, JSON_REJECT_DUPLICATES, NULL);
	delivered = json_is_object(read) &&
		    (k->form == PAIR ? deliver_pair(h, k, read)
				     : deliver_named(h, k, read));
	json_decref(read);

	return delivered;
}
