/* worker_push.c - the thread: see worker_push.h. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "functions/notify/worker_batch.h"
#include "functions/notify/worker_claim.h"
#include "functions/notify/worker_lane.h"
#include "functions/notify/worker_provider.h"
#include "functions/notify/worker_push.h"
#include "functions/notify/worker_transfer.h"
#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/worker.h"

enum {
	REST_MS = 100,		/* between looks when nothing is due */
	CLAIM_MS = 20,		/* between claims when there is more */
	CLOSED_MS = 300,	/* when all that is due is of closed lanes */
	SETTLE_MS = 20,		/* a result may wait for others */
	SETTLE_MANY = 256,	/* which don't wait for more */
	AWAY_MS = 500,		/* until an absent database is tried again */
	NO_ROOM_MS = 1000,	/* a push rests that was claimed in vain */
	CONFIG_MS = 5000,	/* and one whose lane is closed anyway */
	LOG_MS = 60 * 1000,	/* between lines of a lane */
};

struct pusher {
	pthread_t thread;
	atomic_bool leaving;
	bool cut;			/* it leaves, and waits no more */

	struct db_pool *pool;
	struct db *db;
	struct arena *arena;		/* of what the database says */
	struct scoreboard_worker *slot;
	struct providers *providers;
	struct transfers *transfers;
	struct lanes *lanes;
	struct batch *batch;
	unsigned int seed;

	bool backlog;			/* the last claim found something */
	int64_t look_ms;		/* no look at what is due before */
	int64_t settle_ms;		/* when the batch is to be settled */
	bool away;			/* the database is */
};

static void finish(struct pusher *p, const struct push *push,
		   enum verdict_kind kind, int wait_ms)
{
	if (batch_size(p->batch) == 0)
		p->settle_ms = now_ms() + SETTLE_MS;
	batch_add(p->batch, push, kind, wait_ms);
}

static void count(struct pusher *p, enum verdict_kind kind)
{
	atomic_fetch_add(&p->slot->pushes[verdict_outcome(kind)], 1);
}

/* How long a push rests: those that failed together don't return so. */
static int rest_ms(struct pusher *p, const struct push *push,
		   const struct verdict *v)
{
	int ms = v->wait_ms;

	if (v->kind == VERDICT_PAUSE || v->kind == VERDICT_CONFIG)
		ms = CONFIG_MS;
	else if (ms == 0)
		ms = verdict_wait_ms(push->tries);
	return ms + (int)(rand_r(&p->seed) % (ms / 4 + 1));
}

/* Nothing of the push, nor of the endpoint but its host. */
static void tell(struct lane *lane, const struct verdict *v,
		 const struct transfer *t, bool changed)
{
	const int64_t now = now_ms();
	const bool well = v->kind == VERDICT_SENT || v->kind == VERDICT_GONE;

	if (!changed && (well || now < lane->logged_ms + LOG_MS))
		return;
	lane->logged_ms = now;
	if (changed && !lane->open)
		log_info("push: %s: is well again", lane->name);
	else
		log_warn("push: %s: %s%s: status %ld %s", lane->name,
			 verdict_word(v->kind),
			 changed ? ", and others too" : "", t->answer.status,
			 *v->reason ? v->reason : t->error ?: "");
}

static void on_push_end(struct pusher *p, struct transfer *t)
{
	struct flight *f = t->owner;
	struct verdict v = verdict(VERDICT_LATER, NO_ROOM_MS, NULL);
	bool changed;

	if (p->cut) {
		lanes_drop(p->lanes, f->lane, f->scout);
	} else {
		v = providers_judge(p->providers, f, t, time(NULL));
		if (t->end == TRANSFER_ANSWERED || t->end == TRANSFER_FAILED) {
			changed = lanes_end(p->lanes, f->lane, f->scout, &v,
					    now_ms());
		} else {
			lanes_drop(p->lanes, f->lane, f->scout);
			changed = false;
		}
		tell(f->lane, &v, t, changed);
	}
	count(p, v.kind);
	finish(p, &f->push, v.kind, rest_ms(p, &f->push, &v));
}

/* A transfer without an owner fetches a token. */
static void on_end(void *pusher, struct transfer *t)
{
	struct pusher *p = pusher;

	if (t->owner)
		on_push_end(p, t);
	else
		providers_take(p->providers, t, time(NULL));
	transfers_give(p->transfers, t);
}

static void ask_token(struct pusher *p)
{
	struct transfer *t = transfers_take(p->transfers);

	if (providers_ask(p->providers, t, time(NULL)))
		transfers_start(p->transfers, t);
	else
		transfers_give(p->transfers, t);
}

