/* harness.c - see harness.h. */
#include <jansson.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/harness.h"

#include "runtime/conf.h"
#include "runtime/keys.h"
#include "runtime/password.h"
#include "runtime/token.h"
#include "runtime/uuid.h"

static struct arena *arena;
static struct db_pool *pool;
static struct db *db;
static PGconn *owner;

int harness_open(const char *function)
{
	char path[200];

	snprintf(path, sizeof(path), "functions/%s/function.conf", function);
	conf_read(path);
	keys_read(conf.keys);
	if (function_start)
		function_start();

	arena = arena_new();
	pool = db_pool_new(&(struct db_config){
		.url = conf.database_url, .role = conf.database_role,
		.connections = 2, .wait_ms = 2000, .timeout_ms = 5000,
	});
	db = db_new(pool, arena);
	owner = PQconnectdb(getenv("OWNER_URL"));
	assert_int_equal(PQstatus(owner), CONNECTION_OK);

	return 0;
}

int harness_close(void)
{
	PQfinish(owner);
	db_free(db);
	db_pool_free(pool);
	arena_free(arena);
	return 0;
}

struct reply call(struct call c)
{
	struct req req = {
		.arena = arena, .db = db, .method = c.method, .path = c.path,
		.query = c.query ?: "", .body = c.body ?: "",
		.body_bytes = c.body_bytes ?: c.body ? strlen(c.body) : 0,
		.content_type = c.type ?: c.body ? "application/json" : NULL,
		.if_match = c.if_match,
		.authorization = c.token ? text("Bearer %s", c.token) : NULL,
		.idempotency_key = c.key, .user_agent = c.agent,
		.address = c.address ?: "127.0.0.1", .request_id = "test",
		.traceparent = "00-0af7651916cd43dd8448eb211c80319c-"
			       "b7ad6b7169203331-01",
	};

	http_handle(&req);
	db_release(db);
	return req.reply;
}

const char *text(const char *format, ...)
{
	va_list args;
	char *out;

	va_start(args, format);
	assert_true(vasprintf(&out, format, args) >= 0);
	va_end(args);
	arena_defer(arena, free, out);

	return out;
}

const char *member(const char *json, const char *name)
{
	json_t *document = json_loads(json, 0, NULL), *value = document;
	const char *dot = strchr(name, '.'), *out;

	if (dot)
		value = json_object_get(value, text("%.*s",
						    (int)(dot - name), name));
	value = json_object_get(value, dot ? dot + 1 : name);
	out = json_is_string(value) ? text("%s", json_string_value(value))
				    : NULL;
	json_decref(document);

	return out;
}

const char *sql(const char *format, ...)
{
	const char *cell;
	PGresult *result;
	char *statement;
	va_list args;

	va_start(args, format);
	assert_true(vasprintf(&statement, format, args) >= 0);
	va_end(args);

	result = PQexecParams(owner, statement, 0, NULL, NULL, NULL, NULL, 0);
	if (PQresultStatus(result) != PGRES_TUPLES_OK &&
	    PQresultStatus(result) != PGRES_COMMAND_OK)
		fail_msg("%s: %s", statement, PQerrorMessage(owner));
	cell = text("%s", PQntuples(result) > 0 && PQnfields(result) > 0
			  ? PQgetvalue(result, 0, 0) : "");
	PQclear(result);
	free(statement);

	return cell;
}

const char *fresh_email(void)
{
	return text("%s@kith.example", uuid_new(arena));
}

const char *fresh_number(void)
{
	const char *random = uuid_new(arena) + 24;

	return text("%llu", strtoull(random, NULL, 16) % (1000 * 1000 * 1000));
}

const char *account_new(const char *email)
{
	const char *hash;

	assert_int_equal(password_hash(arena, PASSWORD, &hash), OK);
	return sql("INSERT INTO auth.account (id, email, password)"
		   " VALUES ('%s', '%s', '%s') RETURNING id",
		   uuid_new(arena), email, hash);
}

const char *session_of(const char *account)
{
	return sql("INSERT INTO auth.session (id, account_id, device, address,"
		   " idle_expires_at, expires_at) VALUES ('%s', '%s', 'test',"
		   " '127.0.0.1', now() + interval '1 day',"
		   " now() + interval '1 day') RETURNING id",
		   uuid_new(arena), account);
}

const char *token_of(const char *account, const char *session)
{
	const char *token;

	assert_int_equal(token_sign(arena, account, session, time(NULL),
				    &token), OK);
	return token;
}

const char *service_new(const char *scope)
{
	const char *id = uuid_new(arena);

	return sql("INSERT INTO auth.service (id, name, scope, expires_at)"
		   " VALUES ('%s', '%s', '%s', now() + interval '1 day')"
		   " RETURNING id", id, id, scope);
}

const char *service_token(const char *service, const char *scope)
{
	struct token_claims claims = { .expires_s = time(NULL) + 86400 };
	const char *token;

	snprintf(claims.user, UUID_TEXT, "%s", service);
	snprintf(claims.session, UUID_TEXT, "%s", service);
	snprintf(claims.scope, SCOPE_TEXT, "%s", scope);
	assert_int_equal(token_sign_service(arena, &claims, time(NULL),
					    &token), OK);
	return token;
}

void assert_problem(struct reply reply, int status, const char *code)
{
	assert_int_equal(reply.status, status);
	assert_string_equal(reply.type, "application/problem+json");
	assert_string_equal(member(reply.body, "code"), code);
}

void assert_invalid(struct reply reply, const char *pointer, const char *code)
{
	assert_problem(reply, 422, "invalid");
	assert_non_null(strstr(reply.body, text("\"errors\":[{\"pointer\":"
						"\"%s\",\"code\":\"%s\"}]",
						pointer, code)));
}
