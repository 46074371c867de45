/*
 * loop.h - serve FastCGI requests from a listening socket with some threads.
 *
 * The calling thread accepts connections and receives signals.  Connections
 * wait in an epoll set; one that has something to read goes to a free thread,
 * which lets libfcgi read the request, answers it, and puts the connection
 * back.  So an idle connection that nginx keeps open costs no thread.
 *
 * SIGTERM drains: no more accepting, but every connection is served until
 * nginx closes it, which its keepalive_time and keepalive_timeout bound.
 */
#ifndef RUNTIME_LOOP_H
#define RUNTIME_LOOP_H

#include "runtime/db.h"
#include "runtime/http.h"
#include "runtime/scoreboard.h"

/*
 * Serve routes[] until drained.  Calls ready() once connections are accepted.
 * Counts in *slot.  Uses conf's threads, timeout_ms, queue_ms and body_bytes.
 */
void loop_run(int listener, struct db_pool *,
	      struct scoreboard_worker *slot, void (*ready)(void));

#endif
