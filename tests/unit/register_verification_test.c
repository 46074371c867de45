/* POST /register, where addresses are verified: EMAIL_VERIFICATION */
#include <string.h>

#include "tests/unit/harness.h"

#include "runtime/arena.h"
#include "runtime/conf.h"
#include "runtime/keys.h"

static struct reply register_as(const char *email, const char *nickname)
{
	return POST("/register", text("{\"email\":\"%s\",\"password\":\""
				      PASSWORD "\",\"nickname\":%s}", email,
				      nickname));
}

static const char *mails(const char *email)
{
	return sql("SELECT string_agg(template || coalesce(' of ' || a.email,"
		   " ''), ', ' ORDER BY m.created_at) FROM auth.mail m LEFT"
		   " JOIN auth.account a ON a.id = m.account_id"
		   " WHERE auth.email_key(address) = auth.email_key('%s')",
		   email);
}

static void optional_means_tokens_and_a_link(void **state)
{
	const char *email = fresh_email();

	(void)state;
	conf.email_verification = "optional";
	assert_int_equal(register_as(email, "null").status, 201);
	assert_string_equal(mails(email), text("verify of %s", email));
	assert_problem(register_as(email, "null"), 409, "email_taken");
	assert_string_equal(mails(email), text("verify of %s", email));
}

static void off_means_no_mail(void **state)
{
	const char *email = fresh_email();

	(void)state;
	conf.email_verification = "off";
	assert_int_equal(register_as(email, "null").status, 201);
	assert_string_equal(mails(email), "");
}

static void required_looks_the_same_for_known_and_unknown(void **state)
{
	const char *known = fresh_email(), *unknown = fresh_email();
	const char *account = account_new(known), *hash;
	struct reply a, b;

	(void)state;
	hash = sql("SELECT password FROM auth.account WHERE id = '%s'",
		   account);
	conf.email_verification = "required";
	a = register_as(known, "null");
	b = register_as(unknown, "null");
	assert_int_equal(a.status, 202);
	assert_int_equal(b.status, 202);
	assert_string_equal(a.body, "{}");
	assert_string_equal(b.body, "{}");
	assert_string_equal(mails(known), "known");
	assert_string_equal(mails(unknown), text("verify of %s", unknown));
	assert_string_equal(sql("SELECT password FROM auth.account WHERE"
				" id = '%s'", account), hash);
	assert_string_equal(sql("SELECT count(*) FROM auth.session s JOIN"
		" auth.account a ON a.id = account_id WHERE email = '%s'",
		unknown), "0");
}

static void who_is_known_gets_as_many_mails_as_by_resets(void **state)
{
	const char *email = fresh_email();
	struct arena *arena = arena_new();

	(void)state;
	account_new(email);
	conf.email_verification = "required";
	sql("SELECT auth.send_mail('%s', NULL, '%s', 'reset', NULL, NULL)",
	    keys_mac(arena, "mail", "", 0), email);
	arena_free(arena);
	for (int i = 0; i < 4; i++)
		assert_int_equal(register_as(email, "null").status, 202);
	assert_string_equal(mails(email), "reset, known, known");
}

/* Or else it would tell which of two addresses has an account. */
static void required_takes_no_nickname_yet(void **state)
{
	const char *email = fresh_email(), *name = fresh_number();
	const char *nickname = text("\"%s\"", name);

	(void)state;
	conf.email_verification = "required";
	assert_int_equal(register_as(email, nickname).status, 202);
	assert_int_equal(register_as(fresh_email(), nickname).status, 202);
	assert_string_equal(sql("SELECT count(*) FROM profile.profile WHERE"
				" nickname = '%s'", name), "0");
	assert_string_equal(sql("SELECT data->>'nickname' FROM auth.mail WHERE"
				" address = '%s'", email), name);

	conf.email_verification = "off";
	assert_int_equal(register_as(fresh_email(), nickname).status, 201);
	conf.email_verification = "required";
	assert_problem(register_as(fresh_email(), nickname), 409,
		       "nickname_taken");
}

static void required_announces_the_account(void **state)
{
	const char *email = fresh_email();

	(void)state;
	conf.email_verification = "required";
	for (int i = 0; i < 2; i++)
		assert_int_equal(register_as(email, "null").status, 202);
	assert_string_equal(sql("SELECT string_agg(type, ' ') FROM event.outbox"
		" JOIN auth.account a ON key = a.id::text WHERE email = '%s'",
		email), "UserRegistered");
}

FUNCTION_TESTS("register",
	CLAIM(optional_means_tokens_and_a_link),
	CLAIM(off_means_no_mail),
	CLAIM(required_looks_the_same_for_known_and_unknown),
	CLAIM(who_is_known_gets_as_many_mails_as_by_resets),
	CLAIM(required_takes_no_nickname_yet),
	CLAIM(required_announces_the_account))
