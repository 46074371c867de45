/* Whose token a route takes, on routes of this test's own. */
#include <string.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "tests/unit/harness.h"

#include "runtime/token.h"

#define SCOPE	"notes:send"
#define REALM	"WWW-Authenticate: Bearer realm=\"kith\""

/* Every answer of it is another one. */
static enum err note_send(struct req *req)
{
	static int sent;

	return http_json(req, 202, arena_printf(req->arena,
			 "{\"user\":\"%s\",\"session\":\"%s\",\"sent\":%d}",
			 req->user, req->session, ++sent));
}

static enum err note_get(struct req *req)
{
	return http_empty(req, 204);
}

static enum err note_refuse(struct req *req)
{
	(void)req;
	return ERR_DENIED;
}

const struct route routes[] = {
	{ "POST",   "/notes",      AUTH_SERVICE, note_send, .creates = true,
	  .scope = SCOPE },
	{ "DELETE", "/notes",      AUTH_SERVICE, note_refuse, .scope = SCOPE },
	{ "GET",    "/notes/mine", AUTH_USER,    note_get },
	{ "GET",    "/notes/all",  AUTH_NONE,    note_get },
	{ 0 }
};

static const char *user_token(void)
{
	const char *account = account_new(fresh_email());

	return token_of(account, session_of(account));
}

/* 403 with exactly this header. */
static void assert_denied(struct reply r, const char *headers)
{
	assert_problem(r, 403, "forbidden");
	assert_string_equal(r.headers, headers);
}

static void assert_unauthorized(struct reply r)
{
	assert_problem(r, 401, "unauthorized");
	assert_string_equal(r.headers, REALM ", error=\"invalid_token\"\r\n");
}

static void a_service_with_the_scope_is_let_in(void **state)
{
	static const char *const scopes[] = {
		SCOPE, "a:b " SCOPE, SCOPE " a:b",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(scopes); i++) {
		const char *service = service_new(scopes[i]);
		struct reply r = POST("/notes", "{}", .token =
				      service_token(service, scopes[i]));

		assert_int_equal(r.status, 202);
		assert_string_equal(member(r.body, "user"), service);
		assert_string_equal(member(r.body, "session"), service);
	}
}

static void a_service_without_the_scope_is_denied(void **state)
{
	static const char *const scopes[] = {
		"notes", "notes:sen", "notes:send2", "xnotes:send",
		"notes: send", "NOTES:SEND", "notes:*", "*",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(scopes); i++)
		assert_denied(POST("/notes", "{}", .token = service_token(
				service_new(scopes[i]), scopes[i])),
			REALM ", error=\"insufficient_scope\", scope=\""
			SCOPE "\"\r\n");
}

static void a_user_is_no_service(void **state)
{
	(void)state;
	assert_denied(POST("/notes", "{}", .token = user_token()),
		      REALM ", error=\"insufficient_scope\", scope=\""
		      SCOPE "\"\r\n");
}

static void a_service_is_no_user(void **state)
{
	const char *token = service_token(service_new(SCOPE), SCOPE);

	(void)state;
	assert_denied(GET("/notes/mine", .token = token),
		      REALM ", error=\"insufficient_scope\"\r\n");
	assert_int_equal(GET("/notes/mine", .token = user_token()).status, 204);
	assert_int_equal(GET("/notes/all", .token = token).status, 204);
}

static void without_a_token_401_says_how(void **state)
{
	struct reply r = POST("/notes", "{}");

	(void)state;
	assert_problem(r, 401, "unauthorized");
	assert_string_equal(r.headers, REALM "\r\n");
}

/* Nothing is wrong with the token. */
static void a_handlers_403_says_nothing_of_the_token(void **state)
{
	struct reply r = DELETE("/notes", .token = service_token(
				service_new(SCOPE), SCOPE));

	(void)state;
	assert_problem(r, 403, "forbidden");
	assert_string_equal(r.headers, "");
}

static void a_service_that_is_not_there_is_refused(void **state)
{
	const char *account = account_new(fresh_email());
	const char *const ids[] = {
		account, session_of(account),
		"0190a6b2-7c1e-7d3a-9f10-0123456789ab",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++)
		assert_unauthorized(POST("/notes", "{}", .token =
				    service_token(ids[i], SCOPE)));
}

