/* What may be a nickname, and why the rest may not. */
#include <pthread.h>

#include "tests/unit/nickname_fixture.h"

#define EIGHT(s) s s s s s s s s
#define TEN(s) EIGHT(s) s s
#define THIRTY_TWO(s) TEN(s) TEN(s) TEN(s) s s

enum { THREADS = 4 };

static void assert_refused(const char *text, const char *reason)
{
	struct nickname nickname = { .shown = "as before" };
	const char *code = nickname_read(arena, text, &nickname);

	if (!code)
		fail_msg("\"%s\" is not %s", text, reason);
	assert_string_equal(code, reason);
	assert_string_equal(nickname.shown, "as before");
	assert_null(nickname.key);
}

static const char *const names[] = {
	"a", "7", "Ann", "ann_1984", "José", "Jose\u0301", "Łukasz Żółć",
	"O'Neil", "O’Neil", "Jean-Luc", "ｊｏｓé", "ß", "Ångström", "x\u00b7y",
	"Александр", "Аня 2000", "Ελένη", "Χρήστος", "Ալեքսան", "გიორგი",
	"محمد", "مُحَمَّد", "می\u200cخواهم", "بَ\u200cم", "ب\u200c\u064eم",
	"دانش\u200cآموز", "דוד", "דָּוִד", "राहुल", "क्\u200dष", "क्\u200cष", "শ্রী",
	"தமிழ்", "ශ්\u200dරී", "สมชาย", "ที่", "လျှော့", "ខ្មែរ", "བཀྲ་ཤིས", "ኢትዮጵያ",
	"山田太郎", "ひらがな", "カタカナ", "ガンダム", "ﾊﾟﾋﾟ",
	"Tokyo東京タワーの", "김철수", "Kim김金", "\u1100\u1161\u11a8",
	"王小明Wang", "ㄅㄆㄇ Wang", "Nguyễn Thị Minh Khai",
	"Nguye\u0302\u0303n", "a\u0323\u0332\u0307\u0301", "ㅋㅋㅋ", "😀",
	"I ♥ NY", "❤\ufe0f", "☺\ufe0e", "©\ufe0f", FAMILY, "👍🏽",
	"⛹🏻\u200d♂\ufe0f", "👁\ufe0f\u200d🗨\ufe0f", "🏳\ufe0f\u200d🌈",
	"🐦\u200d🔥", "🇩🇪", "1\ufe0f\u20e3", "*\ufe0f\u20e3", "#\u20e3",
	"Аня🌸", "محمد❤\ufe0f", "★彡Ann彡★", "\ua872\u200c\ua840", "%", "_",
	"' OR 1=1--", "\\'", "\"; DROP TABLE users", "<script>", "%2541",
	"\\u005cu0041", "$1", "&amp;", "../../etc/passwd", "NULL", "true", "-1",
	"{}", "¯\\_(ツ)_/¯", "٣٤٥", "۳۴۵",
};

static void people_may_be_called_what_they_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_string_equal(accepted(names[i]).shown, names[i]);
		assert_string_not_equal(accepted(names[i]).key, "");
	}
}

static void *read_names(void *barrier)
{
	struct arena *own = arena_new();
	struct nickname nickname;
	intptr_t refused = 0;

	pthread_barrier_wait(barrier);
	for (size_t i = 0; i < COUNT(names); i++)
		refused += nickname_read(own, names[i], &nickname) != NULL;
	arena_free(own);

	return (void *)refused;
}

static void threads_read_at_the_same_time(void **state)
{
	pthread_t thread[THREADS];
	pthread_barrier_t barrier;
	void *refused;

	(void)state;
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, read_names, &barrier);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &refused);
		assert_null(refused);
	}
	pthread_barrier_destroy(&barrier);
}

