/* pool_verbs.c - --reload, --scale and --upgrade: see pool.c. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/clock.h"
#include "runtime/pool_private.h"

enum { POLL_MS = 10, SCALE_MS = 2000, UPGRADE_MS = 60000 };

static void pause_shortly(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = POLL_MS * 1000000 }, NULL);
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
	int result = outcome(board, number);

	for (; result < 0 && left_ms > 0; left_ms -= POLL_MS) {
		if (scoreboard_keeper(path) != pid)
			break;
		pause_shortly();
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
	pid = pool_find(dir, path, &board);
	if (!pid) {
		printf("%s: no pool runs it\n", dir);
		return EXIT_STOPPED;
	}
	if (!generation_read(dir, "current", &g))
		return EXIT_FAILED;

	number = last_number(board) + 1;
	if (kill(pid, SIGHUP) != 0) {
		printf("%s: %s\n", dir, strerror(errno));
		generation_free(&g);
		return EXIT_STOPPED;
	}
	/* A load that runs already, one that waits for slots, this one. */
	result = await(path, pid, board, number,
		       2 * (2 * g.ready_ms + g.bake_ms) + g.limits.drain_ms);
	generation_free(&g);
	if (result < 0) {
		printf("%s: the pool does not answer\n", dir);
		return EXIT_STOPPED;
	}
	printf("%s: generation %d %s, %d serves\n", pool_name(dir), number,
	       result ? "failed" : "was taken", board->generation);

	return result;
}

/* Moves text behind a number of workers. */
static bool parse_workers(const char **text, int *n)
{
	const size_t digits = strspn(*text, "0123456789");

	if (digits < 1 || digits > 2)
		return false;
	*n = atoi(*text);
	*text += digits;

	return *n <= WANTED_MAX;
}

/* N or MIN..MAX. */
static bool parse_range(const char *text, struct range *r)
{
	if (!parse_workers(&text, &r->min))
		return false;
	r->max = r->min;
	if (strncmp(text, "..", 2) == 0) {
		text += 2;
		if (!parse_workers(&text, &r->max))
			return false;
	}
	return *text == '\0' && r->min <= r->max;
}

/* Until the pool wants it.  False: it doesn't, or has ended. */
static bool await_range(const char *path, pid_t pid,
			const struct scoreboard *board, const struct range *r)
{
	/* There may always be one. */
	const int max = r->max ?: 1;

	for (int left_ms = SCALE_MS; left_ms > 0; left_ms -= POLL_MS) {
		if (board->min == r->min && board->max == max)
			return true;
		if (scoreboard_keeper(path) != pid)
			return false;
		pause_shortly();
	}
	return false;
}

int verb_scale(const char *dir, const char *text)
{
	const struct scoreboard *board;
	char path[PATH_MAX];
	struct range r;
	bool wanted;
	pid_t pid;

	if (!parse_range(text, &r)) {
		printf("%s is not N or MIN..MAX of 0 to %d workers\n", text,
		       WANTED_MAX);
		return EXIT_FAILED;
	}
	dir = pool_directory(dir) ?: dir;
	if (!settings_write(dir, &r))
		return EXIT_FAILED;
	pid = pool_find(dir, path, &board);
	if (!pid || kill(pid, SIGUSR1) != 0) {
		printf("%s: no pool runs it\n", dir);
		return EXIT_STOPPED;
	}
	wanted = await_range(path, pid, board, &r);
	printf("%s: %d to %d workers %s\n", pool_name(dir), board->min,
	       board->max, wanted ? "wanted" : "still wanted: see its log");
	scoreboard_close(board);

	return wanted ? 0 : EXIT_FAILED;
}

/* What became of an upgrade that was asked for; -1 until it is known. */
static int upgrade_outcome(const char *path, uint64_t asked_us, int *number)
{
	const struct scoreboard *board;
	int result = -1;

	if (scoreboard_open(path, &board))
		return -1;
	*number = board->first;
	if (board->refused_us >= asked_us)
		result = EXIT_FAILED;
	else if (board->begun_us >= asked_us)
		result = outcome(board, board->first);
	scoreboard_close(board);

	return result;
}

/* A pool that doesn't know the signal would be ended by it. */
static bool knows_upgrades(const char *path)
{
	const struct scoreboard *board;
	const enum err err = scoreboard_open(path, &board);

	if (!err)
		scoreboard_close(board);
	return !err || err == ERR_CONFLICT;
}

int verb_upgrade(const char *dir)
{
	/* The pool's clock is coarser. */
	const uint64_t asked_us = now_us() / 1000 * 1000;
	int result = -1, number = 0, left_ms = UPGRADE_MS;
	char path[PATH_MAX];
	pid_t pid;

	dir = pool_directory(dir) ?: dir;
	snprintf(path, sizeof(path), "%s/scoreboard", dir);
	pid = scoreboard_keeper(path);
	if (!pid) {
		printf("%s: no pool runs it\n", dir);
		return EXIT_STOPPED;
	}
	if (!knows_upgrades(path) || kill(pid, SIGUSR2) != 0) {
		printf("%s: its pool, %d, can't be upgraded\n", dir, pid);
		return EXIT_FAILED;
	}
	for (; result < 0 && left_ms > 0; left_ms -= POLL_MS) {
		pause_shortly();
		if (scoreboard_keeper(path) != pid)
			break;
		result = upgrade_outcome(path, asked_us, &number);
	}
	printf("%s: %s\n", pool_name(dir), result == 0 ? "upgraded" :
	       result < 0 ? "the pool does not answer" :
	       "not upgraded, or its new generation failed: see its log");

	return result < 0 ? EXIT_STOPPED : result;
}
