/*
 * fetch.h - asking a provider behind the client's back.
 *
 * A request has one connection, to an address of the public Internet and by
 * TLS, which is verified, unless conf.oauth_private allows others.  Redirects
 * are not followed, proxies not used; an answer has at most 64 KiB.
 *
 * Ownership: answers are the arena's.
 *
 * Errors: ERR_UNAVAILABLE for whatever is no answer: it took too long, was too
 * much, came from a wrong place, or has a status of 3xx, 429 or 5xx.  The log
 * says which.
 */
#ifndef OAUTH_FETCH_H
#define OAUTH_FETCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/arena.h"
#include "runtime/err.h"

struct fetch {
	const char *url;
	const char *form;		/* of a POST; NULL: a GET */
	const char *authorization;	/* its header's value; NULL: none */
	int64_t deadline_ms;		/* by now_ms() */
};

struct fetched {
	long status;			/* 2xx or 4xx */
	json_t *json;			/* the arena's; NULL: it was none */
	const char *text;		/* the same, as it came */
};

/* Once, before there are threads. */
void fetch_start(void);

enum err fetch(struct arena *, const struct fetch *, struct fetched *);

/* "name=value&" for a form; value is encoded. */
const char *fetch_pair(struct arena *, const char *name, const char *value);

/* text, percent-encoded but for RFC 3986's unreserved characters. */
const char *fetch_encode(struct arena *, const char *text);

/* A URL that fetch() would take: https, or http where that is allowed. */
bool fetch_takes(const char *url);

#endif
