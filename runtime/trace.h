/*
 * trace.h - W3C Trace Context, level 1.
 */
#ifndef RUNTIME_TRACE_H
#define RUNTIME_TRACE_H

#include "runtime/arena.h"

/*
 * The traceparent of our part of a trace: the caller's trace with a span of
 * our own, or a new trace if the caller sent none or an invalid one.
 */
const char *trace_continue(struct arena *, const char *traceparent_or_null);

#endif
