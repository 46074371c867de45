/* Keys are made, rotated and read whole or not at all. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/keys_fixture.h"

#include "runtime/conf.h"
#include "runtime/keys.h"
#include "runtime/keys_private.h"

/* 00 01 02 ... 1f */
#define HEX "000102030405060708090a0b0c0d0e0f" \
	    "101112131415161718191a1b1c1d1e1f"
#define LETTERS "ffffffffffffffffffffffffffffffff" \
		"ffffffffffffffffffffffffffffffff"

/* The public key of RFC 7517, appendix A.1. */
#define X "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
#define Y "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
#define JWK(kty, crv, alg, use, kid, x, y) \
	"{\"kty\":\"" kty "\",\"crv\":\"" crv "\",\"alg\":\"" alg "\"," \
	"\"use\":\"" use "\",\"kid\":\"" kid "\"," \
	"\"x\":\"" x "\",\"y\":\"" y "\"}"
#define RFC_JWK(kid) JWK("EC", "P-256", "ES256", "sig", kid, X, Y)
#define JWKS(keys) "{\"keys\":[" keys "]}"

static struct arena *arena;

/* What a process that reads the directory exits with; 0 if all is well. */
static int reading_exits_with(void)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		keys_read(keys_directory);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));

	return WEXITSTATUS(status);
}

static void made_keys_can_be_read(void **state)
{
	const char *kid;

	(void)state;
	keys_read(keys_directory);
	assert_non_null(keys_signing(&kid));
	assert_int_equal(strlen(kid), 16);
	assert_non_null(keys_public(kid, 16));
	assert_null(keys_public(kid, 15));
	assert_int_equal(keys_refresh_number(), 0);
	assert_non_null(keys_refresh(0));
	assert_null(keys_refresh(1));
}

static void making_again_changes_nothing(void **state)
{
	static const char *const names[] = {
		"jwks.json", "signing.pem", "refresh", "secret",
	};
	char before[COUNT(names)][1024], after[1024];
	FILE *file;

	(void)state;
	for (int again = 0; again < 2; again++) {
		for (size_t i = 0; i < COUNT(names); i++) {
			char *text = again ? after : before[i];
			size_t n;

			file = fopen(keys_path(names[i]), "r");
			assert_non_null(file);
			n = fread(text, 1, 1023, file);
			text[n] = '\0';
			fclose(file);
			if (again)
				assert_string_equal(before[i], after);
		}
		keys_command("");
	}
}

static void only_public_keys_are_for_everyone(void **state)
{
	static const struct { const char *name; mode_t mode; } files[] = {
		{ "jwks.json", 0644 }, { "signing.pem", 0600 },
		{ "next.pem", 0600 }, { "refresh", 0600 }, { "secret", 0600 },
	};
	struct stat status;

	(void)state;
	keys_command("rotate next");
	for (size_t i = 0; i < COUNT(files); i++) {
		assert_int_equal(stat(keys_path(files[i].name), &status), 0);
		assert_int_equal(status.st_mode & 07777, files[i].mode);
	}
}

static void a_key_is_published_before_it_signs(void **state)
{
	const char *first, *kid;
	char second[17];

	(void)state;
	keys_read(keys_directory);
	assert_non_null(keys_signing(&kid));
	first = arena_copy(arena, kid, strlen(kid));

	keys_command("rotate next");
	keys_read(keys_directory);
	assert_non_null(keys_signing(&kid));
	assert_string_equal(kid, first);
	assert_int_equal(keys_refresh_number(), 0);
	assert_non_null(keys_refresh(1));

	keys_command("rotate now");
	keys_read(keys_directory);
	assert_non_null(keys_signing(&kid));
	assert_string_not_equal(kid, first);
	strcpy(second, kid);
	assert_non_null(keys_public(first, 16));
	assert_int_equal(keys_refresh_number(), 1);
	assert_non_null(keys_refresh(0));

	keys_command("rotate retire");
	keys_read(keys_directory);
	assert_non_null(keys_signing(&kid));
	assert_string_equal(kid, second);
	assert_null(keys_public(first, 16));
	assert_non_null(keys_refresh(0));
}

static void a_step_of_rotation_can_be_repeated(void **state)
{
	const char *kid, *next;

	(void)state;
	keys_command("rotate next");
	keys_command("rotate next");
	keys_read(keys_directory);
	assert_null(keys_refresh(2));

	keys_command("rotate now");
	keys_command("rotate now 2>/dev/null && exit 1 || true");
	keys_read(keys_directory);
	assert_int_equal(keys_refresh_number(), 1);
	assert_non_null(keys_signing(&kid));
	next = arena_copy(arena, kid, strlen(kid));

	keys_command("rotate retire");
	keys_command("rotate retire");
	keys_read(keys_directory);
	assert_non_null(keys_signing(&kid));
	assert_string_equal(kid, next);
}

static void keys_of_issuers_may_be_absent(void **state)
{
	const char *kid;

	(void)state;
	unlink(keys_path("signing.pem"));
	unlink(keys_path("refresh"));
	keys_read(keys_directory);
	assert_null(keys_signing(&kid));
	assert_int_equal(keys_refresh_number(), -1);
}

static void other_keys_may_not_be_absent(void **state)
{
	(void)state;
	unlink(keys_path("jwks.json"));
	assert_int_equal(reading_exits_with(), EXIT_CONFIG);

	keys_make(state);
	unlink(keys_path("secret"));
	assert_int_equal(reading_exits_with(), EXIT_CONFIG);
}

