/*
 * http.h - requests, replies and routes: what a function's handlers see.
 *
 * A function exports routes[].  A handler reads the body, runs a statement and
 * replies; it returns the error that it met, and http answers it as an RFC
 * 9457 document with the stable code of that error.
 *
 * Ownership: everything in struct req lives until the reply has been sent.
 */
#ifndef RUNTIME_HTTP_H
#define RUNTIME_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/arena.h"
#include "runtime/db.h"
#include "runtime/err.h"
#include "runtime/json.h"

struct req;

enum auth {
	AUTH_NONE,		/* anybody */
	AUTH_USER,		/* a valid access token of a live session */
	AUTH_SERVICE,		/* one of a live service, with the scope */
	AUTH_INTERNAL,		/* anybody, on the internal listener only */
};

struct route {
	const char *method;	/* NULL ends the table; GET answers HEAD too */
	const char *path;	/* {id}: a UUID; {seq}: 1 to 2^53 - 1 */
	enum auth auth;
	enum err (*handler)(struct req *);
	bool creates;		/* honours Idempotency-Key */
	bool cached;		/* nginx keeps its answers, as they allow */
	bool live;		/* hands over to the worker: http_hand_over() */
	const char *scope;	/* of AUTH_SERVICE; else NULL */
};

/* Each function's one symbol. */
extern const struct route routes[];

/*
 * One that a function may have beside it: called once, configuration and keys
 * are read, before there are other threads.
 */
void function_start(void) __attribute__((weak));

struct reply {
	int status;		/* 0: none yet */
	const char *type;	/* of the body; NULL: no body */
	const char *body;
	size_t body_bytes;
	const char *headers;	/* further lines, each ends with CRLF; or "" */
};

struct req {
	struct arena *arena;
	struct db *db;

	const char *method;
	const char *path;		/* decoded and normalised */
	const char *query;		/* as sent; never NULL */
	const char *body;		/* with a NUL behind it; never NULL */
	size_t body_bytes;

	/* Of the client; NULL when not sent. */
	const char *content_type;
	const char *authorization;
	const char *idempotency_key;
	const char *if_match;
	const char *user_agent;
	const char *address;		/* never NULL */

	const char *request_id;		/* never NULL */
	const char *traceparent;	/* W3C; never NULL */
	bool internal;			/* came by the internal listener */

	/* Set by the router. */
	const struct route *route;
	const char *id, *seq;		/* {id}, {seq} of the path, or NULL */
	const char *user, *session;	/* of the token, or NULL: both are the
					 * id of a service, if it is one's;
					 * session.h sets the user that it
					 * answers */
	int64_t expires_s;		/* the token; since the epoch */

	struct reply reply;
	const struct json_error *errors;	/* what json_read refused */
	const char *detail;		/* of an error, for people; NULL: none */
};

/* Answer from routes[]; req->reply is complete afterwards. */
void http_handle(struct req *);

/* Answer with an error without asking a handler. */
void http_refuse(struct req *, enum err);

/* The route that a request fits, whatever its method; or NULL. */
const struct route *http_route(const struct req *);

/* Whether the body is sent as a type, in UTF-8 if it says in which charset. */
bool http_sent_as(const struct req *, const char *type);

/* Read the body by a table; ERR_MEDIA_TYPE if it isn't sent as JSON. */
enum err http_body(struct req *, const struct json_field *, void *out);

/* One parameter of the query, decoded; *value is NULL when it isn't there. */
enum err http_query(struct req *, const char *name, const char **value);

/* Digits of a number from 1 to 2^53 - 1. */
bool http_seq_valid(const char *text);

/* limit: 1 to 100, 20 unless given. */
enum err http_limit(struct req *, const char **limit);

/*
 * limit, and the decoded cursor (NULL: the first page) of a list.  A cursor is
 * sealed: *after is what http_page() was given.
 */
enum err http_paging(struct req *, const char **limit, const char **after);

/* The reply's ETag: the revision, which If-Match then names. */
void http_etag(struct req *, const char *revision);

/* Replies.  They return OK. */
enum err http_json(struct req *, int status, const char *doc);
enum err http_text(struct req *, int status, const char *type,
		   const char *text);
enum err http_bytes(struct req *, int status, const char *type,
		    const void *body, size_t n);
enum err http_empty(struct req *, int status);
/* 303, to a URL without control characters. */
enum err http_see_other(struct req *, const char *url);
/* {"items": [...], "next": next_or_null}: what is in the second column. */
enum err http_items(struct req *, const struct db_rows *,
		    const char *next_or_null);
/*
 * The same, a page with a cursor.  A row is its position in the list, which the
 * cursor holds, and its document; the statement was asked for one row more than
 * limit, which tells whether another page follows.
 */
enum err http_page(struct req *, const struct db_rows *, const char *limit);
/* With further members behind next: ",\"name\":value". */
enum err http_page_and(struct req *, const struct db_rows *, const char *limit,
		       const char *more);
/*
 * nginx asks the worker of this function instead, for a path and query of its
 * socket's, and passes on what that answers.  Only a route that is live may.
 */
enum err http_hand_over(struct req *, const char *function, const char *path);

/* Refuse with a code of one's own; returns the error given. */
enum err http_fail(struct req *, enum err, const char *code,
		   const char *title);
/* 422, naming a member by pointer or a parameter; returns ERR_INVALID. */
enum err http_invalid(struct req *, const char *pointer, const char *code);
/* 429 or 503 that says when to come again; returns the error given. */
enum err http_later(struct req *, enum err, int seconds);

#endif
