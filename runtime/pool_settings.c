/* pool_settings.c - writing DIR/settings, which conf.c reads: see pool.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/log.h"
#include "runtime/pool_private.h"

enum { LINE_BYTES = 1024 };

static bool says_range(const char *line)
{
	return strncmp(line, "PROCESSES=", 10) == 0 ||
	       strncmp(line, "PROCESSES_MAX=", 14) == 0;
}

/* All lines but those that are to be said anew.  No file has no lines. */
static void copy_others(const char *path, FILE *out)
{
	char line[LINE_BYTES];
	FILE *in = fopen(path, "re");

	if (!in)
		return;
	while (fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = '\0';
		if (!says_range(line))
			fprintf(out, "%s\n", line);
	}
	fclose(in);
}

/* Others may read what they could before, and nobody else. */
static bool keep_access(const char *path, int fd)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return fchmod(fd, 0644) == 0;
	if (fchown(fd, st.st_uid, st.st_gid) != 0 && errno != EPERM)
		return false;
	return fchmod(fd, st.st_mode & 0777) == 0;
}

bool settings_write(const char *dir, const struct range *r)
{
	char path[PATH_MAX], new[PATH_MAX];
	FILE *out = NULL;
	bool done = false;
	int fd;

	snprintf(path, sizeof(path), "%s/settings", dir);
	snprintf(new, sizeof(new), "%s/settings.XXXXXX", dir);
	fd = mkstemp(new);
	if (fd >= 0)
		out = fdopen(fd, "w");
	if (out) {
		copy_others(path, out);
		fprintf(out, "PROCESSES=%d\nPROCESSES_MAX=%d\n", r->min,
			r->max);
		done = fflush(out) == 0 && fsync(fd) == 0 &&
		       keep_access(path, fd) && rename(new, path) == 0;
	}
	if (!done) {
		log_error("%s: %s", path, strerror(errno));
		unlink(new);
	}
	if (out)
		fclose(out);

	return done;
}
