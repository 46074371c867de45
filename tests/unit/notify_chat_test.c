/* What a chat's events change: it was read, or one left it. */
#include "tests/unit/notify_queue.h"

static void a_chat_is_read_up_to_a_message(void **state)
{
	static const struct {
		int up_to, count;
		const char *box;
	} cases[] = {
		{ 0, 4, "4 1" }, { 1, 4, "4 1" }, { 5, 1, "4 1" },
		{ 4, 2, "4 1" }, { 3, 3, "4 1" }, { 6, 0, "4 0" },
		{ 9, 0, "4 0" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct two t = two_new();

		for (int seq = 3; seq <= 6; seq++)
			write_to(t, seq);
		sql("SELECT notify.mark_chat_read('%s', '%s', %d, NULL)",
		    t.ann.id, t.chat, cases[i].up_to);
		assert_string_equal(box_of(t.ann), cases[i].box);
		assert_string_equal(sql("SELECT coalesce((SELECT count FROM"
			" notify.notification WHERE user_id = '%s'"
			" AND NOT read), 0)", t.ann.id),
			text("%d", cases[i].count));
		write_to(t, 7);
		assert_string_equal(sql("SELECT count FROM notify.notification"
			" WHERE user_id = '%s' AND NOT read", t.ann.id),
			text("%d", cases[i].count + 1));
	}
}

static void of_a_chat_that_one_left_nothing_stays(void **state)
{
	struct two t = two_new();
	const char *other = chat_of(t.ann, t.bob, "Trip");

	(void)state;
	write_to(t, 1);
	sql("SELECT notify.mark_chat_read('%s', '%s', 1, NULL)", t.ann.id,
	    t.chat);
	write_to(t, 2);
	say(t.bob, other, 1, "hi", t.ann);
	assert_string_equal(sql("SELECT notify.forget('%s', NULL, '%s', NULL,"
				" NULL)", t.ann.id, t.chat), "2");
	assert_string_equal(box_of(t.ann), "3 1");
	assert_string_equal(sql("SELECT collapse_id FROM notify.notification"
		" WHERE user_id = '%s'", t.ann.id), other);
}

FUNCTION_TESTS("notify",
	QUEUE_CLAIM(a_chat_is_read_up_to_a_message),
	QUEUE_CLAIM(of_a_chat_that_one_left_nothing_stays))
