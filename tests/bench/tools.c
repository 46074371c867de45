/*
 * tools.c - what the benchmark needs of the runtime.
 *
 *	tools hashes SECONDS	password hashes a second on all cores: the limit
 *	tools phc		a hash of the benchmark's password
 *	tools tokens N		N lines: session id, access and refresh token,
 *				of the sessions that bench.sql makes; only the
 *				first 2,000 have an access token
 *	tools names		for each line that may be a nickname: it, its key
 *				and its search form, between tabs
 *	tools query		ask PostgreSQL for 1 by a new connection
 */
#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/conf.h"
#include "runtime/keys.h"
#include "runtime/nickname.h"
#include "runtime/password.h"
#include "runtime/token.h"

#define PASSWORD "a quiet orange tree"

enum { SESSIONS_AN_ACCOUNT = 5, ACCESS_TOKENS = 2000 };

static atomic_int hashes;
static time_t until_s;

static void *hash_on(void *unused)
{
	struct arena *arena = arena_new();
	const char *phc;

	while (time(NULL) < until_s) {
		if (password_hash(arena, PASSWORD, &phc))
			abort();
		atomic_fetch_add(&hashes, 1);
		arena_reset(arena);
	}
	arena_free(arena);
	return unused;
}

static void print_hashes(int seconds)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t id[64];

	/* From the beginning of a second, so that it is whole ones. */
	for (until_s = time(NULL); time(NULL) == until_s;)
		usleep(1000);
	until_s = time(NULL) + seconds;

	cores = cores < 64 ? cores : 64;
	for (long i = 0; i < cores; i++)
		pthread_create(&id[i], NULL, hash_on, NULL);
	for (long i = 0; i < cores; i++)
		pthread_join(id[i], NULL);
	printf("%.1f\n", (double)hashes / seconds);
}

static void print_tokens(int n)
{
	struct arena *arena = arena_new();
	const char *access = "-", *refresh;
	char session[64], account[64];

	for (int i = 1; i <= n; i++) {
		snprintf(session, sizeof(session),
			 "00000000-0000-7000-8000-%012d", i);
		snprintf(account, sizeof(account),
			 "00000000-0000-7000-9000-%012d",
			 (i - 1) / SESSIONS_AN_ACCOUNT + 1);
		if (i > ACCESS_TOKENS)
			access = "-";
		else if (token_sign(arena, account, session, time(NULL),
				    &access))
			abort();
		if (token_refresh_make(arena, session, 0, &refresh))
			abort();
		printf("%s %s %s\n", session, access, refresh);
		arena_reset(arena);
	}
	arena_free(arena);
}

static void print_names(void)
{
	struct arena *arena = arena_new();
	struct nickname nickname;
	char line[1024];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (!nickname_read(arena, line, &nickname))
			printf("%s\t%s\t%s\n", nickname.shown, nickname.key,
			       nickname.search);
		arena_reset(arena);
	}
	arena_free(arena);
}

static void query(void)
{
	PGconn *pg = PQconnectdb(conf.database_url);
	PGresult *answer = PQexec(pg, "SELECT 1");

	if (PQresultStatus(answer) != PGRES_TUPLES_OK)
		abort();
	PQclear(answer);
	PQfinish(pg);
}

int main(int argc, char **argv)
{
	struct arena *arena;
	const char *phc;

	conf_read(NULL);
	if (argc == 3 && strcmp(argv[1], "hashes") == 0) {
		print_hashes(atoi(argv[2]));
	} else if (argc == 3 && strcmp(argv[1], "tokens") == 0) {
		keys_read(conf.keys);
		print_tokens(atoi(argv[2]));
	} else if (argc == 2 && strcmp(argv[1], "names") == 0) {
		print_names();
	} else if (argc == 2 && strcmp(argv[1], "query") == 0) {
		query();
	} else if (argc == 2 && strcmp(argv[1], "phc") == 0) {
		arena = arena_new();
		if (password_hash(arena, PASSWORD, &phc))
			abort();
		puts(phc);
		arena_free(arena);
	} else {
		return 2;
	}
	return 0;
}
