/* By which token Apple knows us, how long it is used, and requests. */
#include "tests/unit/test.h"

#include "functions/notify/worker_apns.h"
#include "tests/unit/notify_worker_fixture.h"

static struct apns *apns;

static int make_key(void **state)
{
	(void)state;
	return key_make(EVP_EC_gen("P-256"));
}

static int open_provider(void **state)
{
	const struct apns_account account = {
		.key = key_path, .key_id = "KEY", .team_id = "TEAM",
		.topic = "org.kith", .url = "https://apns.example",
		.sandbox_url = "https://sandbox.example",
	};

	(void)state;
	apns = apns_new(&account);
	return 0;
}

static int close_provider(void **state)
{
	(void)state;
	apns_free(apns);
	return 0;
}

static void apples_token_is_signed_by_the_teams_key(void **state)
{
	const char *jwt = apns_token(apns, NOW);

	(void)state;
	check_signature(jwt, "{\"typ\":\"JWT\",\"alg\":\"ES256\","
			"\"kid\":\"KEY\"}");
	assert_string_equal(claim(jwt, "iss"), "TEAM");
	assert_string_equal(claim(jwt, "iat"), "1700000000");
}

static void apples_token_is_used_for_40_minutes(void **state)
{
	static const struct { int64_t at; int number; } rows[] = {
		{ 0, 1 }, { 1, 1 }, { 2399, 1 }, { 2400, 2 }, { 4799, 2 },
		{ 4800, 3 },
		/* The clock is set back. */
		{ 4000, 4 }, { 4001, 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		apns_token(apns, NOW + rows[i].at);
		assert_int_equal(apns_token_number(apns), rows[i].number);
	}
}

static void apples_token_is_not_made_anew_within_20_minutes(void **state)
{
	(void)state;
	apns_token(apns, NOW);
	assert_false(apns_token_refused(apns, NOW + 1199, 1));
	apns_token(apns, NOW + 1199);
	assert_int_equal(apns_token_number(apns), 1);

	assert_true(apns_token_refused(apns, NOW + 1200, 1));
	assert_true(apns_token_refused(apns, NOW + 1200, 1));
	apns_token(apns, NOW + 1200);
	assert_int_equal(apns_token_number(apns), 2);
	/* What was sent with the one before says nothing of this. */
	assert_true(apns_token_refused(apns, NOW + 1201, 1));
	assert_false(apns_token_refused(apns, NOW + 1201, 2));
}

static void a_request_to_apple_says_all_that_it_wants(void **state)
{
	struct push p = push;
	struct request r;

	(void)state;
	p.token = "00fcAB";
	assert_true(apns_request(apns, arena, NOW, &p, &r));
	assert_string_equal(r.url, "https://apns.example/3/device/00fcAB");
	assert_string_equal(header(&r, "authorization"),
			    arena_printf(arena, "bearer %s",
					 apns_token(apns, NOW)));
	assert_string_equal(header(&r, "apns-topic"), "org.kith");
	assert_string_equal(header(&r, "apns-push-type"), "alert");
	assert_string_equal(header(&r, "apns-priority"), "10");
	assert_string_equal(header(&r, "apns-expiration"), "1700000060");
	assert_string_equal(header(&r, "apns-collapse-id"),
			    "0123456789ab7def8123456789abcdef");
	assert_memory_equal(r.body, p.payload, r.body_bytes);

	p.sandbox = true;
	p.urgent = false;
	p.ttl_s = 0;
	assert_true(apns_request(apns, arena, NOW, &p, &r));
	assert_string_equal(r.url, "https://sandbox.example/3/device/00fcAB");
	assert_string_equal(header(&r, "apns-priority"), "5");
	assert_string_equal(header(&r, "apns-expiration"), "0");
}

static void a_token_that_is_no_hex_becomes_no_path(void **state)
{
	static const char *const tokens[] = {
		"", "../../x", "00 ", "0g", "00/11", "00?a", "\xc3\xa9",
	};
	struct push p = push;
	struct request r;

	(void)state;
	for (size_t i = 0; i < COUNT(tokens); i++) {
		p.token = tokens[i];
		assert_false(apns_request(apns, arena, NOW, &p, &r));
	}
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, open_provider, \
						close_provider)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(apples_token_is_signed_by_the_teams_key),
		WITH(apples_token_is_used_for_40_minutes),
		WITH(apples_token_is_not_made_anew_within_20_minutes),
		WITH(a_request_to_apple_says_all_that_it_wants),
		WITH(a_token_that_is_no_hex_becomes_no_path),
	};

	return cmocka_run_group_tests(tests, make_key, key_remove);
}
