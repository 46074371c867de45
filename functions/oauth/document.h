/*
 * document.h - what a provider publishes, kept for an hour.
 *
 * One thread fetches while the others wait for it.  What can't be fetched anew
 * serves for a day; if there is nothing, nobody tries again for 5 s: a provider
 * that hangs keeps them no longer than that.
 *
 * Errors: ERR_UNAVAILABLE; the log says why.
 */
#ifndef OAUTH_DOCUMENT_H
#define OAUTH_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/arena.h"
#include "runtime/err.h"

struct document;

/* Where it is, and what it must be. */
struct document_source {
	const char *url;
	bool (*valid)(const json_t *, const void *arg);
	const void *arg;
};

/* Ends with the arena. */
struct document *document_new(struct arena *);

enum err document_get(struct arena *, struct document *,
		      const struct document_source *, int64_t deadline_ms,
		      json_t **out);

/*
 * The same, newer than what document_get() gave: at most once a minute.
 * ERR_NOT_FOUND: not now.
 */
enum err document_renew(struct arena *, struct document *,
			const struct document_source *, int64_t deadline_ms,
			json_t **out);

#endif
