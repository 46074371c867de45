/* POST /register */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

static struct reply register_with(const char *email, const char *password)
{
	return POST("/register", text("{\"email\":\"%s\",\"password\":\"%s\"}",
				      email, password));
}

static struct reply register_as(const char *email, const char *nickname)
{
	return POST("/register", text("{\"email\":\"%s\",\"password\":\""
				      PASSWORD "\",\"nickname\":\"%s\"}",
				      email, nickname));
}

static const char *accounts(const char *email)
{
	return sql("SELECT count(*) FROM auth.account WHERE email_key ="
		   " auth.email_key('%s')", email);
}

static void makes_an_account_and_announces_it(void **state)
{
	const char *email = fresh_email(), *user;
	struct reply r = register_with(email, PASSWORD);

	(void)state;
	assert_int_equal(r.status, 201);
	assert_string_equal(member(r.body, "token_type"), "Bearer");
	assert_string_equal(member(r.body, "user.email"), email);
	assert_memory_equal(member(r.body, "refresh_token"), "v1.", 3);
	user = member(r.body, "user.id");
	assert_string_equal(sql("SELECT string_agg(concat_ws(' ', topic, type,"
				" key, data, traceparent), ',')"
				" FROM event.outbox WHERE key = '%s'", user),
			    text("auth.events UserRegistered %s {\"method\":"
				 " \"password\", \"user_id\": \"%s\"} 00-0af765"
				 "1916cd43dd8448eb211c80319c-b7ad6b7169203331-"
				 "01", user, user));
}

static void stores_no_password_and_no_token(void **state)
{
	const char *email = fresh_email();
	struct reply r = register_with(email, PASSWORD);

	(void)state;
	assert_memory_equal(sql("SELECT password FROM auth.account"
				" WHERE email = '%s'", email),
			    "$argon2id$v=19$m=19456,t=2,p=1$", 31);
	assert_string_equal(sql("SELECT count(*) FROM auth.session s WHERE"
				" s::text LIKE '%%%s%%'",
				member(r.body, "refresh_token")), "0");
}

