/*
 * metrics.h - the scoreboards of all functions as Prometheus text (0.0.4).
 *
 * Errors: ERR_UNAVAILABLE when the directory can't be read.
 */
#ifndef RUNTIME_METRICS_H
#define RUNTIME_METRICS_H

#include "runtime/arena.h"
#include "runtime/err.h"

/* directory holds a directory a function, each with a file `scoreboard`. */
enum err metrics_print(struct arena *, const char *directory,
		       const char **text);

#endif
