/* POST /notifications/read, DELETE /notifications/{number} */
#include "tests/unit/notify_fixture.h"

static struct person told_n(int n)
{
	struct person p = person_new();

	for (int i = 0; i < n; i++)
		make(p, "service", fresh_id(), NOBODY, 0);
	return p;
}

/* "123.5": of numbers from 1, those that are unread; the others are dots. */
static const char *unread_of(struct person p, int n)
{
	return sql("SELECT string_agg(coalesce((SELECT n::text FROM"
		   " notify.notification WHERE user_id = '%s' AND number = n"
		   " AND NOT read), '.'), '' ORDER BY n)"
		   " FROM generate_series(1, %d) n", p.id, n);
}

static const char *unread_event(struct person p, int unread)
{
	return sql("SELECT '{\"user_id\": \"%s\", \"unread\": %d,"
		   " \"to\": [\"%s\"]}'::jsonb", p.id, unread, p.id);
}

static void what_is_named_is_read_and_told_if_anything_was(void **state)
{
	static const struct {
		const char *body, *left;
		int unread;		/* that is told; -1: nothing is */
	} steps[] = {
		{ "{\"numbers\":[3]}",	   "12.456789",	 8 },
		{ "{\"numbers\":[3]}",	   "12.456789", -1 },
		{ "{\"up_to\":2}",	   "...456789",	 6 },
		{ "{\"up_to\":3}",	   "...456789", -1 },
		{ "{\"up_to\":1}",	   "...456789", -1 },
		{ "{\"numbers\":[9,4,3]}", "....5678.",	 4 },
		{ "{\"numbers\":[10,777]}", "....5678.", -1 },
		{ "{\"numbers\":[777,5]}", ".....678.",	 3 },
		{ "{\"up_to\":8,\"numbers\":null}", ".........", 0 },
		{ "{\"up_to\":9007199254740991}", ".........", -1 },
	};
	struct person ann = told_n(9);

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		const char *known = events_of(ann);

		assert_int_equal(POST("/notifications/read", steps[i].body,
				      .token = ann.token).status, 204);
		assert_string_equal(unread_of(ann, 9), steps[i].left);
		if (steps[i].unread < 0) {
			assert_string_equal(events_of(ann), known);
			continue;
		}
		assert_string_equal(events_of(ann),
				    text("%s NotificationsRead", known));
		assert_string_equal(last_event(ann),
				    unread_event(ann, steps[i].unread));
	}
	assert_string_equal(box_of(ann), "9 0");
}

static void what_is_deleted_is_gone_and_told_if_it_was_unread(void **state)
{
	static const struct {
		const char *number;
		int status;
		const char *left;
		int unread;
	} steps[] = {
		{ "2", 204, "4 3 1",  2 }, { "2", 404, "4 3 1", -1 },
		{ "3", 204, "4 1",   -1 }, { "5", 404, "4 1",   -1 },
		{ "4", 204, "1",      1 }, { "1", 204, "",	 0 },
		{ "1", 404, "",	     -1 },
	};
	struct person ann = told_n(4);

	(void)state;
	read_numbers(ann, "3");
	for (size_t i = 0; i < COUNT(steps); i++) {
		const char *known = events_of(ann);

		assert_int_equal(forget(ann, steps[i].number).status,
				 steps[i].status);
		assert_string_equal(each(list(ann, ""), "number"),
				    steps[i].left);
		if (steps[i].unread < 0) {
			assert_string_equal(events_of(ann), known);
			continue;
		}
		assert_string_equal(events_of(ann),
				    text("%s NotificationsRead", known));
		assert_string_equal(last_event(ann),
				    unread_event(ann, steps[i].unread));
	}
	told(ann, "");
	assert_string_equal(each(list(ann, ""), "number"), "5");
}

static void anothers_are_out_of_reach(void **state)
{
	struct person ann = told_n(3), bob = told_n(1), eve = person_new();

	(void)state;
	assert_int_equal(read_up_to(bob, "3").status, 204);
	assert_int_equal(read_numbers(eve, "1,2,3").status, 204);
	assert_int_equal(read_up_to(eve, "3").status, 204);
	assert_problem(forget(bob, "2"), 404, "not_found");
	assert_problem(forget(eve, "1"), 404, "not_found");
	assert_string_equal(unread_of(ann, 3), "123");
	assert_string_equal(events_of(eve), "");
	assert_string_equal(box_of(eve), "");
}

