/*
 * dummy_worker - a worker of the pool that misbehaves on order.
 *
 * The file `orders` beside it holds words:
 *
 *	exit	leave with 100 at once
 *	hang	never be ready
 *	hold	be ready only when the file `go` is there
 *	crash	once ready, abort when the file `go` is there
 *	linger	at SIGTERM, leave only when the file `go` is there
 *	deaf	take no notice of SIGTERM
 *	count	count a request
 *	fail	have answered 20 requests, or as many as the file `answered`
 *		says, with 500 as many as the file `failed` says
 *	serve	have 4 threads, of which as many are busy as the file `busy`
 *		says, and 64 MB more if the file `fat` says 1; a pid in these
 *		files says whom they mean
 *
 * It appends "event release pid milliseconds" to the file `journal` in the
 * function's directory at start, when ready and at SIGTERM.
 *
 *	dummy_worker --requests SCOREBOARD	print the requests counted
 */
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/scoreboard.h"

static char orders[64];
static volatile sig_atomic_t told_to_stop;

static void on_term(int sig)
{
	(void)sig;
	told_to_stop = 1;
}

static bool ordered(const char *word)
{
	return strstr(orders, word) != NULL;
}

static void note(const char *event, const char *release)
{
	int fd = open("../../journal", O_WRONLY | O_APPEND | O_CREAT, 0600);

	dprintf(fd, "%s %s %d %ld\n", event, release, getpid(), now_ms());
	close(fd);
}

static void doze(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
}

static void await_go(void)
{
	while (access("go", F_OK) != 0)
		doze();
}

static struct scoreboard_worker *slot(void)
{
	return scoreboard_attach(4, atoi(getenv("POOL_SLOT")));
}

static void count(struct scoreboard_worker *w)
{
	strcpy(w->route[0].name, "GET /");
	scoreboard_count(&w->route[0], 200, 100);
}

/* What a file says to this worker; 0 if nothing. */
static int read_number(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY), n = 0, pid = getpid();

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return 0;
	close(fd);
	sscanf(text, "%d %d", &n, &pid);

	return pid == getpid() ? n : 0;
}

static void fail(struct scoreboard_worker *w)
{
	w->answered = (uint64_t)(read_number("answered") ?: 20);
	w->failed = (uint64_t)read_number("failed");
}

static void grow(void)
{
	static char *fat;

	if (!fat && read_number("fat")) {
		fat = malloc(64 << 20);
		memset(fat, 1, 64 << 20);
	}
}

static void serve(struct scoreboard_worker *w)
{
	const int busy = read_number("busy");

	grow();
	w->threads = 4;
	strcpy(w->route[0].name, "GET /");
	for (int i = 0; i < 4; i++) {
		struct scoreboard_thread *t = &w->thread[i];

		if (i >= busy) {
			t->since_us = 0;
		} else if (!t->since_us) {
			strcpy(t->request_id, "abc");
			strcpy(t->statement, "pair_get");
			w->asked_us = t->since_us = now_us();
		}
	}
}

static int print_requests(const char *path)
{
	const struct scoreboard *board;
	uint64_t n;

	if (scoreboard_open(path, &board))
		return 1;
	n = board->retired.route[0].status[2];
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		n += board->worker[i].route[0].status[2];
	printf("%lu\n", n);

	return 0;
}

/* Become what beside the executable is written; returns the release. */
static const char *take_orders(void)
{
	static char exe[PATH_MAX];
	int fd;

	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0 ||
	    chdir(dirname(exe)) != 0)
		exit(1);
	fd = open("orders", O_RDONLY);
	if (read(fd, orders, sizeof(orders) - 1) < 0)
		exit(1);
	close(fd);

	return basename(exe);
}

int main(int argc, char **argv)
{
	struct scoreboard_worker *board = NULL;
	const char *release;

	if (argc == 3)
		return print_requests(argv[2]);
	signal(SIGTERM, on_term);
	release = take_orders();
	note("start", release);

	if (ordered("exit"))
		return 100;
	if (ordered("hold"))
		await_go();
	if (ordered("count"))
		count(slot());
	if (ordered("fail"))
		fail(slot());
	if (!ordered("hang")) {
		note("ready", release);
		if (write(3, "", 1) != 1)
			return 1;
	}
	if (ordered("crash")) {
		await_go();
		abort();
	}

	if (ordered("serve"))
		board = slot();
	while (!told_to_stop || ordered("deaf")) {
		if (board)
			serve(board);
		doze();
	}
	note("term", release);
	if (ordered("linger"))
		await_go();

	return 0;
}
