/* The file of providers: what it may say, and what is wrong with it. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "tests/unit/test.h"

#include "functions/oauth/fetch.h"
#include "functions/oauth/provider.h"
#include "runtime/conf.h"

static struct arena *arena;
static char key_file[] = "/tmp/kith-oauth-key.XXXXXX";

static int open_file(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	FILE *file = fdopen(mkstemp(key_file), "w");

	(void)state;
	arena = arena_new();
	conf.oauth_private = "refused";
	assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL,
					      NULL), 1);
	fclose(file);
	EVP_PKEY_free(key);

	return 0;
}

static int close_file(void **state)
{
	(void)state;
	unlink(key_file);
	arena_free(arena);
	return 0;
}

static const char *wrong(const char *text, struct providers *out)
{
	return providers_parse(arena, text, strlen(text), out);
}

static void presets_say_what_is_not_said(void **state)
{
	static const struct {
		const char *preset, *issuer, *scope, *title, *mode;
		bool trusts_email;
	} rows[] = {
		{ "google", "https://accounts.google.com", "openid email",
		  "Google", NULL, true },
		{ "github", "https://github.com", "read:user user:email",
		  "GitHub", NULL, false },
		{ "apple", "https://appleid.apple.com", "name email", "Apple",
		  "form_post", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *text = arena_printf(arena,
			"{\"x\":{\"preset\":\"%s\",\"client_id\":\"kith\","
			"\"team_id\":\"T\",\"key_id\":\"K\","
			"\"key_file\":\"%s\",\"redirect_uris\":[]}}",
			rows[i].preset, key_file);
		const struct provider *p;
		struct providers all;

		assert_null(wrong(text, &all));
		assert_int_equal(all.n, 1);
		p = all.v;
		assert_string_equal(p->issuer, rows[i].issuer);
		assert_string_equal(p->scope, rows[i].scope);
		assert_string_equal(p->title, rows[i].title);
		assert_int_equal(p->trusts_email, rows[i].trusts_email);
		assert_string_equal(p->response_mode ?: "", rows[i].mode ?: "");
	}
}

static void all_that_is_said_is_read(void **state)
{
	struct providers all;
	const struct provider *p;

	(void)state;
	assert_null(wrong("{\"one\":{\"issuer\":\"https://id.example/x\","
			  "\"client_id\":\"kith\",\"client_secret\":\"s\","
			  "\"title\":\"One\",\"scope\":\"openid\","
			  "\"trusts_email\":true,\"audiences\":[\"app\"],"
			  "\"redirect_uris\":[\"https://a\",\"b:/c\"]},"
			  "\"two\":{\"issuer\":\"https://id.example\","
			  "\"client_id\":\"kith\",\"redirect_uris\":[]}}",
			  &all));
	assert_int_equal(all.n, 2);
	p = &all.v[0];
	assert_string_equal(p->name, "one");
	assert_string_equal(p->title, "One");
	assert_string_equal(p->scope, "openid");
	assert_string_equal(p->client_secret, "s");
	assert_true(p->trusts_email);
	assert_string_equal(p->audiences[0], "kith");
	assert_string_equal(p->audiences[1], "app");
	assert_null(p->audiences[2]);
	assert_true(provider_lists(p->redirect_uris, "https://a"));
	assert_true(provider_lists(p->redirect_uris, "b:/c"));
	assert_false(provider_lists(p->redirect_uris, "https://a/"));

	p = &all.v[1];
	assert_string_equal(p->title, "two");
	assert_string_equal(p->scope, "openid email");
	assert_false(p->trusts_email);
	assert_null(p->client_secret);
}

#define REST "\"client_id\":\"k\",\"redirect_uris\":[]"

static void what_is_wrong_is_said(void **state)
{
	static const struct { const char *text, *reason; } rows[] = {
		{ "", "no JSON object" },
		{ "[]", "no JSON object" },
		{ "{\"a\":1,\"a\":2}", "no JSON object" },
		{ "{\"a\":1}", "no object" },
		{ "{\"A\":{\"preset\":\"google\"," REST "}}", "its name" },
		{ "{\"password\":{\"preset\":\"google\"," REST "}}",
		  "its name" },
		{ "{\"\":{\"preset\":\"google\"," REST "}}", "its name" },
		{ "{\"a\":{\"preset\":\"goggle\"," REST "}}", "no such" },
		{ "{\"a\":{" REST "}}", "needs" },
		{ "{\"a\":{\"preset\":\"google\",\"client_id\":\"k\"}}",
		  "needs" },
		{ "{\"a\":{\"preset\":\"google\",\"redirect_uris\":[]}}",
		  "needs" },
		{ "{\"a\":{\"preset\":\"apple\"," REST "}}", "needs team_id" },
		{ "{\"a\":{\"preset\":\"apple\",\"team_id\":\"T\","
		  "\"key_id\":\"K\",\"key_file\":\"/dev/null\"," REST "}}",
		  "no private key" },
		{ "{\"a\":{\"issuer\":\"http://id.example\"," REST "}}",
		  "no https URL" },
		{ "{\"a\":{\"issuer\":\"https://\"," REST "}}",
		  "no https URL" },
		{ "{\"a\":{\"issuer\":\"https://x/?y\"," REST "}}",
		  "no https URL" },
		{ "{\"a\":{\"issuer\":\"https://u@x\"," REST "}}",
		  "no https URL" },
		{ "{\"a\":{\"issuer\":\"\"," REST "}}", "member issuer" },
		{ "{\"a\":{\"issuers\":\"https://x\"," REST "}}",
		  "member issuers" },
		{ "{\"a\":{\"preset\":\"google\",\"client_id\":7,"
		  "\"redirect_uris\":[]}}", "member client_id" },
		{ "{\"a\":{\"preset\":\"google\",\"client_id\":\"k\","
		  "\"redirect_uris\":\"https://a\"}}", "member redirect_uris" },
		{ "{\"a\":{\"preset\":\"google\",\"client_id\":\"k\","
		  "\"redirect_uris\":[\"\"]}}", "member redirect_uris" },
		{ "{\"a\":{\"preset\":\"google\",\"audiences\":[1]," REST "}}",
		  "member audiences" },
		{ "{\"a\":{\"preset\":\"google\",\"trusts_email\":1," REST
		  "}}", "member trusts_email" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct providers all;
		const char *reason = wrong(rows[i].text, &all);

		if (!reason || !strstr(reason, rows[i].reason))
			fail_msg("%s: %s", rows[i].text, reason ?: "taken");
	}
}

static void http_is_taken_where_it_is_allowed(void **state)
{
	static const char text[] =
		"{\"a\":{\"issuer\":\"http://127.0.0.1:7\"," REST "}}";
	struct providers all;

	(void)state;
	conf.oauth_private = "allowed";
	assert_null(wrong(text, &all));
	conf.oauth_private = "refused";
	assert_non_null(wrong(text, &all));
}

/* Whether a connection to the listener is tried, by whatever rule holds. */
static bool connects(int listener, const char *scheme)
{
	struct sockaddr_in address;
	socklen_t bytes = sizeof(address);
	struct fetch f = { .deadline_ms = now_ms() + 200 };
	struct fetched answer;
	int fd;

	assert_int_equal(getsockname(listener, (struct sockaddr *)&address,
				     &bytes), 0);
	f.url = arena_printf(arena, "%s://127.0.0.1:%d/", scheme,
			     ntohs(address.sin_port));
	assert_int_equal(fetch(arena, &f, &answer), ERR_UNAVAILABLE);
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	if (fd >= 0)
		close(fd);

	return fd >= 0;
}

