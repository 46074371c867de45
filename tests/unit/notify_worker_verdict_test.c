/* What providers answer, and what becomes of the push, the lane, the device. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"

#include "functions/notify/worker_apns.h"
#include "functions/notify/worker_fcm.h"
#include "functions/notify/worker_webpush.h"

enum provider { FCM, APNS, WEBPUSH };

#define DETAIL "type.googleapis.com/google.firebase.fcm.v1.FcmError"
#define GOOGLE(status, message, details) \
	"{\"error\":{\"code\":0,\"message\":\"" message "\",\"status\":\"" \
	status "\",\"details\":[" details "]}}"
#define CODE(code) "{\"@type\":\"" DETAIL "\",\"errorCode\":\"" code "\"}"
#define FIELD(field) "{\"@type\":\"type.googleapis.com/google.rpc.BadRequest" \
	"\",\"fieldViolations\":[{\"field\":\"" field "\"}]}"
#define REASON(word) "{\"reason\":\"" word "\"}"
#define SINCE(word, ms) "{\"reason\":\"" word "\",\"timestamp\":" ms "}"

static const struct row {
	enum provider provider;
	long status;
	const char *body;
	int64_t retry_after_s;
	enum verdict_kind kind;
	int wait_ms;
	const char *reason;
} rows[] = {
{ FCM, 200, "{\"name\":\"projects/p/messages/1\"}", 0, VERDICT_SENT },
{ FCM, 200, "", 0, VERDICT_SENT },
{ FCM, 400, GOOGLE("INVALID_ARGUMENT",
	"The registration token is not a valid FCM registration token",
	CODE("INVALID_ARGUMENT")), 0, VERDICT_GONE, 0, "INVALID_ARGUMENT" },
{ FCM, 400, GOOGLE("INVALID_ARGUMENT", "Request contains an invalid argument.",
	CODE("INVALID_ARGUMENT") "," FIELD("message.token")), 0,
	VERDICT_GONE, 0, "INVALID_ARGUMENT" },
{ FCM, 400, GOOGLE("INVALID_ARGUMENT", "Android message is too big",
	CODE("INVALID_ARGUMENT")), 0, VERDICT_REFUSED, 0,
	"INVALID_ARGUMENT" },
{ FCM, 400, GOOGLE("INVALID_ARGUMENT", "Invalid value",
	FIELD("message.data[0].value")), 0, VERDICT_REFUSED, 0,
	"INVALID_ARGUMENT" },
{ FCM, 400, "<html>", 0, VERDICT_REFUSED },
{ FCM, 401, GOOGLE("UNAUTHENTICATED", "", ""), 0, VERDICT_TOKEN, 0,
	"UNAUTHENTICATED" },
{ FCM, 401, "", 0, VERDICT_TOKEN },
{ FCM, 401, GOOGLE("UNAUTHENTICATED", "", CODE("THIRD_PARTY_AUTH_ERROR")), 0,
	VERDICT_LATER, 900000, "THIRD_PARTY_AUTH_ERROR" },
{ FCM, 403, GOOGLE("PERMISSION_DENIED", "", CODE("SENDER_ID_MISMATCH")), 0,
	VERDICT_REFUSED, 0, "SENDER_ID_MISMATCH" },
{ FCM, 403, GOOGLE("PERMISSION_DENIED", "", ""), 0, VERDICT_CONFIG, 0,
	"PERMISSION_DENIED" },
{ FCM, 404, GOOGLE("NOT_FOUND", "Requested entity was not found.",
	CODE("UNREGISTERED")), 0, VERDICT_GONE, 0, "UNREGISTERED" },
{ FCM, 404, GOOGLE("NOT_FOUND", "", ""), 0, VERDICT_CONFIG, 0, "NOT_FOUND" },
{ FCM, 404, "<html>Not found</html>", 0, VERDICT_CONFIG },
{ FCM, 405, "", 0, VERDICT_CONFIG },
{ FCM, 413, "", 0, VERDICT_REFUSED },
{ FCM, 429, GOOGLE("RESOURCE_EXHAUSTED", "", CODE("QUOTA_EXCEEDED")), 30,
	VERDICT_AWAY, 30000, "QUOTA_EXCEEDED" },
{ FCM, 429, GOOGLE("RESOURCE_EXHAUSTED", "", CODE("QUOTA_EXCEEDED")), 0,
	VERDICT_AWAY, 60000, "QUOTA_EXCEEDED" },
{ FCM, 429, "", 1000000000, VERDICT_AWAY, 3600000 },
{ FCM, 500, GOOGLE("INTERNAL", "", CODE("INTERNAL")), 0, VERDICT_AWAY, 0,
	"INTERNAL" },
{ FCM, 502, "<html>Bad gateway", 0, VERDICT_AWAY },
{ FCM, 503, GOOGLE("UNAVAILABLE", "", CODE("UNAVAILABLE")), 5, VERDICT_PAUSE,
	5000, "UNAVAILABLE" },
{ FCM, 503, GOOGLE("UNAVAILABLE", "", CODE("UNAVAILABLE")), 0, VERDICT_AWAY, 0,
	"UNAVAILABLE" },
{ FCM, 302, "", 0, VERDICT_CONFIG },
{ FCM, 503, "{\"error\":[1,2]}", 0, VERDICT_AWAY },
{ FCM, 503, "{\"error\":{\"details\":{\"a\":1},\"status\":7}}", 0,
	VERDICT_AWAY },
{ FCM, 400, "{\"error\":{\"status\":\"INVALID_ARG", 0, VERDICT_REFUSED },

{ APNS, 200, "", 0, VERDICT_SENT },
#define APNS_REASON(status, word, kind) \
	{ APNS, status, REASON(word), 0, kind, 0, word }
APNS_REASON(400, "BadDeviceToken", VERDICT_GONE),
APNS_REASON(400, "DeviceTokenNotForTopic", VERDICT_GONE),
APNS_REASON(400, "BadCollapseId", VERDICT_REFUSED),
APNS_REASON(400, "BadExpirationDate", VERDICT_REFUSED),
APNS_REASON(400, "BadMessageId", VERDICT_REFUSED),
APNS_REASON(400, "BadPriority", VERDICT_REFUSED),
APNS_REASON(400, "BadTopic", VERDICT_CONFIG),
APNS_REASON(400, "DuplicateHeaders", VERDICT_REFUSED),
APNS_REASON(400, "IdleTimeout", VERDICT_AWAY),
APNS_REASON(400, "InvalidPushType", VERDICT_REFUSED),
APNS_REASON(400, "MissingDeviceToken", VERDICT_REFUSED),
APNS_REASON(400, "MissingTopic", VERDICT_CONFIG),
APNS_REASON(400, "PayloadEmpty", VERDICT_REFUSED),
APNS_REASON(400, "TopicDisallowed", VERDICT_CONFIG),
APNS_REASON(400, "SomethingNew", VERDICT_REFUSED),
APNS_REASON(403, "BadCertificate", VERDICT_CONFIG),
APNS_REASON(403, "BadCertificateEnvironment", VERDICT_CONFIG),
APNS_REASON(403, "ExpiredProviderToken", VERDICT_TOKEN),
APNS_REASON(403, "Forbidden", VERDICT_CONFIG),
APNS_REASON(403, "InvalidProviderToken", VERDICT_CONFIG),
APNS_REASON(403, "MissingProviderToken", VERDICT_CONFIG),
APNS_REASON(403, "UnrelatedKeyIdInToken", VERDICT_CONFIG),
APNS_REASON(403, "BadEnvironmentKeyIdInToken", VERDICT_CONFIG),
APNS_REASON(403, "SomethingNew", VERDICT_CONFIG),
APNS_REASON(404, "BadPath", VERDICT_CONFIG),
APNS_REASON(405, "MethodNotAllowed", VERDICT_CONFIG),
APNS_REASON(410, "ExpiredToken", VERDICT_GONE),
APNS_REASON(410, "Unregistered", VERDICT_GONE),
APNS_REASON(413, "PayloadTooLarge", VERDICT_REFUSED),
{ APNS, 429, REASON("TooManyRequests"), 0, VERDICT_LATER, 60000,
	"TooManyRequests" },
{ APNS, 429, REASON("TooManyProviderTokenUpdates"), 0, VERDICT_PAUSE, 300000,
	"TooManyProviderTokenUpdates" },
APNS_REASON(500, "InternalServerError", VERDICT_AWAY),
APNS_REASON(503, "ServiceUnavailable", VERDICT_AWAY),
APNS_REASON(503, "Shutdown", VERDICT_AWAY),
{ APNS, 503, REASON("Shutdown"), 9, VERDICT_PAUSE, 9000, "Shutdown" },
/* A proxy's words aren't Apple's. */
{ APNS, 502, REASON("BadDeviceToken"), 0, VERDICT_AWAY, 0, "BadDeviceToken" },
{ APNS, 400, "<html>", 0, VERDICT_REFUSED },
{ APNS, 410, "", 0, VERDICT_GONE },
{ APNS, 302, "", 0, VERDICT_CONFIG },
/* The device was registered in the second 1700000000. */
{ APNS, 410, SINCE("Unregistered", "1700000001000"), 0, VERDICT_GONE, 0,
	"Unregistered" },
{ APNS, 410, SINCE("Unregistered", "1699999999000"), 0, VERDICT_REFUSED, 0,
	"Unregistered" },
{ APNS, 410, "{\"reason\":5}", 0, VERDICT_GONE },

