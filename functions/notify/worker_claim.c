/* worker_claim.c - see worker_claim.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "functions/notify/worker_claim.h"
#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/log.h"

#include "worker_push.sql.h"

/* The columns of push_claim. */
enum column {
	DEVICE_ID, COLLAPSE_ID, ID, TRIES, LANE, SANDBOX, TOKEN, P256DH, AUTH,
	PAYLOAD, TTL_S, URGENT, BADGE, REGISTERED, COLUMNS
};

bool claim_due(struct db *db, bool expected)
{
	const char *due;

	return expected ||
	       (db_one(db, &sql_push_due, NO_ARGS, &due) == OK && *due == 't');
}

/* What notify.claim() is asked. */
struct question {
	char *lanes, *rooms;
	char room[16];
	int total;		/* room of all, but for unknown lanes */
};

static void put_lane(FILE *out, const char *name)
{
	fputc('"', out);
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			fputc('\\', out);
		fputc(*name, out);
	}
	fputc('"', out);
}

static struct question question(const struct lanes *lanes,
				const struct providers *providers)
{
	struct question q = { 0 };
	size_t bytes[2];
	FILE *names = open_memstream(&q.lanes, &bytes[0]);
	FILE *rooms = open_memstream(&q.rooms, &bytes[1]);
	const int64_t now = now_ms();
	struct lane *const *all;
	int n, room;

	if (!names || !rooms)
		log_exit(EXIT_SYSTEM, "out of memory");
	all = lanes_all(lanes, &n);
	for (int i = 0; i < n; i++) {
		room = providers_ready(providers, all[i]->kind, time(NULL)) ?
			lanes_room(lanes, all[i], now) : 0;
		fputc(i > 0 ? ',' : '{', names);
		put_lane(names, all[i]->name);
		fprintf(rooms, "%c%d", i > 0 ? ',' : '{', room);
		q.total += room;
	}
	fputc('}', names);
	fputc('}', rooms);
	if (fclose(names) != 0 || fclose(rooms) != 0)
		log_exit(EXIT_SYSTEM, "out of memory");

	room = providers_ready(providers, LANE_ORIGIN, time(NULL)) ?
		lanes_room_of_new(lanes) : 0;
	snprintf(q.room, sizeof(q.room), "%d", room);
	q.total += room;

	return q;
}

static struct push push_of(const char *const *cell)
{
	return (struct push){
		.device_id = cell[DEVICE_ID],
		.collapse_id = cell[COLLAPSE_ID], .id = cell[ID],
		.tries = atoi(cell[TRIES]), .lane = cell[LANE],
		.sandbox = *cell[SANDBOX] == 't', .token = cell[TOKEN],
		.p256dh = cell[P256DH], .auth = cell[AUTH],
		.payload = cell[PAYLOAD], .ttl_s = atoi(cell[TTL_S]),
		.urgent = *cell[URGENT] == 't', .badge = cell[BADGE],
		.registered = cell[REGISTERED],
	};
}

int claim_all(struct db *db, struct arena *arena, struct lanes *lanes,
	      const struct providers *providers,
	      void (*each)(void *arg, const struct push *), void *arg)
{
	const struct question q = question(lanes, providers);
	const char *lease = arena_printf(arena, "%d", conf.push_lease_s);
	struct db_rows rows = { 0 };
	enum err err = OK;
	int first;

	if (q.total > 0)
		err = db_all(db, &sql_push_claim,
			     ARGS(q.lanes, q.rooms, q.room, lease), &rows);
	free(q.lanes);
	free(q.rooms);
	if (err)
		return 0;

	/* From anywhere: lanes come in order, and room may not last for all. */
	first = rows.nrows > 0 ? (int)(random() % rows.nrows) : 0;
	for (int i = 0; i < rows.nrows; i++) {
		const int row = (first + i) % rows.nrows;
		const struct push push = push_of(rows.cell + row * COLUMNS);

		each(arg, &push);
	}
	return rows.nrows;
}

static const char *copy(struct arena *arena, const char *text)
{
	return text ? arena_copy(arena, text, strlen(text)) : NULL;
}

struct push claim_copy(struct arena *arena, const struct push *push)
{
	struct push out = *push;

	out.device_id = copy(arena, push->device_id);
	out.collapse_id = copy(arena, push->collapse_id);
	out.id = copy(arena, push->id);
	out.registered = copy(arena, push->registered);
	out.badge = copy(arena, push->badge);
	out.lane = copy(arena, push->lane);
	out.token = copy(arena, push->token);
	out.p256dh = copy(arena, push->p256dh);
	out.auth = copy(arena, push->auth);
	out.payload = copy(arena, push->payload);

	return out;
}
