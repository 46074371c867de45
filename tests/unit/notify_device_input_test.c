/* POST /notifications/devices: what is refused; GET /notifications/platforms */
#include "tests/unit/notify_fixture.h"

#include "runtime/keys.h"

static void a_token_of_the_platforms_form_is_taken(void **state)
{
	static const struct {
		const char *platform, *token;	/* %s: something fresh */
	} cases[] = {
		{ "fcm",     "%s" }, { "fcm", "%s:APA91b-_x" },
		{ "apns",    "ab" }, { "apns", "%s00112233445566778899AABBCC" },
		{ "webpush", "https://a.example/%s" },
		{ "webpush", "https://a.example:1/%s" },
		{ "webpush", "https://1.2.3.4/%s" },
		{ "webpush", "https://[2001:db8::1]:8443/%s" },
		{ "webpush", "https://a-b.example/%s?a=b&c=%%20~!$'()*+,;:" },
		{ "webpush", "https://a.example//%s/" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct person ann = person_new();
		const char *hex = sql("SELECT md5('%s')", ann.id);
		const char *token = sql("SELECT format($t$%s$t$, '%s')",
					cases[i].token, hex);

		sql("DELETE FROM notify.device WHERE token = 'ab'");
		assert_int_equal(enrol(ann, device(cases[i].platform, token))
				 .status, 201);
		assert_string_equal(sql("SELECT token FROM notify.device WHERE"
			" session_id = '%s'", ann.session), token);
	}
}

static void a_token_of_another_form_is_refused(void **state)
{
	static const struct {
		const char *platform, *token;
	} cases[] = {
		{ "fcm", "a b" }, { "fcm", "a/b" }, { "fcm", "a.b" },
		{ "fcm", "\\u0001" }, { "fcm", "\xc3\xa9" }, { "fcm", "\\n" },
		{ "apns", "a" }, { "apns", "abc" }, { "apns", "xy" },
		{ "apns", "ab " }, { "apns", "a-" },
		{ "webpush", "https://" }, { "webpush", "https:///" },
		{ "webpush", "https:///x" }, { "webpush", "https://a.example" },
		{ "webpush", "http://a.example/" },
		{ "webpush", "HTTPS://a.example/" },
		{ "webpush", "ftp://a.example/" }, { "webpush", "//a.example/" },
		{ "webpush", " https://a.example/" },
		{ "webpush", "https://u@a.example/" },
		{ "webpush", "https://u:p@a.example/" },
		{ "webpush", "https://a.example?x" },
		{ "webpush", "https://a.example#x" },
		{ "webpush", "https://a.example/#x" },
		{ "webpush", "https://a.example\\\\b/" },
		{ "webpush", "https://a.example/\\\\" },
		{ "webpush", "https://a.example/ " },
		{ "webpush", "https://a.example/\\r\\nHost: b" },
		{ "webpush", "https://a.example/\\u0000" },
		{ "webpush", "https://\xc3\xa9.example/" },
		{ "webpush", "https://a.example/\xc3\xa9" },
		{ "webpush", "https://a.example/<" },
		{ "webpush", "https://a%2eexample/" },
	};
	struct person ann = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reply r = enrol(ann, device(cases[i].platform,
						 cases[i].token));

		if (strstr(cases[i].token, "u0000"))
			assert_problem(r, 400, "malformed");
		else
			assert_invalid(r, "/token", "not_a_token");
	}
	assert_string_equal(kept(ann), "");
}

