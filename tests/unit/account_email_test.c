/* POST /email, /email/verify */
#include <string.h>

#include "tests/unit/account_fixture.h"

static struct reply ask(struct owner o)
{
	return POST("/email/verify", "{}", .token = o.token);
}

static struct reply verify(const char *token)
{
	return POST("/email/verify", text("{\"token\":\"%s\"}", token));
}

static struct reply change(struct owner o, const char *email,
			   const char *password)
{
	return POST("/email", text("{\"email\":\"%s\",\"password\":\"%s\"}",
				   email, password), .token = o.token);
}

/* Address, whether it is verified, revision of the profile. */
static const char *state_of(struct owner o)
{
	return sql("SELECT concat_ws(' ', email, email_verified, revision)"
		   " FROM auth.account JOIN profile.profile USING (id)"
		   " WHERE id = '%s'", o.account);
}

static const char *changes(struct owner o)
{
	return sql("SELECT string_agg((data->>'revision') || (data->>'changed'"
		   "), ' ') FROM event.outbox WHERE key = '%s' AND type ="
		   " 'UserProfileUpdated'", o.account);
}

static void a_link_verifies_the_address_once(void **state)
{
	const struct owner o = owner_new();
	const char *token;

	(void)state;
	assert_int_equal(ask(o).status, 202);
	token = link_to(o.email, "verify");
	assert_string_equal(state_of(o), text("%s f 1", o.email));
	assert_int_equal(verify(token).status, 204);
	assert_string_equal(state_of(o), text("%s t 2", o.email));
	assert_string_equal(changes(o), "2[\"email_verified\"]");
	assert_problem(verify(token), 401, "invalid_token");
	assert_string_equal(ended(o.session), "");
}

static void it_lives_for_a_day_and_for_that_address(void **state)
{
	const struct owner a = owner_new(), b = owner_new();
	const char *token;

	(void)state;
	assert_int_equal(ask(a).status, 202);
	token = link_to(a.email, "verify");
	assert_string_equal(sql("SELECT expires_at - created_at FROM auth.link"
				" WHERE account_id = '%s'", a.account),
			    "1 day");
	sql("UPDATE auth.link SET expires_at = now() WHERE account_id = '%s'",
	    a.account);
	assert_problem(verify(token), 401, "invalid_token");

	assert_int_equal(ask(b).status, 202);
	token = link_to(b.email, "verify");
	sql("UPDATE auth.account SET email = '%s' WHERE id = '%s'",
	    fresh_email(), b.account);
	assert_problem(verify(token), 401, "invalid_token");
}

static void a_verified_address_gets_no_link(void **state)
{
	const struct owner o = owner_new();

	(void)state;
	sql("UPDATE auth.account SET email_verified = true WHERE id = '%s'",
	    o.account);
	assert_int_equal(ask(o).status, 202);
	assert_string_equal(mails(o.email, "verify"), "0");
}

static void the_fourth_link_of_an_hour_is_refused(void **state)
{
	const struct owner o = owner_new();

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask(o).status, 202);
	assert_problem(ask(o), 429, "too_many_requests");
	assert_string_equal(mails(o.email, "verify"), "3");
}

static void a_link_to_the_new_address_changes_it_once(void **state)
{
	const struct owner o = owner_new();
	const char *new = fresh_email(), *token;

	(void)state;
	assert_int_equal(change(o, new, PASSWORD).status, 202);
	assert_string_equal(mails(o.email, "changing"), "1");
	token = link_to(new, "change");
	assert_string_equal(state_of(o), text("%s f 1", o.email));
	assert_int_equal(verify(token).status, 204);
	assert_string_equal(state_of(o), text("%s t 2", new));
	assert_string_equal(changes(o), "2[\"email\", \"email_verified\"]");
	assert_string_equal(mails(o.email, "changed"), "1");
	assert_problem(verify(token), 401, "invalid_token");
}

static void a_taken_address_looks_the_same_until_its_link(void **state)
{
	const struct owner o = owner_new(), other = owner_new();
	const char *free_one = fresh_email();
	struct reply taken = change(o, other.email, PASSWORD);
	struct reply free_reply = change(o, free_one, PASSWORD);
	const char *token = link_to(other.email, "change");

	(void)state;
	assert_int_equal(taken.status, 202);
	assert_string_equal(taken.body, free_reply.body);
	assert_problem(verify(token), 409, "email_taken");
	assert_string_equal(state_of(o), text("%s f 1", o.email));
	assert_int_equal(verify(link_to(free_one, "change")).status, 204);
}

static void another_change_ends_the_links_before(void **state)
{
	const struct owner o = owner_new();
	const char *first = fresh_email(), *second = fresh_email();
	const char *a, *b, *reset_token;

	(void)state;
	assert_int_equal(change(o, first, PASSWORD).status, 202);
	assert_int_equal(change(o, second, PASSWORD).status, 202);
	assert_int_equal(forgot(o.email).status, 202);
	a = link_to(first, "change");
	b = link_to(second, "change");
	reset_token = link_to(o.email, "reset");
	assert_int_equal(verify(b).status, 204);
	assert_problem(verify(a), 401, "invalid_token");
	assert_problem(reset(reset_token, "another quiet tree"), 401,
		       "invalid_token");
}

