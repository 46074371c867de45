/* What two people do to each other, by the table of a pair's states. */
#include "tests/unit/subscriptions_fixture.h"

/*
 * What happens to the one who acts and the other; an event is for whoever
 * shall know that the other's view changed.
 */
static const struct step {
	const char *action, *before;
	int status;
	const char *after, *event, *was;
} steps[] = {
{ "request", "none/none",	  201, "outgoing/incoming", SENT },
{ "request", "none/outgoing",	  201, "accepted/accepted", ACCEPTED },
{ "request", "none/blocked",	  201, "outgoing/blocked" },
{ "request", "outgoing/none",	  200, "outgoing/incoming", SENT },
{ "request", "outgoing/incoming", 200, "outgoing/incoming" },
{ "request", "outgoing/blocked",  200, "outgoing/blocked" },
{ "request", "incoming/outgoing", 201, "accepted/accepted", ACCEPTED },
{ "request", "accepted/accepted", 200, "accepted/accepted" },
{ "request", "blocked/none",	  409, "blocked/none" },
{ "request", "blocked/outgoing",  409, "blocked/outgoing" },
{ "request", "blocked/blocked",	  409, "blocked/blocked" },

{ "accept",  "none/none",	  409, "none/none" },
{ "accept",  "none/outgoing",	  409, "none/outgoing" },
{ "accept",  "none/blocked",	  409, "none/blocked" },
{ "accept",  "outgoing/none",	  409, "outgoing/none" },
{ "accept",  "outgoing/incoming", 409, "outgoing/incoming" },
{ "accept",  "outgoing/blocked",  409, "outgoing/blocked" },
{ "accept",  "incoming/outgoing", 200, "accepted/accepted", ACCEPTED },
{ "accept",  "accepted/accepted", 200, "accepted/accepted" },
{ "accept",  "blocked/none",	  409, "blocked/none" },
{ "accept",  "blocked/outgoing",  409, "blocked/outgoing" },
{ "accept",  "blocked/blocked",	  409, "blocked/blocked" },

{ "decline", "none/none",	  409, "none/none" },
{ "decline", "none/outgoing",	  409, "none/outgoing" },
{ "decline", "none/blocked",	  409, "none/blocked" },
{ "decline", "outgoing/none",	  409, "outgoing/none" },
{ "decline", "outgoing/incoming", 409, "outgoing/incoming" },
{ "decline", "outgoing/blocked",  409, "outgoing/blocked" },
{ "decline", "incoming/outgoing", 204, "none/none", DECLINED },
{ "decline", "accepted/accepted", 409, "accepted/accepted" },
{ "decline", "blocked/none",	  409, "blocked/none" },
{ "decline", "blocked/outgoing",  409, "blocked/outgoing" },
{ "decline", "blocked/blocked",	  409, "blocked/blocked" },

{ "remove",  "none/none",	  404, "none/none" },
{ "remove",  "none/outgoing",	  404, "none/outgoing" },
{ "remove",  "none/blocked",	  404, "none/blocked" },
{ "remove",  "outgoing/none",	  204, "none/none" },
{ "remove",  "outgoing/incoming", 204, "none/none", REMOVED, "requested" },
{ "remove",  "outgoing/blocked",  204, "none/blocked" },
{ "remove",  "incoming/outgoing", 404, "incoming/outgoing" },
{ "remove",  "accepted/accepted", 204, "none/none", REMOVED, "accepted" },
{ "remove",  "blocked/none",	  404, "blocked/none" },
{ "remove",  "blocked/outgoing",  404, "blocked/outgoing" },
{ "remove",  "blocked/blocked",	  404, "blocked/blocked" },

{ "block",   "none/none",	  201, "blocked/none" },
{ "block",   "none/outgoing",	  201, "blocked/outgoing" },
{ "block",   "none/blocked",	  201, "blocked/blocked" },
{ "block",   "outgoing/none",	  201, "blocked/none" },
{ "block",   "outgoing/incoming", 201, "blocked/none", REMOVED, "requested" },
{ "block",   "outgoing/blocked",  201, "blocked/blocked" },
{ "block",   "incoming/outgoing", 201, "blocked/outgoing" },
{ "block",   "accepted/accepted", 201, "blocked/none", REMOVED, "accepted" },
{ "block",   "blocked/none",	  200, "blocked/none" },
{ "block",   "blocked/outgoing",  200, "blocked/outgoing" },
{ "block",   "blocked/blocked",	  200, "blocked/blocked" },

{ "unblock", "none/none",	  404, "none/none" },
{ "unblock", "none/outgoing",	  404, "none/outgoing" },
{ "unblock", "none/blocked",	  404, "none/blocked" },
{ "unblock", "outgoing/none",	  404, "outgoing/none" },
{ "unblock", "outgoing/incoming", 404, "outgoing/incoming" },
{ "unblock", "outgoing/blocked",  404, "outgoing/blocked" },
{ "unblock", "incoming/outgoing", 404, "incoming/outgoing" },
{ "unblock", "accepted/accepted", 404, "accepted/accepted" },
{ "unblock", "blocked/none",	  204, "none/none" },
{ "unblock", "blocked/outgoing",  204, "none/outgoing" },
{ "unblock", "blocked/blocked",	  204, "none/blocked" },
};

