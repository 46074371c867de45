/*
 * harness.h - call a function's handlers in process, on a real database.
 *
 * The environment is that of a running stack's functions: DATABASE_URL, which
 * names no user, PGPASSFILE, KEYS, PASSWORDS; and OWNER_URL, the database as
 * its owner sees it.  The function runs under its own role.
 *
 * Ownership: answers live until harness_close().
 */
#ifndef TESTS_UNIT_HARNESS_H
#define TESTS_UNIT_HARNESS_H

#include "tests/unit/test.h"

#include "runtime/http.h"

struct call {
	const char *method, *path, *query, *body;
	const char *token;		/* bearer */
	const char *key;		/* Idempotency-Key */
	const char *if_match, *type;	/* type: NULL: application/json */
	size_t body_bytes;		/* 0: the body is a string */
	const char *agent, *address;
};

/* For cmocka's group: configure from functions/NAME/function.conf. */
int harness_open(const char *function);
int harness_close(void);

struct reply call(struct call);

#define POST(path_, body_, ...) \
	call((struct call){ .method = "POST", .path = path_, .body = body_, \
			    __VA_ARGS__ })
#define PUT(path_, body_, ...) \
	call((struct call){ .method = "PUT", .path = path_, .body = body_, \
			    __VA_ARGS__ })
#define GET(path_, ...) \
	call((struct call){ .method = "GET", .path = path_, __VA_ARGS__ })
#define DELETE(path_, ...) \
	call((struct call){ .method = "DELETE", .path = path_, __VA_ARGS__ })

/* printf into memory that lives until harness_close(). */
const char *text(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* A text member of a JSON object; one level of "user.id" works. */
const char *member(const char *json, const char *name);

/* The first cell of a statement that the owner runs; "" if there is none. */
const char *sql(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* An address that no other test has. */
const char *fresh_email(void);

/* Digits that make a nickname nobody else's, in any script. */
const char *fresh_number(void);

/* An account made by the owner with the password PASSWORD; its id. */
#define PASSWORD "correct horse battery"
const char *account_new(const char *email);

/* A session of the account; its id. */
const char *session_of(const char *account);

/* An access token of the session. */
const char *token_of(const char *account, const char *session);

/* A service with this scope, that lives for a day; its id. */
const char *service_new(const char *scope);

/* Its token: of this scope, whatever the service was made with. */
const char *service_token(const char *service, const char *scope);

void assert_problem(struct reply, int status, const char *code);

/* 422 for one reason. */
void assert_invalid(struct reply, const char *pointer, const char *code);

/* main() of a test that has only claims about one function. */
#define FUNCTION_TESTS(function, ...) \
	static int open_function(void **state) \
	{ \
		(void)state; \
		return harness_open(function); \
	} \
	static int close_function(void **state) \
	{ \
		(void)state; \
		return harness_close(); \
	} \
	int main(void) \
	{ \
		const struct CMUnitTest tests[] = { __VA_ARGS__ }; \
		return cmocka_run_group_tests(tests, open_function, \
					      close_function); \
	}

#endif
