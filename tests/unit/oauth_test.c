/* Nonces, answers that come as a form, and the identities of an account. */
#include <ctype.h>
#include <string.h>

#include "tests/unit/harness.h"

#include "functions/oauth/oauth.h"
#include "runtime/conf.h"

#define FORM "application/x-www-form-urlencoded"

static const char *user;	/* an access token */

/* An identity of the account; its id. */
static const char *identity_of(const char *account)
{
	return sql("INSERT INTO auth.identity (issuer, subject, id,"
		   " account_id, provider) VALUES ('https://id.example',"
		   " '%s', gen_random_uuid(), '%s', 'one') RETURNING id",
		   fresh_email(), account);
}

/* One that has no password, and user is its token. */
static const char *account_without_password(void)
{
	const char *account = account_new(fresh_email());

	sql("UPDATE auth.account SET password = NULL, email = NULL"
	    " WHERE id = '%s'", account);
	user = token_of(account, session_of(account));
	return account;
}

static struct reply unlink_identity(const char *id)
{
	return DELETE(text("/identities/%s", id), .token = user);
}

static void a_nonce_is_new_and_is_kept_as_a_digest(void **state)
{
	struct reply one = POST("/oauth/nonce", NULL);
	struct reply two = POST("/oauth/nonce", NULL);
	const char *nonce = member(one.body, "nonce");

	(void)state;
	assert_int_equal(one.status, 201);
	assert_int_equal(strlen(nonce), 43);
	assert_string_not_equal(nonce, member(two.body, "nonce"));
	assert_string_equal(sql("SELECT count(*) FROM auth.nonce WHERE digest"
		" = convert_to('%s', 'UTF8')", nonce), "0");
}

static void nonces_are_tidied_away(void **state)
{
	(void)state;
	sql("INSERT INTO auth.nonce (digest, created_at) VALUES"
	    " (decode('%s', 'escape'), now() - interval '11 minutes')",
	    fresh_number());
	assert_int_equal(POST("/oauth/nonce", NULL).status, 201);
	sql("SELECT auth.tidy_nonces()");
	assert_string_equal(sql("SELECT count(*) FROM auth.nonce WHERE"
		" created_at < now() - interval '10 minutes'"), "0");
	assert_string_not_equal(sql("SELECT count(*) FROM auth.nonce"), "0");
}

static void a_request_is_by_code_or_by_token(void **state)
{
	static const struct { const char *body, *pointer, *code; } rows[] = {
		{ "{\"provider\":\"x\",\"code\":\"c\"}", "/provider",
		  "not_a_choice" },
		{ "{\"provider\":\"x\",\"codes\":\"c\"}", "/codes",
		  "unknown" },
		{ "{\"code\":\"c\"}", "/provider", "required" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_invalid(POST("/oauth", rows[i].body), rows[i].pointer,
			       rows[i].code);
}

static void without_configuration_there_are_no_providers(void **state)
{
	(void)state;
	assert_string_equal(GET("/oauth/providers").body,
			    "{\"items\":[],\"next\":null}");
}

/* How an answer that is some bytes is answered. */
static struct reply callback(const char *body, size_t bytes)
{
	return POST("/oauth/callback", body, .type = FORM,
		    .body_bytes = bytes);
}

static void an_answer_by_form_is_passed_on_as_it_came(void **state)
{
	static const char all[] = "code=AZaz09._~*-&state=a+b%22&user=";
	struct reply r = callback(all, 0);

	(void)state;
	assert_int_equal(r.status, 303);
	assert_int_equal(r.body_bytes, 0);
	assert_string_equal(r.headers, text("Location: %s#/oauth?%s\r\n",
					    conf.page_url, all));
	assert_int_equal(POST("/oauth/callback", "a=b",
			      .type = FORM "; charset=UTF-8").status, 303);
}

static void an_answer_by_form_has_no_other_bytes(void **state)
{
	char odd[] = "code=a_&state=b", most[4098] = "";

	(void)state;
	for (int c = 0; c < 256; c++) {
		odd[6] = (char)c;
		if (c < 0x80 && (isalnum(c) || (c && strchr("%&=+._~*-", c))))
			assert_int_equal(callback(odd, strlen(odd)).status,
					 303);
		else
			assert_invalid(callback(odd, sizeof(odd) - 1), "",
				       "not_allowed");
	}

	assert_invalid(callback(most, 0), "", "too_short");
	memset(most, 'a', 4096);
	assert_int_equal(callback(most, 0).status, 303);
	most[4096] = 'a';
	assert_invalid(callback(most, 0), "", "too_long");
}

static void an_answer_by_form_comes_as_one(void **state)
{
	static const char *const types[] = {
		"application/json", "multipart/form-data", "text/plain",
		FORM "; charset=latin1", FORM "x",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++)
		assert_problem(POST("/oauth/callback", "a=b",
				    .type = types[i]), 415,
			       "unsupported_media_type");
}

static void identities_are_listed_to_their_owner(void **state)
{
	const char *account = account_without_password();
	const char *id = identity_of(account);
	struct reply r = GET("/identities", .token = user);

	(void)state;
	assert_int_equal(r.status, 200);
	assert_non_null(strstr(r.body, id));
	account_without_password();
	assert_null(strstr(GET("/identities", .token = user).body, id));
	assert_problem(unlink_identity(id), 404, "not_found");
	assert_int_equal(GET("/identities").status, 401);
}

static void the_last_way_in_stays(void **state)
{
	const char *account = account_without_password();
	const char *one = identity_of(account), *two = identity_of(account);

	(void)state;
	assert_int_equal(unlink_identity(one).status, 204);
	assert_problem(unlink_identity(one), 404, "not_found");
	assert_problem(unlink_identity(two), 409, "last_way_in");

	sql("UPDATE auth.account SET password = 'x' WHERE id = '%s'", account);
	assert_int_equal(unlink_identity(two).status, 204);
}

FUNCTION_TESTS("oauth",
	CLAIM(a_nonce_is_new_and_is_kept_as_a_digest),
	CLAIM(nonces_are_tidied_away),
	CLAIM(a_request_is_by_code_or_by_token),
	CLAIM(without_configuration_there_are_no_providers),
	CLAIM(an_answer_by_form_is_passed_on_as_it_came),
	CLAIM(an_answer_by_form_has_no_other_bytes),
	CLAIM(an_answer_by_form_comes_as_one),
	CLAIM(identities_are_listed_to_their_owner),
	CLAIM(the_last_way_in_stays))
