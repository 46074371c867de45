/*
 * metrics_private.h - what the parts of metrics share.
 *
 *	metrics.c		reads the boards, and adds up
 *	metrics_families.c	what is printed, by name
 */
#ifndef RUNTIME_METRICS_PRIVATE_H
#define RUNTIME_METRICS_PRIVATE_H

#include <stdio.h>

#include "runtime/metrics.h"

/* Every family of all[n]. */
void metrics_families(FILE *, const struct totals *all, size_t n);

#endif
