/* auth.claim_mail(), auth.settle_mail(), auth.tidy_mail() */
#include <string.h>

#include "tests/unit/account_fixture.h"

static struct owner forgetful(void)
{
	const struct owner o = owner_new();

	assert_int_equal(forgot(o.email).status, 202);
	return o;
}

static const char *settled(const char *id, int claim, const char *outcome)
{
	return sql("SELECT auth.settle_mail('%s', %d, '%s', '5 minutes')", id,
		   claim, outcome);
}

/* Seconds until it is due, rounded; how often it was claimed; given up? */
static const char *waiting(const char *id)
{
	return sql("SELECT concat_ws(' ', round(extract(epoch FROM due_at -"
		   " now())::numeric, -1), tries, failed_at IS NOT NULL)"
		   " FROM auth.mail WHERE id = '%s'", id);
}

static void who_claims_a_mail_has_it_for_the_lease(void **state)
{
	const char *id = mail_claimed(forgetful().email, "reset");

	(void)state;
	assert_string_equal(waiting(id), "3600 1 f");
}

static void what_becomes_of_it_is_settled_by_the_last_to_claim_it(void **state)
{
	const struct owner o = forgetful();
	const char *id = mail_claimed(o.email, "reset");

	(void)state;
	mail_claimed(o.email, "reset");
	assert_string_equal(settled(id, 1, "later"), "f");
	assert_string_equal(settled(id, 1, "failed"), "f");
	assert_string_equal(waiting(id), "3600 2 f");
	assert_string_equal(settled(id, 2, "later"), "t");
	assert_string_equal(waiting(id), "300 2 f");
	assert_string_equal(settled(id, 1, "sent"), "t");
	assert_string_equal(waiting(id), "");
}

static void what_is_given_up_is_claimed_no_more(void **state)
{
	const struct owner o = forgetful();
	const char *id = mail_claimed(o.email, "reset");

	(void)state;
	assert_string_equal(settled(id, 1, "failed"), "t");
	assert_string_equal(mail_claimed(o.email, "reset"), "");
	assert_string_equal(mails(o.email, "reset"), "1");
}

static void its_link_lives_from_the_last_claim(void **state)
{
	const struct owner o = forgetful();
	const char *id = mail_claimed(o.email, "reset");

	(void)state;
	sql("UPDATE auth.link SET expires_at = now() WHERE id = '%s'", id);
	assert_string_equal(mail_claimed(o.email, "reset"), id);
	assert_int_equal(reset(opened("reset", id),
			       "another quiet tree").status, 204);
	assert_string_equal(mail_claimed(o.email, "reset"), "");
	assert_string_equal(mails(o.email, "reset"), "0");
	assert_problem(reset(opened("reset", id), PASSWORD), 401,
		       "invalid_token");
}

static void what_has_no_point_any_more_is_not_sent(void **state)
{
	const struct owner verified = owner_new(), moved = owner_new(),
			   left = owner_new();

	(void)state;
	assert_int_equal(POST("/email/verify", "{}",
			      .token = verified.token).status, 202);
	assert_int_equal(POST("/email/verify", "{}",
			      .token = moved.token).status, 202);
	assert_int_equal(POST("/email/verify", "{}",
			      .token = left.token).status, 202);
	sql("UPDATE auth.account SET email_verified = true WHERE id = '%s'",
	    verified.account);
	sql("UPDATE auth.account SET email = '%s' WHERE id = '%s'",
	    fresh_email(), moved.account);
	sql("DELETE FROM auth.account WHERE id = '%s'", left.account);

	assert_string_equal(mail_claimed(verified.email, "verify"), "");
	assert_string_equal(mail_claimed(moved.email, "verify"), "");
	assert_string_equal(mails(left.email, "verify"), "0");
}

static void speaks_the_language_of_the_owner(void **state)
{
	const struct owner o = forgetful();

	(void)state;
	sql("INSERT INTO notify.box (user_id, language) VALUES ('%s', 'ru')",
	    o.account);
	sql("UPDATE auth.mail SET due_at = '-infinity' WHERE address = '%s'",
	    o.email);
	assert_string_equal(sql("SELECT concat_ws(' ', template, purpose,"
				" language) FROM auth.claim_mail('1 hour')"),
			    "reset reset ru");
}

static void all_that_is_old_is_forgotten(void **state)
{
	const struct owner old = forgetful(), new = forgetful();
	const char *old_id = mail_claimed(old.email, "reset");
	const char *new_id = mail_claimed(new.email, "reset");

	(void)state;
	sql("UPDATE auth.mail SET created_at = now() - interval '8 days'"
	    " WHERE id = '%s'", old_id);
	sql("UPDATE auth.link SET expires_at = now() - interval '8 days'"
	    " WHERE id = '%s'", old_id);
	sql("INSERT INTO auth.mail_rate VALUES (sha256('%s'), now() -"
	    " interval '2 hours')", old_id);
	sql("SELECT auth.tidy_mail()");
	assert_string_equal(sql("SELECT concat_ws(' ',"
		" (SELECT count(*) FROM auth.mail WHERE id = '%s'),"
		" (SELECT count(*) FROM auth.link WHERE id = '%s'),"
		" (SELECT count(*) FROM auth.mail_rate WHERE key ="
		" sha256('%s')))", old_id, old_id, old_id), "0 0 0");
	assert_string_equal(waiting(new_id), "3600 1 f");
	assert_string_equal(sql("SELECT count(*) FROM auth.link WHERE"
				" id = '%s'", new_id), "1");
}

FUNCTION_TESTS("account",
	CLAIM(who_claims_a_mail_has_it_for_the_lease),
	CLAIM(what_becomes_of_it_is_settled_by_the_last_to_claim_it),
	CLAIM(what_is_given_up_is_claimed_no_more),
	CLAIM(its_link_lives_from_the_last_claim),
	CLAIM(what_has_no_point_any_more_is_not_sent),
	CLAIM(speaks_the_language_of_the_owner),
	CLAIM(all_that_is_old_is_forgotten))
