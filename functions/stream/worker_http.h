/*
 * worker_http.h - the requests that nginx hands over, on a listening socket.
 *
 *	GET /open?user=ID&session=ID&until=SECONDS	200, a stream
 *							429 the user has too many
 *	GET /typing?chat=ID&user=ID&to=ID,ID,...	204
 *
 * The function has checked who asks and may; nobody else reaches the socket.
 * Only Last-Event-ID is a client's own text.  evhttp would keep 3 KB for each
 * stream, a bufferevent keeps 1, so requests are read by hand: they are
 * HTTP/1.0 with no body, and nginx has parsed them before.
 */
#ifndef STREAM_WORKER_HTTP_H
#define STREAM_WORKER_HTTP_H

#include <event2/event.h>

#include "functions/stream/worker_hub.h"
#include "functions/stream/worker_typing.h"

struct gate;

/* Never NULL.  Accepts connections of fd from now on. */
struct gate *gate_new(struct event_base *, int fd, struct hub *,
		      struct typing *);
/* Accepts none any more. */
void gate_close(struct gate *);
void gate_free(struct gate *);

#endif
