/* pool_process.c - a worker's process: see pool_private.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/pool_private.h"

enum {
	READY_FD = 3, BOARD_FD = 4,	/* of a worker */
	FILES = 16384,			/* four times a socket's backlog */
};

/* Variables that no function reads itself, but the libraries below it do. */
static const char *const passed[] = {
	"PGPASSFILE", "TZ", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS",
	"TSAN_OPTIONS",
};

enum { PASSED = sizeof(passed) / sizeof(*passed) };

static char *entry(const char *name, const char *value)
{
	char *text;

	if (asprintf(&text, "%s=%s", name, value) < 0)
		log_exit(EXIT_SYSTEM, "out of memory");
	return text;
}

/* Never freed: execve() ends the memory. */
static char **worker_environ(char **known, long slot)
{
	char **all;
	char number[24];
	size_t n = 0;

	while (known[n])
		n++;
	all = calloc(n + PASSED + 2, sizeof(*all));
	if (!all)
		log_exit(EXIT_SYSTEM, "out of memory");

	memcpy(all, known, n * sizeof(*all));
	for (size_t i = 0; i < PASSED; i++)
		if (getenv(passed[i]))
			all[n++] = entry(passed[i], getenv(passed[i]));
	snprintf(number, sizeof(number), "%ld", slot);
	all[n] = entry("POOL_SLOT", number);

	return all;
}

/* No more than max, nor than there is already. */
static void limit(__rlimit_resource_t what, rlim_t max)
{
	struct rlimit now;

	getrlimit(what, &now);
	if (now.rlim_max > max)
		now.rlim_max = max;
	now.rlim_cur = now.rlim_max;
	setrlimit(what, &now);
}

_Noreturn static void become_worker(const struct pool *p, long slot,
				    struct generation *g, int ready_fd)
{
	char *argv[] = { g->program, NULL };
	char **environment = worker_environ(g->environment, slot);
	sigset_t none;

	/* The pool may have died before this one could be told of it. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != p->pid)
		_exit(0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);

	dup2(ready_fd, READY_FD);
	dup2(p->board_fd, BOARD_FD);
	close_range(BOARD_FD + 1, ~0U, 0);

	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, FILES);
	if (g->memory_mb)
		limit(RLIMIT_AS, (rlim_t)g->memory_mb << 20);
	execve(g->program, argv, environment);
	log_exit(EXIT_SYSTEM, "%s: %s", g->program, strerror(errno));
}

static void enter(struct pool *p, struct process *w, enum worker_state state,
		  int64_t until_ms)
{
	w->state = state;
	w->since_ms = p->now_ms;
	w->until_ms = until_ms;
	p->board->worker[w - p->process].state = (int32_t)state;
}

struct process *process_free(struct pool *p)
{
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		if (!p->process[i].pid)
			return &p->process[i];
	return NULL;
}

bool process_start(struct pool *p, struct process *w, struct generation *g)
{
	struct scoreboard_worker *slot = &p->board->worker[w - p->process];
	int ready[2];
	pid_t pid = -1;

	if (pipe2(ready, O_CLOEXEC) == 0) {
		pid = fork();
		if (pid == 0)
			become_worker(p, w - p->process, g, ready[1]);
		close(ready[1]);
		if (pid < 0)
			close(ready[0]);
	}
	if (pid < 0) {
		log_error("no process: %s", strerror(errno));
		return false;
	}

	*w = (struct process){ .pid = pid, .generation = g->number,
			       .ready_fd = ready[0], .limits = g->limits };
	p->running++;
	slot->pid = pid;
	slot->generation = g->number;
	slot->started_us = (uint64_t)p->now_ms * 1000;
	memcpy(slot->release, g->release, sizeof(slot->release));
	enter(p, w, WORKER_STARTING, p->now_ms + g->ready_ms);

	return true;
}

void process_adopt(struct pool *p, struct process *w, const char *release)
{
	struct scoreboard_worker *slot = &p->board->worker[w - p->process];

	p->running++;
	slot->pid = w->pid;
	slot->generation = w->generation;
	slot->state = (int32_t)w->state;
	slot->started_us = (uint64_t)w->since_ms * 1000;
	strncpy(slot->release, release, sizeof(slot->release) - 1);
}

void process_hear(struct pool *p, struct process *w)
{
	char byte;

	/* The end of the pipe says nothing: not ready, or dead soon. */
	if (read(w->ready_fd, &byte, 1) == 1 && w->state == WORKER_STARTING)
		enter(p, w, WORKER_READY, NEVER);
	close(w->ready_fd);
	w->ready_fd = -1;
}

void process_stop(struct pool *p, struct process *w)
{
	if (w->state == WORKER_DRAINING)
		return;
	kill(w->pid, SIGTERM);
	enter(p, w, WORKER_DRAINING, p->now_ms + w->limits.drain_ms);
}

void process_kill(struct pool *p, struct process *w)
{
	kill(w->pid, SIGKILL);
	enter(p, w, WORKER_DRAINING, NEVER);
}

void process_forget(struct pool *p, struct process *w)
{
	if (w->ready_fd >= 0)
		close(w->ready_fd);
	*w = (struct process){ .ready_fd = -1 };
	p->running--;
	scoreboard_retire(p->board, &p->board->worker[w - p->process]);
}

int process_count(const struct pool *p, int generation, enum worker_state from,
		  enum worker_state to)
{
	int n = 0;

	for (int i = 0; i < SCOREBOARD_WORKERS; i++) {
		const struct process *w = &p->process[i];

		n += w->pid && w->generation == generation && !w->outgoing &&
		     w->state >= from && w->state <= to;
	}
	return n;
}
