/* worker_presence.c - see worker_presence.h. */
#include "functions/stream/worker_presence.h"

void presence_open(struct presence *p)
{
	TAILQ_INIT(&p->soon);
	TAILQ_INIT(&p->later);
}

static void move(struct attendance *a, struct attendances *queue)
{
	if (a->queue)
		TAILQ_REMOVE(a->queue, a, link);
	a->queue = queue;
	if (queue)
		TAILQ_INSERT_TAIL(queue, a, link);
}

/* Where it waits, after anything of it has changed. */
static void queue(struct presence *p, struct attendance *a, int64_t now_ms)
{
	if (a->taken || a->here == a->known_here)
		move(a, NULL);
	else if (a->here || now_ms - a->left_ms >= PRESENCE_LINGER_MS)
		move(a, &p->soon);
	else
		move(a, &p->later);
}

void presence_come(struct presence *p, struct attendance *a)
{
	a->here = true;
	queue(p, a, 0);
}

void presence_leave(struct presence *p, struct attendance *a, int64_t now_ms)
{
	a->here = false;
	a->left_ms = now_ms;
	queue(p, a, now_ms);
}

bool presence_take(struct presence *p, int64_t now_ms, struct attendance **out)
{
	struct attendance *a = TAILQ_FIRST(&p->soon);

	if (!a)
		a = TAILQ_FIRST(&p->later);
	if (!a || (!a->here && now_ms - a->left_ms < PRESENCE_LINGER_MS))
		return false;
	a->taken = true;
	a->taken_here = a->here;
	move(a, NULL);
	*out = a;

	return true;
}

void presence_settle(struct presence *p, struct attendance *a, bool told,
		     int64_t now_ms)
{
	a->taken = false;
	if (told)
		a->known_here = a->taken_here;
	queue(p, a, now_ms);
}

void presence_forgotten(struct presence *p, struct attendance *a)
{
	a->known_here = false;
	queue(p, a, 0);
}

bool presence_idle(const struct attendance *a)
{
	return !a->here && !a->known_here && !a->taken;
}