/* Of refusals by action. */
static const struct {
	const char *action, *code;
} codes[] = {
	{ "request", "blocked" },   { "accept", "no_request" },
	{ "decline", "no_request" }, { "remove", "not_found" },
	{ "unblock", "not_found" },
};

/* A step on a fresh pair: who takes it, and how the start was written. */
struct trial {
	const struct step *step;
	struct pair pair;
	int actor;			/* in the pair */
	bool written;			/* whether "none" has rows */
};

static struct person actor(struct trial t)
{
	return t.pair.of[t.actor];
}

static struct person other(struct trial t)
{
	return t.pair.of[1 - t.actor];
}

static void begin(struct trial t)
{
	set_states(actor(t), other(t), t.step->before);
	if (!t.written)
		sql("DELETE FROM social.subscription WHERE state = 'none'"
		    " AND '%s' IN (user_id, other_id)", actor(t).id);
}

/* Compared as texts, which show the case that is wrong. */
static const char *titled(struct trial t, const char *what)
{
	return text("the %s id's %s of %s%s: %s",
		    t.actor == 0 ? "lower" : "higher", t.step->action,
		    t.step->before, t.written ? "" : " (no rows)", what);
}

static const char *code_of(const char *action)
{
	for (size_t i = 0; i < COUNT(codes); i++)
		if (strcmp(codes[i].action, action) == 0)
			return codes[i].code;
	return NULL;
}

/* The subscription as the actor sees it now; "" after 204; a problem's code. */
static const char *expected_body(struct trial t)
{
	if (t.step->status == 204)
		return "";
	if (t.step->status >= 400)
		return code_of(t.step->action);

	return sql("SELECT format('{\"user\" : {\"id\" : \"%%s\","
		   " \"nickname\" : null, \"about\" : null, \"avatar\" : null,"
		   " \"created_at\" : \"%%s\"}, \"state\" : \"%.*s\","
		   " \"since\" : \"%%s\"}', p.id, auth.rfc3339(created_at),"
		   " auth.rfc3339(since)) FROM profile.profile p"
		   " JOIN social.subscription ON p.id = other_id"
		   " WHERE (user_id, other_id) = ('%s', '%s')",
		   (int)strcspn(t.step->after, "/"), t.step->after,
		   actor(t).id, other(t).id);
}

static void assert_answered(struct trial t, struct reply r)
{
	const char *body = r.status < 400 ? r.body : member(r.body, "code");

	assert_string_equal(titled(t, text("%d %s", r.status, body)),
			    titled(t, text("%d %s", t.step->status,
					   expected_body(t))));
}

/* 1 for a side whose state has changed, else 0: actor's and other's. */
static const char *changed_sides(const struct step *s)
{
	const size_t before = strcspn(s->before, "/");
	const size_t after = strcspn(s->after, "/");

	return text("%d%d", before != after ||
		    strncmp(s->before, s->after, before) != 0,
		    strcmp(s->before + before, s->after + after) != 0);
}

/* Whether a side's row tells of a change after what begin() wrote. */
static int is_new(struct person mine, struct person theirs)
{
	return atoi(sql("SELECT count(*) FROM social.subscription WHERE"
			" (user_id, other_id) = ('%s', '%s')"
			" AND since > '2026-01-01'", mine.id, theirs.id));
}

static void assert_written(struct trial t)
{
	assert_string_equal(titled(t, states_of(actor(t), other(t))),
			    titled(t, t.step->after));
	if (!t.written)
		return;
	assert_string_equal(titled(t, text("%d%d", is_new(actor(t), other(t)),
					   is_new(other(t), actor(t)))),
			    titled(t, changed_sides(t.step)));
}

/* A side's own list has the other in this state, or not at all. */
static const char *listed(struct person mine, struct person theirs)
{
	const char *body = GET("/subscriptions/me", .token = mine.token).body;
	const char *at = strstr(body, "\"state\" : \"");

	if (!at)
		return "none";
	assert_non_null(strstr(body, theirs.id));
	at += strlen("\"state\" : \"");
	return text("%.*s", (int)strcspn(at, "\""), at);
}

