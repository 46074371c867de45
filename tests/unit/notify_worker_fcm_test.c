/* By which token Google knows us, how it is got, and requests. */
#include "tests/unit/test.h"

#include "functions/notify/worker_fcm.h"
#include "tests/unit/notify_worker_fixture.h"

#define TOKEN "{\"access_token\":\"ya29.x\",\"expires_in\":3599," \
	"\"token_type\":\"Bearer\"}"

static struct fcm *fcm;
static char account_path[] = "/tmp/kith-push-account-XXXXXX";

static int make_key(void **state)
{
	json_t *account;
	char *text;

	(void)state;
	key_make(EVP_RSA_gen(2048));
	account = json_pack("{s:s,s:s,s:s,s:s,s:s}", "project_id", "kith-1",
		"private_key_id", "key-1", "private_key", pem(),
		"client_email", "push@kith-1.iam", "token_uri",
		"https://oauth2.example/token");
	text = json_dumps(account, 0);
	write_file(account_path, text);
	free(text);
	json_decref(account);

	return 0;
}

static int open_provider(void **state)
{
	(void)state;
	fcm = fcm_new(account_path, "https://fcm.example");
	return 0;
}

static int close_provider(void **state)
{
	(void)state;
	fcm_free(fcm);
	return 0;
}

static int remove_key(void **state)
{
	unlink(account_path);
	return key_remove(state);
}

static void give_token(const char *body, long status, int64_t at)
{
	const struct answer answer = {
		.status = status, .body = body, .body_bytes = strlen(body),
	};

	fcm_take_token(fcm, at, &answer);
}

static void googles_token_is_asked_for_with_the_accounts_key(void **state)
{
	static const char form[] = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3A"
		"grant-type%3Ajwt-bearer&assertion=";
	struct request r;
	const char *jwt;

	(void)state;
	assert_true(fcm_wants_token(fcm, NOW));
	assert_false(fcm_ready(fcm, NOW));
	assert_true(fcm_ask_token(fcm, arena, NOW, &r));
	assert_false(fcm_wants_token(fcm, NOW));

	assert_string_equal(r.url, "https://oauth2.example/token");
	assert_string_equal(header(&r, "content-type"),
			    "application/x-www-form-urlencoded");
	assert_memory_equal(r.body, form, sizeof(form) - 1);
	assert_int_equal(strlen(r.body), r.body_bytes);
	jwt = (const char *)r.body + sizeof(form) - 1;
	check_signature(jwt, "{\"typ\":\"JWT\",\"alg\":\"RS256\","
			"\"kid\":\"key-1\"}");
	assert_string_equal(claim(jwt, "iss"), "push@kith-1.iam");
	assert_string_equal(claim(jwt, "aud"), "https://oauth2.example/token");
	assert_string_equal(claim(jwt, "scope"),
		"https://www.googleapis.com/auth/firebase.messaging");
	assert_string_equal(claim(jwt, "iat"), "1700000000");
	assert_string_equal(claim(jwt, "exp"), "1700003600");
}

static void googles_token_is_renewed_five_minutes_early(void **state)
{
	(void)state;
	give_token(TOKEN, 200, NOW);
	assert_int_equal(fcm_token_number(fcm), 1);
	assert_false(fcm_wants_token(fcm, NOW + 3298));
	assert_true(fcm_wants_token(fcm, NOW + 3299));
	assert_true(fcm_ready(fcm, NOW + 3598));
	assert_false(fcm_ready(fcm, NOW + 3599));

	give_token("{\"access_token\":\"y\",\"expires_in\":10}", 200, NOW);
	assert_false(fcm_wants_token(fcm, NOW + 4));
	assert_true(fcm_wants_token(fcm, NOW + 5));
}

static void a_token_that_google_refuses_is_replaced_once(void **state)
{
	(void)state;
	give_token(TOKEN, 200, NOW);
	assert_false(fcm_token_refused(fcm, NOW + 59, 1));
	assert_true(fcm_ready(fcm, NOW + 59));
	assert_true(fcm_token_refused(fcm, NOW + 60, 1));
	assert_true(fcm_token_refused(fcm, NOW + 60, 1));
	assert_false(fcm_ready(fcm, NOW + 60));
	assert_true(fcm_wants_token(fcm, NOW + 60));

	give_token(TOKEN, 200, NOW + 61);
	assert_true(fcm_token_refused(fcm, NOW + 62, 1));
	assert_true(fcm_ready(fcm, NOW + 62));
	assert_false(fcm_token_refused(fcm, NOW + 62, 2));
}

static void without_a_token_google_is_asked_ever_more_seldom(void **state)
{
	static const struct { const char *body; long status; int wait; } rows[]
	= {
		{ "", 0, 1 }, { "<html>", 200, 2 }, { "{}", 200, 4 },
		{ "{\"error\":\"invalid_grant\"}", 400, 8 },
		{ "{\"access_token\":\"a\"}", 200, 16 },
		{ "{\"access_token\":\"a\",\"expires_in\":-1}", 200, 32 },
		{ "{\"access_token\":\"a\\r\\nX: y\",\"expires_in\":9}", 200,
		  64 },
		{ TOKEN, 503, 128 }, { "", 0, 256 }, { "", 0, 300 },
		{ "", 0, 300 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		give_token(rows[i].body, rows[i].status, NOW);
		assert_false(fcm_wants_token(fcm, NOW + rows[i].wait - 1));
		assert_true(fcm_wants_token(fcm, NOW + rows[i].wait));
		assert_false(fcm_ready(fcm, NOW));
	}
	give_token(TOKEN, 200, NOW);
	assert_true(fcm_ready(fcm, NOW));
}

static void a_request_to_fcm_carries_the_payload_as_it_is(void **state)
{
	struct request r;

	(void)state;
	give_token(TOKEN, 200, NOW);
	fcm_request(fcm, arena, &push, &r);
	assert_string_equal(r.url,
		"https://fcm.example/v1/projects/kith-1/messages:send");
	assert_string_equal(header(&r, "authorization"), "Bearer ya29.x");
	assert_string_equal(header(&r, "content-type"), "application/json");
	assert_string_equal(r.body, push.payload);
	assert_int_equal(r.body_bytes, strlen(push.payload));
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, open_provider, \
						close_provider)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(googles_token_is_asked_for_with_the_accounts_key),
		WITH(googles_token_is_renewed_five_minutes_early),
		WITH(a_token_that_google_refuses_is_replaced_once),
		WITH(without_a_token_google_is_asked_ever_more_seldom),
		WITH(a_request_to_fcm_carries_the_payload_as_it_is),
	};

	return cmocka_run_group_tests(tests, make_key, remove_key);
}
