/* functions/account/worker_message.h, worker_words.h */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"

#include "functions/account/worker_message.h"
#include "functions/account/worker_words.h"

static struct arena *arena;

static int open_arena(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* 2026-11-23 08:00:00 UTC. */
static const struct message plain = {
	.from = { "Kith", "kith@example.org" }, .to = "ann@example.org",
	.id = "0190a6b2", .language = "en", .subject = "Set a new password",
	.text = "Hello\n", .at = 1795420800,
};

static void assert_holds(const char *message, const char *part)
{
	if (!strstr(message, part))
		fail_msg("%s\nis not in\n%s", part, message);
}

static void is_what_rfc_5322_says(void **state)
{
	(void)state;
	assert_string_equal(message_write(arena, &plain),
		"Date: Mon, 23 Nov 2026 08:00:00 +0000\r\n"
		"From: Kith\r\n <kith@example.org>\r\n"
		"To: <ann@example.org>\r\n"
		"Subject: Set a new password\r\n"
		"Message-ID: <0190a6b2@example.org>\r\n"
		"Auto-Submitted: auto-generated\r\n"
		"Content-Language: en\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n"
		"\r\n"
		"Hello\r\n");
}

static void subjects_and_names_are_encoded_words(void **state)
{
	static const struct {
		const char *subject, *header;
	} cases[] = {
		{ "Новый пароль",
		  "Subject: =?utf-8?B?0J3QvtCy0YvQuSDQv9Cw0YDQvtC70Yw=?=\r\n" },
		{ "a\r\nBcc: b@example.org",
		  "Subject: =?utf-8?B?YQ0KQmNjOiBiQGV4YW1wbGUub3Jn?=\r\n" },
		{ "=?utf-8?B?YQ==?=",
		  "Subject: =?utf-8?B?PT91dGYtOD9CP1lRPT0/PQ==?=\r\n" },
		/* A character is never in two words: 39 bytes hold 19 of 2. */
		{ "Подтвердитеновыйадрес",
		  "Subject: =?utf-8?B?"
		  "0J/QvtC00YLQstC10YDQtNC40YLQtdC90L7QstGL0LnQsNC00YA=?=\r\n"
		  " =?utf-8?B?0LXRgQ==?=\r\n" },
	};
	struct message m = plain;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		m.subject = cases[i].subject;
		assert_holds(message_write(arena, &m), cases[i].header);
	}
	m.from.name = "Кит, мессенджер";
	assert_holds(message_write(arena, &m),
		"From: =?utf-8?B?0JrQuNGCLCDQvNC10YHRgdC10L3QtNC20LXRgA==?="
		"\r\n <kith@example.org>\r\n");
}

static void texts_are_quoted_printable(void **state)
{
	static const char x75[] =
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxx";
	static const struct {
		const char *begin, *end, *body;
	} cases[] = {
		{ "", "a=b\n", "a=3Db\r\n" },
		{ "", "é\n", "=C3=A9\r\n" },
		{ "", "end \n", "end=20\r\n" },
		{ "", "\ttab", "=09tab" },
		{ "", ".\n", ".\r\n" },
		{ "", "a\rb", "a=0Db" },
		{ x75, "y\n", "xy\r\n" },
		{ x75, "yz\n", "x=\r\nyz\r\n" },
		{ x75, "=\n", "x=\r\n=3D\r\n" },
		{ x75, " \n", "x=\r\n=20\r\n" },
	};
	struct message m = plain;

	(void)state;
	assert_int_equal(strlen(x75), 75);
	for (size_t i = 0; i < COUNT(cases); i++) {
		m.text = arena_printf(arena, "%s%s", cases[i].begin,
				      cases[i].end);
		assert_holds(message_write(arena, &m),
			     arena_printf(arena, "%s%s",
					  *cases[i].begin ? "x" : "\r\n\r\n",
					  cases[i].body));
	}
}

/* RFC 5322, 2.1.1; 2045, 6.7. */
static void no_line_is_longer_than_76_and_all_are_ascii(void **state)
{
	static const char *const templates[] = {
		"reset", "known", "verify", "change", "changing", "changed",
		"password", "linked",
	};
	static const char *const languages[] = { "en", "ru" };
	struct message m = plain;

	(void)state;
	m.from.name = "Кит, который живёт далеко за морем и не спит";
	for (size_t i = 0; i < 2 * COUNT(templates); i++) {
		const struct words *w = words_of(templates[i / 2],
						 languages[i % 2]);
		const char *line, *end;

		m.subject = w->subject;
		m.text = w->text;
		for (line = message_write(arena, &m); *line; line = end + 2) {
			end = strstr(line, "\r\n");
			assert_non_null(end);
			assert_true(end - line <= 76);
			for (const char *c = line; c < end; c++)
				assert_true(*c >= ' ' && *c <= '~');
		}
	}
}

static void every_template_is_in_every_language(void **state)
{
	static const char *const linked[] = {
		"reset", "known", "verify", "change",
	};
	static const char *const notices[] = {
		"changing", "changed", "password", "linked",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(linked); i++) {
		assert_ptr_not_equal(words_of(linked[i], "en"),
				     words_of(linked[i], "ru"));
		assert_holds(words_of(linked[i], "en")->text, "\n{link}\n");
		assert_holds(words_of(linked[i], "ru")->text, "\n{link}\n");
		assert_ptr_equal(words_of(linked[i], "de"),
				 words_of(linked[i], "en"));
	}
	for (size_t i = 0; i < COUNT(notices); i++) {
		assert_ptr_not_equal(words_of(notices[i], "en"),
				     words_of(notices[i], "ru"));
		assert_null(strstr(words_of(notices[i], "en")->text, "{"));
		assert_null(strstr(words_of(notices[i], "ru")->text, "{"));
	}
	assert_null(words_of("other", "en"));
}

static void an_address_ends_no_header_and_no_envelope(void **state)
{
	static const char *const good[] = {
		"ann@example.org", "a.b+c@d.e", "анна@пример.рф", "a@b",
	};
	static const char *const bad[] = {
		"", "ann", "@b", "a@", "a@b@c", "a b@c", "a@b\r\nBcc:", "a@b\n",
		"a@b>", "<a@b", "a@b, c@d", "\"a\"@b", "a@b\x7f", "a\t@b",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(message_address_valid(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(message_address_valid(bad[i]));
}

static void reads_who_it_is_from(void **state)
{
	static const struct {
		const char *text, *name, *address;
	} good[] = {
		{ "kith@example.org", "", "kith@example.org" },
		{ "<kith@example.org>", "", "kith@example.org" },
		{ "Kith <kith@example.org>", "Kith", "kith@example.org" },
		{ "The Кит  <k@e.org>", "The Кит", "k@e.org" },
	};
	static const char *const bad[] = {
		"", "Kith", "Kith <kith>", "Kith <k@e.org> x", "K <k@e.org",
		"K\r\nBcc: a@b <k@e.org>", "<>", "<", ">",
	};
	struct mailbox m;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(message_mailbox(arena, good[i].text, &m));
		assert_string_equal(m.name, good[i].name);
		assert_string_equal(m.address, good[i].address);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(message_mailbox(arena, bad[i], &m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(is_what_rfc_5322_says),
		CLAIM(subjects_and_names_are_encoded_words),
		CLAIM(texts_are_quoted_printable),
		CLAIM(no_line_is_longer_than_76_and_all_are_ascii),
		CLAIM(every_template_is_in_every_language),
		CLAIM(an_address_ends_no_header_and_no_envelope),
		CLAIM(reads_who_it_is_from),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
