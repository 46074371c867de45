/*
 * worker.h - a worker's side of the pool: its slot, and saying it is ready.
 *
 * The pool sets POOL_SLOT and passes descriptors 3 (a pipe that takes a byte
 * when the worker is ready) and 4 (the scoreboard).  Without a pool both calls
 * work all the same: a function can be run by anything that binds its socket.
 */
#ifndef RUNTIME_WORKER_H
#define RUNTIME_WORKER_H

#include "runtime/scoreboard.h"

/* Never NULL; lives as long as the process.  First called by one thread. */
struct scoreboard_worker *worker_slot(void);

void worker_ready(void);

#endif