/* One that was claimed goes out, if there is still room for it. */
static void send_off(void *pusher, const struct push *push)
{
	struct pusher *p = pusher;
	struct lane *lane = lanes_find(p->lanes, push->lane, now_ms());
	struct transfer *t;
	struct flight *f;
	struct verdict instead;

	if (!lane || lanes_room(p->lanes, lane, now_ms()) == 0) {
		finish(p, push, VERDICT_LATER, NO_ROOM_MS);
		return;
	}
	t = transfers_take(p->transfers);
	f = arena_alloc(t->arena, sizeof(*f));
	f->push = claim_copy(t->arena, push);
	f->lane = lane;
	if (providers_request(p->providers, f, t, time(NULL), &instead)) {
		t->owner = f;
		f->scout = lanes_start(p->lanes, lane, now_ms());
		t->fresh = f->scout;
		transfers_start(p->transfers, t);
		return;
	}
	tell(lane, &instead, t, false);
	count(p, instead.kind);
	finish(p, push, instead.kind, rest_ms(p, push, &instead));
	transfers_give(p->transfers, t);
}

static void settle(struct pusher *p, int64_t now)
{
	const int n = batch_size(p->batch);

	if (n == 0 || (now < p->settle_ms && (p->away || n < SETTLE_MANY)))
		return;
	p->away = batch_settle(p->batch, p->db) == ERR_UNAVAILABLE;
	if (p->away)
		p->settle_ms = now_ms() + AWAY_MS;
}

static void claim(struct pusher *p, int64_t now)
{
	int rest_ms = REST_MS, n = 0;

	if (now < p->look_ms || p->away)
		return;
	if (claim_due(p->db, p->backlog)) {
		n = claim_all(p->db, p->arena, p->lanes, p->providers,
			      send_off, p);
		rest_ms = n > 0 ? CLAIM_MS : CLOSED_MS;
	}
	p->backlog = n > 0;
	p->look_ms = now_ms() + rest_ms;
}

/* Until it is time for something. */
static int wait_ms(const struct pusher *p)
{
	int64_t until = p->look_ms;

	if (batch_size(p->batch) > 0 && p->settle_ms < until)
		until = p->settle_ms;
	until -= now_ms();

	return until < 0 ? 0 : until > REST_MS ? REST_MS : (int)until;
}

static void leave(struct pusher *p)
{
	const int64_t end = now_ms() + PUSHER_LEAVE_MS;

	while (transfers_flying(p->transfers) > 0 && now_ms() < end)
		transfers_run(p->transfers, SETTLE_MS, on_end, p);
	p->cut = true;
	transfers_stop(p->transfers, on_end, p);
	if (batch_settle(p->batch, p->db))
		log_warn("push: what was sent last may be sent again");
}

static void *run(void *pusher)
{
	struct pusher *p = pusher;

	while (!atomic_load(&p->leaving)) {
		ask_token(p);
		settle(p, now_ms());
		claim(p, now_ms());
		db_release(p->db);
		arena_reset(p->arena);
		transfers_run(p->transfers, wait_ms(p), on_end, p);
	}
	leave(p);

	return NULL;
}

/* Signals are others'. */
static void start(struct pusher *p)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&p->thread, NULL, run, p) != 0)
		log_exit(EXIT_SYSTEM, "no thread");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct pusher *pusher_start(void)
{
	const struct db_config database = {
		.url = conf.database_url, .role = conf.database_role,
		.connections = 1, .wait_ms = conf.database_wait_ms,
		.timeout_ms = PUSHER_STATEMENT_MS,
		.board = &worker_slot()->database,
	};
	const struct transfer_rules rules = {
		.timeout_ms = conf.push_timeout_ms, .ca = conf.push_ca,
		.private_allowed = strcmp(conf.push_private, "allowed") == 0,
	};
	struct pusher *p = calloc(1, sizeof(*p));

	if (!p || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		log_exit(EXIT_SYSTEM, "out of memory");
	p->slot = worker_slot();
	p->providers = providers_new();
	p->transfers = transfers_new(&rules);
	p->lanes = lanes_new();
	p->batch = batch_new();
	p->arena = arena_new();
	p->pool = db_pool_new(&database);
	p->db = db_new(p->pool, p->arena);
	p->seed = (unsigned int)now_ms();
	start(p);

	return p;
}

void pusher_stop(struct pusher *p)
{
	atomic_store(&p->leaving, true);
	transfers_wake(p->transfers);
	pthread_join(p->thread, NULL);

	db_free(p->db);
	db_pool_free(p->pool);
	arena_free(p->arena);
	batch_free(p->batch);
	lanes_free(p->lanes);
	transfers_free(p->transfers);
	providers_free(p->providers);
	curl_global_cleanup();
	free(p);
}
