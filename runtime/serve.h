/*
 * serve.h - one request on a connection, from libfcgi to the handler and back.
 */
#ifndef RUNTIME_SERVE_H
#define RUNTIME_SERVE_H

#include <stdbool.h>

#include <fcgiapp.h>

#include "runtime/db.h"
#include "runtime/http.h"
#include "runtime/scoreboard.h"

/* What a thread serves with. */
struct server {
	struct arena *arena;
	struct db *db;
	struct scoreboard_worker *slot;
	struct scoreboard_thread *board;
	FCGX_Request fcgi;
};

void server_open(struct server *, struct db_pool *,
		 struct scoreboard_worker *, struct scoreboard_thread *);
void server_close(struct server *);

/*
 * Read a request from fd, which has something to read, and answer it.  False:
 * the connection is over and fd is closed.
 */
bool serve(struct server *, int fd);

#endif
