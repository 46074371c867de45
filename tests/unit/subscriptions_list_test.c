/* GET /subscriptions/me, GET /subscriptions/{id} */
#include <jansson.h>

#include "tests/unit/subscriptions_fixture.h"

static const char *own = "/subscriptions/me";

static const char *list_of(struct person p)
{
	return text("/subscriptions/%s", p.id);
}

/* A page's items as "<state> <user>" lines. */
static const char *items(struct reply r)
{
	json_t *page = json_loads(r.body, 0, NULL), *item;
	const char *lines = "";
	size_t i;

	assert_int_equal(r.status, 200);
	json_array_foreach(json_object_get(page, "items"), i, item)
		lines = text("%s%s %s\n", lines,
			     json_string_value(json_object_get(item, "state")),
			     json_string_value(json_object_get(
				json_object_get(item, "user"), "id")));
	json_decref(page);

	return lines;
}

/* So many seconds after the others that set_states() wrote. */
static void set_later(struct person mine, struct person theirs, int seconds)
{
	sql("UPDATE social.subscription SET since = since + interval '%d s'"
	    " WHERE (user_id, other_id) = ('%s', '%s')", seconds, mine.id,
	    theirs.id);
}

/* Of somebody with two others in every state, as their own list shows them. */
static const struct {
	const char *states;
	int later_s;
} shown[] = {
	{ "accepted/accepted", 4 }, { "accepted/accepted", 1 },
	{ "incoming/outgoing", 7 }, { "incoming/outgoing", 2 },
	{ "outgoing/incoming", 8 }, { "outgoing/blocked",  3 },
	{ "blocked/none",      6 }, { "blocked/outgoing",  5 },
};

enum { SHOWN = COUNT(shown) };

struct circle {
	struct person one, of[SHOWN];
};

/* And some in no state that is shown. */
static struct circle circle_new(void)
{
	struct circle c = { .one = person_new() };

	for (int i = 0; i < SHOWN; i++) {
		c.of[i] = person_new();
		set_states(c.one, c.of[i], shown[i].states);
		set_later(c.one, c.of[i], shown[i].later_s);
	}
	set_states(c.one, person_new(), "none/none");
	set_states(c.one, person_new(), "none/blocked");
	set_states(person_new(), person_new(), "accepted/accepted");

	return c;
}

/* Lines of those in a state; NULL: of all. */
static const char *expected(struct circle c, const char *state)
{
	const char *lines = "";

	for (int i = 0; i < SHOWN; i++) {
		const char *mine = text("%.*s",
			(int)strcspn(shown[i].states, "/"), shown[i].states);

		if (!state || strcmp(state, mine) == 0)
			lines = text("%s%s %s\n", lines, mine, c.of[i].id);
	}
	return lines;
}

static void ones_own_come_by_state_and_newest_first(void **state)
{
	struct circle c = circle_new();

	(void)state;
	assert_string_equal(items(GET(own, .token = c.one.token)),
			    expected(c, NULL));
	assert_string_equal(items(GET(list_of(c.one), .token = c.one.token)),
			    expected(c, NULL));
}

static void ones_own_can_be_asked_for_by_state(void **state)
{
	static const char *const states[] = {
		"accepted", "incoming", "outgoing", "blocked",
	};
	struct circle c = circle_new();

	(void)state;
	for (size_t i = 0; i < COUNT(states); i++)
		assert_string_equal(items(GET(own, .token = c.one.token,
					      .query = text("state=%s",
							    states[i]))),
				    expected(c, states[i]));
}

static void an_item_shows_what_the_contract_says(void **state)
{
	struct person one = person_new(), other = person_new();

	(void)state;
	sql("UPDATE profile.profile SET nickname = 'Ann', nickname_key = '%s',"
	    " nickname_search = 'ann', about = 'me', avatar = id"
	    " WHERE id = '%s'", other.id, other.id);
	set_states(one, other, "accepted/accepted");
	assert_string_equal(GET(own, .token = one.token).body, text(
		"{\"items\":[{\"user\" : {\"id\" : \"%s\","
		" \"nickname\" : \"Ann\", \"about\" : \"me\","
		" \"avatar\" : \"/avatars/%s.webp\", \"created_at\" : \"%s\"},"
		" \"state\" : \"accepted\","
		" \"since\" : \"2026-01-01T00:00:00.000Z\"}],\"next\":null}",
		other.id, other.id,
		sql("SELECT auth.rfc3339(created_at) FROM profile.profile"
		    " WHERE id = '%s'", other.id)));
}

static void an_empty_list_is_a_list(void **state)
{
	struct person one = person_new(), other = person_new();

	(void)state;
	assert_string_equal(GET(own, .token = one.token).body,
			    "{\"items\":[],\"next\":null}");
	assert_string_equal(GET(list_of(other), .token = one.token).body,
			    "{\"items\":[],\"next\":null}");
}

