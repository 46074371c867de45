/*
 * pool - keep the workers of a function alive.
 *
 *	pool DIR		run DIR/current/NAME, where NAME ends DIR
 *	pool --status DIR...	print a line a process: name, pid, state,
 *				generation, release, busy/threads (of the pool:
 *				ready/wanted workers); exit 3 unless every pool
 *				has a ready worker
 *	pool --reload DIR	load `current`; exit 0 when the new generation
 *				serves, 1 when it failed, 3 without a pool
 *
 * DIR/current is a symbolic link to DIR/releases/VERSION, which never changes.
 * Loading follows it and makes a generation, whose workers all run the same
 * release, limited by the function.conf beside the program.  The first
 * generation serves at once; each later one is tried beside the old:
 *
 *	SIGHUP		load: start as many new workers as are wanted.  When
 *			all are ready, each within READY_MS, and no one has
 *			died for BAKE_MS, stop the old ones; otherwise stop
 *			the new ones.  SIGHUPs meanwhile: one load more.
 *	SIGTTIN, SIGTTOU  one worker more, one less (1 to 32).  Until the first
 *			of them a release's PROCESSES are wanted; afterwards
 *			loads leave the number alone.
 *	SIGTERM		stop the workers and leave
 *	SIGQUIT		kill the workers and leave
 *
 * Stopping is SIGTERM, and SIGKILL when DRAIN_MS have passed.  A worker that
 * dies unasked, or is not ready in time, is replaced after 0.1 s, 0.2 s and so
 * on to 10 s, for ever; the delay starts anew when the dead one had been ready
 * for a second.  When the pool itself dies, its workers get SIGTERM.
 *
 * A worker gets descriptors 0, 1 and 2 as they are here, 3 to write a byte to
 * when it is ready, 4 the scoreboard (DIR/scoreboard), and no other; and in
 * its environment the variables of conf.c and POOL_SLOT.
 *
 * Exits with 0 when told to leave, 100 if DIR is no function, 111 if the
 * system fails or another pool runs DIR.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/pool_private.h"

enum { STEADY_MS = 1000 };	/* ready for so long: not at fault */

const char *pool_directory(const char *dir)
{
	static char absolute[PATH_MAX];

	return realpath(dir, absolute);
}

static void leave(struct pool *p, void (*end)(struct pool *, struct process *))
{
	p->leaving = true;
	p->loading.number = 0;
	p->board->loading = 0;
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		if (p->process[i].pid)
			end(p, &p->process[i]);
}

static void obey(struct pool *p)
{
	struct signalfd_siginfo info;

	if (read(p->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		p->load_asked = true;
	else if (info.ssi_signo == SIGTTIN)
		generation_scale(p, 1);
	else if (info.ssi_signo == SIGTTOU)
		generation_scale(p, -1);
	else if (info.ssi_signo == SIGTERM)
		leave(p, process_stop);
	else if (info.ssi_signo == SIGQUIT)
		leave(p, process_kill);
}

static void bury(struct pool *p, struct process *w, int status)
{
	const struct process dead = *w;
	const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	const int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	const bool asked = w->state == WORKER_DRAINING;
	const bool steady = w->state == WORKER_READY &&
			    p->now_ms - w->since_ms >= STEADY_MS;

	process_forget(p, w);
	if (!asked || code || (sig && sig != SIGTERM && sig != SIGKILL))
		log_error("worker %d of generation %d ended: exit %d, "
			  "signal %d", dead.pid, dead.generation, code, sig);
	if (asked)
		return;

	p->board->restarts++;
	generation_lose(p, dead.generation, steady);
}

static void reap(struct pool *p)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < SCOREBOARD_WORKERS; i++)
			if (p->process[i].pid == pid)
				bury(p, &p->process[i], status);
}

/* End what has been in its state for too long. */
static void expire(struct pool *p)
{
	for (int i = 0; i < SCOREBOARD_WORKERS; i++) {
		struct process *w = &p->process[i];

		if (!w->pid || p->now_ms < w->until_ms)
			continue;
		if (w->state == WORKER_DRAINING) {
			log_error("worker %d did not stop: killed", w->pid);
			process_kill(p, w);
		} else {
			log_error("worker %d is not ready in time", w->pid);
			process_stop(p, w);
			generation_lose(p, w->generation, false);
		}
	}
}

