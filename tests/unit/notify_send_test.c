/* POST /notifications/send */
#include "tests/unit/notify_fixture.h"

static void each_user_is_told_once(void **state)
{
	struct person ann = person_new(), bob = person_new();
	struct person carl = person_new();
	struct reply r = tell(service(), sending_to(
		text("\"%s\",\"%s\"", ann.id, bob.id), ""));

	(void)state;
	assert_int_equal(r.status, 202);
	assert_string_equal(box_of(ann), "1 1");
	assert_string_equal(box_of(bob), "1 1");
	assert_string_equal(box_of(carl), "");
	assert_string_equal(r.body, text("{\"id\":\"%s\"}",
		sql("SELECT collapse_id FROM notify.notification"
		    " WHERE user_id = '%s'", ann.id)));
}

static void who_is_no_user_is_told_nothing(void **state)
{
	struct person ann = person_new(), gone = person_new();

	(void)state;
	person_delete(gone);
	assert_int_equal(tell(service(), sending_to(
		text("\"%s\",\"%s\",\"" NOBODY "\"", gone.id, ann.id),
		"")).status, 202);
	assert_string_equal(box_of(ann), "1 1");
	assert_string_equal(box_of(gone), "");
	assert_int_equal(tell(service(),
			      sending_to("\"" NOBODY "\"", "")).status, 202);
}

static void who_wants_none_is_told_nothing(void **state)
{
	struct person ann = person_new(), bob = person_new();

	(void)state;
	told(ann, "");
	sql("UPDATE notify.box SET service = false WHERE user_id = '%s'",
	    ann.id);
	assert_int_equal(tell(service(), sending_to(
		text("\"%s\",\"%s\"", ann.id, bob.id), "")).status, 202);
	assert_string_equal(box_of(ann), "1 1");
	assert_string_equal(events_of(ann), "NotificationSent");
	assert_string_equal(box_of(bob), "1 1");
}

/* Whatever else is switched off. */
static void a_kind_is_switched_off_for_itself(void **state)
{
	static const char *const kinds[] = {
		"message", "request", "accepted", "login", "service",
	};
	struct person ann = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct person p = person_new();

		sql("INSERT INTO notify.box (user_id, %s)"
		    " VALUES ('%s', false)", kinds[i], p.id);
		for (size_t n = 0; n < COUNT(kinds); n++)
			make(p, kinds[n], fresh_id(), ann.id, 1);
		assert_string_equal(sql("SELECT string_agg(kind::text, ' '"
			" ORDER BY number) FROM notify.notification WHERE user_id = '%s'",
			p.id), sql("SELECT string_agg(k, ' ' ORDER BY n)"
			" FROM string_to_table('message request accepted login"
			" service', ' ') WITH ORDINALITY t (k, n)"
			" WHERE k <> '%s'", kinds[i]));
		assert_string_equal(box_of(p), "4 4");
	}
}

static void one_with_the_key_of_the_unread_one_takes_its_place(void **state)
{
	struct person ann = person_new(), sender = service();

	(void)state;
	for (int i = 1; i <= 3; i++)
		tell(sender, text("{\"user_ids\":[\"%s\"],\"title\":\"no %d\","
				  "\"body\":\"b%d\",\"data\":{\"n\":\"%d\"},"
				  "\"collapse_key\":\"k\"}", ann.id, i, i, i));
	assert_string_equal(box_of(ann), "3 1");
	assert_string_equal(each(list(ann, ""), "number"), "3");
	assert_string_equal(each(list(ann, ""), "title"), "no 3");
	assert_string_equal(each(list(ann, ""), "body"), "b3");
	assert_string_equal(each(list(ann, ""), "data"), "{\"n\":\"3\"}");
}

static void its_time_is_that_of_the_newest(void **state)
{
	struct person ann = person_new(), sender = service();
	const char *body = sending_to(quoted(ann), ",\"collapse_key\":\"k\","
						   "\"ttl_s\":60");

	(void)state;
	tell(sender, body);
	sql("UPDATE notify.notification SET created_at = '2026-01-01',"
	    " expires_at = '2026-01-02' WHERE user_id = '%s'", ann.id);
	tell(sender, body);
	assert_string_equal(sql("SELECT created_at >= '%s' AND"
		" expires_at = created_at + interval '60 s'"
		" FROM notify.notification WHERE user_id = '%s'", began,
		ann.id), "t");
}

