/* GET /notifications: order, pages, and what is refused. */
#include "tests/unit/notify_fixture.h"

static void tell_n(struct person p, int n)
{
	for (int i = 0; i < n; i++)
		make(p, "service", fresh_id(), NOBODY, 0);
}

/* All pages of a list: the numbers, in order. */
static const char *walk(struct person p, const char *query, int pages)
{
	const char *numbers = NULL, *cursor, *page = query;

	do {
		struct reply r = list(p, page);
		const char *some = each(r, "number");

		numbers = numbers ? text("%s %s", numbers, some) : some;
		cursor = member(r.body, "next");
		page = text("%s&cursor=%s", query, cursor);
	} while (--pages > 0 && cursor);
	assert_null(cursor);
	assert_int_equal(pages, 0);

	return numbers;
}

static void nobody_told_anything_has_an_empty_list(void **state)
{
	static const char *const queries[] = {
		"", "limit=1", "after=0", "after=9007199254740991",
	};
	struct person ann = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(queries); i++)
		assert_string_equal(list(ann, queries[i]).body,
				    "{\"items\":[],\"next\":null,\"unread\":0}");
}

static void it_is_the_callers_and_newest_first(void **state)
{
	struct person ann = person_new(), bob = person_new();

	(void)state;
	tell_n(ann, 3);
	tell_n(bob, 5);
	assert_string_equal(each(list(ann, ""), "number"), "3 2 1");
	assert_string_equal(each(list(bob, ""), "number"), "5 4 3 2 1");
}

static void after_a_number_the_oldest_come_first(void **state)
{
	static const struct {
		const char *query, *numbers;
	} cases[] = {
		{ "after=0", "1 2 3 4" }, { "after=1", "2 3 4" },
		{ "after=3", "4" }, { "after=4", "" },
		{ "after=0&limit=2", "1 2" },
	};
	struct person ann = person_new();

	(void)state;
	tell_n(ann, 4);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(each(list(ann, cases[i].query), "number"),
				    cases[i].numbers);
}

static void pages_show_each_once_and_in_order(void **state)
{
	static const struct {
		const char *query, *numbers;
		int pages;
	} cases[] = {
		{ "limit=2", "7 6 5 4 3 2 1", 4 },
		{ "limit=7", "7 6 5 4 3 2 1", 1 },
		{ "limit=6", "7 6 5 4 3 2 1", 2 },
		{ "limit=2&after=0", "1 2 3 4 5 6 7", 4 },
		{ "limit=3&after=1", "2 3 4 5 6 7", 2 },
		{ "limit=100&after=2", "3 4 5 6 7", 1 },
	};
	struct person ann = person_new();

	(void)state;
	tell_n(ann, 7);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(walk(ann, cases[i].query, cases[i].pages),
				    cases[i].numbers);
}

static void what_comes_meanwhile_moves_no_page(void **state)
{
	struct person ann = person_new();
	const char *cursor;

	(void)state;
	tell_n(ann, 5);
	cursor = member(list(ann, "limit=2").body, "next");
	tell_n(ann, 2);
	forget(ann, "4");
	forget(ann, "3");
	assert_string_equal(each(list(ann, text("limit=2&cursor=%s", cursor)),
				 "number"), "2 1");
}

static void unread_counts_all_whatever_is_shown(void **state)
{
	static const char *const queries[] = {
		"", "limit=1", "after=4", "after=5",
	};
	struct person ann = person_new();

	(void)state;
	tell_n(ann, 5);
	read_numbers(ann, "2,5");
	for (size_t i = 0; i < COUNT(queries); i++)
		assert_string_equal(at(list(ann, queries[i]).body, "unread"),
				    "3");
	assert_string_equal(each(list(ann, ""), "read"),
			    "true false false true false");
}

/* "next" of a first page of one. */
static const char *cursor_of(struct person p)
{
	return member(list(p, "limit=1").body, "next");
}

static void bad_parameters_are_refused(void **state)
{
	struct person ann = person_new(), bob = person_new();
	const struct {
		const char *query, *parameter, *code;
	} cases[] = {
		{ "limit=0", "limit", "out_of_range" },
		{ "limit=101", "limit", "out_of_range" },
		{ "after=", "after", "out_of_range" },
		{ "after=-1", "after", "out_of_range" },
		{ "after=00", "after", "out_of_range" },
		{ "after=1.0", "after", "out_of_range" },
		{ "after=x", "after", "out_of_range" },
		{ "after=9007199254740992", "after", "out_of_range" },
		{ "after=99999999999999999999", "after", "out_of_range" },
		{ "cursor=1", "cursor", "not_a_cursor" },
		{ NULL, "cursor", "not_a_cursor" },
	};

	(void)state;
	tell_n(bob, 2);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_invalid(list(ann, cases[i].query ?:
				    text("cursor=%s", cursor_of(bob))),
			       cases[i].parameter, cases[i].code);
	assert_problem(list(ann, "after=1&after=2"), 400, "malformed");
	assert_problem(GET("/notifications"), 401, "unauthorized");
}

static void who_leaves_takes_everything_along(void **state)
{
	struct person ann = person_new();

	(void)state;
	tell_n(ann, 2);
	device_new(ann, "webpush", 0);
	tell_n(ann, 1);
	sql("INSERT INTO notify.mute VALUES ('%s', '%s')", ann.id, ann.id);
	person_delete(ann);
	assert_string_equal(sql(
		"SELECT count(*) FROM (SELECT user_id FROM notify.box"
		" UNION ALL SELECT user_id FROM notify.notification"
		" UNION ALL SELECT user_id FROM notify.device"
		" UNION ALL SELECT user_id FROM notify.mute"
		" UNION ALL SELECT user_id FROM notify.push) a"
		" WHERE user_id = '%s'", ann.id), "0");
}

FUNCTION_TESTS("notify",
	NOTIFY_CLAIM(nobody_told_anything_has_an_empty_list),
	NOTIFY_CLAIM(it_is_the_callers_and_newest_first),
	NOTIFY_CLAIM(after_a_number_the_oldest_come_first),
	NOTIFY_CLAIM(pages_show_each_once_and_in_order),
	NOTIFY_CLAIM(what_comes_meanwhile_moves_no_page),
	NOTIFY_CLAIM(unread_counts_all_whatever_is_shown),
	NOTIFY_CLAIM(bad_parameters_are_refused),
	NOTIFY_CLAIM(who_leaves_takes_everything_along))
