/* Which nicknames are the same, and what search finds. */
#include "tests/unit/nickname_fixture.h"

static void the_same_nickname_has_one_key(void **state)
{
	/* NULL ends a family; each after its first is compared with that. */
	static const char *const families[][8] = {
		{ "Ann", "ANN", "ann", "Ａｎｎ", "ａｎｎ", "𝐀𝐧𝐧", "Ⓐnn" },
		{ "José", "JOSÉ", "Jose\u0301", "JOSE\u0301", "Ｊｏｓé" },
		{ "Straße", "STRASSE", "strasse", "STRAẞE" },
		{ "Οδυσσεύς", "ΟΔΥΣΣΕΎΣ", "οδυσσεύσ" },
		{ "İzmir", "izmir", "IZMIR", "ızmır", "I\u0307zmir",
		  "i\u0307zmir" },
		{ "각하", "\u1100\u1161\u11a8\u1112\u1161" },
		{ "ガンダム", "ｶﾞﾝﾀﾞﾑ", "カ\u3099ンタ\u3099ム" },
		{ "Việt", "Vie\u0323\u0302t", "Viê\u0323t", "VIỆT" },
		{ "ﬁn", "fin", "FIN" }, { "ǅ", "dž", "DŽ" }, { "№1", "no1" },
		{ "❤", "❤\ufe0f", "❤\ufe0e" }, { "می\u200cخواهم", "میخواهم" },
		{ "Ꮳ", "ꮳ" }, { "გ", "Გ" }, { "O'Neil", "O’Neil", "O`Neil" },
		{ "a b", "a\u00a0b", " A  B " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(families); i++)
		for (size_t j = 1; families[i][j]; j++)
			assert_string_equal(accepted(families[i][j]).key,
					    accepted(families[i][0]).key);
}

static void nicknames_that_look_alike_have_one_key(void **state)
{
	static const char *const pairs[][2] = {
		{ "coco", "сосо" }, { "COCO", "СОСО" }, { "coco", "ⲥⲟⲥⲟ" },
		{ "Boba", "Вова" }, { "BOBA", "вова" }, { "HOP", "нор" },
		{ "paypal", "ᏢᎪᎩᏢᎪᏞ" }, { "Kata", "Ката" }, { "TATA", "ΤΑΤΑ" },
		{ "zoo", "ΖΟΟ" }, { "Alice", "AIice" }, { "Alice", "A1ice" },
		{ "Alice", "A|ice" }, { "Ian", "lan" }, { "Ian", "ɪan" },
		{ "Bob", "B0b" }, { "OO7", "007" }, { "modern", "modem" },
		{ "口", "ロ" }, { "工", "エ" }, { "a-b", "a‐b" }, { "ë", "ё" },
		{ "j", "j\u0307" }, { "ị", "ị\u0307" },
		{ "Ș", "Ş" }, { "ø", "o\u0338" }, { "ي", "ی" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++)
		assert_string_equal(accepted(pairs[i][0]).key,
				    accepted(pairs[i][1]).key);
}

static void different_people_have_different_keys(void **state)
{
	static const char *const all[] = {
		"Ann", "Anne", "An", "Ann_", "Ann 1", "Anna", "Анна", "Άννα",
		"José", "Jose", "Josè", "Nick", "Vick", "Глеб", "Улеб", "и",
		"й", "í", "í\u0307", "か", "が", "ぱ", "ば", "カ", "김", "긴",
		"山", "出", "o", "ö", "u", "ü", "n", "ñ", "👍", "👍🏽", "👍🏿",
		"🇩🇪", "🇫🇷", "a b", "ab", "a-b", "a_b", "a.b", "ш", "щ", "с",
		"ç", "कि", "की", "د", "ذ", "ب", "ت", "ד", "ר", "2", "z", "5",
		"s",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(accepted(all[i]).key,
						accepted(all[j]).key);
}

static void search_compares_without_case_width_and_marks(void **state)
{
	static const char *const pairs[][2] = {
		{ "José", "jose" }, { "JOSE", "jose" }, { "ｊｏｓé", "jose" },
		{ "Jose\u0301", "jose" }, { "  Ann\u3000 Lee ", "ann lee" },
		{ "Łódź", "lodz" }, { "Işık", "isik" }, { "İZMİR", "izmir" },
		{ "Đặng Øyvind", "dang oyvind" }, { "Straße", "strasse" },
		{ "Ελένη", "ελενη" }, { "Αλέξανδρος", "αλεξανδροσ" },
		{ "Йод", "иод" }, { "Ёлка", "елка" }, { "דָּוִד", "דוד" },
		{ "مُحَمَّد", "محمد" }, { "أحمد", "احمد" }, { "کی", "كي" },
		{ "می\u200cخواهم", "ميخواهم" }, { "O’Neil", "o'neil" },
		{ "O‘Neil", "o'neil" }, { "على", "علي" }, { "ʼn", "'n" },
		{ "각하", "각하" }, { "\u1100\u1161\u11a8하", "각하" },
		{ "ガンダム", "ガンダム" }, { "ｶﾞﾝﾀﾞﾑ", "ガンダム" },
		{ "हिन्दी", "हिन्दी" }, { "สวัสดี", "สวัสดี" },
		{ "❤\ufe0f", "❤" }, { FAMILY, "👨👩👧👦" },
		{ "%_\\'\"<", "%_\\'\"<" }, { "", "" }, { " \u3000 ", "" },
		{ "\u200b\u00ad\ufeff", "" }, { "\xff", "\ufffd" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++)
		assert_string_equal(nickname_search(arena, pairs[i][0]),
				    pairs[i][1]);
}

static void search_keeps_different_words_apart(void **state)
{
	static const char *const all[] = {
		"か", "が", "ぱ", "は", "कि", "की", "क", "ก", "กิ", "กี", "ann",
		"αnn", "0", "o", "1", "l", "i", "김", "긴", "क्", "ы", "и",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(nickname_search(arena, all[i]),
						nickname_search(arena, all[j]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CLAIM(the_same_nickname_has_one_key),
		CLAIM(nicknames_that_look_alike_have_one_key),
		CLAIM(different_people_have_different_keys),
		CLAIM(search_compares_without_case_width_and_marks),
		CLAIM(search_keeps_different_words_apart),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
