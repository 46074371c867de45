/*
 * pool_upgrade.c - a pool becomes another program: see pool.c.
 *
 * execve() keeps the process: its children, its blocked signals and those that
 * wait, descriptor 0, and the lock on the scoreboard.  What the program knew is
 * left in POOL_STATE, as text, so that structures may change:
 *
 *	1 BOARD_FD TRIED SCALED_MIN SCALED_MAX WANTED GENERATION RELEASE;
 *	SLOT PID GENERATION STATE READY_FD DRAIN_MS SINCE_MS UNTIL_MS;	a worker
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/pool_private.h"

static const char variable[] = "POOL_STATE";

static void leave_state(const struct pool *p)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		log_exit(EXIT_SYSTEM, "out of memory");
	fprintf(out, "1 %d %d %d %d %d %d %s;", p->board_fd, p->tried,
		p->scaled.min, p->scaled.max, p->scale.wanted,
		p->serving.number, p->serving.release);
	for (int i = 0; i < SCOREBOARD_WORKERS; i++) {
		const struct process *w = &p->process[i];

		if (w->pid)
			fprintf(out, "%d %d %d %d %d %d %ld %ld;", i, w->pid,
				w->generation, w->state, w->ready_fd,
				w->limits.drain_ms, w->since_ms, w->until_ms);
	}
	fclose(out);
	setenv(variable, text, 1);
	free(text);
}

/* Whether the program's descriptors stay open in the next one. */
static void keep_descriptors(const struct pool *p, bool keep)
{
	const int flags = keep ? 0 : FD_CLOEXEC;

	fcntl(p->board_fd, F_SETFD, flags);
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		if (p->process[i].ready_fd >= 0)
			fcntl(p->process[i].ready_fd, F_SETFD, flags);
}

/* A program that can tell its own usage: linked, and a pool. */
static bool program_runs(const char *program)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		fclose(stdout);
		fclose(stderr);
		execl(program, program, NULL);
		_exit(EXIT_SYSTEM);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid &&
	       WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CONFIG;
}

void upgrade_begin(struct pool *p)
{
	p->upgrade_asked = false;
	if (program_runs(p->program)) {
		leave_state(p);
		keep_descriptors(p, true);
		execl(p->program, p->program, p->dir, NULL);
		keep_descriptors(p, false);
		unsetenv(variable);
	}
	log_error("%s can't be run: it is not upgraded", p->program);
	p->board->refused_us = (uint64_t)p->now_ms * 1000;
}

const char *upgrade_state(void)
{
	return getenv(variable);
}

/* It is a child of this process, dead or alive. */
static bool is_child(pid_t pid)
{
	siginfo_t info;

	return pid > 0 && waitid(P_PID, (id_t)pid, &info,
				 WEXITED | WNOHANG | WNOWAIT) == 0;
}

static bool is_descriptor(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/* Moves state behind a worker; false: it says none. */
static bool read_worker(struct pool *p, const char **state)
{
	struct process w = { .limits = p->serving.limits };
	int slot, worker_state, used = 0;

	if (sscanf(*state, "%d %d %d %d %d %d %ld %ld;%n", &slot, &w.pid,
		   &w.generation, &worker_state, &w.ready_fd,
		   &w.limits.drain_ms, &w.since_ms, &w.until_ms, &used) != 8 ||
	    used == 0 || slot < 0 || slot >= SCOREBOARD_WORKERS ||
	    p->process[slot].pid || !is_child(w.pid) ||
	    worker_state < WORKER_STARTING || worker_state > WORKER_DRAINING ||
	    (w.ready_fd != -1 && !is_descriptor(w.ready_fd)))
		return false;
	w.state = (enum worker_state)worker_state;
	p->process[slot] = w;
	process_adopt(p, &p->process[slot], w.generation == p->serving.number
					    ? p->serving.release : "-");
	*state += used;

	return true;
}

/* The generation that serves, as its release is now; without it, nothing. */
static void read_serving(struct pool *p, int number, const char *release)
{
	char link[sizeof("releases/") + sizeof(p->serving.release)];

	snprintf(link, sizeof(link), "releases/%s", release);
	if (!generation_read(p->dir, link, &p->serving))
		snprintf(p->serving.release, sizeof(p->serving.release), "%s",
			 release);
	p->serving.number = number;
}

static void resume_board(struct pool *p)
{
	const int old_fd = p->board_fd;

	if (scoreboard_adopt(old_fd, &p->board)) {
		pool_open_board(p);
		close(old_fd);
	}
	p->board->begun_us = (uint64_t)p->now_ms * 1000;
	p->board->first = p->tried + 1;
	p->board->generation = p->serving.number;
	memcpy(p->board->release, p->serving.release,
	       sizeof(p->board->release));
}

void upgrade_resume(struct pool *p, const char *state)
{
	char release[sizeof(p->serving.release)];
	int number, used = 0;

	if (sscanf(state, "1 %d %d %d %d %d %d %63[^;];%n", &p->board_fd,
		   &p->tried, &p->scaled.min, &p->scaled.max, &p->scale.wanted,
		   &number, release, &used) != 7 || used == 0 ||
	    !is_descriptor(p->board_fd))
		log_exit(EXIT_SYSTEM, "%s is of no pool: %s", variable, state);
	state += used;
	read_serving(p, number, release);
	resume_board(p);
	while (*state && read_worker(p, &state))
		;
	if (*state)
		log_exit(EXIT_SYSTEM, "%s has no worker: %s", variable, state);

	unsetenv(variable);
	p->load_asked = true;
	log_info("upgraded: %d workers go on", p->running);
}