/* Neither its id alone, nor anybody else's session, makes it a user. */
static void a_service_has_no_session(void **state)
{
	const char *service = service_new(SCOPE);
	const char *account = account_new(fresh_email());

	(void)state;
	assert_unauthorized(GET("/notes/mine",
				.token = token_of(service, service)));
	assert_unauthorized(POST("/notes", "{}",
				 .token = token_of(service, service)));
	assert_unauthorized(GET("/notes/mine", .token = token_of(service,
				session_of(account))));
}

static void ended_services_are_refused(void **state)
{
	static const char *const changes[] = {
		"UPDATE auth.service SET revoked_at = now()",
		"UPDATE auth.service SET expires_at = now()",
		"DELETE FROM auth.service",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		const char *service = service_new(SCOPE);

		sql("%s WHERE id = '%s'", changes[i], service);
		assert_unauthorized(POST("/notes", "{}", .token =
				    service_token(service, SCOPE)));
	}
}

static void a_revocation_holds_within_a_second(void **state)
{
	const char *service = service_new(SCOPE);
	const char *token = service_token(service, SCOPE);
	struct reply r = POST("/notes", "{}", .token = token);
	int64_t revoked_ms;

	(void)state;
	assert_int_equal(r.status, 202);
	sql("UPDATE auth.service SET revoked_at = now() WHERE id = '%s'",
	    service);
	revoked_ms = now_ms();
	while (r.status == 202 && now_ms() - revoked_ms <= 1000) {
		r = POST("/notes", "{}", .token = token);
		usleep(10000);
	}
	assert_unauthorized(r);
}

static const char *stored_for(const char *service)
{
	return sql("SELECT count(*) FROM event.idempotency"
		   " WHERE account_id = '%s'", service);
}

static void a_service_gets_the_same_answer_again(void **state)
{
	const char *service = service_new(SCOPE);
	const char *token = service_token(service, SCOPE);
	struct reply first = POST("/notes", "{}", .token = token, .key = "k");
	struct reply again = POST("/notes", "{}", .token = token, .key = "k");

	(void)state;
	assert_int_equal(first.status, 202);
	assert_int_equal(again.status, 202);
	assert_string_equal(again.body, first.body);
	assert_string_equal(stored_for(service), "0");
	assert_problem(POST("/notes", "{\"a\":1}", .token = token, .key = "k"),
		       422, "idempotency_key_reused");
}

static void another_services_key_is_another_key(void **state)
{
	struct reply mine = POST("/notes", "{}", .key = "k", .token =
				 service_token(service_new(SCOPE), SCOPE));
	struct reply other = POST("/notes", "{}", .key = "k", .token =
				  service_token(service_new(SCOPE), SCOPE));

	(void)state;
	assert_int_equal(mine.status, 202);
	assert_int_equal(other.status, 202);
	assert_string_not_equal(mine.body, other.body);
}

static void a_stored_answer_needs_the_token_still(void **state)
{
	const char *service = service_new(SCOPE);

	(void)state;
	assert_int_equal(POST("/notes", "{}", .key = "k", .token =
			      service_token(service, SCOPE)).status, 202);
	assert_problem(POST("/notes", "{}", .key = "k", .token =
			    service_token(service, "a:b")), 403, "forbidden");
}

/* The role of ops may do what every function may, and no more. */
FUNCTION_TESTS("ops",
	CLAIM(a_service_with_the_scope_is_let_in),
	CLAIM(a_service_without_the_scope_is_denied),
	CLAIM(a_user_is_no_service),
	CLAIM(a_service_is_no_user),
	CLAIM(without_a_token_401_says_how),
	CLAIM(a_handlers_403_says_nothing_of_the_token),
	CLAIM(a_service_that_is_not_there_is_refused),
	CLAIM(a_service_has_no_session),
	CLAIM(ended_services_are_refused),
	CLAIM(a_revocation_holds_within_a_second),
	CLAIM(a_service_gets_the_same_answer_again),
	CLAIM(another_services_key_is_another_key),
	CLAIM(a_stored_answer_needs_the_token_still))
