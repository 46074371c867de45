/*
 * operator.h - ask the operator: infra/fn act, behind a socket, which may do
 * what no function may.
 *
 * Ownership: the outcome lives in the arena.
 *
 * Errors: ERR_UNAVAILABLE when it is away, or hasn't answered in time; then it
 * may have done it, or do it yet.
 */
#ifndef FUNCTIONS_OPS_OPERATOR_H
#define FUNCTIONS_OPS_OPERATOR_H

#include "runtime/arena.h"
#include "runtime/err.h"

/* Exit codes of fn. */
enum { FN_DONE = 0, FN_MISSING = 3 };	/* all others: it failed */

struct outcome {
	int code;			/* of fn */
	const char *output;		/* its last lines */
};

/* line: a request of fn act, without its end. */
enum err operator_ask(struct arena *, const char *line, int timeout_ms,
		      struct outcome *out);

#endif
