/* POST /password/forgot, /password/reset */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/account_fixture.h"

static const char next[] = "another quiet tree";

static void a_link_sets_a_password_and_ends_all_sessions(void **state)
{
	const struct owner o = owner_new();
	const char *before = hash_of(o.account), *token;

	(void)state;
	assert_int_equal(forgot(o.email).status, 202);
	token = link_to(o.email, "reset");
	assert_int_equal(reset(token, next).status, 204);
	assert_string_not_equal(hash_of(o.account), before);
	assert_string_equal(ended(o.session), "password");
	assert_string_equal(mails(o.email, "password"), "1");
}

static void it_proves_the_address(void **state)
{
	const struct owner o = owner_new();

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(forgot(o.email).status, 202);
		assert_int_equal(reset(link_to(o.email, "reset"),
				       next).status, 204);
		assert_string_equal(sql("SELECT email_verified || ' ' ||"
			" revision FROM auth.account JOIN profile.profile"
			" USING (id) WHERE id = '%s'", o.account), "true 2");
	}
	assert_string_equal(sql("SELECT string_agg(data::text, ',') FROM"
		" event.outbox WHERE key = '%s' AND type ="
		" 'UserProfileUpdated'", o.account),
		text("{\"changed\": [\"email_verified\"], \"user_id\": \"%s\","
		     " \"revision\": 2}", o.account));
}

/* Who links one to an address that isn't theirs must not stay. */
static void identities_go_unless_the_address_was_proved_before(void **state)
{
	const struct owner strange = owner_new(), proved = owner_new();
	const struct owner *const both[] = { &strange, &proved };

	(void)state;
	sql("UPDATE auth.account SET email_verified = true WHERE id = '%s'",
	    proved.account);
	for (size_t i = 0; i < COUNT(both); i++) {
		sql("INSERT INTO auth.identity (issuer, subject, id,"
		    " account_id, provider) VALUES ('i', '%s',"
		    " gen_random_uuid(), '%s', 'p')", both[i]->account,
		    both[i]->account);
		assert_int_equal(forgot(both[i]->email).status, 202);
		assert_int_equal(reset(link_to(both[i]->email, "reset"),
				       next).status, 204);
		assert_string_equal(sql("SELECT count(*) FROM auth.identity"
			" WHERE account_id = '%s'", both[i]->account),
			i == 0 ? "0" : "1");
	}
}

static void a_link_works_once(void **state)
{
	const struct owner o = owner_new();
	const char *token;

	(void)state;
	assert_int_equal(forgot(o.email).status, 202);
	token = link_to(o.email, "reset");
	assert_int_equal(reset(token, next).status, 204);
	assert_problem(reset(token, PASSWORD), 401, "invalid_token");
}

static void a_weak_password_does_not_use_it_up(void **state)
{
	const struct owner o = owner_new();
	const char *token;

	(void)state;
	assert_int_equal(forgot(o.email).status, 202);
	token = link_to(o.email, "reset");
	assert_invalid(reset(token, "password123"), "/password", "common");
	assert_invalid(reset(token, o.email), "/password", "contains_email");
	assert_int_equal(reset(token, next).status, 204);
}

static void the_other_links_end_with_the_first(void **state)
{
	const struct owner o = owner_new();
	const char *first, *second;

	(void)state;
	assert_int_equal(forgot(o.email).status, 202);
	first = link_to(o.email, "reset");
	assert_int_equal(forgot(o.email).status, 202);
	second = link_to(o.email, "reset");
	assert_string_not_equal(first, second);
	assert_int_equal(reset(second, next).status, 204);
	assert_problem(reset(first, PASSWORD), 401, "invalid_token");
}

static void a_link_lives_for_10_minutes(void **state)
{
	const struct owner o = owner_new();
	const char *token;

	(void)state;
	assert_int_equal(forgot(o.email).status, 202);
	token = link_to(o.email, "reset");
	assert_string_equal(sql("SELECT expires_at - created_at FROM auth.link"
				" WHERE account_id = '%s'", o.account),
			    "00:10:00");
	sql("UPDATE auth.link SET expires_at = now() WHERE account_id = '%s'",
	    o.account);
	assert_problem(reset(token, next), 401, "invalid_token");
}

static void a_link_ends_when_the_address_is_another(void **state)
{
	const struct owner o = owner_new();
	const char *token;

	(void)state;
	assert_int_equal(forgot(o.email).status, 202);
	token = link_to(o.email, "reset");
	sql("UPDATE auth.account SET email = '%s' WHERE id = '%s'",
	    fresh_email(), o.account);
	assert_problem(reset(token, next), 401, "invalid_token");
}

