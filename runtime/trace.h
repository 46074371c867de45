/*
 * trace.h - W3C Trace Context, level 1.
 */
#ifndef RUNTIME_TRACE_H
#define RUNTIME_TRACE_H

#include "runtime/arena.h"

/*
 * The traceparent of our part of a trace: the caller's trace, or if the caller
 * sent none or an invalid one, a trace called like the request.  request_id is
 * 32 random hex digits; anything else is taken for a request of nobody.
 */
const char *trace_continue(struct arena *, const char *traceparent_or_null,
			   const char *request_id);

#endif
