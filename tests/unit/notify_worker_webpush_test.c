/* By which token a push service knows us, and requests. */
#include "tests/unit/test.h"

#include "functions/notify/worker_encrypt.h"
#include "functions/notify/worker_webpush.h"
#include "tests/unit/notify_worker_fixture.h"

static struct webpush *webpush;

static int make_key(void **state)
{
	(void)state;
	return key_make(EVP_EC_gen("P-256"));
}

static int open_provider(void **state)
{
	(void)state;
	webpush = webpush_new(key_path, "mailto:ops@kith.example");
	return 0;
}

static int close_provider(void **state)
{
	(void)state;
	webpush_free(webpush);
	return 0;
}

/* The token inside of "vapid t=..., k=...". */
static const char *vapid_token(const char *authorization)
{
	const char *t = authorization + strlen("vapid t=");

	return arena_copy(arena, t, strcspn(t, ","));
}

static void an_origin_is_told_who_pushes_by_vapid(void **state)
{
	static const struct { const char *origin, *aud; } rows[] = {
		{ "https://a.example", "https://a.example" },
		{ "https://a.example:8443", "https://a.example:8443" },
		{ "https://a.example:443", "https://a.example" },
	};
	unsigned char point[ENCRYPT_POINT_BYTES];
	char public[BASE64URL_CHARS(sizeof(point)) + 1];

	(void)state;
	assert_true(encrypt_point(key, point));
	base64url_encode(point, sizeof(point), public);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *all = webpush_authorization(webpush,
							rows[i].origin, NOW);
		const char *jwt = vapid_token(all);

		assert_string_equal(all, arena_printf(arena,
			"vapid t=%s, k=%s", jwt, public));
		check_signature(jwt, "{\"typ\":\"JWT\",\"alg\":\"ES256\"}");
		assert_string_equal(claim(jwt, "aud"), rows[i].aud);
		assert_string_equal(claim(jwt, "exp"), "1700043200");
		assert_string_equal(claim(jwt, "sub"),
				    "mailto:ops@kith.example");
	}
}

static void vapid_tokens_are_kept_for_hours_for_so_many_origins(void **state)
{
	char *first;

	(void)state;
	first = strdup(webpush_authorization(webpush, "https://a", NOW));
	assert_string_equal(webpush_authorization(webpush, "https://a",
		NOW + WEBPUSH_RENEW_S - 1), first);
	assert_string_not_equal(webpush_authorization(webpush, "https://a",
		NOW + WEBPUSH_RENEW_S), first);

	free(first);
	first = strdup(webpush_authorization(webpush, "https://b", NOW));
	for (int i = 0; i < 2 * WEBPUSH_TOKENS; i++)
		webpush_authorization(webpush, arena_printf(arena,
			"https://%d", i), NOW + i);
	assert_string_not_equal(webpush_authorization(webpush, "https://b",
						      NOW), first);
	free(first);
}

static void a_request_of_web_push_is_encrypted(void **state)
{
	struct push p = push;
	struct request r;
	struct verdict v;

	(void)state;
	assert_true(webpush_request(webpush, arena, NOW, &p, &r, &v));
	assert_string_equal(r.url, push.token);
	assert_string_equal(header(&r, "ttl"), "60");
	assert_string_equal(header(&r, "urgency"), "high");
	assert_string_equal(header(&r, "topic"),
			    "0123456789ab7def8123456789abcdef");
	assert_string_equal(header(&r, "content-encoding"), "aes128gcm");
	assert_string_equal(header(&r, "authorization"),
		webpush_authorization(webpush, push.lane, NOW));
	assert_int_equal(r.body_bytes,
			 strlen(push.payload) + ENCRYPT_MORE_BYTES);
	assert_null(memmem(r.body, r.body_bytes, "text", 4));

	p.urgent = false;
	assert_true(webpush_request(webpush, arena, NOW, &p, &r, &v));
	assert_string_equal(header(&r, "urgency"), "normal");
}

static void what_cannot_be_sent_by_web_push_is_settled_at_once(void **state)
{
	char *long_text = arena_alloc(arena, 5000);
	const struct {
		const char *token, *p256dh, *payload;
		enum verdict_kind kind;
	} rows[] = {
		{ "http://push.example:8443/a", P256DH, "x", VERDICT_GONE },
		{ "https://push.example:84433/a", P256DH, "x", VERDICT_GONE },
		{ "https://push.example/a", P256DH, "x", VERDICT_GONE },
		{ "https://push.example:8443@evil/a", P256DH, "x",
		  VERDICT_GONE },
		{ push.token, "x", "x", VERDICT_GONE },
		{ push.token, NULL, "x", VERDICT_GONE },
		{ push.token, P256DH, memset(long_text, 'x', 4999),
		  VERDICT_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct push p = push;
		struct request r;
		struct verdict v;

		p.token = rows[i].token;
		p.p256dh = rows[i].p256dh;
		p.payload = rows[i].payload;
		assert_false(webpush_request(webpush, arena, NOW, &p, &r, &v));
		assert_int_equal(v.kind, rows[i].kind);
	}
}

static void without_a_key_there_is_no_web_push(void **state)
{
	(void)state;
	assert_null(webpush_new("/nowhere/vapid.pem", "mailto:a@b"));
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, open_provider, \
						close_provider)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(an_origin_is_told_who_pushes_by_vapid),
		WITH(vapid_tokens_are_kept_for_hours_for_so_many_origins),
		WITH(a_request_of_web_push_is_encrypted),
		WITH(what_cannot_be_sent_by_web_push_is_settled_at_once),
		CLAIM(without_a_key_there_is_no_web_push),
	};

	return cmocka_run_group_tests(tests, make_key, key_remove);
}