static void spaces_are_shown_as_one_between_words(void **state)
{
	static const char *const pairs[][2] = {
		{ "Ann Lee", "Ann Lee" }, { " Ann", "Ann" }, { "Ann ", "Ann" },
		{ "  Ann   Lee  ", "Ann Lee" }, { "Ann\u00a0Lee", "Ann Lee" },
		{ "\u3000Ann\u2003 \u2009Lee\u202f", "Ann Lee" },
		{ "\u1680Ann\u205f\u205fLee\u2000", "Ann Lee" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		const struct nickname nickname = accepted(pairs[i][0]);
		const struct nickname plain = accepted(pairs[i][1]);

		assert_string_equal(nickname.shown, pairs[i][1]);
		assert_string_equal(nickname.key, plain.key);
		assert_string_equal(nickname.search, plain.search);
	}
}

static void a_nickname_has_1_to_32_graphemes(void **state)
{
	(void)state;
	assert_refused("", "too_short");
	assert_refused("   ", "too_short");
	assert_refused("\u3000\u00a0\u2003", "too_short");

	accepted(THIRTY_TWO("a"));
	accepted(" " THIRTY_TWO("a") " ");
	accepted(THIRTY_TWO("山"));
	accepted(THIRTY_TWO("e\u0301"));
	accepted(THIRTY_TWO("🇩🇪"));
	assert_refused(THIRTY_TWO("a") "a", "too_long");
	assert_refused(THIRTY_TWO("a") " a", "too_long");
	assert_refused(THIRTY_TWO("e\u0301") "e\u0301", "too_long");
	assert_refused(THIRTY_TWO("🇩🇪") "🇩🇪", "too_long");
	assert_refused(THIRTY_TWO("\u200b") "\u200b", "too_long");
}

static void a_nickname_has_at_most_128_code_points(void **state)
{
	(void)state;
	accepted(TEN(FAMILY) EIGHT(FAMILY) "12");
	assert_refused(TEN(FAMILY) EIGHT(FAMILY) "123", "too_long");
	assert_refused(THIRTY_TWO(FAMILY), "too_long");
	assert_refused("a" TEN(TEN("\u0301")) TEN("\u0302\u0303\u0304"),
		       "too_long");
}

/* Each is refused alone, at the end, and within. */
static void what_is_not_to_be_seen_is_refused(void **state)
{
	static const char *const characters[] = {
		"\x01", "\t", "\n", "\r", "\x1b", "\x7f", "\xc2\x85",
		"\xc2\x9b", "\u00ad", "\u034f", "\u061c", "\u115f", "\u1160",
		"\u17b4", "\u180b", "\u180e", "\u200b", "\u200c", "\u200d",
		"\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202b",
		"\u202c", "\u202d", "\u202e", "\u2060", "\u2061", "\u2064",
		"\u2066", "\u2067", "\u2068", "\u2069", "\u206a", "\u2800",
		"\u3164", "\ufe00", "\ufe0e", "\ufe0f", "\ufeff", "\uffa0",
		"\ufff9", "\ufffa", "\ufffb", "\U00016fe4", "\U0001bca0",
		"\U0001d159", "\U0001d173", "\U000e0001", "\U000e0041",
		"\U000e0100",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(characters); i++) {
		const char *c = characters[i];

		assert_refused(c, "not_allowed");
		assert_refused(arena_printf(arena, "Ann%s", c), "not_allowed");
		assert_refused(arena_printf(arena, "An%sn", c), "not_allowed");
		assert_refused(arena_printf(arena, "%s山", c), "not_allowed");
	}
}

static void what_is_no_character_is_refused(void **state)
{
	static const char *const texts[] = {
		"\u0378", "\U0003fffd", "\U0001fae9", "\ue000", "\U000f0000",
		"\ufdd0", "\uffff", "\U0010ffff", "\ufffc", "\ufffd", "\u0600",
		"\u06dd", "\u070f", "\u0640", "\u07fa", "가\u302e", "가\u302f",
		"\u3031", "\u3032", "\u3033", "\u3034", "\u3035", "\u303b",
		"\u1100", "\u1161", "\u11a8", "\u1113\u1161", "\ua960",
		"\ud7b0", "\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80",
		"\xf4\x90\x80\x80",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_refused(texts[i], "not_allowed");
}

static void joiners_and_styles_need_their_context(void **state)
{
	static const char *const texts[] = {
		/* Joiners: between letters that don't join, or at an end. */
		"a\u200cb", "a\u200db", "\u200cم", "م\u200c", "ا\u200cم",
		"م\u200dم", "م\u200c\u200cم", "क\u200dष", "क\u200cष",
		"क्\u200d\u200dष", "क्\u200c\u200cष",
		/* Emoji: joined to what is none, or to nothing. */
		"👨\u200d", "\u200d👨", "👨\u200da", "a\u200d👨",
		"👨\u200d\u200d👩", "1\u200d2", "🇩🇪\u200d🇩🇪", "a\ufe0f\u200d👩",
		"🏽\u200d👩",
		/* Styles: on what has none, or two. */
		"a\ufe0f", "1\ufe0f", "#\ufe0e", "1\ufe0f2", "❤\ufe0f\ufe0f",
		"❤\ufe0e\ufe0f", "👍🏽\ufe0f", "a\ufe0f\u20e3", "🇩\ufe0f",
		"🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074"
		"\U000e007f",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_refused(texts[i], "not_allowed");
}

static void marks_need_a_base_and_do_not_pile_up(void **state)
{
	static const char *const texts[] = {
		"\u0301", "\u0301a", " \u0301a", "a \u0301", "\u0903",
		"a \u093e", "\u20e3", "a\u0301\u0302\u0303\u0304\u0305",
		"á\u0302\u0303\u0304\u0305", "ab\u0316\u0317\u0318\u0319\u031a",
		"क\u093c\u093c\u093c\u093e\u0301\u0302",
		"a\u20dd\u20de\u20df\u20e0\u20e2",
		"क्\u200d्\u200d्\u200d्\u200d्\u200dष",
	};

	(void)state;
	accepted("a\u0301\u0302\u0303\u0304");
	accepted("á\u0302\u0303\u0304b\u0301\u0302\u0303\u0304");
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_refused(texts[i], "not_allowed");
}

static void what_no_language_mixes_is_refused(void **state)
{
	static const char *const texts[] = {
		"pаypal", "Аnn", "раураl", "αnn", "Ann Αnn", "Оля_Olya", "ᎪNN",
		"Ꭺлёна", "Ωmega", "Авто山", "김Анна", "Ali علي", "ロ口ㄅᎪ",
		"1٢", "٣۳", "1१", "１2", "e\u0301\u0301", "é\u0301",
		"ا\u064e\u064e",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_refused(texts[i], "look_alike");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		/* Before any other has opened ICU. */
		CLAIM(threads_read_at_the_same_time),
		CLAIM(people_may_be_called_what_they_are),
		CLAIM(spaces_are_shown_as_one_between_words),
		CLAIM(a_nickname_has_1_to_32_graphemes),
		CLAIM(a_nickname_has_at_most_128_code_points),
		CLAIM(what_is_not_to_be_seen_is_refused),
		CLAIM(what_is_no_character_is_refused),
		CLAIM(joiners_and_styles_need_their_context),
		CLAIM(marks_need_a_base_and_do_not_pile_up),
		CLAIM(what_no_language_mixes_is_refused),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
