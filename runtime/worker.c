/* worker.c - see worker.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/worker.h"

enum { READY_FD = 3, SCOREBOARD_FD = 4 };

struct scoreboard_worker *worker_slot(void)
{
	static struct scoreboard_worker alone, *mapped;
	const char *slot = getenv("POOL_SLOT");

	if (!slot)
		return &alone;
	if (!mapped)
		mapped = scoreboard_attach(SCOREBOARD_FD, atoi(slot));
	if (!mapped)
		log_exit(EXIT_SYSTEM, "descriptor 4 is no scoreboard of "
			 "this version: the pool must be restarted");

	return mapped;
}

void worker_ready(void)
{
	if (!getenv("POOL_SLOT"))
		return;
	if (write(READY_FD, "r", 1) != 1)
		log_exit(EXIT_SYSTEM, "ready: %s", strerror(errno));
	close(READY_FD);
}
