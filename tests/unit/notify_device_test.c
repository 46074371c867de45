/* POST, GET, DELETE /notifications/devices */
#include "tests/unit/notify_fixture.h"

static const char *path = "/notifications/devices";

/* A token that nobody has. */
static const char *fresh_token(void)
{
	return text("t%s", fresh_id());
}

static struct reply devices(struct person p, const char *query)
{
	return GET(path, .query = query, .token = p.token);
}

static struct reply take_away(struct person p, const char *session)
{
	return DELETE(text("%s/%s", path, session), .token = p.token);
}

/* How many pushes wait for a session. */
static const char *waiting(struct person p)
{
	return sql("SELECT count(*) FROM notify.push WHERE device_id = '%s'",
		   p.session);
}

static void a_session_becomes_a_device_and_another_one(void **state)
{
	struct person ann = person_new();
	const char *hex = sql("SELECT md5('%s')", ann.id);
	const char *endpoint = text("https://push.example:8443/%s", ann.id);
	const struct {
		const char *body, *shown, *kept;
	} steps[] = {
		{ device("fcm", ann.id), "\"fcm\", \"environment\" : null",
		  text("fcm f fcm %s", ann.id) },
		{ device("apns", hex),
		  "\"apns\", \"environment\" : \"production\"",
		  text("apns f apns %s", hex) },
		{ text("{\"platform\":\"apns\",\"token\":\"%s\","
		       "\"environment\":\"sandbox\"}", hex),
		  "\"apns\", \"environment\" : \"sandbox\"",
		  text("apns t apns-sandbox %s", hex) },
		{ text("{\"platform\":\"apns\",\"token\":\"%s\","
		       "\"environment\":\"production\"}", hex),
		  "\"apns\", \"environment\" : \"production\"",
		  text("apns f apns %s", hex) },
		{ device("webpush", endpoint),
		  "\"webpush\", \"environment\" : null",
		  text("webpush f https://push.example:8443 %s", endpoint) },
		{ device("fcm", ann.id), "\"fcm\", \"environment\" : null",
		  text("fcm f fcm %s", ann.id) },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct reply r = enrol(ann, steps[i].body);

		assert_int_equal(r.status, i == 0 ? 201 : 200);
		assert_string_equal(r.body, text(
			"{\"id\" : \"%s\", \"platform\" : %s,"
			" \"created_at\" : \"%s\", \"current\" : true}",
			ann.session, steps[i].shown,
			sql("SELECT auth.rfc3339(registered_at) FROM"
			    " notify.device WHERE session_id = '%s'",
			    ann.session)));
		assert_string_equal(kept(ann), steps[i].kept);
	}
	assert_string_equal(sql("SELECT count(*) FROM notify.device"
				" WHERE user_id = '%s'", ann.id), "1");
}

static void a_new_registration_replaces_all_of_the_old(void **state)
{
	struct person ann = person_new();
	const char *since;

	(void)state;
	enrol(ann, device("webpush", text("https://a.example/%s", ann.id)));
	since = sql("SELECT clock_timestamp()");
	assert_int_equal(enrol(ann, device("fcm", ann.id)).status, 200);
	assert_string_equal(sql("SELECT num_nulls(p256dh, auth) FROM"
		" notify.device WHERE session_id = '%s'", ann.session), "2");
	assert_string_equal(sql("SELECT registered_at > '%s' FROM notify.device"
		" WHERE session_id = '%s'", since, ann.session), "t");
}

static void what_waits_goes_where_the_session_is_now(void **state)
{
	struct person ann = person_new(), bob = person_new();

	(void)state;
	enrol(ann, device("fcm", ann.id));
	enrol(bob, device("fcm", bob.id));
	make(ann, "request", bob.id, bob.id, 0);
	make(bob, "request", ann.id, ann.id, 0);
	enrol(ann, device("webpush", text("https://a.example:1/%s", ann.id)));
	assert_string_equal(sql("SELECT lane FROM notify.push"
		" WHERE user_id = '%s'", ann.id), "https://a.example:1");
	assert_string_equal(sql("SELECT lane FROM notify.push"
		" WHERE user_id = '%s'", bob.id), "fcm");
}

/* As a worker holds it that settles what became of one. */
static void a_registration_as_before_waits_for_no_push(void **state)
{
	struct person ann = person_new();
	struct reply r;

	(void)state;
	enrol(ann, device("fcm", ann.id));
	make(ann, "service", fresh_id(), NOBODY, 0);
	sql("BEGIN");
	sql("SELECT 1 FROM notify.push WHERE device_id = '%s' FOR UPDATE",
	    ann.session);
	r = enrol(ann, device("fcm", fresh_token()));
	sql("COMMIT");
	assert_int_equal(r.status, 200);
}

static void a_token_belongs_to_the_session_that_brought_it_last(void **state)
{
	struct person ann = person_new(), bob = person_new();
	struct person there = elsewhere(ann);
	const struct person steps[] = { ann, there, bob, ann };
	const char *token = fresh_token();

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		assert_int_equal(enrol(steps[i], device("fcm", token)).status,
				 201);
		assert_string_equal(sql("SELECT string_agg(session_id::text,"
			" ' ') FROM notify.device WHERE token = '%s'", token),
			steps[i].session);
		make(steps[i], "service", fresh_id(), NOBODY, 0);
		assert_string_equal(waiting(steps[i]), "1");
	}
	assert_string_equal(waiting(there), "0");
	assert_string_equal(waiting(bob), "0");
}