static void a_bad_body_is_refused(void **state)
{
	struct person ann = told_n(2);
	const char *many = sql("SELECT string_agg(n::text, ',')"
			       " FROM generate_series(3, 103) n");
	const struct {
		const char *body, *pointer, *code;
	} cases[] = {
		{ "{}", "/up_to", "required" },
		{ "{\"up_to\":null}", "/up_to", "required" },
		{ "{\"up_to\":1,\"numbers\":[2]}", "/up_to",
		  "not_with_numbers" },
		{ "{\"up_to\":0}", "/up_to", "out_of_range" },
		{ "{\"up_to\":-1}", "/up_to", "out_of_range" },
		{ "{\"up_to\":9007199254740992}", "/up_to", "out_of_range" },
		{ "{\"up_to\":1.5}", "/up_to", "wrong_type" },
		{ "{\"up_to\":\"1\"}", "/up_to", "wrong_type" },
		{ "{\"numbers\":1}", "/numbers", "wrong_type" },
		{ "{\"numbers\":[]}", "/numbers", "too_few" },
		{ text("{\"numbers\":[%s]}", many), "/numbers", "too_many" },
		{ "{\"numbers\":[1,0]}", "/numbers/1", "out_of_range" },
		{ "{\"numbers\":[1,2,1]}", "/numbers/2", "repeated" },
		{ "{\"numbers\":[\"1\"]}", "/numbers/0", "wrong_type" },
		{ "{\"up_to\":1,\"all\":true}", "/all", "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_invalid(POST("/notifications/read", cases[i].body,
				    .token = ann.token), cases[i].pointer,
			       cases[i].code);
	assert_string_equal(unread_of(ann, 2), "12");
	assert_problem(POST("/notifications/read", "{\"up_to\":1}"), 401,
		       "unauthorized");
	assert_problem(DELETE("/notifications/1"), 401, "unauthorized");
	assert_int_equal(read_numbers(ann, text("%.*s", (int)strlen(many) - 4,
						many)).status, 204);
}

static void what_is_no_number_is_not_there(void **state)
{
	static const char *const numbers[] = {
		"0", "01", "-1", "x", "1.0", "9007199254740992",
	};
	struct person ann = told_n(1);

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++)
		assert_problem(forget(ann, numbers[i]), 404, "not_found");
	assert_string_equal(box_of(ann), "1 1");
}

/* A silent push that waits for long, so that nobody takes it; its id. */
static const char *silent_new(struct person p)
{
	return sql("INSERT INTO notify.push (device_id, collapse_id, user_id,"
		   " lane, due_at, newest_due_at) SELECT session_id, user_id,"
		   " user_id, lane, now() + interval '1 day', now()"
		   " FROM notify.device WHERE session_id = '%s'"
		   " RETURNING id", p.session);
}

static const char *silent_of(struct person p)
{
	return sql("SELECT id FROM notify.push WHERE device_id = '%s'"
		   " AND collapse_id = user_id AND number IS NULL", p.session);
}

static void deletes(struct person p)
{
	assert_int_equal(forget(p, "1").status, 204);
}

static void reads(struct person p)
{
	assert_int_equal(read_up_to(p, "1").status, 204);
}

/* Of two unread, one goes: another push waits where the badge is no 1. */
static void other_devices_with_another_badge_are_pushed_silently(void **state)
{
	static void (*const ways[])(struct person) = { reads, deletes };
	static const struct {
		const char *platform;
		int badge;
		bool same_session, pushed;
	} cases[] = {
		{ "fcm",     2, false, true },	{ "apns",    2, false, true },
		{ "sandbox", 2, false, true },	{ "fcm",     0, false, true },
		{ "fcm",     1, false, false }, { "apns",    1, false, false },
		{ "webpush", 2, false, false }, { "fcm",     2, true,  false },
		{ "apns",    2, true,  false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases) * COUNT(ways); i++) {
		const size_t n = i % COUNT(cases);
		struct person ann = told_n(2);
		struct person there = cases[n].same_session ? ann
							    : elsewhere(ann);
		const char *id;

		device_new(there, cases[n].platform, cases[n].badge);
		id = silent_new(there);
		ways[i / COUNT(cases)](ann);
		if ((strcmp(silent_of(there), id) != 0) != cases[n].pushed)
			fail_msg("case %zu", i);
	}
}

static void what_changes_nothing_pushes_nothing(void **state)
{
	struct person ann = told_n(2), there = elsewhere(ann);
	const char *id;

	(void)state;
	read_up_to(ann, "1");
	device_new(there, "fcm", 7);
	id = silent_new(there);
	read_up_to(ann, "1");
	deletes(ann);
	assert_string_equal(silent_of(there), id);
}

FUNCTION_TESTS("notify",
	NOTIFY_CLAIM(what_is_named_is_read_and_told_if_anything_was),
	NOTIFY_CLAIM(what_is_deleted_is_gone_and_told_if_it_was_unread),
	NOTIFY_CLAIM(anothers_are_out_of_reach),
	NOTIFY_CLAIM(a_bad_body_is_refused),
	NOTIFY_CLAIM(what_is_no_number_is_not_there),
	NOTIFY_CLAIM(other_devices_with_another_badge_are_pushed_silently),
	NOTIFY_CLAIM(what_changes_nothing_pushes_nothing))