static void nobody_is_asked_at_a_private_address(void **state)
{
	const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	(void)state;
	assert_int_equal(listen(listener, 1), 0);	/* at any address */
	assert_false(connects(listener, "https"));
	assert_false(connects(listener, "http"));
	conf.oauth_private = "allowed";
	assert_true(connects(listener, "https"));
	assert_true(connects(listener, "http"));
	conf.oauth_private = "refused";
	close(listener);
}

static void no_other_url_is_asked_either(void **state)
{
	static const char *const urls[] = {
		"https://localhost:9/", "https://[::1]:9/",
		"https://10.0.0.1/", "https://169.254.169.254/",
		"http://8.8.8.8/", "file:///etc/passwd", "https://u:p@8.8.8.8/",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		const int64_t begin_ms = now_ms();
		const struct fetch f = { .url = urls[i],
					 .deadline_ms = begin_ms + 4000 };
		struct fetched answer;

		assert_int_equal(fetch(arena, &f, &answer), ERR_UNAVAILABLE);
		assert_true(now_ms() - begin_ms < 1000);
	}
}

static void a_form_is_encoded(void **state)
{
	(void)state;
	assert_string_equal(fetch_pair(arena, "a", "x y&z=%+~-._\xc3\xa9"),
			    "a=x%20y%26z%3D%25%2B~-._%C3%A9&");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(presets_say_what_is_not_said),
		CLAIM(all_that_is_said_is_read),
		CLAIM(what_is_wrong_is_said),
		CLAIM(http_is_taken_where_it_is_allowed),
		CLAIM(nobody_is_asked_at_a_private_address),
		CLAIM(no_other_url_is_asked_either),
		CLAIM(a_form_is_encoded),
	};

	fetch_start();
	return cmocka_run_group_tests(tests, open_file, close_file);
}