/* None of infra/keys, and no private one. */
static void write_foreign_keys(void)
{
	unlink(keys_path("signing.pem"));
	keys_write("jwks.json", JWKS(RFC_JWK("_-") "," RFC_JWK(HEX)));
	keys_write("refresh", "255 " HEX "\n7 " HEX "\n");
	keys_write("secret", HEX);
}

static void foreign_keys_of_the_right_form_are_understood(void **state)
{
	(void)state;
	write_foreign_keys();
	assert_int_equal(reading_exits_with(), 0);
}

static void a_file_that_is_not_understood_ends_the_process(void **state)
{
	static const struct { const char *name, *text; } files[] = {
		{ "secret", "" },
		{ "secret", "secret\n" },
		{ "secret", "0001\n" },
		{ "secret", HEX "00\n" },
		{ "secret", "0" HEX "\n" },
		{ "secret", " " HEX "\n" },
		{ "secret", "00:" HEX "\n" },
		{ "refresh", "" },
		{ "refresh", HEX "\n" },
		{ "refresh", " " LETTERS "\n" },
		{ "refresh", "0 0001\n" },
		{ "refresh", "256 " HEX "\n" },
		{ "refresh", "-1 " HEX "\n" },
		{ "refresh", "0  " HEX "\n" },
		{ "refresh", "0 " HEX "00\n" },
		{ "refresh", "0 " HEX "\n0 " HEX "\n" },
		{ "refresh", "0 " HEX "\n\n" },
		{ "signing.pem", "" },
		{ "signing.pem", "-----BEGIN PRIVATE KEY-----\n" },
		{ "jwks.json", "" },
		{ "jwks.json", "{}" },
		{ "jwks.json", "[" RFC_JWK("a") "]" },
		{ "jwks.json", JWKS("") },
		{ "jwks.json", JWKS("1") },
		{ "jwks.json", JWKS("{}") },
		{ "jwks.json", JWKS(RFC_JWK("a")) "," },
		{ "jwks.json", JWKS(RFC_JWK("a") "," RFC_JWK("a")) },
		{ "jwks.json", JWKS(RFC_JWK("")) },
		{ "jwks.json", JWKS(RFC_JWK("a.b")) },
		{ "jwks.json", JWKS(RFC_JWK("../a")) },
		{ "jwks.json", JWKS(RFC_JWK(HEX "0")) },
		{ "jwks.json",
		  JWKS(JWK("RSA", "P-256", "ES256", "sig", "a", X, Y)) },
		{ "jwks.json",
		  JWKS(JWK("EC", "P-384", "ES256", "sig", "a", X, Y)) },
		{ "jwks.json",
		  JWKS(JWK("EC", "P-256", "HS256", "sig", "a", X, Y)) },
		{ "jwks.json",
		  JWKS(JWK("EC", "P-256", "ES256", "enc", "a", X, Y)) },
		{ "jwks.json",
		  JWKS(JWK("EC", "P-256", "ES256", "sig", "a", X, X)) },
		{ "jwks.json",
		  JWKS(JWK("EC", "P-256", "ES256", "sig", "a", X, Y "A")) },
		{ "jwks.json",
		  JWKS(JWK("EC", "P-256", "ES256", "sig", "a", X "=", Y)) },
		{ "jwks.json",
		  JWKS(JWK("EC", "P-256", "ES256", "sig", "a", X,
			   Y "\",\"d\":\"" X)) },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		write_foreign_keys();
		keys_write(files[i].name, files[i].text);
		if (reading_exits_with() != EXIT_CONFIG)
			fail_msg("%s: %s", files[i].name, files[i].text);
	}
}

static void an_unpublished_signing_key_ends_the_process(void **state)
{
	(void)state;
	keys_write("jwks.json", JWKS(RFC_JWK("a")));
	assert_int_equal(reading_exits_with(), EXIT_CONFIG);
}

static void too_many_public_keys_end_the_process(void **state)
{
	char *text = arena_copy(arena, "", 0);

	(void)state;
	for (int i = 0; i < 17; i++)
		text = arena_printf(arena, "%s%s{\"kty\":\"EC\","
			"\"crv\":\"P-256\",\"alg\":\"ES256\",\"use\":\"sig\","
			"\"kid\":\"%d\",\"x\":\"" X "\",\"y\":\"" Y "\"}",
			text, i ? "," : "", i);
	keys_write("jwks.json", arena_printf(arena, JWKS("%s"), text));
	assert_int_equal(reading_exits_with(), EXIT_CONFIG);
}

static int set_up(void **state)
{
	arena = arena_new();
	return keys_directory_make(state);
}

static int tear_down(void **state)
{
	arena_free(arena);
	return keys_directory_remove(state);
}

/* Each starts with new keys. */
#define KEYS_CLAIM(f) cmocka_unit_test_setup(f, keys_make)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KEYS_CLAIM(made_keys_can_be_read),
		KEYS_CLAIM(making_again_changes_nothing),
		KEYS_CLAIM(only_public_keys_are_for_everyone),
		KEYS_CLAIM(a_key_is_published_before_it_signs),
		KEYS_CLAIM(a_step_of_rotation_can_be_repeated),
		KEYS_CLAIM(keys_of_issuers_may_be_absent),
		KEYS_CLAIM(other_keys_may_not_be_absent),
		KEYS_CLAIM(foreign_keys_of_the_right_form_are_understood),
		KEYS_CLAIM(a_file_that_is_not_understood_ends_the_process),
		KEYS_CLAIM(an_unpublished_signing_key_ends_the_process),
		KEYS_CLAIM(too_many_public_keys_end_the_process),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
