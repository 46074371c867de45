/* scoreboard.c - see scoreboard.h. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/log.h"
#include "runtime/scoreboard.h"

const uint32_t scoreboard_bucket_us[SCOREBOARD_BUCKETS - 1] = {
	500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000,
	5000000,
};

const char *const scoreboard_restart[RESTARTS] = {
	[RESTART_DIED] = "died",
	[RESTART_LATE] = "late",
	[RESTART_STUCK] = "stuck",
	[RESTART_MEMORY] = "memory",
};

/* What every layout begins with. */
struct head {
	char magic[16];
	uint32_t layout, bytes;
};

static const struct head head = {
	"kith board", SCOREBOARD_LAYOUT, sizeof(struct scoreboard),
};

static_assert(offsetof(struct scoreboard, magic) == 0 &&
	      offsetof(struct scoreboard, function) == sizeof(struct head));

/* Only a whole scoreboard is mapped: beyond a file's end is SIGBUS. */
static enum err map(int fd, int protection, struct scoreboard **out)
{
	struct scoreboard *board;
	struct head found;
	struct stat st;

	if (pread(fd, &found, sizeof(found), 0) != sizeof(found) ||
	    memcmp(found.magic, head.magic, sizeof(head.magic)) != 0)
		return ERR_NOT_FOUND;
	if (memcmp(&found, &head, sizeof(head)) != 0 ||
	    fstat(fd, &st) != 0 || st.st_size != sizeof(*board))
		return ERR_CONFLICT;
	board = mmap(NULL, sizeof(*board), protection, MAP_SHARED, fd, 0);
	if (board == MAP_FAILED)
		return ERR_UNAVAILABLE;
	*out = board;

	return OK;
}

/* All blocks now: storing into a hole of a full disk is SIGBUS, too. */
static int fill(int fd)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	errno = posix_fallocate(fd, 0, sizeof(struct scoreboard));
	if (errno)
		return -1;
	if (pwrite(fd, &head, sizeof(head), 0) != sizeof(head))
		return -1;

	return fcntl(fd, F_SETLK, &all);
}

enum err scoreboard_create(const char *path, const char *function,
			   struct scoreboard **out, int *fd)
{
	char temporary[PATH_MAX];
	struct scoreboard *board;
	int file;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	unlink(temporary);
	file = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (file < 0)
		goto fail;
	if (fill(file) != 0)
		goto fail;
	if (map(file, PROT_READ | PROT_WRITE, &board))
		goto fail;
	strncpy(board->function, function, sizeof(board->function) - 1);
	if (rename(temporary, path) != 0)
		goto fail;

	*out = board;
	*fd = file;
	return OK;

fail:
	log_error("%s: %s", temporary, strerror(errno));
	if (file >= 0)
		close(file);
	return ERR_UNAVAILABLE;
}

enum err scoreboard_adopt(int fd, struct scoreboard **out)
{
	return map(fd, PROT_READ | PROT_WRITE, out);
}

/* l_type is F_UNLCK if there is none, or no file. */
static struct flock lock_on(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fcntl(fd, F_GETLK, &lock) != 0)
		lock.l_type = F_UNLCK;
	if (fd >= 0)
		close(fd);

	return lock;
}

int scoreboard_keeper(const char *path)
{
	const struct flock lock = lock_on(path);

	return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

bool scoreboard_is_kept(const char *path)
{
	return lock_on(path).l_type != F_UNLCK;
}

enum err scoreboard_open(const char *path, const struct scoreboard **out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct scoreboard *board;
	enum err err;

	if (fd < 0)
		return ERR_NOT_FOUND;
	err = map(fd, PROT_READ, &board);
	close(fd);
	if (!err)
		*out = board;

	return err;
}

void scoreboard_close(const struct scoreboard *board)
{
	munmap((void *)(uintptr_t)board, sizeof(*board));
}

struct scoreboard_worker *scoreboard_attach(int fd, int slot)
{
	struct scoreboard *board;

	if (slot < 0 || slot >= SCOREBOARD_WORKERS)
		return NULL;

	return map(fd, PROT_READ | PROT_WRITE, &board) ? NULL
						       : &board->worker[slot];
}

/* The total of name[72]; NULL if that would be one route too many. */
static struct scoreboard_route *total_of(struct scoreboard *board,
					 const char *name)
{
	struct scoreboard_route *all = board->retired.route;
	const size_t bytes = sizeof(all->name);

	for (int i = 0; i < SCOREBOARD_ROUTES; i++) {
		if (!all[i].name[0])
			memcpy(all[i].name, name, bytes);
		if (strncmp(all[i].name, name, bytes) == 0)
			return &all[i];
	}
	return NULL;
}

static void add(_Atomic uint64_t *total, const _Atomic uint64_t *n)
{
	atomic_fetch_add(total, atomic_load(n));
}

/* Generations differ in their routes, so that these go by name. */
static void add_route(struct scoreboard *board,
		      const struct scoreboard_route *r)
{
	struct scoreboard_route *total;

	if (!r->name[0])
		return;
	total = total_of(board, r->name);
	if (!total)
		return;

	for (int i = 0; i < 6; i++)
		add(&total->status[i], &r->status[i]);
	for (int i = 0; i < SCOREBOARD_BUCKETS; i++)
		add(&total->bucket[i], &r->bucket[i]);
	add(&total->total_us, &r->total_us);
}

void scoreboard_retire(struct scoreboard *board, struct scoreboard_worker *w)
{
	add(&board->retired.shed, &w->shed);
	add(&board->retired.dropped, &w->dropped);
	add(&board->retired.published, &w->published);
	add(&board->retired.consumed, &w->consumed);
	add(&board->retired.duplicates, &w->duplicates);
	add(&board->retired.dead, &w->dead);
	add(&board->retired.delivered, &w->delivered);
	add(&board->retired.resyncs, &w->resyncs);
	add(&board->retired.cut_slow, &w->cut_slow);
	add(&board->retired.database.waits, &w->database.waits);
	add(&board->retired.database.refused, &w->database.refused);
	add(&board->retired.database.unmade, &w->database.unmade);
	for (int i = 0; i < PUSHES; i++)
		add(&board->retired.pushes[i], &w->pushes[i]);
	for (int i = 0; i < SCOREBOARD_ROUTES; i++)
		add_route(board, &w->route[i]);

	memset(w, 0, sizeof(*w));
}

int scoreboard_busy(const struct scoreboard_worker *w)
{
	int n = 0;

	for (int i = 0; i < SCOREBOARD_THREADS; i++)
		n += w->thread[i].since_us != 0;
	return n;
}

void scoreboard_count(struct scoreboard_route *r, int status, uint64_t us)
{
	int bucket = 0;

	assert(status >= 100 && status < 600);
	while (bucket < SCOREBOARD_BUCKETS - 1 &&
	       us > scoreboard_bucket_us[bucket])
		bucket++;

	atomic_fetch_add(&r->status[status / 100], 1);
	atomic_fetch_add(&r->bucket[bucket], 1);
	atomic_fetch_add(&r->total_us, us);
}
