/*
 * token_main.c - tokens of services: the program `token`.
 *
 *	token NAME SCOPE [DAYS]	make one, for 90 days unless told, and print it
 *	token list		a line a service: name, scope, when its token
 *				was made and expires, and its state: live,
 *				expired or revoked; separated by tabs
 *	token revoke NAME	within a second it is accepted nowhere
 *
 * SCOPE says what the service may do: words of the table below, with a space
 * between two.  A token is shown this once and kept nowhere.  While it lives
 * its name has no other: to change it without a pause, make one of another
 * name, use that, and revoke the first.  It also ends with the key that signed
 * it: see infra/keys.
 *
 * DATABASE_URL is the owner's.  KEYS, ISSUER and AUDIENCE are the functions'.
 *
 * Exit codes: 0; 1 the name's token lives, or there is none to revoke; 64
 * usage; 100 bad configuration; 111 PostgreSQL is away: see `token list`, and
 * try again.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/conf.h"
#include "runtime/db.h"
#include "runtime/keys.h"
#include "runtime/log.h"
#include "runtime/token.h"
#include "runtime/uuid.h"

#include "token_main.sql.h"

enum { EXIT_REFUSED = 1, EXIT_USAGE = 64 };
enum { NAME_BYTES = 64, DAYS = 90, MOST_DAYS = 366, DAY_S = 86400 };

/* What a route may want. */
static const char *const scopes[] = {
	"notifications:send", "operations:read", "operations:write",
};

enum { SCOPES = sizeof(scopes) / sizeof(*scopes) };

static struct arena *arena;
static struct db_pool *pool;
static struct db *db;

/* Say why on stderr and end the process. */
__attribute__((format(printf, 2, 3)))
_Noreturn static void fail(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("token: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	_exit(code);
}

_Noreturn static void usage(void)
{
	fail(EXIT_USAGE, "usage: token NAME SCOPE [DAYS] | list | revoke NAME");
}

static void open_database(void)
{
	if (!*conf.database_url)
		fail(EXIT_CONFIG, "DATABASE_URL is not set");

	pool = db_pool_new(&(struct db_config){
		.url = conf.database_url, .connections = 1,
		.wait_ms = conf.database_wait_ms, .timeout_ms = conf.timeout_ms,
	});
	db = db_new(pool, arena);
}

static void close_database(void)
{
	db_free(db);
	db_pool_free(pool);
}

static void must(enum err err)
{
	if (err == ERR_UNAVAILABLE)
		fail(EXIT_SYSTEM, "PostgreSQL is away: see `token list`,"
		     " and try again");
	if (err)
		fail(EXIT_CONFIG, "PostgreSQL refuses: is DATABASE_URL that of"
		     " the owner, and the database up to date?");
}

static void check_name(const char *name)
{
	const size_t chars = strspn(name, "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	if (!isalnum((unsigned char)*name) || name[chars] ||
	    chars > NAME_BYTES)
		fail(EXIT_USAGE, "a name is 1 to %d letters, digits, '.', '_'"
		     " and '-', and begins with none of those three: '%s'",
		     NAME_BYTES, name);
}

static bool known(const char *word, size_t chars)
{
	for (size_t i = 0; i < SCOPES; i++)
		if (strlen(scopes[i]) == chars &&
		    memcmp(scopes[i], word, chars) == 0)
			return true;

	return false;
}

static void check_scope(const char *scope)
{
	const char *list = scopes[0], *word = scope;
	size_t chars;

	for (size_t i = 1; i < SCOPES; i++)
		list = arena_printf(arena, "%s, %s", list, scopes[i]);

	for (;; word += chars + 1) {
		chars = strcspn(word, " ");
		if (!known(word, chars))
			fail(EXIT_USAGE, "'%.*s' is no scope; there is: %s",
			     (int)chars, word, list);
		if (!word[chars])
			break;
	}
	if (strlen(scope) >= SCOPE_TEXT)
		fail(EXIT_USAGE, "a scope has at most %d characters",
		     SCOPE_TEXT - 1);
}

static int64_t seconds_of(const char *days)
{
	char *end;
	long n = strtol(days, &end, 10);

	if (n < 1 || n > MOST_DAYS || *end)
		fail(EXIT_USAGE, "DAYS is a number from 1 to %d: '%s'",
		     MOST_DAYS, days);

	return n * DAY_S;
}

/* Signed first: a token that can't be is not in the way of the next. */
static const char *make(const char *name, const char *scope, int64_t ttl_s)
{
	const int64_t now_s = time(NULL);
	struct token_claims claims = { .expires_s = now_s + ttl_s };
	const char *id = uuid_new(arena), *token, *made;
	enum err err;

	strcpy(claims.user, id);
	strcpy(claims.session, id);
	strcpy(claims.scope, scope);
	if (token_sign_service(arena, &claims, now_s, &token))
		fail(EXIT_CONFIG, "there is no signing.pem in KEYS to read");

	err = db_one(db, &sql_token_make,
		     ARGS(id, name, scope, arena_printf(arena, "%ld",
							claims.expires_s)),
		     &made);
	if (err == ERR_NOT_FOUND)
		fail(EXIT_REFUSED, "the token of %s lives: revoke it first,"
		     " or choose another name", name);
	must(err);

	return token;
}

static void token_make(int argc, char **argv)
{
	const char *token;
	int64_t ttl_s = DAYS * DAY_S;

	if (argc < 2 || argc > 3 || argv[0][0] == '-')
		usage();
	check_name(argv[0]);
	check_scope(argv[1]);
	if (argc == 3)
		ttl_s = seconds_of(argv[2]);
	if (!conf.keys)
		fail(EXIT_CONFIG, "KEYS is not set");
	keys_read(conf.keys);

	open_database();
	token = make(argv[0], argv[1], ttl_s);
	if (puts(token) < 0 || fflush(stdout) != 0)
		fail(EXIT_SYSTEM, "the token of %s can't be written: revoke it",
		     argv[0]);
}

static void token_list(int argc)
{
	struct db_rows rows;

	if (argc != 0)
		usage();

	open_database();
	must(db_all(db, &sql_token_list, NO_ARGS, &rows));
	for (int i = 0; i < rows.nrows * rows.ncols; i++)
		printf("%s%c", rows.cell[i],
		       (i + 1) % rows.ncols ? '\t' : '\n');
}

static void token_revoke(int argc, char **argv)
{
	const char *revoked;
	enum err err;

	if (argc != 1)
		usage();

	open_database();
	err = db_one(db, &sql_token_revoke, ARGS(argv[0]), &revoked);
	if (err == ERR_NOT_FOUND)
		fail(EXIT_REFUSED, "no token of %s lives", argv[0]);
	must(err);
	printf("%s revoked\n", argv[0]);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	log_name("token");
	conf_read(NULL);
	arena = arena_new();
	if (strcmp(verb, "list") == 0)
		token_list(argc - 2);
	else if (strcmp(verb, "revoke") == 0)
		token_revoke(argc - 2, argv + 2);
	else
		token_make(argc - 1, argv + 1);
	close_database();
	arena_free(arena);

	return 0;
}