static void what_is_left_out_the_second_time_is_gone(void **state)
{
	struct person ann = person_new(), sender = service();

	(void)state;
	tell(sender, sending_to(quoted(ann), ",\"collapse_key\":\"k\","
				"\"body\":\"b\",\"data\":{\"n\":\"1\"}"));
	tell(sender, sending_to(quoted(ann), ",\"collapse_key\":\"k\""));
	assert_string_equal(each(list(ann, ""), "body"), "");
	assert_string_equal(each(list(ann, ""), "data"), "{}");
}

static void a_read_one_keeps_its_place(void **state)
{
	struct person ann = person_new(), sender = service();
	const char *body = sending_to(quoted(ann), ",\"collapse_key\":\"k\"");

	(void)state;
	tell(sender, body);
	read_up_to(ann, "1");
	tell(sender, body);
	tell(sender, body);
	assert_string_equal(box_of(ann), "3 1");
	assert_string_equal(each(list(ann, ""), "number"), "3 1");
	assert_string_equal(each(list(ann, ""), "read"), "false true");
}

static void only_the_same_key_of_the_same_service_collapses(void **state)
{
	struct person ann = person_new(), one = service(), other = service();
	static const char *const more[] = {
		",\"collapse_key\":\"k\"", ",\"collapse_key\":\"K\"",
		",\"collapse_key\":\"k \"", ",\"collapse_key\":\"\xc3\xa9\"",
		"", "", ",\"collapse_key\":null",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(more); i++) {
		tell(one, sending_to(quoted(ann), more[i]));
		tell(other, sending_to(quoted(ann), more[i]));
	}
	assert_string_equal(box_of(ann), text("%zu %zu", 2 * COUNT(more),
					      2 * COUNT(more)));
}