static void a_token_may_be_so_long(void **state)
{
	static const struct {
		const char *platform, *begin, *code;
		int most;
	} cases[] = {
		{ "fcm",     "'f' || gen_random_uuid()", "too_long", 1024 },
		{ "apns",    "md5(gen_random_uuid()::text)", "not_a_token",
		  200 },
		{ "webpush", "'https://a.example/' || gen_random_uuid()",
		  "too_long", 1024 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct person ann = person_new();
		const char *token = sql("SELECT rpad(%s, %d, '0')",
					cases[i].begin, cases[i].most);

		assert_int_equal(enrol(ann, device(cases[i].platform, token))
				 .status, 201);
		assert_invalid(enrol(ann, device(cases[i].platform,
						 text("%s00", token))),
			       "/token", cases[i].code);
	}
}

static void a_bad_body_is_refused(void **state)
{
	static const struct {
		const char *body, *pointer, *code;
	} cases[] = {
		{ "\"platform\":\"fcm\"", "/token", "required" },
		{ "\"platform\":\"fcm\",\"token\":null", "/token", "required" },
		{ "\"platform\":\"fcm\",\"token\":7", "/token", "wrong_type" },
		{ "\"platform\":\"fcm\",\"token\":\"\"", "/token",
		  "too_short" },
		{ "\"token\":\"x\"", "/platform", "required" },
		{ "\"platform\":null,\"token\":\"x\"", "/platform",
		  "required" },
		{ "\"platform\":\"hms\",\"token\":\"x\"", "/platform",
		  "not_a_choice" },
		{ "\"platform\":\"FCM\",\"token\":\"x\"", "/platform",
		  "not_a_choice" },
		{ "\"platform\":\"fcm\",\"token\":\"x\",\"badge\":0", "/badge",
		  "unknown" },
		{ "\"platform\":\"fcm\",\"token\":\"x\",\"environment\":"
		  "\"sandbox\"", "/environment", "not_for_platform" },
		{ "\"platform\":\"webpush\",\"token\":\"https://a.example/\","
		  "\"p256dh\":\"" P256DH "\",\"auth\":\"" AUTH "\","
		  "\"environment\":\"production\"", "/environment",
		  "not_for_platform" },
		{ "\"platform\":\"apns\",\"token\":\"ab\",\"environment\":"
		  "\"test\"", "/environment", "not_a_choice" },
		{ "\"platform\":\"apns\",\"token\":\"ab\",\"environment\":1",
		  "/environment", "wrong_type" },
		{ "\"platform\":\"fcm\",\"token\":\"x\",\"p256dh\":\"" P256DH
		  "\"", "/p256dh", "not_for_platform" },
		{ "\"platform\":\"fcm\",\"token\":\"x\",\"p256dh\":\"\"",
		  "/p256dh", "not_for_platform" },
		{ "\"platform\":\"apns\",\"token\":\"ab\",\"auth\":\"" AUTH
		  "\"", "/auth", "not_for_platform" },
	};
	struct person ann = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_invalid(enrol(ann, text("{%s}", cases[i].body)),
			       cases[i].pointer, cases[i].code);
	assert_string_equal(kept(ann), "");
}

static void a_browser_has_two_keys_of_the_right_form(void **state)
{
	static const struct {
		const char *p256dh, *auth, *pointer, *code;
	} cases[] = {
		{ "null", "\"" AUTH "\"", "/p256dh", "required" },
		{ "\"" P256DH "\"", "null", "/auth", "required" },
		{ "\"\"", "\"" AUTH "\"", "/p256dh", "not_a_key" },
		{ "\"" P256DH "\"", "\"\"", "/auth", "not_a_key" },
		{ "\"" AUTH "\"", "\"" AUTH "\"", "/p256dh", "not_a_key" },
		{ "\"" P256DH "\"", "\"" P256DH "\"", "/auth", "not_a_key" },
		{ "\"" P256DH "=\"", "\"" AUTH "\"", "/p256dh", "not_a_key" },
		{ "\"" P256DH "\"", "\"" AUTH "==\"", "/auth", "not_a_key" },
		{ "\"" P256DH "\"", "\"BTBZMqHH6r4Tts7J/aSIgg\"", "/auth",
		  "not_a_key" },
		{ "\"" P256DH "\"", "\"BTBZMqHH6r4Tts7J_aSIgh\"", "/auth",
		  "not_a_key" },
		{ "\"" P256DH "\"", "7", "/auth", "wrong_type" },
	};
	struct person ann = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_invalid(enrol(ann, text("{\"platform\":\"webpush\","
			"\"token\":\"https://a.example/\",\"p256dh\":%s,"
			"\"auth\":%s}", cases[i].p256dh, cases[i].auth)),
			cases[i].pointer, cases[i].code);
	assert_string_equal(kept(ann), "");
}

/* The answer tells what is configured, and only that can be registered. */
static void a_platform_is_served_if_it_is_configured(void **state)
{
	static const struct {
		const char *fcm, *apns, *platforms;
	} cases[] = {
		{ NULL, NULL, "\"fcm\":false,\"apns\":false" },
		{ "x",	NULL, "\"fcm\":true,\"apns\":false" },
		{ NULL, "x",  "\"fcm\":false,\"apns\":true" },
		{ "x",	"x",  "\"fcm\":true,\"apns\":true" },
	};
	struct person ann = person_new();

	(void)state;
	assert_non_null(keys_vapid());
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reply fcm, apns;

		conf.fcm_account = cases[i].fcm;
		conf.apns_key = cases[i].apns;
		assert_string_equal(GET("/notifications/platforms",
					.token = ann.token).body,
			text("{%s,\"webpush\":\"%s\"}", cases[i].platforms,
			     keys_vapid()));
		fcm = enrol(ann, device("fcm", ann.id));
		apns = enrol(ann, device("apns", sql("SELECT md5('%s')",
						     ann.id)));
		if (cases[i].fcm)
			assert_in_range(fcm.status, 200, 201);
		else
			assert_invalid(fcm, "/platform", "not_available");
		if (cases[i].apns)
			assert_in_range(apns.status, 200, 201);
		else
			assert_invalid(apns, "/platform", "not_available");
	}
}

FUNCTION_TESTS("notify",
	NOTIFY_CLAIM(a_token_of_the_platforms_form_is_taken),
	NOTIFY_CLAIM(a_token_of_another_form_is_refused),
	NOTIFY_CLAIM(a_token_may_be_so_long),
	NOTIFY_CLAIM(a_bad_body_is_refused),
	NOTIFY_CLAIM(a_browser_has_two_keys_of_the_right_form),
	NOTIFY_CLAIM(a_platform_is_served_if_it_is_configured))
