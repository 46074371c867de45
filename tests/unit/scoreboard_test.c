/* What workers count outlives them, and readers are never misled. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"

#include "runtime/scoreboard.h"

enum { NOT_ALLOWED = 2 };

static char directory[32];
static char path[64];
static struct scoreboard *board;
static int board_fd;

static int create(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/scoreboard.XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/scoreboard", directory);
	assert_int_equal(scoreboard_create(path, "login", &board, &board_fd),
			 OK);
	return 0;
}

static int destroy(void **state)
{
	(void)state;
	scoreboard_close(board);
	close(board_fd);
	unlink(path);
	rmdir(directory);

	return 0;
}

/* A worker that has answered one request on a route. */
static void work(int slot, const char *route)
{
	struct scoreboard_worker *w = &board->worker[slot];

	memset(w, 0, sizeof(*w));
	w->pid = 4711;
	w->state = WORKER_READY;
	w->shed = 3;
	w->dropped = 2;
	w->published = 5;
	w->consumed = 7;
	w->duplicates = 6;
	w->dead = 4;
	w->lag = 1000;
	w->pushes[PUSH_GONE] = 8;
	w->database.open = 9;
	w->database.waits = 10;
	w->database.refused = 11;
	w->database.unmade = 12;
	snprintf(w->route[0].name, sizeof(w->route[0].name), "%s", route);
	scoreboard_count(&w->route[0], 204, 700);
}

/* What another process is told. */
static int keeper_seen_from_outside(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(scoreboard_keeper(path) == getppid());
	assert_int_equal(waitpid(pid, &status, 0), pid);

	return WEXITSTATUS(status);
}

static void a_reader_sees_what_a_worker_counts(void **state)
{
	const struct scoreboard *read_only;
	struct scoreboard_worker *slot = scoreboard_attach(board_fd, 7);

	(void)state;
	assert_non_null(slot);
	assert_int_equal(scoreboard_open(path, &read_only), OK);
	assert_string_equal(read_only->function, "login");

	slot->connections = 12;
	assert_int_equal(read_only->worker[7].connections, 12);
	scoreboard_close(read_only);
}

static void a_reader_keeps_a_file_that_was_made_anew(void **state)
{
	const struct scoreboard *old, *new;
	struct scoreboard *made;
	int fd;

	(void)state;
	assert_int_equal(scoreboard_open(path, &old), OK);
	assert_int_equal(scoreboard_create(path, "again", &made, &fd), OK);
	assert_int_equal(scoreboard_open(path, &new), OK);
	board->wanted = 9;

	assert_int_equal(old->wanted, 9);
	assert_int_equal(new->wanted, 0);
	assert_string_equal(new->function, "again");
	scoreboard_close(old);
	scoreboard_close(new);
	scoreboard_close(made);
	close(fd);
}

static void what_is_no_scoreboard_is_refused(void **state)
{
	const struct scoreboard *out = NULL;

	(void)state;
	assert_int_equal(scoreboard_open("/nowhere", &out), ERR_NOT_FOUND);
	assert_int_equal(scoreboard_open("/dev/null", &out), ERR_NOT_FOUND);
	assert_null(scoreboard_attach(board_fd, -1));
	assert_null(scoreboard_attach(board_fd, SCOREBOARD_WORKERS));
	assert_null(scoreboard_attach(STDIN_FILENO, 0));

	memset(board->magic, 'x', 1);
	assert_int_equal(scoreboard_open(path, &out), ERR_NOT_FOUND);
	assert_null(out);
}

static void what_has_another_layout_is_no_ones(void **state)
{
	const struct scoreboard *out = NULL;

	(void)state;
	board->layout++;
	assert_int_equal(scoreboard_open(path, &out), ERR_CONFLICT);
	assert_null(scoreboard_attach(board_fd, 0));
	board->layout--;
	board->bytes++;
	assert_int_equal(scoreboard_open(path, &out), ERR_CONFLICT);
	board->bytes--;
	assert_int_equal(ftruncate(board_fd, 4096), 0);
	assert_int_equal(scoreboard_open(path, &out), ERR_CONFLICT);
	assert_int_equal(ftruncate(board_fd, 8), 0);
	assert_int_equal(scoreboard_open(path, &out), ERR_NOT_FOUND);
	assert_null(out);
}

static void a_directory_that_is_not_there_is_an_error(void **state)
{
	struct scoreboard *out = NULL;
	int fd = -1;

	(void)state;
	assert_int_equal(scoreboard_create("/nowhere/scoreboard", "x", &out,
					   &fd), ERR_UNAVAILABLE);
	assert_null(out);
	assert_int_equal(fd, -1);
}

static void the_kernel_says_who_keeps_the_file(void **state)
{
	(void)state;
	board->pool_pid = 1;
	assert_true(keeper_seen_from_outside());

	close(board_fd);
	assert_int_equal(scoreboard_keeper(path), 0);
	assert_false(scoreboard_is_kept(path));
	assert_int_equal(scoreboard_keeper("/nowhere"), 0);
	assert_false(scoreboard_is_kept("/nowhere"));
}