static void nothing_else_opens_it(void **state)
{
	const struct owner o = owner_new();
	const char *token, *id;
	char *forged;

	(void)state;
	assert_int_equal(forgot(o.email).status, 202);
	id = mail_claimed(o.email, "reset");
	token = opened("reset", id);

	assert_problem(reset(opened("verify", id), next), 401,
		       "invalid_token");
	assert_problem(reset(id, next), 401, "invalid_token");
	assert_problem(reset(text("%s ", token), next), 401, "invalid_token");
	assert_problem(reset(opened("reset",
		"00000000-0000-4000-8000-000000000000"), next), 401,
		"invalid_token");
	assert_int_equal(POST("/email/verify", "{}",
			      .token = o.token).status, 202);
	assert_problem(reset(opened("reset", mail_claimed(o.email, "verify")),
			     next), 401, "invalid_token");
	for (size_t i = 0; i < strlen(token); i++) {
		forged = strdup(token);
		forged[i] = forged[i] == 'A' ? 'B' : 'A';
		assert_problem(reset(forged, next), 401, "invalid_token");
		free(forged);
	}
	assert_int_equal(reset(token, next).status, 204);
}

static void nothing_stored_opens_it(void **state)
{
	const struct owner o = owner_new();
	const char *token;

	(void)state;
	assert_int_equal(forgot(o.email).status, 202);
	token = link_to(o.email, "reset");
	assert_string_equal(sql("SELECT count(*) FROM auth.link l, auth.mail m"
		" WHERE l::text || m::text LIKE '%%%.20s%%'", token + 24), "0");
}

static void known_and_unknown_addresses_look_the_same(void **state)
{
	const struct owner o = owner_new();
	const char *unknown = fresh_email();
	struct reply a = forgot(o.email), b = forgot(unknown);

	(void)state;
	assert_int_equal(a.status, 202);
	assert_int_equal(b.status, 202);
	assert_string_equal(a.body, b.body);
	assert_string_equal(mails(unknown, "reset"), "1");
	assert_string_equal(mail_claimed(unknown, "reset"), "");
	assert_string_equal(mails(unknown, "reset"), "0");
}

static void the_fourth_of_an_hour_is_no_mail(void **state)
{
	const struct owner o = owner_new();
	const char *emails[] = { o.email, fresh_email() };

	(void)state;
	for (size_t i = 0; i < COUNT(emails); i++) {
		struct reply first = forgot(emails[i]), r = first;

		for (int n = 0; n < 5; n++)
			r = forgot(n % 2 ? emails[i] : text("%s.EXAMPLE",
				text("%.*s", (int)strlen(emails[i]) - 8,
				     emails[i])));
		assert_int_equal(r.status, 202);
		assert_string_equal(r.body, first.body);
		assert_string_equal(mails(emails[i], "reset"), "3");
	}
}

static void it_goes_to_the_address_of_the_account(void **state)
{
	const struct owner o = owner_new();

	(void)state;
	/* Full-width letters are the same in NFKC, and another mailbox. */
	assert_int_equal(forgot(text("%.*s\uff45xample",
				     (int)strlen(o.email) - 7,
				     o.email)).status, 202);
	sql("UPDATE auth.mail SET due_at = '-infinity' WHERE auth.email_key("
	    "address) = '%s'", o.email);
	assert_string_equal(sql("SELECT address FROM"
				" auth.claim_mail('1 hour')"), o.email);
}

static void refuses_what_is_no_address(void **state)
{
	static const char *const bodies[] = {
		"{}", "{\"email\":null}", "{\"email\":\"\"}",
		"{\"email\":\"ann\"}", "{\"email\":\"a@b\\r\\nBcc: c@d.org\"}",
		"{\"email\":\"<ann@example.org>\"}",
		"{\"email\":\"ann@example.org\",\"more\":1}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++)
		assert_problem(POST("/password/forgot", bodies[i]), 422,
			       "invalid");
}

FUNCTION_TESTS("account",
	CLAIM(a_link_sets_a_password_and_ends_all_sessions),
	CLAIM(it_proves_the_address),
	CLAIM(identities_go_unless_the_address_was_proved_before),
	CLAIM(a_link_works_once),
	CLAIM(a_weak_password_does_not_use_it_up),
	CLAIM(the_other_links_end_with_the_first),
	CLAIM(a_link_lives_for_10_minutes),
	CLAIM(a_link_ends_when_the_address_is_another),
	CLAIM(nothing_else_opens_it),
	CLAIM(nothing_stored_opens_it),
	CLAIM(known_and_unknown_addresses_look_the_same),
	CLAIM(the_fourth_of_an_hour_is_no_mail),
	CLAIM(it_goes_to_the_address_of_the_account),
	CLAIM(refuses_what_is_no_address))
