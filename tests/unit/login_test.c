/* POST /login */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

#include "runtime/conf.h"

static struct reply login_from(const char *email, const char *password,
			       const char *address)
{
	return POST("/login", text("{\"email\":\"%s\",\"password\":\"%s\"}",
				   email, password), .address = address);
}

static struct reply login(const char *email, const char *password)
{
	return login_from(email, password, "127.0.0.1");
}

/* So many failures as the throttle lets pass at once. */
static void fail_five_times(const char *email, const char *address)
{
	for (int i = 0; i < 5; i++)
		assert_problem(login_from(email, "wrong password", address),
			       401, "invalid_credentials");
}

static void gives_tokens_and_announces_it(void **state)
{
	const char *email = fresh_email(), *account = account_new(email);
	struct reply r = login(email, PASSWORD);

	(void)state;
	assert_int_equal(r.status, 200);
	assert_string_equal(member(r.body, "user.id"), account);
	assert_string_equal(sql("SELECT type || ' ' || (data->>'session_id')"
				" FROM event.outbox WHERE key = '%s'", account),
			    text("UserLoggedIn %s",
				 sql("SELECT id FROM auth.session WHERE"
				     " account_id = '%s'", account)));
}

static void every_failure_looks_the_same(void **state)
{
	const char *email = fresh_email(), *passwordless = fresh_email();
	struct reply wrong, unknown, none;

	(void)state;
	account_new(email);
	sql("UPDATE auth.account SET password = NULL WHERE id = '%s'",
	    account_new(passwordless));
	wrong = login(email, "wrong password");
	unknown = login(fresh_email(), "wrong password");
	none = login(passwordless, PASSWORD);

	assert_problem(wrong, 401, "invalid_credentials");
	assert_string_equal(wrong.body, unknown.body);
	assert_string_equal(wrong.body, none.body);
	assert_string_equal(wrong.headers, unknown.headers);
	assert_string_equal(wrong.headers, none.headers);
}

static void a_password_is_taken_exactly_as_sent(void **state)
{
	static const char *const others[] = {
		"Correct horse battery", "correct horse battery ",
		"correct horse batterx", " correct horse battery",
	};
	const char *email = fresh_email();

	(void)state;
	account_new(email);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(login(email, others[i]).status, 401);
	assert_int_equal(login(email, PASSWORD).status, 200);
}

static void throttles_after_five_failures(void **state)
{
	const char *known = fresh_email(), *unknown = fresh_email();
	const char *emails[] = { known, unknown };

	(void)state;
	account_new(known);
	for (size_t i = 0; i < COUNT(emails); i++) {
		struct reply r;

		fail_five_times(emails[i], "127.0.0.1");
		r = login(emails[i], PASSWORD);
		assert_problem(r, 429, "too_many_requests");
		assert_string_equal(r.headers, "Retry-After: 1\r\n");
	}
}

static void the_delay_doubles_up_to_15_minutes(void **state)
{
	static const struct {
		int failures, seconds;
	} cases[] = { { 4, 0 }, { 5, 1 }, { 6, 2 }, { 14, 512 }, { 15, 900 },
		      { 1000000, 900 } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(atoi(sql("SELECT extract(epoch FROM"
			" auth.throttle_delay(%d))", cases[i].failures)),
			cases[i].seconds);
}

static void another_spelling_is_no_other_counter(void **state)
{
	const char *email = fresh_email();

	(void)state;
	fail_five_times(email, "127.0.0.1");
	assert_int_equal(login(text("%s.EXAMPLE", text("%.*s",
				(int)(strlen(email) - 8), email)),
			       PASSWORD).status, 429);
}

static void success_forgives_the_failures(void **state)
{
	const char *email = fresh_email();

	(void)state;
	account_new(email);
	for (int i = 0; i < 4; i++)
		assert_int_equal(login(email, "wrong password").status, 401);
	assert_int_equal(login(email, PASSWORD).status, 200);
	fail_five_times(email, "127.0.0.1");
}

static void strangers_can_not_keep_the_owner_out(void **state)
{
	const char *email = fresh_email();

	(void)state;
	session_of(account_new(email));		/* from 127.0.0.1 */
	fail_five_times(email, "127.0.0.9");
	assert_int_equal(login_from(email, PASSWORD, "127.0.0.8").status, 429);
	assert_int_equal(login(email, PASSWORD).status, 200);
}

static void the_21st_session_replaces_the_oldest(void **state)
{
	const char *email = fresh_email(), *account = account_new(email);
	const char *oldest = session_of(account);

	(void)state;
	for (int i = 0; i < 19; i++)
		session_of(account);
	assert_int_equal(login(email, PASSWORD).status, 200);
	assert_string_equal(sql("SELECT count(*) FROM auth.session WHERE"
				" account_id = '%s' AND ended_at IS NULL",
				account), "20");
	assert_string_equal(sql("SELECT end_reason FROM auth.session WHERE"
				" id = '%s'", oldest), "replaced");
}

static void a_hash_of_other_parameters_is_renewed(void **state)
{
	/* argon2id of "correct horse battery", t=1, m=64, p=1. */
	static const char old[] = "$argon2id$v=19$m=64,t=1,p=1$"
		"c2FsdHNhbHRzYWx0c2FsdA$"
		"QOKF1iG70GOhZX71bkTGoINw9zqSjKFirULQQtMxBVI";
	const char *email = fresh_email(), *account = account_new(email);

	(void)state;
	sql("UPDATE auth.account SET password = '%s' WHERE id = '%s'", old,
	    account);
	assert_int_equal(login(email, PASSWORD).status, 200);
	assert_memory_equal(sql("SELECT password FROM auth.account WHERE"
				" id = '%s'", account),
			    "$argon2id$v=19$m=19456,t=2,p=1$", 31);
	assert_int_equal(login(email, PASSWORD).status, 200);
}

static void who_must_be_verified_and_is_not_looks_like_nobody(void **state)
{
	const char *email = fresh_email(), *account = account_new(email);
	struct reply unverified, wrong;

	(void)state;
	conf.email_verification = "required";
	unverified = login(email, PASSWORD);
	wrong = login(fresh_email(), PASSWORD);
	assert_problem(unverified, 401, "invalid_credentials");
	assert_string_equal(unverified.body, wrong.body);
	assert_string_equal(unverified.headers, wrong.headers);

	sql("UPDATE auth.account SET email_verified = true WHERE id = '%s'",
	    account);
	assert_int_equal(login(email, PASSWORD).status, 200);
	conf.email_verification = "off";
}

FUNCTION_TESTS("login",
	CLAIM(gives_tokens_and_announces_it),
	CLAIM(every_failure_looks_the_same),
	CLAIM(a_password_is_taken_exactly_as_sent),
	CLAIM(throttles_after_five_failures),
	CLAIM(the_delay_doubles_up_to_15_minutes),
	CLAIM(another_spelling_is_no_other_counter),
	CLAIM(success_forgives_the_failures),
	CLAIM(strangers_can_not_keep_the_owner_out),
	CLAIM(the_21st_session_replaces_the_oldest),
	CLAIM(a_hash_of_other_parameters_is_renewed),
	CLAIM(who_must_be_verified_and_is_not_looks_like_nobody))
