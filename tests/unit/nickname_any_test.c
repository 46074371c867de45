/* What holds for every nickname, whatever it is made of. */
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "tests/unit/nickname_fixture.h"

enum { RANDOM_TEXTS = 20000, RANDOM_POINTS = 48 };

static const char *from_utf16(const UChar *text)
{
	const int32_t bytes = 3 * u_strlen(text) + 1;
	char *utf8 = arena_alloc(arena, (size_t)bytes);
	UErrorCode status = U_ZERO_ERROR;

	u_strToUTF8(utf8, bytes, NULL, text, -1, &status);
	assert_true(U_SUCCESS(status));

	return utf8;
}

/* Surrogates become U+FFFD. */
static const char *from_points(const UChar32 *points, int32_t n)
{
	UChar text[2 * RANDOM_POINTS + 1];
	UErrorCode status = U_ZERO_ERROR;

	u_strFromUTF32WithSub(text, COUNT(text), NULL, points, n, 0xfffd, NULL,
			      &status);
	assert_true(U_SUCCESS(status));

	return from_utf16(text);
}

/* U+FDFA becomes 18 characters: nothing grows more. */
static void texts_of_any_length_are_handled(void **state)
{
	enum { CHARACTERS = 100 * 1000 };
	char *text = arena_alloc(arena, 3 * CHARACTERS + 1);
	struct nickname nickname;

	(void)state;
	for (int i = 0; i < CHARACTERS; i++)
		memcpy(text + 3 * i, "\ufdfa", 3);
	assert_string_equal(nickname_read(arena, text, &nickname), "too_long");
	assert_in_range(strlen(nickname_search(arena, text)),
			CHARACTERS * 18, CHARACTERS * 18 * 2);
}

static void assert_reads_back(const struct nickname *nickname)
{
	const struct nickname again = accepted(nickname->shown);

	assert_string_equal(again.shown, nickname->shown);
	assert_string_equal(again.key, nickname->key);
	assert_string_equal(again.search, nickname->search);
	assert_string_equal(nickname_search(arena, again.search), again.search);
	assert_string_not_equal(again.key, "");
}

/* Mostly neighbours, as in texts that people write. */
static UChar32 random_point(UChar32 near)
{
	static const UChar32 special[] = {
		' ', 0x0301, 0x0307, 0x094d, 0x200c, 0x200d, 0xfe0f, 0x20e3,
		0x1f3fd, 0x1f468, 0x1f1e6, 0xfdfa, 0x00a8, 0x3099, 0x1161,
	};

	switch (random() % 8) {
	case 0:
		return special[(size_t)random() % COUNT(special)];
	case 1:
		return 1 + (UChar32)(random() % 0x10ffff);
	default:
		return near + (UChar32)(random() % 32);
	}
}

static const char *random_text(void)
{
	const UChar32 near = 32 * (1 + (UChar32)(random() % 0x700));
	const int32_t n = (int32_t)(random() % RANDOM_POINTS);
	UChar32 points[RANDOM_POINTS];

	for (int32_t i = 0; i < n; i++)
		points[i] = random_point(near);

	return from_points(points, n);
}

static void random_texts_are_refused_or_read_back(void **state)
{
	struct nickname nickname;
	int count = 0;

	(void)state;
	srandom(1);
	for (int i = 0; i < RANDOM_TEXTS; i++) {
		const char *text = random_text();
		const char *search = nickname_search(arena, text);

		assert_string_equal(nickname_search(arena, search), search);
		if (!nickname_read(arena, text, &nickname)) {
			assert_reads_back(&nickname);
			count++;
		}
		arena_reset(arena);
	}
	assert_in_range(count, RANDOM_TEXTS / 100, RANDOM_TEXTS / 2);
}

static const char *in_capitals(const char *text)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar plain[8], capitals[32];

	u_strFromUTF8(plain, COUNT(plain), NULL, text, -1, &status);
	u_strToUpper(capitals, COUNT(capitals), plain, -1, "", &status);
	assert_true(U_SUCCESS(status));

	return from_utf16(capitals);
}

static const char *decomposed(const char *text)
{
	UErrorCode status = U_ZERO_ERROR;
	const UNormalizer2 *nfd = unorm2_getNFDInstance(&status);
	UChar plain[8], apart[32];

	u_strFromUTF8(plain, COUNT(plain), NULL, text, -1, &status);
	unorm2_normalize(nfd, plain, -1, apart, COUNT(apart), &status);
	assert_true(U_SUCCESS(status));

	return from_utf16(apart);
}

/* A form may be refused for itself; the key is a form too. */
static void assert_key_of_forms(const char *text, const char *key)
{
	const char *const forms[] = {
		in_capitals(text), decomposed(text), key,
	};
	struct nickname nickname;

	for (size_t i = 0; i < COUNT(forms); i++)
		if (!nickname_read(arena, forms[i], &nickname))
			assert_string_equal(nickname.key, key);
}

static void every_character_is_refused_or_read_back(void **state)
{
	struct nickname nickname;

	(void)state;
	for (UChar32 c = 1; c <= UCHAR_MAX_VALUE; c++) {
		const char *text = from_points(&c, 1);

		if (!nickname_read(arena, text, &nickname)) {
			assert_reads_back(&nickname);
			assert_key_of_forms(text, nickname.key);
		}
		arena_reset(arena);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CLAIM(texts_of_any_length_are_handled),
		CLAIM(random_texts_are_refused_or_read_back),
		CLAIM(every_character_is_refused_or_read_back),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
