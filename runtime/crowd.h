/*
 * crowd.h - no crowd of threads at one row.
 *
 * Who waits for a row's lock holds a thread.  So that a row which everybody
 * wants keeps nobody from the others, at most half of a process's threads may
 * be at the same one; whoever comes then is to come again later.
 */
#ifndef RUNTIME_CROWD_H
#define RUNTIME_CROWD_H

#include "runtime/err.h"

/*
 * Before the statement that locks the row of this id.  ERR_UNAVAILABLE: there
 * is a crowd.  Else crowd_leave() must follow, with the same pointer.
 */
enum err crowd_enter(const char *id);
void crowd_leave(const char *id);

#endif