{ WEBPUSH, 200, "", 0, VERDICT_SENT },
{ WEBPUSH, 201, "", 0, VERDICT_SENT },
{ WEBPUSH, 202, "", 0, VERDICT_SENT },
{ WEBPUSH, 204, "", 0, VERDICT_SENT },
{ WEBPUSH, 301, "", 0, VERDICT_REFUSED },
{ WEBPUSH, 307, "", 0, VERDICT_REFUSED },
{ WEBPUSH, 400, "", 0, VERDICT_REFUSED },
{ WEBPUSH, 401, "", 0, VERDICT_REFUSED },
{ WEBPUSH, 403, "", 0, VERDICT_REFUSED },
{ WEBPUSH, 404, "", 0, VERDICT_GONE },
{ WEBPUSH, 408, "", 0, VERDICT_AWAY },
{ WEBPUSH, 410, "<html>", 0, VERDICT_GONE },
{ WEBPUSH, 413, "", 0, VERDICT_REFUSED },
{ WEBPUSH, 429, "", 0, VERDICT_AWAY },
{ WEBPUSH, 429, "", 20, VERDICT_PAUSE, 20000 },
{ WEBPUSH, 429, "", INT64_MAX, VERDICT_PAUSE, 3600000 },
{ WEBPUSH, 500, "", 0, VERDICT_AWAY },
{ WEBPUSH, 503, "", 2, VERDICT_PAUSE, 2000 },
{ WEBPUSH, 101, "", 0, VERDICT_AWAY },
};

