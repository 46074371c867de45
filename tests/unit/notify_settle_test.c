/* What becomes of claims, and silent pushes. */
#include "tests/unit/notify_queue.h"

/* Somebody with a device of the platform and one push on its way. */
static struct person on_its_way(const char *platform, const char **claims)
{
	struct person p = owner_of(platform);

	announce(p, "Hello");
	*claims = claim(p);
	return p;
}

static void an_outcome_says_what_becomes_of_push_and_device(void **state)
{
	static const struct {
		const char *outcome, *settled, *left, *badge;
	} cases[] = {
		{ "sent",    "1", "",		   "1" },
		{ "refused", "1", "",		   "0" },
		{ "later",   "1", "1 7 1",	   "0" },
		{ "gone",    "1", "",		   "" },
		{ "other",   "1", "1 30 1 claimed", "0" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *claims;
		struct person ann = on_its_way("webpush", &claims);

		assert_string_equal(settle(claims, cases[i].outcome, 7000),
				    cases[i].settled);
		assert_string_equal(queue_of(ann), cases[i].left);
		assert_string_equal(badge_of(ann), cases[i].badge);
		assert_string_equal(box_of(ann), "1 1");
	}
}

static void a_device_that_is_gone_takes_its_other_pushes_along(void **state)
{
	const char *claims;
	struct person ann = on_its_way("webpush", &claims);
	struct person there = elsewhere(ann);

	(void)state;
	device_new(there, "fcm", 0);
	make(ann, "request", NOBODY, NOBODY, 0);
	settle(claims, "gone", 0);
	assert_string_equal(kept(ann), "");
	assert_string_equal(queue_of(ann), "");
	assert_string_equal(queue_of(there), "2 3 0");
}

static void a_device_that_is_registered_anew_is_not_gone(void **state)
{
	const char *claims;
	struct person ann = on_its_way("webpush", &claims);

	(void)state;
	sql("UPDATE notify.device SET token = token || '2', registered_at ="
	    " clock_timestamp() WHERE session_id = '%s'", ann.session);
	assert_string_equal(settle(claims, "gone", 2000), "1");
	assert_string_equal(queue_of(ann), "1 2 1");
	pass(ann, 2);
	claims = claim(ann);
	assert_string_equal(at(claims, "0,token"), sql("SELECT token FROM"
		" notify.device WHERE session_id = '%s'", ann.session));
	assert_string_equal(settle(claims, "gone", 2000), "1");
	assert_string_equal(kept(ann), "");
}

static void a_claim_that_was_taken_over_is_left_alone(void **state)
{
	static const char *const outcomes[] = {
		"sent", "refused", "later", "gone",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(outcomes); i++) {
		const char *claims;
		struct person ann = on_its_way("webpush", &claims);

		pass(ann, LEASE_S);
		assert_string_equal(at(claim(ann), "0,tries"), "2");
		assert_string_equal(settle(claims, outcomes[i], 0), "0");
		assert_string_equal(queue_of(ann), "1 30 2 claimed");
		assert_string_equal(badge_of(ann), i == 0 ? "1" : "0");
	}
}

static void what_was_read_on_its_way_is_followed_by_a_silent_one(void **state)
{
	static const char *const platforms[] = { "fcm", "apns", "webpush" };

	(void)state;
	for (size_t i = 0; i < COUNT(platforms); i++) {
		const char *claims;
		struct person ann = on_its_way(platforms[i], &claims);
		const bool shows = strcmp(platforms[i], "webpush") != 0;

		sql("SELECT notify.mark_read('%s', 1, NULL, NULL, NULL)",
		    ann.id);
		assert_string_equal(queue_of(ann), "1 30 1 claimed");
		settle(claims, "sent", 0);
		assert_string_equal(badge_of(ann), "1");
		assert_string_equal(queue_of(ann), shows ? "silent 0 0" : "");
		settle(claim(ann), "sent", 0);
		assert_string_equal(queue_of(ann), "");
		assert_string_equal(badge_of(ann), shows ? "0" : "1");
	}
}

static void a_badge_is_remembered_of_what_was_replaced_on_its_way(void **state)
{
	struct two t = { owner_of("fcm"), person_new(), NULL };
	const char *claims;

	(void)state;
	t.chat = chat_of(t.ann, t.bob, "");
	write_to(t, 1);
	pass(t.ann, 3);
	claims = claim(t.ann);
	write_to(t, 2);
	assert_string_equal(settle(claims, "sent", 0), "0");
	assert_string_equal(badge_of(t.ann), "1");
	assert_string_equal(queue_of(t.ann), "2 3 0");
}

static void claims_are_settled_together_each_as_it_went(void **state)
{
	static const char *const outcomes[] = {
		"sent", "later", "refused", "gone", "sent",
	};
	struct person p[COUNT(outcomes)];
	const char *all = "[]";

	(void)state;
	for (size_t i = 0; i < COUNT(outcomes); i++) {
		const char *claims;

		p[i] = on_its_way("webpush", &claims);
		all = sql("SELECT $d$%s$d$::jsonb || $d$%s$d$::jsonb", all,
			  claims);
	}
	assert_string_equal(sql(
		"SELECT notify.settle(array_agg(device_id),"
		" array_agg(collapse_id), array_agg(id), array_agg(tries),"
		" ARRAY['sent', 'later', 'refused', 'gone', 'sent'],"
		" ARRAY[1, 2, 3, 4, 5], array_agg(badge),"
		" array_agg(registered)) FROM jsonb_to_recordset($d$%s$d$)"
		" c (device_id uuid, collapse_id uuid, id bigint,"
		" tries integer, badge integer, registered text)", all), "5");
	assert_string_equal(text("%s|%s|%s|%s|%s", queue_of(p[0]),
				 queue_of(p[1]), queue_of(p[2]),
				 queue_of(p[3]), queue_of(p[4])),
			    "|1 0 1|||");
	assert_string_equal(text("%s%s%s%s%s", badge_of(p[0]), badge_of(p[1]),
				 badge_of(p[2]), badge_of(p[3]),
				 badge_of(p[4])), "1001");
}

static void a_device_shows_the_badge_of_what_it_got_last(void **state)
{
	const char *first, *second;
	struct person ann = on_its_way("apns", &first);

	(void)state;
	announce(ann, "Hello");
	second = claim(ann);
	assert_string_equal(sql("SELECT notify.settle(array_agg(device_id),"
		" array_agg(collapse_id), array_agg(id), array_agg(tries),"
		" ARRAY['sent', 'sent'], ARRAY[0, 0], array_agg(badge),"
		" array_agg(registered)) FROM jsonb_to_recordset($d$%s$d$"
		" || $d$%s$d$::jsonb) c (device_id uuid, collapse_id uuid,"
		" id bigint, tries integer, badge integer, registered text)",
		second, first), "2");
	assert_string_equal(badge_of(ann), "2");
}

/* Read elsewhere; the number of the silent one is none. */
static void a_badge_that_is_wrong_is_pushed_silently(void **state)
{
	static const char *const platforms[] = { "fcm", "apns", "sandbox" };

	(void)state;
	for (size_t i = 0; i < COUNT(platforms); i++) {
		const char *claims;
		struct person ann = on_its_way(platforms[i], &claims);

		settle(claims, "sent", 0);
		sql("SELECT notify.mark_read('%s', 1, NULL, NULL, NULL)",
		    ann.id);
		assert_string_equal(queue_of(ann), "silent 0 0");
		pass(ann, 60);
		claims = claim(ann);
		assert_string_equal(sql("SELECT concat_ws(' ', badge, urgent,"
			" ttl_s, collapse_id = '%s') FROM json_to_recordset("
			"$d$%s$d$) c (badge integer, urgent boolean,"
			" ttl_s integer, collapse_id uuid)", ann.id, claims),
			"0 f 86400 t");
		assert_string_equal(settle(claims, "sent", 0), "1");
		assert_string_equal(queue_of(ann), "");
		assert_string_equal(badge_of(ann), "0");
	}
}

static void a_silent_push_waits_for_no_badge_that_is_right(void **state)
{
	const char *claims;
	struct person ann = on_its_way("apns", &claims);

	(void)state;
	settle(claims, "sent", 0);
	sql("SELECT notify.mark_read('%s', 1, NULL, NULL, NULL)", ann.id);
	announce(ann, "Hello");
	pass(ann, 60);
	assert_string_equal(numbers_of(ann, claim(ann)), "2");
	assert_string_equal(queue_of(ann), "2 30 1 claimed");
}

static void silent_ones_collapse_and_show_what_is_unread_then(void **state)
{
	struct person ann = owner_of("apns");

	(void)state;
	for (int i = 0; i < 3; i++)
		announce(ann, "Hello");
	sql("DELETE FROM notify.push WHERE user_id = '%s'", ann.id);
	for (int i = 1; i <= 2; i++)
		sql("SELECT notify.mark_read('%s', %d, NULL, NULL, NULL)",
		    ann.id, i);
	assert_string_equal(queue_of(ann), "silent 0 0");
	pass(ann, 60);
	assert_string_equal(at(claim(ann), "0,badge"), "1");
}

static void reading_a_chat_pushes_silently_to_all_devices(void **state)
{
	struct person ann = owner_of("apns"), bob = person_new();
	struct person there = elsewhere(ann), third = elsewhere(ann);
	const char *chat = chat_of(ann, bob, "");

	(void)state;
	device_new(there, "fcm", 2);
	device_new(third, "webpush", 2);
	say(bob, chat, 1, "hi", ann);
	sql("DELETE FROM notify.push WHERE user_id = '%s'", ann.id);
	sql("SELECT notify.mark_chat_read('%s', '%s', 1, NULL)", ann.id, chat);
	assert_string_equal(queue_of(ann), "");	 /* it shows none already */
	assert_string_equal(queue_of(there), "silent 0 0");
	assert_string_equal(queue_of(third), "");
}

FUNCTION_TESTS("notify",
	QUEUE_CLAIM(an_outcome_says_what_becomes_of_push_and_device),
	QUEUE_CLAIM(a_device_that_is_gone_takes_its_other_pushes_along),
	QUEUE_CLAIM(a_device_that_is_registered_anew_is_not_gone),
	QUEUE_CLAIM(a_claim_that_was_taken_over_is_left_alone),
	QUEUE_CLAIM(what_was_read_on_its_way_is_followed_by_a_silent_one),
	QUEUE_CLAIM(a_badge_is_remembered_of_what_was_replaced_on_its_way),
	QUEUE_CLAIM(claims_are_settled_together_each_as_it_went),
	QUEUE_CLAIM(a_device_shows_the_badge_of_what_it_got_last),
	QUEUE_CLAIM(a_badge_that_is_wrong_is_pushed_silently),
	QUEUE_CLAIM(a_silent_push_waits_for_no_badge_that_is_right),
	QUEUE_CLAIM(silent_ones_collapse_and_show_what_is_unread_then),
	QUEUE_CLAIM(reading_a_chat_pushes_silently_to_all_devices))