/* What a process is told that can't see the keeper; or NOT_ALLOWED. */
static int kept_seen_from_a_container(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWPID) != 0 &&
		    unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0)
			_exit(NOT_ALLOWED);
		pid = fork();
		if (pid == 0)
			_exit(scoreboard_is_kept(path) &&
			      scoreboard_keeper(path) == 0);
		waitpid(pid, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);

	return WEXITSTATUS(status);
}

static void who_keeps_the_file_may_be_out_of_sight(void **state)
{
	const int seen = kept_seen_from_a_container();

	(void)state;
	if (seen == NOT_ALLOWED)
		skip();
	assert_true(seen);
}

static void a_dead_workers_counters_are_kept_and_its_slot_is_free(void **state)
{
	const struct scoreboard_worker *r = &board->retired;
	static const struct scoreboard_worker free_slot;

	(void)state;
	work(0, "GET /a");
	work(1, "GET /b");
	scoreboard_retire(board, &board->worker[0]);
	scoreboard_retire(board, &board->worker[1]);
	work(0, "GET /b");
	scoreboard_retire(board, &board->worker[0]);

	assert_int_equal(r->shed, 9);
	assert_int_equal(r->dropped, 6);
	assert_int_equal(r->published, 15);
	assert_int_equal(r->consumed, 21);
	assert_int_equal(r->duplicates, 18);
	assert_int_equal(r->dead, 12);
	assert_int_equal(r->lag, 0);
	assert_int_equal(r->pushes[PUSH_GONE], 24);
	assert_int_equal(r->database.open, 0);
	assert_int_equal(r->database.waits, 30);
	assert_int_equal(r->database.refused, 33);
	assert_int_equal(r->database.unmade, 36);
	assert_int_equal(r->pushes[PUSH_SENT], 0);
	assert_string_equal(r->route[0].name, "GET /a");
	assert_int_equal(r->route[0].status[2], 1);
	assert_string_equal(r->route[1].name, "GET /b");
	assert_int_equal(r->route[1].status[2], 2);
	assert_int_equal(r->route[1].bucket[1], 2);
	assert_int_equal(r->route[1].total_us, 1400);
	assert_memory_equal(&board->worker[0], &free_slot, sizeof(free_slot));
}

static void a_route_more_than_fits_spoils_nothing(void **state)
{
	char name[32];

	(void)state;
	for (int i = 0; i <= SCOREBOARD_ROUTES; i++) {
		snprintf(name, sizeof(name), "GET /%d", i);
		work(0, name);
		scoreboard_retire(board, &board->worker[0]);
	}
	for (int i = 0; i < SCOREBOARD_ROUTES; i++)
		assert_int_equal(board->retired.route[i].status[2], 1);
	assert_int_equal(board->retired.shed, 3 * (SCOREBOARD_ROUTES + 1));
}

static void a_name_without_an_end_is_not_read_past_it(void **state)
{
	char *name = board->worker[0].route[0].name;
	const size_t bytes = sizeof(board->worker[0].route[0].name);

	(void)state;
	work(0, "x");
	memset(name, 'x', bytes);
	scoreboard_retire(board, &board->worker[0]);
	work(0, "x");
	memset(name, 'x', bytes);
	scoreboard_retire(board, &board->worker[0]);

	assert_int_equal(board->retired.route[0].status[2], 2);
	assert_int_equal(board->retired.route[1].status[2], 0);
}

static void a_request_falls_into_the_bucket_of_its_time(void **state)
{
	static const struct { uint64_t us; int bucket; } cases[] = {
		{ 0, 0 }, { 500, 0 }, { 501, 1 }, { 1000, 1 }, { 5000000, 10 },
		{ 5000001, SCOREBOARD_BUCKETS - 1 },
		{ UINT64_MAX, SCOREBOARD_BUCKETS - 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scoreboard_route r = { 0 };

		scoreboard_count(&r, 503, cases[i].us);
		assert_int_equal(r.bucket[cases[i].bucket], 1);
		assert_int_equal(r.status[5], 1);
		assert_int_equal(r.total_us, cases[i].us);
	}
}

#define ON_A_FILE(f) cmocka_unit_test_setup_teardown(f, create, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_FILE(a_reader_sees_what_a_worker_counts),
		ON_A_FILE(a_reader_keeps_a_file_that_was_made_anew),
		ON_A_FILE(what_is_no_scoreboard_is_refused),
		ON_A_FILE(what_has_another_layout_is_no_ones),
		ON_A_FILE(the_kernel_says_who_keeps_the_file),
		ON_A_FILE(who_keeps_the_file_may_be_out_of_sight),
		ON_A_FILE(a_dead_workers_counters_are_kept_and_its_slot_is_free),
		ON_A_FILE(a_route_more_than_fits_spoils_nothing),
		ON_A_FILE(a_name_without_an_end_is_not_read_past_it),
		CLAIM(a_directory_that_is_not_there_is_an_error),
		CLAIM(a_request_falls_into_the_bucket_of_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
