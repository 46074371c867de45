/*
 * scoreboard.h - what every worker of a function is doing, in a mapped file.
 *
 * The pool makes the file and fills in the lives of its workers; a worker
 * counts in the slot it was given; whoever wants to know reads the file: the
 * pool's --status, the metrics, the operator's commands.  Nobody asks a worker.
 *
 * Ownership: a mapping lives as long as the process.  A slot's counters are
 * written by its worker only.  When a worker has ended, the pool adds them to
 * `retired`, so that a function's totals never go back.
 *
 * The file begins with its layout, which a change of these structures must
 * count up: nobody reads a file of another.
 */
#ifndef RUNTIME_SCOREBOARD_H
#define RUNTIME_SCOREBOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/err.h"

enum {
	SCOREBOARD_LAYOUT = 6,
	SCOREBOARD_WORKERS = 64,
	SCOREBOARD_THREADS = 32,
	SCOREBOARD_ROUTES = 32,
	SCOREBOARD_BUCKETS = 12,	/* the last one has no upper bound */
};

/* Upper bounds in microseconds of all buckets but the last. */
extern const uint32_t scoreboard_bucket_us[SCOREBOARD_BUCKETS - 1];

/* What became of a push. */
enum push_outcome { PUSH_SENT, PUSH_GONE, PUSH_REFUSED, PUSH_LATER, PUSHES };

/* Why a worker was replaced. */
enum restart {
	RESTART_DIED,		/* unasked */
	RESTART_LATE,		/* not ready in time */
	RESTART_STUCK,		/* a request took STUCK_MS */
	RESTART_MEMORY,		/* more than RSS_MB */
	RESTARTS
};

/* What they are called. */
extern const char *const scoreboard_restart[RESTARTS];

enum worker_state {
	WORKER_NONE,		/* the slot is free */
	WORKER_STARTING,
	WORKER_READY,
	WORKER_DRAINING,
};

struct scoreboard_route {
	char name[72];				/* "GET /sessions/{id}" */
	_Atomic uint64_t status[6];		/* by status / 100; [0] unused */
	_Atomic uint64_t bucket[SCOREBOARD_BUCKETS];
	_Atomic uint64_t total_us;
};

struct scoreboard_thread {
	_Atomic uint64_t since_us;	/* CLOCK_MONOTONIC; 0: idle */
	_Atomic int32_t route;		/* -1: not known yet */
	char request_id[40];
	char statement[40];		/* that it waits for; "": none */
};

/* The connections that the db_pools of a process lend. */
struct scoreboard_database {
	_Atomic int32_t limit;		/* there may be */
	_Atomic int32_t open;
	_Atomic int32_t used;		/* lent, or being made for somebody */
	_Atomic uint64_t waits;		/* for one of them */
	_Atomic uint64_t refused;	/* waits that were in vain */
	_Atomic uint64_t unmade;	/* attempts to connect that failed */
};

struct scoreboard_worker {
	/* The pool writes these; a worker its state, too. */
	_Atomic int32_t pid;
	_Atomic int32_t generation;
	_Atomic int32_t state;			/* enum worker_state */
	_Atomic uint64_t started_us;		/* CLOCK_MONOTONIC */
	_Atomic uint64_t resident_bytes;	/* in memory */
	char release[64];			/* version of `generation` */

	_Atomic int32_t threads;		/* that serve; 0: no requests */
	_Atomic uint64_t asked_us;		/* when a request came last, */
	_Atomic uint64_t queued_us;		/* and how long it had waited */
	_Atomic int32_t connections;		/* open ones */
	_Atomic uint64_t answered, failed;	/* requests; with 500 */
	_Atomic uint64_t shed;			/* refused for their age */
	_Atomic uint64_t dropped;		/* broken or timed-out requests */
	_Atomic uint64_t published;		/* events, of a relay */
	_Atomic uint64_t unpublished_us;	/* its oldest is since; or 0 */
	_Atomic uint64_t consumed, duplicates, dead;	/* of a consumer */
	_Atomic uint64_t lag;			/* events ahead of it, now */
	_Atomic int32_t streams;		/* open ones, of the gateway */
	_Atomic uint64_t delivered;		/* events, to a stream each */
	_Atomic uint64_t resyncs;		/* streams told to load anew */
	_Atomic uint64_t cut_slow;		/* streams of slow readers */
	_Atomic uint64_t pushes[PUSHES];	/* by enum push_outcome */
	struct scoreboard_database database;
	struct scoreboard_thread thread[SCOREBOARD_THREADS];
	struct scoreboard_route route[SCOREBOARD_ROUTES];
};

struct scoreboard {
	char magic[16];				/* "kith board" */
	uint32_t layout;			/* SCOREBOARD_LAYOUT */
	uint32_t bytes;				/* of the file */
	char function[32];
	_Atomic int32_t pool_pid;		/* 0: has left */
	_Atomic uint64_t begun_us;		/* the program, CLOCK_MONOTONIC */
	_Atomic uint64_t refused_us;		/* to begin another program */
	_Atomic int32_t first;			/* generation of this program */
	_Atomic int32_t wanted, min, max;	/* workers */
	_Atomic int32_t generation;		/* the one that serves */
	_Atomic int32_t loading;		/* the one that starts; or 0 */
	_Atomic int32_t failed;			/* the last that failed; or 0 */
	char release[64];			/* version of `generation` */
	_Atomic uint64_t restarts[RESTARTS];	/* by enum restart */
	_Atomic uint64_t slow;			/* requests over SLOW_MS */
	_Atomic uint64_t scaled_up, scaled_down;	/* times, by load */
	struct scoreboard_worker retired;	/* counters only */
	struct scoreboard_worker worker[SCOREBOARD_WORKERS];
};

/*
 * Make the file anew and map it; *fd stays open, for the workers.  A reader
 * of the old file keeps what it has.  The caller keeps the file from now on,
 * until it ends or closes any descriptor of it.  ERR_UNAVAILABLE: see the log.
 */
enum err scoreboard_create(const char *path, const char *function,
			   struct scoreboard **out, int *fd);

/* Go on keeping a file that is open and locked.  Errors as below. */
enum err scoreboard_adopt(int fd, struct scoreboard **out);

/*
 * The pid of the pool that keeps the file, 0 if none does.  The kernel says so
 * by a lock: a pid in a file may belong to somebody else by now.
 */
int scoreboard_keeper(const char *path);

/* Whether one does, be it in a container whose pids are not ours. */
bool scoreboard_is_kept(const char *path);

/*
 * Map a function's file for reading.  ERR_NOT_FOUND: none, or not one.
 * ERR_CONFLICT: one of another layout.
 */
enum err scoreboard_open(const char *path, const struct scoreboard **out);
void scoreboard_close(const struct scoreboard *);

/* The slot of this worker behind fd; NULL: no scoreboard of this layout. */
struct scoreboard_worker *scoreboard_attach(int fd, int slot);

/* Add a dead worker's counters to the totals and free its slot. */
void scoreboard_retire(struct scoreboard *, struct scoreboard_worker *);

/* Threads of a worker that are in a request. */
int scoreboard_busy(const struct scoreboard_worker *);

/* Count an answered request. */
void scoreboard_count(struct scoreboard_route *, int status, uint64_t us);

#endif
