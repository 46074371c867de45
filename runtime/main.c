/*
 * main.c - the main() of every function.
 *
 *	NAME			serve descriptor 0, a listening socket
 *	NAME --describe		print routes and limits as JSON and leave
 *
 * function.conf beside the executable is read first.  Under the pool (which
 * sets POOL_SLOT) descriptor 3 takes a byte when ready, 4 is the scoreboard.
 */
#include <jansson.h>
#include <libgen.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/conf.h"
#include "runtime/db.h"
#include "runtime/http.h"
#include "runtime/keys.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/worker.h"

enum { STATEMENTS_A_REQUEST = 3 };	/* fit into its time */

static void describe(const char *name)
{
	json_t *list = json_array(), *doc;

	for (const struct route *r = routes; r->method; r++)
		json_array_append_new(list, json_pack("{s:s,s:s,s:b,s:b,s:b}",
			"method", r->method, "path", r->path,
			"internal", r->auth == AUTH_INTERNAL,
			"cached", r->cached, "live", r->live));
	doc = json_pack("{s:s,s:o,s:i,s:i,s:i}", "name", name, "routes", list,
			"timeout_ms", conf.timeout_ms,
			"body_bytes", conf.body_bytes, "rate", conf.rate);
	json_dumpf(doc, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(doc);
}

static void serve_forever(void)
{
	struct scoreboard_worker *slot = worker_slot();
	const struct db_config config = {
		.url = conf.database_url,
		.role = conf.database_role,
		.connections = conf.database_connections,
		.wait_ms = conf.database_wait_ms,
		.timeout_ms = conf.timeout_ms / STATEMENTS_A_REQUEST,
		.board = &slot->database,
	};
	struct db_pool *pool = db_pool_new(&config);
	size_t n = 0;

	for (const struct route *r = routes;
	     r->method && n < SCOREBOARD_ROUTES; r++, n++)
		snprintf(slot->route[n].name, sizeof(slot->route[n].name),
			 "%s %s", r->method, r->path);

	loop_run(STDIN_FILENO, pool, slot, worker_ready);
	db_pool_free(pool);
}

int main(int argc, char **argv)
{
	const char *name = basename(argv[0]);

	log_name(name);
	conf_read(conf_file());
	if (argc == 2 && strcmp(argv[1], "--describe") == 0) {
		describe(name);
		return 0;
	}
	if (argc != 1)
		log_exit(EXIT_CONFIG, "usage: %s [--describe]", name);

	/*
	 * glibc would make an arena a thread, of which little is used, and
	 * keep the memory of a password hash.
	 */
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	srandom((unsigned int)getpid());
	if (conf.keys)
		keys_read(conf.keys);
	if (function_start)
		function_start();
	serve_forever();

	return 0;
}
