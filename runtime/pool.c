/*
 * pool - keep the workers of a function alive.
 *
 *	pool DIR		run DIR/current/NAME, where NAME ends DIR
 *	pool --status DIR...	print a line a process: name, pid, state,
 *				generation, release, busy/threads (of the pool:
 *				ready/wanted workers); exit 3 unless every pool
 *				has a ready worker
 *	pool --status --json DIR...  the same, a JSON document a function
 *	pool --reload DIR	load `current`; exit 0 when the new generation
 *				serves, 1 when it failed, 3 without a pool
 *	pool --scale DIR RANGE	write PROCESSES and PROCESSES_MAX, which RANGE
 *				gives as N or MIN..MAX, into DIR/settings, and
 *				have the pool want so many; exit 0 when it does,
 *				1 if it can't be, 3 without a pool
 *	pool --upgrade DIR	have it become what the file of its program is now
 *				(SIGUSR2); exit 0 when that has loaded, 1 when it
 *				failed, 3 without a pool
 *
 * DIR/current is a symbolic link to DIR/releases/VERSION, which never changes.
 * Loading follows it and makes a generation, whose workers all run the same
 * release, limited by the function.conf beside the program.  The environment
 * of the pool overrides it, and DIR/settings overrides both: NAME=value lines,
 * read with the release.  The first generation serves at once; each later one
 * is tried beside the old:
 *
 *	SIGHUP		load: start one new worker.  When it is ready, within
 *			READY_MS, and has been well for BAKE_MS, start the
 *			others, and when they are ready, too, stop the old
 *			ones.  With CANARY=0 all start and bake together.  If
 *			one dies or a tenth of their answers is 500, at least
 *			two, stop the new ones.  SIGHUPs meanwhile: one more.
 *	SIGTTIN, SIGTTOU  one worker more, one less (1 to 32).  Until the first
 *			of them a release's PROCESSES are wanted; afterwards
 *			loads leave the number alone.
 *	SIGUSR1		read anew how many workers are wanted
 *	SIGUSR2		become the program that is now where this one was, and
 *			load; a scoreboard of another layout is made anew, and
 *			counts from 0
 *	SIGTERM		stop the workers and leave
 *	SIGQUIT		kill the workers and leave
 *
 * PROCESSES to PROCESSES_MAX workers are wanted, more for more load and fewer
 * when the load would have fitted into fewer for IDLE_S: see pool_scale.h.  With
 * PROCESSES=0 there is none when nobody asks for anything; then the pool itself
 * watches descriptor 0, and starts a worker when somebody knocks.
 *
 * A request that takes SLOW_MS is named in the log; a worker with one that takes
 * STUCK_MS is stopped and replaced.  One that has more than RSS_MB in memory is
 * stopped when another has taken its place.
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
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/pool_private.h"

enum { STEADY_MS = 1000 };	/* ready for so long: not at fault */

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
		generation_shift(p, 1);
	else if (info.ssi_signo == SIGTTOU)
		generation_shift(p, -1);
	else if (info.ssi_signo == SIGUSR1)
		generation_resize(p);
	else if (info.ssi_signo == SIGUSR2)
		p->upgrade_asked = true;
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

	p->board->restarts[RESTART_DIED]++;
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
			p->board->restarts[RESTART_LATE]++;
			generation_lose(p, w->generation, false);
		}
	}
}

/* Milliseconds until time alone changes something; -1: never. */
static int idle_ms(const struct pool *p)
{
	const int64_t times[] = { p->serving.start_at_ms,
				  p->loading.baked_at_ms };
	int64_t next = watch_at_ms(p);

	if (guard_at_ms(p) < next)
		next = guard_at_ms(p);
	if ((p->load_asked || p->upgrade_asked) && !p->loading.number &&
	    !p->leaving)
		return 0;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		if (times[i] > p->now_ms && times[i] < next)
			next = times[i];
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		if (p->process[i].pid && p->process[i].until_ms < next)
			next = p->process[i].until_ms;

	if (next <= p->now_ms)
		return 0;
	return next == NEVER ? -1 : (int)(next - p->now_ms);
}

static struct pollfd polled(int fd)
{
	return (struct pollfd){ .fd = fd, .events = POLLIN };
}

/* Wait for a signal, a worker that is ready, a knock, or time to pass. */
static void listen_once(struct pool *p)
{
	enum { SIGNALS = SCOREBOARD_WORKERS, SOCKET, FDS };
	const bool empty = p->scale.wanted == 0 && !p->leaving;
	struct pollfd fds[FDS];

	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		fds[i] = polled(p->process[i].ready_fd);
	fds[SIGNALS] = polled(p->signal_fd);
	fds[SOCKET] = polled(empty ? STDIN_FILENO : -1);
	if (poll(fds, FDS, idle_ms(p)) < 0 && errno != EINTR)
		log_exit(EXIT_SYSTEM, "poll: %s", strerror(errno));

	pool_tick(p);
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		if (fds[i].revents)
			process_hear(p, &p->process[i]);
	if (fds[SOCKET].revents)
		generation_knock(p);
	if (fds[SIGNALS].revents)
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

int main(int argc, char **argv)
{
	static struct pool pool;

	heed_signals();
	if (argc > 3 && strcmp(argv[1], "--status") == 0 &&
	    strcmp(argv[2], "--json") == 0)
		return verb_status_json(argc - 3, argv + 3);
	if (argc > 2 && strcmp(argv[1], "--status") == 0)
		return verb_status(argc - 2, argv + 2);
	if (argc == 3 && strcmp(argv[1], "--reload") == 0)
		return verb_reload(argv[2]);
	if (argc == 4 && strcmp(argv[1], "--scale") == 0)
		return verb_scale(argv[2], argv[3]);
	if (argc == 3 && strcmp(argv[1], "--upgrade") == 0)
		return verb_upgrade(argv[2]);
	if (argc != 2)
		log_exit(EXIT_CONFIG, "usage: pool DIR | pool --status "
			 "[--json] DIR... | pool --reload DIR | "
			 "pool --scale DIR N|MIN..MAX | pool --upgrade DIR");

	pool_open(&pool, argv[1]);
	do {
		if (pool.upgrade_asked && !pool.loading.number && !pool.leaving)
			upgrade_begin(&pool);
		generation_decide(&pool);
		listen_once(&pool);
		watch_load(&pool);
		guard_workers(&pool);
		expire(&pool);
	} while (!pool.leaving || pool.running);
	pool.board->pool_pid = 0;

	return 0;
}
