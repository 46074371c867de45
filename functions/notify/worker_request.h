/*
 * worker_request.h - a push as the database hands it out, and the request
 * that a provider makes of it.
 *
 * Ownership: all of it lives in the arena of the transfer that carries it.
 */
#ifndef NOTIFY_WORKER_REQUEST_H
#define NOTIFY_WORKER_REQUEST_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "runtime/arena.h"

/* A row of notify.claim(); what only goes back to it stays text. */
struct push {
	const char *device_id, *collapse_id, *id, *registered;
	const char *badge;		/* NULL: none */
	int tries;
	const char *lane;
	bool sandbox;
	const char *token;		/* of Web Push: the endpoint */
	const char *p256dh, *auth;	/* of Web Push, else NULL */
	const char *payload;
	int ttl_s;
	bool urgent;
};

/* A POST. */
struct request {
	const char *url;
	struct curl_slist *headers;
	const void *body;
	size_t body_bytes;
};

/* Collapse ids as providers take them: 32 digits without dashes. */
const char *request_collapse_id(struct arena *, const struct push *);

void request_header(struct arena *, struct request *, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
