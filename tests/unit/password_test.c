/* Passwords are hashed as they are, and weak ones are refused. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/unit/test.h"

#include "runtime/conf.h"
#include "runtime/password.h"

#define PASSWORD "correct horse \xf0\x9f\x90\x8e battery"
#define EMAIL "boris.k@example.org"

static struct arena *arena;

static bool matches(const char *phc, const char *password)
{
	bool result;

	assert_int_equal(password_verify(phc, password, &result), OK);
	return result;
}

static void a_hash_names_its_parameters(void **state)
{
	const char *phc;

	(void)state;
	assert_int_equal(password_hash(arena, PASSWORD, &phc), OK);
	assert_memory_equal(phc, "$argon2id$v=19$m=64,t=2,p=1$", 28);
	/* 16 bytes of salt and 32 of tag. */
	assert_int_equal(strlen(phc), 28 + 22 + 1 + 43);
}

static void hashes_of_one_password_differ(void **state)
{
	const char *first, *second;

	(void)state;
	assert_int_equal(password_hash(arena, PASSWORD, &first), OK);
	assert_int_equal(password_hash(arena, PASSWORD, &second), OK);
	assert_string_not_equal(first, second);
	assert_true(matches(first, PASSWORD));
	assert_true(matches(second, PASSWORD));
}

static void only_the_exact_bytes_match(void **state)
{
	static const char *const others[] = {
		"", "correct horse", PASSWORD " ", " " PASSWORD,
		"Correct horse \xf0\x9f\x90\x8e battery",
		"correct horse \xf0\x9f\x90\x8f battery",
	};
	const char *phc;

	(void)state;
	assert_int_equal(password_hash(arena, PASSWORD, &phc), OK);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(matches(phc, others[i]));
}

static void every_byte_of_a_long_password_counts(void **state)
{
	char password[1025];
	const char *phc;

	(void)state;
	memset(password, 'a', 1024);
	password[1024] = '\0';
	assert_int_equal(password_hash(arena, password, &phc), OK);
	for (size_t i = 71; i < 1024; i += 119) {
		password[i] = 'b';
		assert_false(matches(phc, password));
		password[i] = 'a';
	}
	assert_true(matches(phc, password));
}

static void nobody_has_no_password(void **state)
{
	(void)state;
	assert_false(matches(NULL, PASSWORD));
	assert_false(matches(NULL, ""));
}

static int64_t verify_cost_ns(const char *phc)
{
	struct timespec from, to;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	assert_false(matches(phc, "wrong"));
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);

	return (to.tv_sec - from.tv_sec) * 1000000000 +
	       (to.tv_nsec - from.tv_nsec);
}

/* Processor time at its least, so that a busy machine doesn't matter. */
static void nobody_costs_what_an_account_costs(void **state)
{
	int64_t account_ns = INT64_MAX, nobody_ns = INT64_MAX, ns;
	const char *phc;

	(void)state;
	conf.password_memory_kib = 19456;
	assert_int_equal(password_hash(arena, PASSWORD, &phc), OK);
	for (int i = 0; i < 10; i++) {
		ns = verify_cost_ns(phc);
		account_ns = ns < account_ns ? ns : account_ns;
		ns = verify_cost_ns(NULL);
		nobody_ns = ns < nobody_ns ? ns : nobody_ns;
	}
	conf.password_memory_kib = 64;

	assert_in_range(nobody_ns, account_ns / 2, account_ns * 2);
}

static void a_hash_of_other_parameters_is_outdated(void **state)
{
	const char *phc;

	(void)state;
	assert_int_equal(password_hash(arena, PASSWORD, &phc), OK);
	assert_false(password_outdated(phc));

	conf.password_memory_kib = 640;
	assert_true(password_outdated(phc));
	assert_true(matches(phc, PASSWORD));
	conf.password_memory_kib = 64;
	conf.password_passes = 3;
	assert_true(password_outdated(phc));
	conf.password_passes = 2;
}

static void a_hash_that_is_none_is_our_fault(void **state)
{
	bool result = true;

	(void)state;
	assert_int_equal(password_verify("", PASSWORD, &result), ERR_INTERNAL);
	assert_int_equal(password_verify("$2b$12$abc", PASSWORD, &result),
			 ERR_INTERNAL);
	assert_true(result);
}

static void every_common_password_is_refused(void **state)
{
	FILE *file = fopen(conf.passwords, "r");
	char line[256], before[256] = "";
	int lines = 0;

	(void)state;
	assert_non_null(file);
	for (; fgets(line, sizeof(line), file); lines++) {
		line[strcspn(line, "\n")] = '\0';
		assert_true(strlen(line) >= 8);
		assert_true(strcmp(before, line) < 0);
		assert_string_equal(password_weakness(line, EMAIL), "common");
		strcpy(before, line);
		for (char *c = line; *c; c++)
			*c = (char)toupper((unsigned char)*c);
		assert_string_equal(password_weakness(line, EMAIL), "common");
	}
	assert_true(lines > 10000);
	fclose(file);
}

static void what_merely_resembles_a_common_password_may_be_used(void **state)
{
	static const char *const passwords[] = {
		"", "!", "password,", "password1,", "~~~~~~~~~~~~", "\xff\xff",
		"qwertyuiop qwertyuiop", "lowercase words without a digit",
		"83920174650193", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(passwords); i++)
		assert_null(password_weakness(passwords[i], EMAIL));
}

static void a_password_that_contains_the_email_is_refused(void **state)
{
	static const struct {
		const char *password, *email, *weakness;
	} rows[] = {
		{ "boris.k@example.org", EMAIL, "contains_email" },
		{ "my BORIS.K@Example.org!", EMAIL, "contains_email" },
		{ "boris.k", EMAIL, "contains_email" },
		{ "it is Boris.K again", EMAIL, "contains_email" },
		{ "boris and his horse", EMAIL, NULL },
		{ "I like example.org", EMAIL, NULL },
		{ "anna of the north", "anna@b.example", "contains_email" },
		{ "ann of the north", "ann@b.example", NULL },
		{ "is it ann@b.example", "ann@b.example", "contains_email" },
		{ "boris.", EMAIL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *weakness = password_weakness(rows[i].password,
							 rows[i].email);

		if (rows[i].weakness)
			assert_string_equal(weakness, rows[i].weakness);
		else
			assert_null(weakness);
	}
}

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	conf.password_memory_kib = 64;
	conf.password_passes = 2;
	conf.passwords = "runtime/passwords.txt";

	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);

	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CLAIM(a_hash_names_its_parameters),
		CLAIM(hashes_of_one_password_differ),
		CLAIM(only_the_exact_bytes_match),
		CLAIM(every_byte_of_a_long_password_counts),
		CLAIM(nobody_has_no_password),
		CLAIM(nobody_costs_what_an_account_costs),
		CLAIM(a_hash_of_other_parameters_is_outdated),
		CLAIM(a_hash_that_is_none_is_our_fault),
		CLAIM(every_common_password_is_refused),
		CLAIM(what_merely_resembles_a_common_password_may_be_used),
		CLAIM(a_password_that_contains_the_email_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