/* Milliseconds until time alone changes something; -1: never. */
static int idle_ms(const struct pool *p)
{
	const int64_t times[] = { p->serving.start_at_ms,
				  p->loading.baked_at_ms };
	int64_t next = NEVER;

	if (p->load_asked && !p->loading.number && !p->leaving)
		return 0;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		if (times[i] > p->now_ms && times[i] < next)
			next = times[i];
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		if (p->process[i].pid && p->process[i].until_ms < next)
			next = p->process[i].until_ms;

	return next == NEVER ? -1 : (int)(next - p->now_ms);
}

static void tick(struct pool *p)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	p->now_ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Wait for a signal, a worker that is ready, or time to pass. */
static void listen_once(struct pool *p)
{
	struct pollfd polled[SCOREBOARD_WORKERS + 1];

	for (int i = 0; i <= SCOREBOARD_WORKERS; i++) {
		polled[i] = (struct pollfd){ .events = POLLIN };
		polled[i].fd = i < SCOREBOARD_WORKERS ? p->process[i].ready_fd
						      : p->signal_fd;
	}
	if (poll(polled, SCOREBOARD_WORKERS + 1, idle_ms(p)) < 0 &&
	    errno != EINTR)
		log_exit(EXIT_SYSTEM, "poll: %s", strerror(errno));

	tick(p);
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		if (polled[i].revents)
			process_hear(p, &p->process[i]);
	if (polled[SCOREBOARD_WORKERS].revents)
		obey(p);
	reap(p);
}

/*
 * What is ignored here would be ignored by the workers, too.  Except Ctrl-C:
 * a script's background processes ignore it, and the script ends them.
 */
static void heed_signals(void)
{
	struct sigaction now;

	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGINT && sigaction(sig, NULL, &now) == 0 &&
		    now.sa_handler == SIG_IGN)
			signal(sig, SIG_DFL);
}

/* SIGPIPE is blocked so that a lost log ends nothing. */
static void open_signals(struct pool *p)
{
	static const int signals[] = { SIGHUP, SIGTTIN, SIGTTOU, SIGTERM,
				       SIGQUIT, SIGCHLD, SIGPIPE };
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

static void open_board(struct pool *p)
{
	char path[PATH_MAX];
	int other;

	snprintf(path, sizeof(path), "%s/scoreboard", p->dir);
	other = scoreboard_keeper(path);
	if (other)
		log_exit(EXIT_SYSTEM, "process %d runs %s", other, p->dir);
	if (scoreboard_create(path, p->name, &p->board, &p->board_fd))
		_exit(EXIT_SYSTEM);
	p->board->pool_pid = p->pid;
}

static void open_pool(struct pool *p, const char *dir)
{
	struct generation first;

	p->dir = pool_directory(dir);
	if (!p->dir)
		log_exit(EXIT_CONFIG, "%s: %s", dir, strerror(errno));
	p->name = strrchr(p->dir, '/') + 1;
	log_name(p->name);
	p->pid = getpid();
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		p->process[i].ready_fd = -1;

	if (!generation_read(p->dir, &first))
		_exit(EXIT_CONFIG);
	reserve_descriptors();
	open_signals(p);
	open_board(p);
	first.number = ++p->tried;
	generation_serve(p, first);
}

int main(int argc, char **argv)
{
	static struct pool pool;

	heed_signals();
	if (argc > 2 && strcmp(argv[1], "--status") == 0)
		return verb_status(argc - 2, argv + 2);
	if (argc == 3 && strcmp(argv[1], "--reload") == 0)
		return verb_reload(argv[2]);
	if (argc != 2)
		log_exit(EXIT_CONFIG, "usage: pool [--status | --reload] DIR");

	open_pool(&pool, argv[1]);
	tick(&pool);
	do {
		generation_decide(&pool);
		listen_once(&pool);
		expire(&pool);
	} while (!pool.leaving || pool.running);
	pool.board->pool_pid = 0;

	return 0;
}
