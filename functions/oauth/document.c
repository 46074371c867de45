/* document.c - see document.h. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "functions/oauth/document.h"
#include "functions/oauth/fetch.h"
#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/json.h"
#include "runtime/log.h"

enum {
	FRESH_MS = 3600 * 1000,
	STALE_MS = 24 * FRESH_MS,
	RETRY_MS = 5 * 1000,
	RENEW_MS = 60 * 1000,
};

/* Times are now_ms()'s; 0: never. */
struct document {
	pthread_mutex_t lock;
	pthread_cond_t fetched;
	bool fetching;
	char *text;			/* NULL: none yet */
	int64_t fetched_ms, failed_ms, renewed_ms;
};

static void document_free(void *document)
{
	struct document *d = document;

	pthread_cond_destroy(&d->fetched);
	pthread_mutex_destroy(&d->lock);
	free(d->text);
}

struct document *document_new(struct arena *arena)
{
	struct document *d = arena_alloc(arena, sizeof(*d));
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->fetched, &monotonic);
	pthread_condattr_destroy(&monotonic);
	arena_defer(arena, document_free, d);

	return d;
}

static bool within(int64_t since_ms, int64_t ms)
{
	return since_ms && now_ms() - since_ms < ms;
}

/* Locked.  False: the time is up. */
static bool wait_for_fetch(struct document *d, int64_t deadline_ms)
{
	const struct timespec until = {
		.tv_sec = deadline_ms / 1000,
		.tv_nsec = deadline_ms % 1000 * 1000000,
	};

	while (d->fetching)
		if (pthread_cond_timedwait(&d->fetched, &d->lock, &until))
			return false;

	return true;
}

/* Locked, but not while it asks.  fetched_ms tells whether it has an answer. */
static void fetch_anew(struct arena *arena, struct document *d,
			   const struct document_source *source,
			   int64_t deadline_ms)
{
	const struct fetch f = { .url = source->url,
				 .deadline_ms = deadline_ms };
	struct fetched fetched;
	char *text = NULL;
	enum err err;

	d->fetching = true;
	pthread_mutex_unlock(&d->lock);
	err = fetch(arena, &f, &fetched);
	if (!err && (fetched.status != 200 || !fetched.json ||
		     !source->valid(fetched.json, source->arg))) {
		log_warn("%s: not what it should be", source->url);
		err = ERR_UNAVAILABLE;
	}
	if (!err && !(text = strdup(fetched.text)))
		log_exit(EXIT_SYSTEM, "out of memory");
	pthread_mutex_lock(&d->lock);

	if (err) {
		d->failed_ms = now_ms();
	} else {
		free(d->text);
		d->text = text;
		d->fetched_ms = now_ms();
		d->failed_ms = 0;
	}
	d->fetching = false;
	pthread_cond_broadcast(&d->fetched);
}

/* Locked.  The caller's copy of what is there. */
static enum err copy(struct arena *arena, const struct document *d,
		     json_t **out)
{
	if (!d->text || !within(d->fetched_ms, STALE_MS))
		return ERR_UNAVAILABLE;
	*out = json_document(arena, d->text, strlen(d->text));

	return OK;
}

enum err document_get(struct arena *arena, struct document *d,
		      const struct document_source *source,
		      int64_t deadline_ms, json_t **out)
{
	enum err err;

	pthread_mutex_lock(&d->lock);
	if (!within(d->fetched_ms, FRESH_MS) &&
	    wait_for_fetch(d, deadline_ms) &&
	    !within(d->fetched_ms, FRESH_MS) &&
	    !within(d->failed_ms, RETRY_MS) && now_ms() < deadline_ms)
		fetch_anew(arena, d, source, deadline_ms);
	/* If it is not fresh, it must do. */
	err = copy(arena, d, out);
	pthread_mutex_unlock(&d->lock);

	return err;
}

enum err document_renew(struct arena *arena, struct document *d,
			const struct document_source *source,
			int64_t deadline_ms, json_t **out)
{
	const int64_t asked_ms = now_ms();
	enum err err = OK;

	pthread_mutex_lock(&d->lock);
	if (!wait_for_fetch(d, deadline_ms)) {
		err = ERR_UNAVAILABLE;
	} else if (d->fetched_ms < asked_ms) {
		/* Nobody has done it while we waited. */
		if (within(d->renewed_ms, RENEW_MS)) {
			err = ERR_NOT_FOUND;
		} else {
			d->renewed_ms = asked_ms;
			fetch_anew(arena, d, source, deadline_ms);
			if (d->fetched_ms < asked_ms)
				err = ERR_UNAVAILABLE;
		}
	}
	if (!err)
		err = copy(arena, d, out);
	pthread_mutex_unlock(&d->lock);

	return err;
}
