/* pool_load.c - reading a release, and its settings: see pool.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/pool_private.h"

/* conf_read() ends the process at a bad value; a child tries it first. */
static bool conf_is_good(const char *file)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		conf_read(file);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		log_error("%s: no process reads it: %s", file,
			  strerror(errno));
		return false;
	}
	return status == 0;
}

/* There is always a worker that may be. */
static struct range range_of_conf(void)
{
	struct range r = { conf.processes, conf.processes_max };

	if (r.max < r.min)
		r.max = r.min;
	if (r.max == 0)
		r.max = 1;
	return r;
}

bool generation_read(const char *dir, const char *link, struct generation *out)
{
	char release[PATH_MAX], path[PATH_MAX + sizeof("/function.conf")];
	struct generation g = { 0 };

	snprintf(path, sizeof(path), "%s/%s", dir, link);
	if (!realpath(path, release)) {
		log_error("%s: %s", path, strerror(errno));
		return false;
	}
	snprintf(path, sizeof(path), "%s/function.conf", release);
	if (!conf_is_good(path))
		return false;

	conf_read(path);
	g.environment = conf_environ();
	g.processes = range_of_conf();
	g.memory_mb = conf.memory_mb;
	g.idle_ms = (int64_t)conf.idle_s * 1000;
	g.ready_ms = conf.ready_ms;
	g.bake_ms = conf.bake_ms;
	g.canary = conf.canary;
	g.limits = (struct limits){
		.drain_ms = conf.drain_ms, .slow_ms = conf.slow_ms,
		.stuck_ms = conf.stuck_ms ?: 3 * conf.timeout_ms,
		.rss_mb = conf.rss_mb,
	};
	snprintf(g.release, sizeof(g.release), "%s",
		 strrchr(release, '/') + 1);
	snprintf(g.program, sizeof(g.program), "%s%s", release,
		 strrchr(dir, '/'));

	*out = g;
	return true;
}

void generation_free(struct generation *g)
{
	conf_environ_free(g->environment);
	*g = (struct generation){ 0 };
}
