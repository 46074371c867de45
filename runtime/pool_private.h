/*
 * pool_private.h - what the pool's files share.
 *
 *	pool.c			hears of events
 *	pool_open.c		starts the pool
 *	pool_upgrade.c		its becoming another program
 *	pool_generation.c	decides which workers there are
 *	pool_load.c		reads a release
 *	pool_scale.c		how many workers for which load
 *	pool_watch.c		the load, as workers say
 *	pool_guard.c		what they do for too long, or take too much of
 *	pool_process.c		makes and ends workers
 *	pool_status.c, pool_verbs.c, pool_settings.c  the pool from outside
 *
 * The pool believes its own memory only: workers can write to the scoreboard,
 * so it tells there what happens, and what it reads there is a hint.
 */
#ifndef RUNTIME_POOL_PRIVATE_H
#define RUNTIME_POOL_PRIVATE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/pool_scale.h"
#include "runtime/scoreboard.h"

static const int64_t NEVER = INT64_MAX;

enum { WANTED_MAX = SCOREBOARD_WORKERS / 2 };	/* two generations fit */

/* What workers are allowed. */
struct limits {
	int drain_ms, slow_ms, stuck_ms;	/* slow_ms 0: any */
	int rss_mb;				/* 0: any */
};

/* A release as it was when it was loaded.  Times are of CLOCK_MONOTONIC. */
struct generation {
	int number;			/* 0: there is none */
	char release[64];		/* the version */
	char program[PATH_MAX + NAME_MAX];
	char **environment;		/* of its workers, but for the slot */
	struct range processes;
	int memory_mb;
	int64_t idle_ms;
	int ready_ms, bake_ms;
	bool canary;			/* one worker is tried first, now */
	struct limits limits;
	int delay_ms;			/* before the next one is replaced */
	int64_t start_at_ms;		/* no worker is started before */
	int64_t baked_at_ms;		/* 0: nothing to bake yet */
};

/* What runs in a slot of the scoreboard. */
struct process {
	pid_t pid;			/* 0: nothing */
	int generation;
	enum worker_state state;
	int ready_fd;			/* -1: nothing more to hear */
	struct limits limits;
	bool outgoing;			/* to be stopped when replaced */
	uint64_t slow_us[SCOREBOARD_THREADS];	/* what was logged last */
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
	struct range scaled;		/* as told by signals; max 0: not */
	struct scale scale;
	int64_t sample_at_ms;		/* when the load is looked at */
	int64_t guard_at_ms;		/* and the workers */
	char program[PATH_MAX];		/* of the pool itself */
	bool load_asked, upgrade_asked, leaving;
};

/* dir's absolute name, static; NULL if it isn't there. */
const char *pool_directory(const char *dir);

/* The whole pool, but for its first generation; or it exits. */
void pool_open(struct pool *, const char *dir);
void pool_tick(struct pool *);

/* Make the board anew; or exit. */
void pool_open_board(struct pool *);

/*
 * Become p->program, in the same process and with the same workers.  Returns
 * if that doesn't run, and nothing has changed; see the log.
 */
void upgrade_begin(struct pool *);
/* What the program before has left: its state.  NULL: there was none. */
const char *upgrade_state(void);
/* Go on with that state; or exit. */
void upgrade_resume(struct pool *, const char *state);

/* Read dir/link, once.  False: it is no release; see the log. */
bool generation_read(const char *dir, const char *link,
		     struct generation *out);
void generation_free(struct generation *);
/* Make a generation the one that serves. */
void generation_serve(struct pool *, struct generation);
/* Start and stop what is due. */
void generation_decide(struct pool *);
/* A worker that should run doesn't; steady: it had been ready for long. */
void generation_lose(struct pool *, int generation, bool steady);
/* The workers of a generation that may be. */
struct range generation_range(const struct pool *, const struct generation *);
/* Want so many more or fewer, whatever releases and settings say. */
void generation_shift(struct pool *, int by);
/* Want what the settings say now. */
void generation_resize(struct pool *);
/* Somebody wants to be served, and nobody is there. */
void generation_knock(struct pool *);

/* When the load is to be looked at; or NEVER. */
int64_t watch_at_ms(const struct pool *);
/* Look at the load, if it is time to. */
void watch_load(struct pool *);

/* Too many answers of a generation are 500; then it is logged. */
bool watch_fails(const struct pool *, int generation);

/* When the workers are to be looked at; or NEVER. */
int64_t guard_at_ms(const struct pool *);
/* Name slow requests; replace workers that are stuck or too large. */
void guard_workers(struct pool *);

/* A free slot; NULL if there is none. */
struct process *process_free(struct pool *);
/* Start a worker in a free slot.  False: it could not be; see the log. */
bool process_start(struct pool *, struct process *, struct generation *);
/* Read the ready pipe. */
void process_hear(struct pool *, struct process *);
/* SIGTERM, and SIGKILL when drain_ms have passed.  Twice is once. */
void process_stop(struct pool *, struct process *);
void process_kill(struct pool *, struct process *);
/* Take over one that runs; ready_fd and limits are set.  The board is told. */
void process_adopt(struct pool *, struct process *, const char *release);
/* It has ended: free the slot. */
void process_forget(struct pool *, struct process *);
/* How many of a generation, outgoing ones apart, are in from to to. */
int process_count(const struct pool *, int generation, enum worker_state from,
		  enum worker_state to);

/* Write the range into dir/settings.  False: see the log. */
bool settings_write(const char *dir, const struct range *);

enum { EXIT_FAILED = 1, EXIT_STOPPED = 3 };	/* of the verbs */

/* The pool that keeps dir's board, and the board; 0 without one. */
pid_t pool_find(const char *dir, char path[PATH_MAX],
		const struct scoreboard **);
/* The name of a function in dir. */
const char *pool_name(const char *dir);

int verb_status(int n, char **dirs);
int verb_status_json(int n, char **dirs);
int verb_reload(const char *dir);
int verb_scale(const char *dir, const char *range);
int verb_upgrade(const char *dir);

#endif