static void it_may_be_pushed_for_so_long(void **state)
{
	static const struct {
		const char *more;
		int ttl_s;
	} cases[] = {
		{ "", 2419200 }, { ",\"ttl_s\":null", 2419200 },
		{ ",\"ttl_s\":1", 1 }, { ",\"ttl_s\":2419200", 2419200 },
		{ ",\"ttl_s\":3600", 3600 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct person ann = person_new();

		told(ann, cases[i].more);
		assert_string_equal(sql(
			"SELECT extract(epoch FROM expires_at - created_at)"
			"::integer FROM notify.notification"
			" WHERE user_id = '%s'", ann.id),
			text("%d", cases[i].ttl_s));
	}
}

/* At once: there is no provider that could get it, so it waits. */
static void it_is_pushed_at_once_to_all_devices(void **state)
{
	struct person ann = person_new(), there = elsewhere(ann);
	struct person sender = service();
	const char *of_ann = text("FROM notify.push WHERE user_id = '%s'",
				  ann.id);

	(void)state;
	device_new(ann, "apns", 0);
	device_new(there, "webpush", 0);
	/* One that waits keeps its time: these stay, whoever pushes here. */
	sql("SELECT notify.put(ARRAY['%s', '%s']::uuid[],"
	    " notify.collapse_id('%s', 'k'), ARRAY[7, 7]::bigint[],"
	    " now() + interval '1 day', NULL)", ann.session, there.session,
	    sender.id);
	tell(sender, sending_to(quoted(ann), ",\"collapse_key\":\"k\""));
	assert_string_equal(sql("SELECT string_agg(number::text, ' ') %s",
				of_ann), "1 1");
	assert_string_equal(sql("SELECT count(*) %s AND newest_due_at = (SELECT"
				" created_at FROM notify.notification"
				" WHERE user_id = '%s')", of_ann, ann.id), "2");
}

static void an_event_tells_the_number_and_no_word_of_it(void **state)
{
	struct person ann = person_new(), sender = service();

	(void)state;
	person_name(ann, "Annabel");
	for (int i = 1; i <= 2; i++)
		tell(sender, sending_to(quoted(ann), ",\"body\":\"secret\","
					"\"data\":{\"secret\":\"x\"}"));
	assert_string_equal(last_event(ann), sql(
		"SELECT '{\"user_id\": \"%s\", \"number\": 2, \"unread\": 2,"
		" \"kind\": \"service\", \"to\": [\"%s\"]}'::jsonb", ann.id,
		ann.id));
	assert_string_equal(events_of(ann),
			    "NotificationSent NotificationSent");
	assert_string_equal(sql("SELECT traceparent FROM event.outbox"
		" WHERE topic = 'notification.events' AND key = '%s' LIMIT 1",
		ann.id), "00-0af7651916cd43dd8448eb211c80319c-"
			 "b7ad6b7169203331-01");
}

static void the_same_key_gives_the_same_id_and_makes_it_once(void **state)
{
	struct person ann = person_new(), one = service(), other = service();
	const char *body = sending_to(quoted(ann), "");
	struct reply r[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		r[i] = POST("/notifications/send", body, .key = "k",
			    .token = i < 2 ? one.token : other.token);
		assert_int_equal(r[i].status, 202);
	}
	assert_string_equal(r[0].body, r[1].body);
	assert_string_not_equal(r[0].body, r[2].body);
	assert_string_equal(box_of(ann), "2 2");
	assert_string_equal(events_of(ann),
			    "NotificationSent NotificationSent");
	assert_problem(POST("/notifications/send",
			    sending_to(quoted(ann), ",\"body\":\"b\""),
			    .key = "k", .token = one.token), 422,
		       "idempotency_key_reused");
}

static void without_a_service_that_may_nothing_is_sent(void **state)
{
	struct person ann = person_new(), revoked = service();
	const char *other = service_new("other:thing");
	const struct {
		const char *token;
		int status;
		const char *code;
	} cases[] = {
		{ NULL, 401, "unauthorized" },
		{ ann.token, 403, "forbidden" },
		{ service_token(other, "other:thing"), 403, "forbidden" },
		{ service_token(NOBODY, SCOPE), 401, "unauthorized" },
		{ revoked.token, 401, "unauthorized" },
	};

	(void)state;
	sql("UPDATE auth.service SET revoked_at = now() WHERE id = '%s'",
	    revoked.id);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_problem(POST("/notifications/send",
				    sending_to(quoted(ann), ""),
				    .token = cases[i].token),
			       cases[i].status, cases[i].code);
	assert_string_equal(box_of(ann), "");
}

static void a_service_is_no_user(void **state)
{
	struct person sender = service();

	(void)state;
	assert_problem(list(sender, ""), 403, "forbidden");
	assert_problem(read_up_to(sender, "1"), 403, "forbidden");
	assert_problem(forget(sender, "1"), 403, "forbidden");
}

FUNCTION_TESTS("notify",
	NOTIFY_CLAIM(each_user_is_told_once),
	NOTIFY_CLAIM(who_is_no_user_is_told_nothing),
	NOTIFY_CLAIM(who_wants_none_is_told_nothing),
	NOTIFY_CLAIM(a_kind_is_switched_off_for_itself),
	NOTIFY_CLAIM(one_with_the_key_of_the_unread_one_takes_its_place),
	NOTIFY_CLAIM(its_time_is_that_of_the_newest),
	NOTIFY_CLAIM(what_is_left_out_the_second_time_is_gone),
	NOTIFY_CLAIM(a_read_one_keeps_its_place),
	NOTIFY_CLAIM(only_the_same_key_of_the_same_service_collapses),
	NOTIFY_CLAIM(it_may_be_pushed_for_so_long),
	NOTIFY_CLAIM(it_is_pushed_at_once_to_all_devices),
	NOTIFY_CLAIM(an_event_tells_the_number_and_no_word_of_it),
	NOTIFY_CLAIM(the_same_key_gives_the_same_id_and_makes_it_once),
	NOTIFY_CLAIM(without_a_service_that_may_nothing_is_sent),
	NOTIFY_CLAIM(a_service_is_no_user))
