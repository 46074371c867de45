/* pool_open.c - how a pool starts: see pool.c. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/pool_private.h"

const char *pool_directory(const char *dir)
{
	static char absolute[PATH_MAX];

	return realpath(dir, absolute);
}

void pool_tick(struct pool *p)
{
	p->now_ms = now_ms();
}

/* SIGPIPE is blocked so that a lost log ends nothing. */
static void open_signals(struct pool *p)
{
	static const int signals[] = { SIGHUP, SIGTTIN, SIGTTOU, SIGTERM,
				       SIGQUIT, SIGUSR1, SIGUSR2,
				       SIGCHLD, SIGPIPE };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	p->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (p->signal_fd < 0)
		log_exit(EXIT_SYSTEM, "signalfd: %s", strerror(errno));
}

/* The workers' numbers, up to 4, are taken before one is the pool's. */
static void reserve_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd < 4);
}

static void find_program(struct pool *p)
{
	ssize_t bytes = readlink("/proc/self/exe", p->program,
				 sizeof(p->program) - 1);

	if (bytes < 0)
		log_exit(EXIT_SYSTEM, "/proc/self/exe: %s", strerror(errno));
}

static void be_the_only_one(const struct pool *p)
{
	char path[PATH_MAX];
	int other;

	snprintf(path, sizeof(path), "%s/scoreboard", p->dir);
	other = scoreboard_keeper(path);
	if (other)
		log_exit(EXIT_SYSTEM, "process %d runs %s", other, p->dir);
}

void pool_open_board(struct pool *p)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/scoreboard", p->dir);
	if (scoreboard_create(path, p->name, &p->board, &p->board_fd))
		_exit(EXIT_SYSTEM);
	p->board->pool_pid = p->pid;
	p->board->begun_us = (uint64_t)p->now_ms * 1000;
	p->board->first = p->tried + 1;
}

void pool_open(struct pool *p, const char *dir)
{
	const char *state = upgrade_state();
	struct generation first;

	p->dir = pool_directory(dir);
	if (!p->dir)
		log_exit(EXIT_CONFIG, "%s: %s", dir, strerror(errno));
	p->name = strrchr(p->dir, '/') + 1;
	log_name(p->name);
	p->pid = getpid();
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		p->process[i].ready_fd = -1;

	find_program(p);
	pool_tick(p);
	if (state) {
		open_signals(p);
		upgrade_resume(p, state);
		return;
	}
	if (!generation_read(p->dir, "current", &first))
		_exit(EXIT_CONFIG);
	reserve_descriptors();
	open_signals(p);
	be_the_only_one(p);
	pool_open_board(p);
	first.number = ++p->tried;
	generation_serve(p, first);
}