/* In any state, and several of them at the same moment. */
static void add_fifty_others(struct person one)
{
	sql("WITH other AS ("
	    "	INSERT INTO auth.account (id, email)"
	    "	SELECT gen_random_uuid(), n || '@%s'"
	    "	  FROM generate_series(1, 50) n RETURNING id"
	    "), profiled AS ("
	    "	INSERT INTO profile.profile (id) SELECT id FROM other"
	    "	RETURNING id"
	    ")"
	    "INSERT INTO social.subscription (user_id, other_id, state, since)"
	    " SELECT '%s', id, (ARRAY['accepted', 'incoming', 'outgoing',"
	    "	'blocked'])[1 + row_number() OVER () %% 4]::social.state,"
	    "	'2026-01-01'::timestamptz"
	    "	+ interval '1 us' * (row_number() OVER () %% 5)"
	    "  FROM profiled", one.id, one.id);
}

static void fifty_in_pages_of_seven_come_once_and_in_order(void **state)
{
	struct person one = person_new();
	const char *lines = "", *query = "limit=7", *cursor;
	int pages = 0;

	(void)state;
	add_fifty_others(one);
	do {
		struct reply r = GET(own, .token = one.token, .query = query);

		lines = text("%s%s", lines, items(r));
		cursor = member(r.body, "next");
		query = text("limit=7&cursor=%s", cursor);
	} while (++pages < 50 && cursor);

	assert_int_equal(pages, 8);
	assert_string_equal(lines, items(GET(own, .token = one.token,
					     .query = "limit=100")));
	assert_string_equal(sql("SELECT count(DISTINCT line) FROM"
				" string_to_table('%s', E'\\n') line"
				" WHERE line <> ''", lines), "50");
}

static void anothers_show_the_accepted_ones_whoever_asks(void **state)
{
	struct circle c = circle_new();
	struct person stranger = person_new(), friend = c.of[0];
	struct person blocked = c.of[6], blocker = c.of[5];
	const struct person askers[] = { stranger, friend, blocked, blocker };

	(void)state;
	for (size_t i = 0; i < COUNT(askers); i++) {
		assert_string_equal(items(GET(list_of(c.one),
					      .token = askers[i].token)),
				    expected(c, "accepted"));
		assert_string_equal(items(GET(list_of(c.one),
					      .query = "state=accepted",
					      .token = askers[i].token)),
				    expected(c, "accepted"));
	}
}

static void anothers_in_other_states_are_not_shown(void **state)
{
	static const char *const states[] = {
		"incoming", "outgoing", "blocked",
	};
	struct circle c = circle_new();

	(void)state;
	for (size_t i = 0; i < COUNT(states); i++)
		assert_problem(GET(list_of(c.one), .token = c.of[0].token,
				   .query = text("state=%s", states[i])),
			       403, "forbidden");
}

static void nobodys_list_is_not_there(void **state)
{
	struct person one = person_new(), deleted = person_new();

	(void)state;
	set_states(one, deleted, "accepted/accepted");
	person_delete(deleted);
	assert_problem(GET("/subscriptions/" NOBODY, .token = one.token), 404,
		       "not_found");
	assert_problem(GET(list_of(deleted), .token = one.token), 404,
		       "not_found");
	assert_problem(GET("/subscriptions/x", .token = one.token), 404,
		       "not_found");
}

/* "next" of a first page of one. */
static const char *cursor_of(const char *path, struct person asker)
{
	return member(GET(path, .token = asker.token, .query = "limit=1").body,
		      "next");
}

static void bad_parameters_are_refused(void **state)
{
	struct circle c = circle_new(), other = circle_new();
	const struct {
		const char *query, *parameter, *code;
	} cases[] = {
		{ "state=", "state", "not_a_choice" },
		{ "state=none", "state", "not_a_choice" },
		{ "state=Accepted", "state", "not_a_choice" },
		{ "state=accepted,incoming", "state", "not_a_choice" },
		{ "limit=0", "limit", "out_of_range" },
		{ "limit=101", "limit", "out_of_range" },
		{ "limit=x", "limit", "out_of_range" },
		{ "cursor=", "cursor", "not_a_cursor" },
		{ "cursor=x", "cursor", "not_a_cursor" },
		{ "cursor=%5B%22accepted%22%5D", "cursor", "not_a_cursor" },
		{ text("cursor=%s", cursor_of(own, other.one)), "cursor",
		  "not_a_cursor" },
		{ text("cursor=%s", cursor_of(list_of(other.one), c.one)),
		  "cursor", "not_a_cursor" },
		{ text("cursor=%s", cursor_of(list_of(c.one), other.one)),
		  "cursor", "not_a_cursor" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reply r = GET(own, .token = c.one.token,
				     .query = cases[i].query);

		assert_problem(r, 422, "invalid");
		assert_non_null(strstr(r.body, text(
			"[{\"pointer\":\"%s\",\"code\":\"%s\"}]",
			cases[i].parameter, cases[i].code)));
	}
	assert_problem(GET(own, .token = c.one.token,
			   .query = "state=accepted&state=accepted"), 400,
		       "malformed");
}

FUNCTION_TESTS("subscriptions",
	CLAIM(ones_own_come_by_state_and_newest_first),
	CLAIM(ones_own_can_be_asked_for_by_state),
	CLAIM(an_item_shows_what_the_contract_says),
	CLAIM(an_empty_list_is_a_list),
	CLAIM(fifty_in_pages_of_seven_come_once_and_in_order),
	CLAIM(anothers_show_the_accepted_ones_whoever_asks),
	CLAIM(anothers_in_other_states_are_not_shown),
	CLAIM(nobodys_list_is_not_there),
	CLAIM(bad_parameters_are_refused))
