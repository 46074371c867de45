/* POST /password */
#include <string.h>

#include "tests/unit/account_fixture.h"

static const char next[] = "another quiet tree";

static struct reply change(struct owner o, const char *current,
			   const char *password)
{
	return POST("/password", text("{\"current_password\":\"%s\","
				      "\"password\":\"%s\"}", current,
				      password), .token = o.token);
}

static void a_new_password_takes_the_place_of_the_old(void **state)
{
	const struct owner o = owner_new();

	(void)state;
	assert_int_equal(change(o, PASSWORD, next).status, 204);
	assert_problem(change(o, PASSWORD, PASSWORD), 403, "wrong_password");
	assert_int_equal(change(o, next, PASSWORD).status, 204);
	assert_memory_equal(hash_of(o.account),
			    "$argon2id$v=19$m=19456,t=2,p=1$", 31);
}

static void the_other_sessions_end(void **state)
{
	const struct owner o = owner_new(), stranger = owner_new();
	const char *other = session_of(o.account);

	(void)state;
	assert_int_equal(change(o, PASSWORD, next).status, 204);
	assert_string_equal(ended(other), "password");
	assert_string_equal(ended(o.session), "");
	assert_string_equal(ended(stranger.session), "");
}

static void the_owner_is_told(void **state)
{
	const struct owner o = owner_new();
	const char *id;

	(void)state;
	assert_int_equal(change(o, PASSWORD, next).status, 204);
	id = mail_claimed(o.email, "password");
	assert_string_not_equal(id, "");
	assert_string_equal(sql("SELECT concat_ws(' ', topic, type, key, data,"
				" traceparent) FROM event.outbox"
				" WHERE key = '%s'", id),
		text("mail.events MailRequested %s {\"mail_id\": \"%s\"} "
		     "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		     id, id));
}

static void a_wrong_password_changes_nothing_and_is_throttled(void **state)
{
	const struct owner o = owner_new();
	const char *other = session_of(o.account);

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_problem(change(o, "wrong password", next), 403,
			       "wrong_password");
	assert_problem(change(o, PASSWORD, next), 429, "too_many_requests");
	assert_string_equal(ended(other), "");
	assert_string_equal(mails(o.email, "password"), "0");
}

static void success_forgives_the_failures(void **state)
{
	const struct owner o = owner_new();

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 4; i++)
			assert_int_equal(change(o, "wrong password",
						next).status, 403);
		assert_int_equal(change(o, round ? next : PASSWORD,
					round ? PASSWORD : next).status, 204);
	}
}

static void who_has_no_password_must_have_signed_in_just_now(void **state)
{
	const struct owner o = owner_new();
	const char *body = text("{\"password\":\"%s\"}", next);

	(void)state;
	sql("UPDATE auth.account SET password = NULL WHERE id = '%s'",
	    o.account);
	sql("UPDATE auth.session SET created_at = now() - interval"
	    " '11 minutes' WHERE id = '%s'", o.session);
	assert_problem(POST("/password", body, .token = o.token), 403,
		       "sign_in_again");
	sql("UPDATE auth.session SET created_at = now() - interval"
	    " '9 minutes' WHERE id = '%s'", o.session);
	assert_int_equal(POST("/password", body, .token = o.token).status,
			 204);
	assert_invalid(POST("/password", body, .token = o.token),
		       "/current_password", "required");
}

static void refuses_what_register_refuses(void **state)
{
	static const struct {
		const char *password, *code;
	} cases[] = {
		{ "short", "too_short" }, { "password123", "common" },
	};
	const struct owner o = owner_new();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_invalid(change(o, PASSWORD, cases[i].password),
			       "/password", cases[i].code);
	assert_invalid(change(o, PASSWORD, o.email), "/password",
		       "contains_email");
	assert_invalid(POST("/password", "{\"current_password\":\"x\"}",
			    .token = o.token), "/password", "required");
	assert_problem(POST("/password", "{}"), 401, "unauthorized");
}

static void links_from_before_open_nothing(void **state)
{
	const struct owner o = owner_new();
	const char *token;

	(void)state;
	assert_int_equal(forgot(o.email).status, 202);
	token = link_to(o.email, "reset");
	assert_int_equal(change(o, PASSWORD, next).status, 204);
	assert_problem(reset(token, PASSWORD), 401, "invalid_token");
}

FUNCTION_TESTS("account",
	CLAIM(a_new_password_takes_the_place_of_the_old),
	CLAIM(the_other_sessions_end),
	CLAIM(the_owner_is_told),
	CLAIM(a_wrong_password_changes_nothing_and_is_throttled),
	CLAIM(success_forgives_the_failures),
	CLAIM(who_has_no_password_must_have_signed_in_just_now),
	CLAIM(refuses_what_register_refuses),
	CLAIM(links_from_before_open_nothing))
