/* What has served its time goes, and the count of the unread with it. */
#include "tests/unit/notify_queue.h"

static void age(struct person p, int number, int days)
{
	sql("UPDATE notify.notification SET created_at = now() - interval"
	    " '%d days' WHERE (user_id, number) = ('%s', %d)", days, p.id,
	    number);
}

static void after_90_days_a_notification_goes(void **state)
{
	struct person ann = person_new(), bob = person_new();

	(void)state;
	for (int i = 0; i < 5; i++)
		announce(ann, "Hello");
	announce(bob, "Hello");
	sql("SELECT notify.mark_read('%s', NULL, '{2,4}', NULL, NULL)", ann.id);
	for (int i = 1; i <= 5; i++)
		age(ann, i, i <= 3 ? 91 : 89);
	sql("SELECT notify.tidy()");
	assert_string_equal(sql("SELECT string_agg(number || ' ' || read, ', '"
		" ORDER BY number) FROM notify.notification"
		" WHERE user_id = '%s'", ann.id), "4 true, 5 false");
	assert_string_equal(box_of(ann), "5 1");
	assert_string_equal(box_of(bob), "1 1");
	sql("SELECT notify.tidy()");
	assert_string_equal(box_of(ann), "5 1");
}

static void numbers_go_on_behind_what_went(void **state)
{
	struct person ann = person_new();

	(void)state;
	announce(ann, "Hello");
	age(ann, 1, 91);
	sql("SELECT notify.tidy()");
	assert_string_equal(box_of(ann), "1 0");
	announce(ann, "Hello");
	assert_string_equal(box_of(ann), "2 1");
}

static void what_went_is_not_pushed(void **state)
{
	struct person ann = owner_of("webpush");

	(void)state;
	announce(ann, "Hello");
	age(ann, 1, 91);
	sql("SELECT notify.tidy()");
	assert_string_equal(claim(ann), "[]");
	assert_string_equal(queue_of(ann), "");
}

static void what_nobody_pushed_for_28_days_is_forgotten(void **state)
{
	static const int days[] = { 27, 29 };

	(void)state;
	for (size_t i = 0; i < COUNT(days); i++) {
		struct person ann = owner_of("fcm");

		announce(ann, "Hello");
		sql("UPDATE notify.push SET due_at = now() - interval"
		    " '%d days' WHERE user_id = '%s'", days[i], ann.id);
		sql("SELECT notify.tidy()");
		assert_string_equal(sql("SELECT count(*) FROM notify.push"
			" WHERE user_id = '%s'", ann.id), i == 0 ? "1" : "0");
		assert_string_equal(box_of(ann), "1 1");
	}
}

FUNCTION_TESTS("notify",
	QUEUE_CLAIM(after_90_days_a_notification_goes),
	QUEUE_CLAIM(numbers_go_on_behind_what_went),
	QUEUE_CLAIM(what_went_is_not_pushed),
	QUEUE_CLAIM(what_nobody_pushed_for_28_days_is_forgotten))