/* Whoever knew the password asked for it, and the owner changes that. */
static void a_new_password_stops_a_change(void **state)
{
	const struct owner o = owner_new();
	const char *sent = fresh_email(), *unsent = fresh_email(), *token;

	(void)state;
	assert_int_equal(change(o, sent, PASSWORD).status, 202);
	assert_int_equal(change(o, unsent, PASSWORD).status, 202);
	token = link_to(sent, "change");
	assert_int_equal(forgot(o.email).status, 202);
	assert_int_equal(reset(link_to(o.email, "reset"),
			       "another quiet tree").status, 204);
	assert_problem(verify(token), 401, "invalid_token");
	assert_string_equal(mail_claimed(unsent, "change"), "");
}

static void a_change_needs_the_password(void **state)
{
	const struct owner o = owner_new();
	const char *new = fresh_email();

	(void)state;
	assert_problem(change(o, new, "wrong password"), 403,
		       "wrong_password");
	assert_invalid(POST("/email", text("{\"email\":\"%s\"}", new),
			    .token = o.token), "/password", "required");
	assert_problem(POST("/email", text("{\"email\":\"%s\"}", new)), 401,
		       "unauthorized");
	assert_string_equal(mails(new, "change"), "0");
	assert_string_equal(mails(o.email, "changing"), "0");
}

static void the_fourth_change_of_an_hour_is_refused(void **state)
{
	const struct owner o = owner_new();
	const char *fourth = fresh_email();

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(change(o, fresh_email(), PASSWORD).status,
				 202);
	assert_problem(change(o, fourth, PASSWORD), 429, "too_many_requests");
	assert_string_equal(mails(fourth, "change"), "0");
}

static void many_accounts_flood_nobody(void **state)
{
	const char *victim = fresh_email();

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(change(owner_new(), victim, PASSWORD).status,
				 202);
	assert_string_equal(mails(victim, "change"), "3");
}

/* As register asks for it. */
static const char *link_with_a_wish(struct owner o, const char *name)
{
	sql("SELECT auth.send_mail('salt', '%s', '%s', 'verify',"
	    " json_build_object('nickname', '%s', 'key', '%s', 'search', '%s'),"
	    " NULL)", o.account, o.email, name, name, name);
	return link_to(o.email, "verify");
}

static const char *nickname_of(struct owner o)
{
	return sql("SELECT nickname FROM profile.profile WHERE id = '%s'",
		   o.account);
}

static void the_nickname_wished_for_is_taken_with_the_link(void **state)
{
	const struct owner o = owner_new(), late = owner_new();
	const char *name = fresh_number();
	const char *first = link_with_a_wish(o, name);
	const char *second = link_with_a_wish(late, name);

	(void)state;
	assert_int_equal(verify(first).status, 204);
	assert_string_equal(nickname_of(o), name);
	assert_string_equal(changes(o), "2[\"email_verified\", \"nickname\"]");
	assert_int_equal(verify(second).status, 204);
	assert_string_equal(nickname_of(late), "");
	assert_string_equal(changes(late), "2[\"email_verified\"]");
}

static void another_nickname_since_then_stays(void **state)
{
	const struct owner o = owner_new();
	const char *token = link_with_a_wish(o, fresh_number());
	const char *name = fresh_number();

	(void)state;
	sql("UPDATE profile.profile SET nickname = '%s', nickname_key = '%s',"
	    " nickname_search = '%s' WHERE id = '%s'", name, name, name,
	    o.account);
	assert_int_equal(verify(token).status, 204);
	assert_string_equal(nickname_of(o), name);
	assert_string_equal(changes(o), "2[\"email_verified\"]");
}

static void refuses_malformed_bodies(void **state)
{
	static const char *const tokens[] = {
		"x", "v1.AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+", "\\u0430",
	};
	const struct owner o = owner_new();

	(void)state;
	for (size_t i = 0; i < COUNT(tokens); i++)
		assert_problem(verify(tokens[i]), 401, "invalid_token");
	assert_problem(POST("/email/verify", "{}"), 401, "unauthorized");
	assert_problem(POST("/email/verify", "[]"), 422, "invalid");
	assert_problem(POST("/email/verify", "{"), 400, "malformed");
	assert_problem(POST("/email/verify", "{\"token\":7}"), 422, "invalid");
	assert_invalid(change(o, "nobody", PASSWORD), "/email",
		       "not_an_email");
	assert_invalid(change(o, "a@b.org\\r\\nBcc: c@d.org", PASSWORD),
		       "/email", "not_an_email");
}

FUNCTION_TESTS("account",
	CLAIM(a_link_verifies_the_address_once),
	CLAIM(it_lives_for_a_day_and_for_that_address),
	CLAIM(a_verified_address_gets_no_link),
	CLAIM(the_fourth_link_of_an_hour_is_refused),
	CLAIM(a_link_to_the_new_address_changes_it_once),
	CLAIM(a_taken_address_looks_the_same_until_its_link),
	CLAIM(another_change_ends_the_links_before),
	CLAIM(a_new_password_stops_a_change),
	CLAIM(a_change_needs_the_password),
	CLAIM(the_fourth_change_of_an_hour_is_refused),
	CLAIM(many_accounts_flood_nobody),
	CLAIM(the_nickname_wished_for_is_taken_with_the_link),
	CLAIM(another_nickname_since_then_stays),
	CLAIM(refuses_malformed_bodies))