static void assert_listed(struct trial t)
{
	assert_string_equal(titled(t, text("%s/%s", listed(actor(t), other(t)),
					   listed(other(t), actor(t)))),
			    titled(t, t.step->after));
}

static void assert_announced(struct trial t)
{
	const char *was = t.step->was ? text("\"was\": \"%s\", ", t.step->was)
				      : "";
	const char *event = t.step->event
		? text("subscription.events %s %s {%s\"user_id\": \"%s\","
		       " \"other_id\": \"%s\"}", t.step->event, key_of(t.pair),
		       was, actor(t).id, other(t).id)
		: "";

	assert_string_equal(titled(t, sql("SELECT string_agg(concat_ws(' ',"
		" topic, type, key, data), '; ') FROM event.outbox"
		" WHERE key LIKE '%%%s%%'", actor(t).id)), titled(t, event));
}

static void every_action_on_every_pair_does_what_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4 * COUNT(steps); i++) {
		struct trial t = {
			&steps[i / 4], pair_new(), i % 2, i % 4 < 2,
		};

		begin(t);
		assert_answered(t, act(actor(t), t.step->action, other(t).id));
		assert_written(t);
		assert_listed(t);
		assert_announced(t);
	}
}

/* What led to a pair's states, as both sides' actions in turn. */
enum { STATES = 11, MOVES_MAX = 8 };

struct path {
	const char *states;		/* of the lower id and the higher */
	struct {
		int actor;
		const char *action;
	} move[MOVES_MAX];
	int nmoves;
};

/* Of a fresh pair that goes along a path. */
static const char *led_to(struct path path)
{
	struct pair p = pair_new();

	for (int i = 0; i < path.nmoves; i++)
		act(p.of[path.move[i].actor], path.move[i].action,
		    p.of[1 - path.move[i].actor].id);

	return states_of(p.of[0], p.of[1]);
}

static bool is_known(const struct path *paths, int n, const char *states)
{
	for (int i = 0; i < n; i++)
		if (strcmp(paths[i].states, states) == 0)
			return true;
	return false;
}

static const char *sorted(const struct path *paths, int n)
{
	const char *list = "";

	for (int i = 0; i < n; i++)
		list = text("%s'%s',", list, paths[i].states);

	return sql("SELECT string_agg(s, ' ' ORDER BY s COLLATE \"C\")"
		   " FROM unnest(ARRAY[%.*s]) s", (int)strlen(list) - 1, list);
}

static void from_none_just_the_11_states_can_be_reached(void **state)
{
	static const char *const actions[] = {
		"request", "accept", "decline", "remove", "block", "unblock",
	};
	struct path found[STATES + 1] = { { .states = "none/none" } };
	int n = 1;

	(void)state;
	for (int i = 0; i < n; i++)
		for (size_t move = 0; move < 2 * COUNT(actions); move++) {
			struct path next = found[i];

			assert_in_range(next.nmoves, 0, MOVES_MAX - 1);
			next.move[next.nmoves].actor = move % 2;
			next.move[next.nmoves++].action = actions[move / 2];
			next.states = led_to(next);
			if (is_known(found, n, next.states))
				continue;
			assert_in_range(n, 1, STATES);
			found[n++] = next;
		}
	assert_string_equal(sorted(found, n),
		"accepted/accepted blocked/blocked blocked/none"
		" blocked/outgoing incoming/outgoing none/blocked none/none"
		" none/outgoing outgoing/blocked outgoing/incoming"
		" outgoing/none");
}

static void a_pair_is_forgotten_as_a_whole_after_30_days_of_none(void **state)
{
	static const struct {
		const char *states;
		int days[2], rows;
	} cases[] = {
		{ "none/none",	       { 31, 31 }, 0 },
		{ "none/none",	       { 29, 31 }, 2 },
		{ "none/none",	       { 31, 29 }, 2 },
		{ "none/outgoing",     { 31, 31 }, 2 },
		{ "blocked/none",      { 31, 31 }, 2 },
		{ "accepted/accepted", { 31, 31 }, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pair p = pair_new();

		set_states(p.of[0], p.of[1], cases[i].states);
		for (int side = 0; side < 2; side++)
			sql("UPDATE social.subscription"
			    " SET since = now() - interval '%d days'"
			    " WHERE user_id = '%s'", cases[i].days[side],
			    p.of[side].id);
		sql("SELECT social.tidy()");
		assert_int_equal(rows_of("subscription", p.of[0].id),
				 cases[i].rows);
	}
}

FUNCTION_TESTS("subscriptions",
	CLAIM(every_action_on_every_pair_does_what_the_table_says),
	WITHOUT_LIMITS(from_none_just_the_11_states_can_be_reached),
	CLAIM(a_pair_is_forgotten_as_a_whole_after_30_days_of_none))
