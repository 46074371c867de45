/* pool_verbs.c - --status and --reload: see pool.c. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "runtime/pool_private.h"

enum {
	EXIT_FAILED = 1, EXIT_STOPPED = 3,
	POLL_MS = 10,
};

struct row {
	const char *name;
	int pid;
	const char *state;
	int generation;
	const char *release;
	int part, whole;
};

static void print_row(const struct row *r)
{
	printf("%-14s %7d %-10s %5d %-24.63s %d/%d\n", r->name, r->pid,
	       r->state, r->generation, r->release, r->part, r->whole);
}

/* The pool that keeps dir's board, and the board; 0 without one. */
static pid_t find_pool(const char *dir, char *path,
		       const struct scoreboard **board)
{
	snprintf(path, PATH_MAX, "%s/scoreboard", dir);
	if (scoreboard_open(path, board))
		return 0;

	return scoreboard_keeper(path);
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int busy_threads(const struct scoreboard_worker *w)
{
	int n = 0;

	for (int i = 0; i < SCOREBOARD_THREADS; i++)
		n += w->thread[i].since_us != 0;
	return n;
}

static void print_worker(const char *name, const struct scoreboard *board,
			 const struct scoreboard_worker *w)
{
	static const char *const states[] = { "-", "starting", "ready",
					      "draining" };
	const bool serves = w->generation == board->generation;

	print_row(&(struct row){ name, w->pid, states[w->state & 3],
				 w->generation, serves ? board->release : "-",
				 busy_threads(w), w->threads });
}

/* A pool and its workers; false unless one is ready. */
static bool print_pool(const char *dir)
{
	const char *name = last_part(dir);
	const struct scoreboard *board;
	char path[PATH_MAX];
	int pid = find_pool(dir, path, &board), ready = 0;

	if (!pid) {
		printf("%-14s %7s %-10s %5s %-24s %s\n", name, "-", "stopped",
		       "-", "-", "-");
		return false;
	}
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		ready += board->worker[i].state == WORKER_READY;
	print_row(&(struct row){ name, pid, "pool", board->generation,
				 board->release, ready, board->wanted });
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		if (board->worker[i].state != WORKER_NONE)
			print_worker(name, board, &board->worker[i]);
	scoreboard_close(board);

	return ready > 0;
}

int verb_status(int n, char **dirs)
{
	bool all = true;

	for (int i = 0; i < n; i++)
		all &= print_pool(pool_directory(dirs[i]) ?: dirs[i]);

	return all ? 0 : EXIT_STOPPED;
}

/*
 * Each load has the next number, whatever becomes of it.  A load that ends
 * while this reads has not been overlooked: `loading` is read first.
 */
static int last_number(const struct scoreboard *board)
{
	int last = board->loading;

	if (board->generation > last)
		last = board->generation;
	if (board->failed > last)
		last = board->failed;
	return last;
}

/* 0 or EXIT_FAILED once a generation was taken or not; -1 until then. */
static int outcome(const struct scoreboard *board, int number)
{
	if (board->generation >= number && board->failed != number)
		return 0;
	return board->failed >= number ? EXIT_FAILED : -1;
}

/* The outcome of load `number`; -1 if the pool ends or time is up. */
static int await(const char *path, pid_t pid, const struct scoreboard *board,
		 int number, int left_ms)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000 };
	int result = outcome(board, number);

	for (; result < 0 && left_ms > 0; left_ms -= POLL_MS) {
		if (scoreboard_keeper(path) != pid)
			break;
		nanosleep(&pause, NULL);
		result = outcome(board, number);
	}
	return result;
}

int verb_reload(const char *dir)
{
	const struct scoreboard *board;
	struct generation g;
	char path[PATH_MAX];
	int number, result;
	pid_t pid;

	dir = pool_directory(dir) ?: dir;
	pid = find_pool(dir, path, &board);
	if (!pid) {
		printf("%s: no pool runs it\n", dir);
		return EXIT_STOPPED;
	}
	if (!generation_read(dir, &g))
		return EXIT_FAILED;

	number = last_number(board) + 1;
	if (kill(pid, SIGHUP) != 0) {
		printf("%s: %s\n", dir, strerror(errno));
		return EXIT_STOPPED;
	}
	/* A load that runs already, one that waits for slots, this one. */
	result = await(path, pid, board, number,
		       2 * (g.ready_ms + g.bake_ms) + g.drain_ms);
	if (result < 0) {
		printf("%s: the pool does not answer\n", dir);
		return EXIT_STOPPED;
	}
	printf("%s: generation %d %s, %d serves\n", last_part(dir), number,
	       result ? "failed" : "was taken", board->generation);

	return result;
}