static struct verdict judge(const struct row *row)
{
	const struct answer answer = {
		.status = row->status, .body = row->body,
		.body_bytes = strlen(row->body),
		.retry_after_s = row->retry_after_s,
	};

	switch (row->provider) {
	case FCM:
		return fcm_judge(&answer);
	case APNS:
		return apns_judge(&answer, INT64_C(1700000000000));
	default:
		return webpush_judge(&answer);
	}
}

static void every_answer_has_its_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		const struct verdict v = judge(row);

		if (v.kind != row->kind || v.wait_ms != row->wait_ms ||
		    strcmp(v.reason, row->reason ?: "") != 0)
			fail_msg("row %zu, status %ld: kind %d, %d ms, %s", i,
				 row->status, v.kind, v.wait_ms, v.reason);
	}
}

static void a_body_cut_anywhere_costs_no_device(void **state)
{
	static const char whole[] = GOOGLE("NOT_FOUND", "",
					   CODE("UNREGISTERED"));

	(void)state;
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		const struct answer answer = {
			.status = 404, .body = whole, .body_bytes = n,
		};

		assert_int_equal(fcm_judge(&answer).kind, VERDICT_CONFIG);
	}
}

static void a_reason_is_a_word_whatever_a_provider_says(void **state)
{
	static const struct { const char *said, *kept; } words[] = {
		{ "Fine_1", "Fine_1" }, { "two words\n", "two_words_" },
		{ "\"}\x1b[0m", "____0m" }, { "\xd0\xb6", "__" }, { "", "" },
		{ NULL, "" },
		{ "0123456789012345678901234567890123456789",
		  "012345678901234567890123456789012345678" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++)
		assert_string_equal(verdict(VERDICT_LATER, 0,
					    words[i].said).reason,
				    words[i].kept);
}

static void a_push_rests_longer_each_time_but_not_for_ever(void **state)
{
	static const struct { int tries, ms; } waits[] = {
		{ 0, 2000 }, { 1, 2000 }, { 2, 4000 }, { 3, 8000 },
		{ 8, 256000 }, { 9, 300000 }, { 1000000000, 300000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(waits); i++)
		assert_int_equal(verdict_wait_ms(waits[i].tries),
				 waits[i].ms);
}

static void the_database_knows_four_outcomes(void **state)
{
	(void)state;
	assert_string_equal(verdict_word(VERDICT_SENT), "sent");
	assert_string_equal(verdict_word(VERDICT_GONE), "gone");
	assert_string_equal(verdict_word(VERDICT_REFUSED), "refused");
	for (int kind = VERDICT_LATER; kind <= VERDICT_CONFIG; kind++)
		assert_string_equal(verdict_word((enum verdict_kind)kind),
				    "later");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(every_answer_has_its_verdict),
		CLAIM(a_body_cut_anywhere_costs_no_device),
		CLAIM(a_reason_is_a_word_whatever_a_provider_says),
		CLAIM(a_push_rests_longer_each_time_but_not_for_ever),
		CLAIM(the_database_knows_four_outcomes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