static void a_session_with_a_device_takes_anothers_token_too(void **state)
{
	struct person ann = person_new(), bob = person_new();

	(void)state;
	enrol(ann, device("fcm", ann.id));
	enrol(bob, device("fcm", bob.id));
	assert_int_equal(enrol(bob, device("fcm", ann.id)).status, 200);
	assert_string_equal(kept(ann), "");
	assert_string_equal(kept(bob), text("fcm f fcm %s", ann.id));
}

/* Those of a session made later have a higher id. */
static void the_list_shows_ones_own_newest_session_first(void **state)
{
	struct person ann = person_new(), there = elsewhere(ann);
	struct person third = elsewhere(ann), bob = person_new();
	const struct person all[] = { third, ann, there, bob };
	const char *ids = sql("SELECT string_agg(id::text, ' ' ORDER BY id"
			      " DESC) FROM auth.session WHERE account_id = '%s'",
			      ann.id);
	struct reply r;

	(void)state;
	assert_string_equal(devices(ann, "").body,
			    "{\"items\":[],\"next\":null}");
	for (size_t i = 0; i < COUNT(all); i++)
		enrol(all[i], device("fcm", all[i].session));
	r = devices(there, "");
	assert_string_equal(each(r, "id"), ids);
	assert_string_equal(sql("SELECT i->>'id' FROM json_array_elements("
		"$d$%s$d$::json->'items') i WHERE i->>'current' = 'true'",
		r.body), there.session);
	assert_null(strstr(r.body, "token"));

	r = devices(ann, "limit=2");
	assert_string_equal(text("%s %s", each(r, "id"), each(
		devices(ann, text("cursor=%s", member(r.body, "next"))),
		"id")), ids);
	assert_null(member(devices(ann, "limit=3").body, "next"));
	assert_invalid(devices(ann, "limit=0"), "limit", "out_of_range");
	assert_invalid(devices(ann, "cursor=x"), "cursor", "not_a_cursor");
}

static void a_session_that_ended_is_not_shown(void **state)
{
	static const char *const ends[] = {
		"ended_at = now(), end_reason = 'logout'",
		"expires_at = now()",
	};
	struct person ann = person_new();

	(void)state;
	enrol(ann, device("fcm", ann.id));
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct person there = elsewhere(ann);

		enrol(there, device("fcm", there.session));
		sql("UPDATE auth.session SET %s WHERE id = '%s'", ends[i],
		    there.session);
		assert_string_equal(each(devices(ann, ""), "id"), ann.session);
	}
}

static void what_is_taken_away_gets_no_push(void **state)
{
	struct person ann = person_new(), there = elsewhere(ann);

	(void)state;
	enrol(ann, device("fcm", ann.id));
	enrol(there, device("fcm", there.session));
	make(ann, "service", fresh_id(), NOBODY, 0);
	assert_int_equal(take_away(ann, there.session).status, 204);
	assert_string_equal(waiting(there), "0");
	assert_string_equal(waiting(ann), "1");
	assert_problem(take_away(ann, there.session), 404, "not_found");
	assert_int_equal(take_away(ann, ann.session).status, 204);
	assert_string_equal(devices(ann, "").body,
			    "{\"items\":[],\"next\":null}");
}

static void anothers_device_is_not_there(void **state)
{
	struct person ann = person_new(), eve = person_new();

	(void)state;
	enrol(ann, device("fcm", ann.id));
	assert_problem(take_away(eve, ann.session), 404, "not_found");
	assert_problem(take_away(eve, NOBODY), 404, "not_found");
	assert_problem(take_away(eve, "x"), 404, "not_found");
	assert_string_equal(kept(ann), text("fcm f fcm %s", ann.id));
}

static void a_session_that_is_deleted_takes_its_device_along(void **state)
{
	struct person ann = person_new(), there = elsewhere(ann);

	(void)state;
	enrol(there, device("fcm", there.session));
	make(ann, "service", fresh_id(), NOBODY, 0);
	sql("DELETE FROM auth.session WHERE id = '%s'", there.session);
	assert_string_equal(kept(there), "");
	assert_string_equal(waiting(there), "0");
}

static void nobody_has_a_device_without_a_token(void **state)
{
	(void)state;
	assert_problem(POST(path, device("fcm", "x")), 401, "unauthorized");
	assert_problem(GET(path), 401, "unauthorized");
	assert_problem(DELETE(text("%s/" NOBODY, path)), 401, "unauthorized");
	assert_problem(GET("/notifications/platforms"), 401, "unauthorized");
}

FUNCTION_TESTS("notify",
	NOTIFY_CLAIM(a_session_becomes_a_device_and_another_one),
	NOTIFY_CLAIM(a_new_registration_replaces_all_of_the_old),
	NOTIFY_CLAIM(what_waits_goes_where_the_session_is_now),
	NOTIFY_CLAIM(a_registration_as_before_waits_for_no_push),
	NOTIFY_CLAIM(a_token_belongs_to_the_session_that_brought_it_last),
	NOTIFY_CLAIM(a_session_with_a_device_takes_anothers_token_too),
	NOTIFY_CLAIM(the_list_shows_ones_own_newest_session_first),
	NOTIFY_CLAIM(a_session_that_ended_is_not_shown),
	NOTIFY_CLAIM(what_is_taken_away_gets_no_push),
	NOTIFY_CLAIM(anothers_device_is_not_there),
	NOTIFY_CLAIM(a_session_that_is_deleted_takes_its_device_along),
	NOTIFY_CLAIM(nobody_has_a_device_without_a_token))