static void an_address_is_taken_in_any_case(void **state)
{
	const char *email = fresh_email();
	char *upper = strdup(email);

	(void)state;
	for (char *c = upper; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');

	assert_int_equal(register_with(email, PASSWORD).status, 201);
	assert_problem(register_with(email, PASSWORD), 409, "email_taken");
	assert_problem(register_with(upper, PASSWORD), 409, "email_taken");
	assert_string_equal(accounts(email), "1");
	free(upper);
}

static void refuses_weak_passwords_with_the_reason(void **state)
{
	static const struct {
		const char *email, *password, *code;
	} cases[] = {
		{ "weak@kith.example", "1234567", "too_short" },
		{ "weak@kith.example", "password1", "common" },
		{ "weak@kith.example", "PassWord1", "common" },
		{ "somebody@kith.example", "x-somebody-x", "contains_email" },
		{ "weak@kith.example", "", "too_short" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_invalid(register_with(cases[i].email,
					     cases[i].password),
			       "/password", cases[i].code);
		assert_string_equal(accounts(cases[i].email), "0");
	}
}

static void takes_passwords_of_8_to_256_code_points(void **state)
{
	char longest[257] = { 0 };

	(void)state;
	memset(longest, 'q', 256);
	assert_int_equal(register_with(fresh_email(), longest).status, 201);
	assert_int_equal(register_with(fresh_email(),
				       text("%sq", longest)).status, 422);
	assert_int_equal(register_with(fresh_email(), "\xd0\xb6\xd0\xb6\xd0\xb6"
				       "\xd0\xb6\xd0\xb6\xd0\xb6\xd0\xb6"
				       "\xd0\xb7").status, 201);
}

static void refuses_what_the_table_does_not_name(void **state)
{
	static const char *const members[] = {
		"id", "user_id", "role", "is_admin", "created_at", "seq",
		"email_verified",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(members); i++)
		assert_problem(POST("/register", text("{\"email\":\"a@b.example"
			"\",\"password\":\"" PASSWORD "\",\"%s\":\"1\"}",
			members[i])), 422, "invalid");
}

static void refuses_another_media_type(void **state)
{
	struct call c = { .method = "POST", .path = "/register" };

	(void)state;
	assert_problem(call(c), 415, "unsupported_media_type");
}

static void the_same_key_gives_the_same_answer(void **state)
{
	const char *email = fresh_email(), *key = fresh_email();
	const char *body = text("{\"email\":\"%s\",\"password\":\"%s\"}",
				email, PASSWORD);
	struct reply first = POST("/register", body, .key = key);
	struct reply second = POST("/register", body, .key = key);

	(void)state;
	assert_int_equal(first.status, 201);
	assert_int_equal(second.status, 201);
	assert_string_equal(first.body, second.body);
	assert_string_equal(accounts(email), "1");
	assert_string_equal(sql("SELECT count(*) FROM event.outbox WHERE"
				" key = '%s'", member(first.body, "user.id")),
			    "1");
	assert_string_equal(sql("SELECT count(*) FROM event.idempotency i WHERE"
				" i::text LIKE '%%%s%%'",
				member(first.body, "refresh_token")), "0");
}

static void the_same_key_with_another_body_is_refused(void **state)
{
	const char *key = fresh_email(), *other = fresh_email();

	(void)state;
	assert_int_equal(POST("/register", text("{\"email\":\"%s\","
				"\"password\":\"%s\"}", fresh_email(),
				PASSWORD), .key = key).status, 201);
	assert_problem(POST("/register", text("{\"email\":\"%s\","
				"\"password\":\"%s\"}", other, PASSWORD),
			    .key = key), 422, "idempotency_key_reused");
	assert_string_equal(accounts(other), "0");
}

static void a_refused_request_leaves_its_key_free(void **state)
{
	const char *email = fresh_email(), *key = fresh_email();

	(void)state;
	assert_int_equal(POST("/register", text("{\"email\":\"%s\","
				"\"password\":\"short\"}", email),
			      .key = key).status, 422);
	assert_int_equal(POST("/register", text("{\"email\":\"%s\","
				"\"password\":\"%s\"}", email, PASSWORD),
			      .key = key).status, 201);
}

static void refuses_an_odd_key(void **state)
{
	char longest[130] = { 0 };

	(void)state;
	memset(longest, 'k', 129);
	assert_problem(POST("/register", "{}", .key = longest), 422,
		       "idempotency_key_invalid");
	assert_problem(POST("/register", "{}", .key = "a\tb"), 422,
		       "idempotency_key_invalid");
	assert_problem(POST("/register", "{}", .key = ""), 422,
		       "idempotency_key_invalid");
}

static void the_device_is_named_by_body_or_agent(void **state)
{
	static const struct {
		const char *device, *agent, *stored;
	} cases[] = {
		{ "\"my phone\"", "curl/8", "my phone" },
		{ "null", "curl/8", "curl/8" },
		{ "null", "a\xff\x01" "b", "a??b" },
		{ "null", NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reply r = POST("/register", text("{\"email\":\"%s\","
			"\"password\":\"%s\",\"device\":%s}", fresh_email(),
			PASSWORD, cases[i].device), .agent = cases[i].agent);

		assert_int_equal(r.status, 201);
		assert_string_equal(sql("SELECT device FROM auth.session WHERE"
					" account_id = '%s'",
					member(r.body, "user.id")),
				    cases[i].stored);
	}
}

static void a_nickname_can_come_with_the_account(void **state)
{
	const char *email = fresh_email(), *number = fresh_number();
	struct reply r = register_as(email, text(" Ann \u3000%s", number));
	const char *user = member(r.body, "user.id");

	(void)state;
	assert_int_equal(r.status, 201);
	assert_string_equal(member(r.body, "user.nickname"),
			    text("Ann %s", number));
	assert_string_equal(sql("SELECT concat_ws('|', nickname, nickname_key"
				" IS NOT NULL, nickname_search, about, avatar,"
				" revision) FROM profile.profile WHERE"
				" id = '%s'", user),
			    text("Ann %s|t|ann %s|1", number, number));
	assert_string_equal(sql("SELECT string_agg(concat_ws(' ', topic, type,"
				" data), ',') FROM event.outbox WHERE"
				" key = '%s'", user),
			    text("auth.events UserRegistered {\"method\":"
				 " \"password\", \"user_id\": \"%s\"}", user));
}

static void a_nickname_can_wait(void **state)
{
	static const char *const members[] = { "", ",\"nickname\":null" };

	(void)state;
	for (size_t i = 0; i < COUNT(members); i++) {
		struct reply r = POST("/register", text("{\"email\":\"%s\","
			"\"password\":\"" PASSWORD "\"%s}", fresh_email(),
			members[i]));

		assert_int_equal(r.status, 201);
		assert_null(member(r.body, "user.nickname"));
		assert_string_equal(sql("SELECT count(*) FROM profile.profile"
					" WHERE id = '%s' AND nickname IS NULL",
					member(r.body, "user.id")), "1");
	}
}

static void a_nickname_is_taken_in_every_form(void **state)
{
	static const char *const forms[] = {
		"Alice", "alice", "ALICE", "Ａｌｉｃｅ", "AIice", "A1ice",
		" alice ",
	};
	const char *number = fresh_number(), *other = fresh_email();

	(void)state;
	assert_int_equal(register_as(fresh_email(),
				     text("Alice %s", number)).status, 201);
	for (size_t i = 0; i < COUNT(forms); i++)
		assert_problem(register_as(other, text("%s %s", forms[i],
						       number)),
			       409, "nickname_taken");
	assert_string_equal(accounts(other), "0");
}

static void of_two_that_are_taken_the_address_is_told(void **state)
{
	const char *email = fresh_email();
	const char *nickname = text("Ann %s", fresh_number());

	(void)state;
	assert_int_equal(register_as(email, nickname).status, 201);
	assert_problem(register_as(email, nickname), 409, "email_taken");
}

static void a_nickname_is_refused_with_the_reason(void **state)
{
	static const struct { const char *nickname, *code; } cases[] = {
		{ "", "too_short" }, { " \u3000", "too_short" },
		{ "123456789 123456789 123456789 123", "too_long" },
		{ "An\u200bn", "not_allowed" }, { "An\\nn", "not_allowed" },
		{ "pаypal", "look_alike" },
	};
	const char *email = fresh_email();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_invalid(register_as(email, cases[i].nickname),
			       "/nickname", cases[i].code);
	assert_string_equal(accounts(email), "0");
}

FUNCTION_TESTS("register",
	CLAIM(makes_an_account_and_announces_it),
	CLAIM(stores_no_password_and_no_token),
	CLAIM(an_address_is_taken_in_any_case),
	CLAIM(refuses_weak_passwords_with_the_reason),
	CLAIM(takes_passwords_of_8_to_256_code_points),
	CLAIM(refuses_what_the_table_does_not_name),
	CLAIM(refuses_another_media_type),
	CLAIM(the_same_key_gives_the_same_answer),
	CLAIM(the_same_key_with_another_body_is_refused),
	CLAIM(a_refused_request_leaves_its_key_free),
	CLAIM(refuses_an_odd_key),
	CLAIM(the_device_is_named_by_body_or_agent),
	CLAIM(a_nickname_can_come_with_the_account),
	CLAIM(a_nickname_can_wait),
	CLAIM(a_nickname_is_taken_in_every_form),
	CLAIM(of_two_that_are_taken_the_address_is_told),
	CLAIM(a_nickname_is_refused_with_the_reason))
