/* worker_turn.c - see worker_turn.h. */
#include <stdlib.h>
#include <string.h>

#include "functions/stream/worker_turn.h"
#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/uuid.h"

enum {
	PACE_MS = 50,			/* between turns, at least */
	BEAT_MS = 5000,
	RETRY_MS = 500, RETRY_MAX_MS = 2000,	/* after a failure */
	SESSIONS = 5000, NEWS = 500,	/* a turn, at most */
	UUID_CHARS = 36,
};

struct turns {
	struct hub *hub;
	struct live *live;
	struct database *database;
	struct event *pace, *done;
	struct turn *turn;		/* NULL: the database has it */
	int64_t beat_ms, not_before_ms;
	int retry_ms;			/* 0: the last one went well */
	struct news news[NEWS];		/* v[nnews]; of the turn */
	size_t nnews;
	unsigned char session[SESSIONS][UUID_BYTES];
};

/* An array of up to n ids as PostgreSQL reads it. */
struct array {
	char *text, *end;
};

static struct array array_new(struct arena *arena, size_t n)
{
	char *text = arena_alloc(arena, n * (UUID_CHARS + 1) + sizeof("{}"));

	text[0] = '{';
	text[1] = '}';
	return (struct array){ text, text + 1 };
}

static void array_add(struct array *a, const unsigned char *id)
{
	if (a->end > a->text + 1)
		*a->end++ = ',';
	uuid_text(id, a->end);
	a->end += UUID_CHARS;
	strcpy(a->end, "}");
}

static void ask_sessions(struct turns *t, struct turn *turn, int64_t now)
{
	const size_t n = hub_sessions_due(t->hub, now, t->session, SESSIONS);
	struct array sessions = array_new(turn->arena, n);

	for (size_t i = 0; i < n; i++)
		array_add(&sessions, t->session[i]);
	turn->sessions = n > 0 ? sessions.text : NULL;
}

static void tell_news(struct turns *t, struct turn *turn, int64_t now)
{
	struct array came = array_new(turn->arena, NEWS);
	struct array left = array_new(turn->arena, NEWS);

	t->nnews = hub_news(t->hub, now, t->news, NEWS);
	for (size_t i = 0; i < t->nnews; i++)
		array_add(t->news[i].here ? &came : &left, t->news[i].user);
	turn->came = t->nnews > 0 ? came.text : NULL;
	turn->left = t->nnews > 0 ? left.text : NULL;
}

static void on_pace(evutil_socket_t fd, short what, void *turns)
{
	struct turns *t = turns;
	struct turn *turn = t->turn;
	const int64_t now = now_ms();

	(void)fd;
	(void)what;
	if (!turn || now < t->not_before_ms)
		return;

	arena_reset(turn->arena);
	*turn = (struct turn){ .arena = turn->arena };
	turn->beat = now - t->beat_ms >= BEAT_MS;
	ask_sessions(t, turn, now);
	tell_news(t, turn, now);
	if (!turn->beat && !turn->sessions && !turn->came)
		return;
	t->turn = NULL;
	database_give(t->database, turn);
}

static void publish(struct turns *t, const struct db_rows *changed)
{
	for (int i = 0; i < changed->nrows; i++)
		live_publish(t->live, "Presence", changed->cell[2 * i],
			     changed->cell[2 * i + 1]);
}

static void end_sessions(struct turns *t, const struct db_rows *ended)
{
	unsigned char id[UUID_BYTES];

	for (int i = 0; i < ended->nrows; i++) {
		uuid_bytes(ended->cell[i], id);
		hub_end_session(t->hub, id);
	}
}

static void take_answer(struct turns *t, const struct turn *turn, int64_t now)
{
	t->retry_ms = 0;
	if (turn->beat)
		t->beat_ms = now;
	end_sessions(t, &turn->ended);
	if (turn->forgotten)
		hub_forgotten(t->hub);
	publish(t, &turn->buried);
	publish(t, &turn->changed);
}

/* The database is away: its log says so, once for each try. */
static void put_off(struct turns *t, int64_t now)
{
	t->retry_ms = t->retry_ms ? 2 * t->retry_ms : RETRY_MS;
	if (t->retry_ms > RETRY_MAX_MS)
		t->retry_ms = RETRY_MAX_MS;
	t->not_before_ms = now + t->retry_ms;
}

static void on_done(evutil_socket_t fd, short what, void *turns)
{
	struct turns *t = turns;
	const int64_t now = now_ms();

	(void)fd;
	(void)what;
	t->turn = database_take(t->database);
	if (!t->turn)
		return;
	if (t->turn->failed)
		put_off(t, now);
	else
		take_answer(t, t->turn, now);
	for (size_t i = 0; i < t->nnews; i++)
		hub_settle(t->hub, &t->news[i], !t->turn->failed, now);
	t->nnews = 0;
}

struct turns *turns_new(struct event_base *base, struct hub *hub,
			struct live *live, struct database *database)
{
	const struct timeval every = { .tv_usec = PACE_MS * 1000 };
	struct turns *t = calloc(1, sizeof(*t));

	if (!t)
		log_exit(EXIT_SYSTEM, "out of memory");
	t->hub = hub;
	t->live = live;
	t->database = database;
	t->turn = database_take(database);
	t->beat_ms = now_ms() - BEAT_MS;
	t->pace = event_new(base, -1, EV_PERSIST, on_pace, t);
	t->done = event_new(base, database_fd(database), EV_READ | EV_PERSIST,
			    on_done, t);
	if (!t->pace || !t->done || event_add(t->pace, &every) != 0 ||
	    event_add(t->done, NULL) != 0)
		log_exit(EXIT_SYSTEM, "no event");

	return t;
}

void turns_free(struct turns *t)
{
	event_free(t->pace);
	event_free(t->done);
	free(t);
}
