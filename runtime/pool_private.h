/*
 * pool_private.h - what the pool's files share.
 *
 * pool.c hears of events, pool_generation.c decides which workers there are,
 * pool_process.c makes and ends them, pool_verbs.c is the pool from outside.
 *
 * The pool believes its own memory only: workers can write to the scoreboard,
 * so it is told there what happens and never read.
 */
#ifndef RUNTIME_POOL_PRIVATE_H
#define RUNTIME_POOL_PRIVATE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/scoreboard.h"

static const int64_t NEVER = INT64_MAX;

/* A release as it was when it was loaded.  Times are of CLOCK_MONOTONIC. */
struct generation {
	int number;			/* 0: there is none */
	char release[64];		/* the version */
	char program[PATH_MAX + NAME_MAX];
	int processes, memory_mb;
	int ready_ms, bake_ms, drain_ms;
	int delay_ms;			/* before the next one is replaced */
	int64_t start_at_ms;		/* no worker is started before */
	int64_t baked_at_ms;		/* 0: not all were ready yet */
};

/* What runs in a slot of the scoreboard. */
struct process {
	pid_t pid;			/* 0: nothing */
	int generation;
	enum worker_state state;
	int ready_fd;			/* -1: nothing more to hear */
	int drain_ms;
	int64_t since_ms;		/* it is in state */
	int64_t until_ms;		/* it may be in state; or NEVER */
};

struct pool {
	const char *dir, *name;		/* absolute; its last part */
	pid_t pid;
	int64_t now_ms;
	struct scoreboard *board;
	int board_fd, signal_fd;
	struct process process[SCOREBOARD_WORKERS];
	int running;			/* of them */
	struct generation serving, loading;
	int tried;			/* number of the last generation */
	int scaled;			/* workers as told by signals; or 0 */
	bool load_asked, leaving;
};

/* dir's absolute name, static; NULL if it isn't there. */
const char *pool_directory(const char *dir);

/* Read what dir/current is now.  False: it is no release; see the log. */
bool generation_read(const char *dir, struct generation *out);
/* Make a generation the one that serves. */
void generation_serve(struct pool *, struct generation);
/* Start and stop what is due. */
void generation_decide(struct pool *);
/* A worker that should run doesn't; steady: it had been ready for long. */
void generation_lose(struct pool *, int generation, bool steady);
/* Want more or fewer workers. */
void generation_scale(struct pool *, int by);

/* A free slot; NULL if there is none. */
struct process *process_free(struct pool *);
/* Start a worker in a free slot.  False: it could not be; see the log. */
bool process_start(struct pool *, struct process *, struct generation *);
/* Read the ready pipe. */
void process_hear(struct pool *, struct process *);
/* SIGTERM, and SIGKILL when drain_ms have passed.  Twice is once. */
void process_stop(struct pool *, struct process *);
void process_kill(struct pool *, struct process *);
/* It has ended: free the slot. */
void process_forget(struct pool *, struct process *);
/* How many of a generation are in a state of from to to. */
int process_count(const struct pool *, int generation, enum worker_state from,
		  enum worker_state to);

int verb_status(int n, char **dirs);
int verb_reload(const char *dir);

#endif
