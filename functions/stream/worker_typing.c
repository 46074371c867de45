/* worker_typing.c - see worker_typing.h. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "functions/stream/worker_table.h"
#include "functions/stream/worker_typing.h"
#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/uuid.h"

enum {
	PAUSE_MS = 1000,
	REMEMBERED = 4096,		/* a power of two */
	UUID_CHARS = 36,
};

/* Who was told of last, of those that share a place; others may be told of
 * once too often. */
struct told {
	unsigned char chat[UUID_BYTES], user[UUID_BYTES];
	int64_t at_ms;
};

struct typing {
	struct live *live;
	struct told told[REMEMBERED];
};

struct typing *typing_new(struct live *live)
{
	struct typing *t = calloc(1, sizeof(*t));

	if (!t)
		log_exit(EXIT_SYSTEM, "out of memory");
	t->live = live;

	return t;
}

void typing_free(struct typing *t)
{
	free(t);
}

static struct told *place_of(struct typing *t, const struct told *told)
{
	uint32_t chat, user;

	/* The end of an id is random in every version that we make. */
	memcpy(&chat, told->chat + UUID_BYTES - sizeof(chat), sizeof(chat));
	memcpy(&user, told->user + UUID_BYTES - sizeof(user), sizeof(user));

	return &t->told[(chat ^ user * 31) % REMEMBERED];
}

static bool told_just_now(struct typing *t, const struct told *told)
{
	struct told *last = place_of(t, told);
	const size_t ids = offsetof(struct told, at_ms);

	if (memcmp(last, told, ids) == 0 &&
	    told->at_ms - last->at_ms < PAUSE_MS)
		return true;
	*last = *told;

	return false;
}

/* NULL: it is no list of ids. */
static json_t *array_of(const char *to)
{
	json_t *array = json_array();
	char id[UUID_CHARS + 1];
	size_t chars;

	for (const char *p = to; *p; p += chars + (p[chars] == ',')) {
		chars = strcspn(p, ",");
		snprintf(id, sizeof(id), "%.*s", (int)chars, p);
		if (chars != UUID_CHARS || !uuid_valid(id)) {
			json_decref(array);
			return NULL;
		}
		json_array_append_new(array, json_string(id));
	}
	return array;
}

static void publish(struct typing *t, const char *chat, const char *user,
		    json_t *to)
{
	json_t *data = json_pack("{s:s,s:s,s:O}", "chat_id", chat, "user_id",
				 user, "to", to);
	char *text = json_dumps(data, JSON_COMPACT);

	if (!text)
		log_exit(EXIT_SYSTEM, "out of memory");
	live_publish(t->live, "Typing", chat, text);
	free(text);
	json_decref(data);
}

bool typing_tell(struct typing *t, const char *chat, const char *user,
		 const char *to, int64_t now_ms)
{
	struct told told = { .at_ms = now_ms };
	json_t *array;

	if (!uuid_valid(chat) || !uuid_valid(user))
		return false;
	array = array_of(to);
	if (!array)
		return false;

	uuid_bytes(chat, told.chat);
	uuid_bytes(user, told.user);
	if (!told_just_now(t, &told))
		publish(t, chat, user, array);
	json_decref(array);

	return true;
}
