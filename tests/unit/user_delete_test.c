/* DELETE /user/me, /user/{id} */
#include "tests/unit/user_fixture.h"

static struct reply delete(struct person p, const char *body)
{
	return DELETE("/user/me", .body = body, .token = p.token);
}

static struct reply leave(struct person p, const char *password)
{
	return delete(p, text("{\"password\":\"%s\"}", password));
}

static bool is_there(struct person p)
{
	return strcmp(sql("SELECT count(*) FROM auth.account WHERE id = '%s'",
			  p.id), "1") == 0;
}

/* The tables that hold a text, whatever their schema. */
static const char *tables_with(const char *needle)
{
	return sql("SELECT string_agg(DISTINCT regexp_replace(name,"
		   " '_[0-3]$', ''), ' ') FROM"
		   " (SELECT oid::regclass::text AS name FROM pg_class"
		   "   WHERE relkind = 'r' AND relnamespace NOT IN"
		   "	     ('pg_catalog'::regnamespace,"
		   "	      'information_schema'::regnamespace)) t"
		   " WHERE query_to_xml(format('SELECT 1 FROM %%s t WHERE"
		   " strpos(t::text, %%L) > 0', name, $needle$%s$needle$),"
		   " false, false, '')::text LIKE '%%<row>%%'", needle);
}

static void all_that_is_the_users_goes(void **state)
{
	const char *throttled = sql("SELECT count(*) FROM auth.throttle");
	const char *nickname = text("Ann %s", fresh_number());
	struct person ann = person_new(), bob = person_new();
	struct person cid = person_new();
	const char *others, *avatar = draw(ann);

	(void)state;
	assert_int_equal(put(ann, text("{\"nickname\":\"%s\",\"about\":"
				       "\"about %s\",\"avatar\":\"%s\"}",
				       nickname, nickname, avatar)).status,
			 200);
	relate(ann, "accepted", bob, "accepted");
	relate(ann, "blocked", cid, "outgoing");
	sql("INSERT INTO social.request_rate VALUES ('%s', now())", ann.id);
	sql("INSERT INTO event.idempotency (key, request, account_id)"
	    " VALUES (uuid_send('%s'), '', '%s')", ann.id, ann.id);
	session_of(ann.id);
	draw(bob);
	others = text("%s%s", profile_row(bob), profile_row(cid));
	assert_problem(leave(ann, "wrong"), 403, "wrong_password");
	assert_string_equal(tables_with(ann.id), "auth.account auth.session"
			    " event.idempotency event.outbox profile.avatar"
			    " profile.profile social.request_rate"
			    " social.subscription");
	assert_string_equal(tables_with(nickname), "profile.profile");

	assert_int_equal(leave(ann, PASSWORD).status, 204);
	assert_string_equal(tables_with(ann.id), "event.outbox");
	assert_string_equal(tables_with(ann.email), "");
	assert_string_equal(tables_with(nickname), "");
	assert_string_equal(sql("SELECT count(*) FROM auth.throttle"),
			    throttled);
	assert_string_equal(text("%s%s", profile_row(bob), profile_row(cid)),
			    others);
	assert_true(is_there(bob) && is_there(cid));
}

static void leaving_is_announced_once_by_the_id(void **state)
{
	struct person ann = person_new();
	struct reply r = DELETE(text("/user/%s", ann.id), .token = ann.token,
				.body = "{\"password\":\"" PASSWORD "\"}");

	(void)state;
	assert_int_equal(r.status, 204);
	assert_string_equal(r.body, "");
	assert_string_equal(events(ann), text("user.events UserDeleted"
					      " {\"user_id\": \"%s\"}",
					      ann.id));
	assert_string_equal(sql("SELECT traceparent FROM event.outbox"
				" WHERE key = '%s'", ann.id),
			    "00-0af7651916cd43dd8448eb211c80319c-"
			    "b7ad6b7169203331-01");
	assert_int_not_equal(leave(ann, PASSWORD).status, 204);
	assert_string_equal(sql("SELECT count(*) FROM event.outbox"
				" WHERE key = '%s'", ann.id), "1");
}

static void nobody_deletes_another(void **state)
{
	static const char *const bodies[] = {
		NULL, "{}", "{\"password\":\"" PASSWORD "\"}", "{",
	};
	struct person ann = person_new(), bob = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++)
		assert_problem(DELETE(text("/user/%s", bob.id),
				      .body = bodies[i], .token = ann.token),
			       403, "forbidden");
	assert_problem(DELETE("/user/00000000-0000-0000-0000-000000000000",
			      .token = ann.token), 403, "forbidden");
	assert_true(is_there(ann) && is_there(bob));
	assert_string_equal(events(bob), "");
}

static void a_wrong_password_deletes_nothing(void **state)
{
	static const char *const wrong[] = {
		"", "wrong password", "Correct horse battery", PASSWORD " ",
	};
	struct person ann = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_problem(leave(ann, wrong[i]), 403, "wrong_password");
	assert_true(is_there(ann));
	assert_string_equal(events(ann), "");
}

/* However new the session is; and however often, it is no attempt. */
static void a_password_must_be_sent(void **state)
{
	static const char *const bodies[] = {
		NULL, "{}", "{\"password\":null}", NULL, "{}", NULL,
	};
	struct person ann = person_new();

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++)
		assert_invalid(delete(ann, bodies[i]), "/password",
			       "required");
	assert_int_equal(leave(ann, PASSWORD).status, 204);
}

static void what_is_no_proof_is_refused(void **state)
{
	struct person ann = person_new();

	(void)state;
	assert_problem(delete(ann, "{"), 400, "malformed");
	assert_problem(DELETE("/user/me", .body = "password",
			      .type = "text/plain", .token = ann.token), 415,
		       "unsupported_media_type");
	assert_invalid(delete(ann, "{\"password\":7}"), "/password",
		       "wrong_type");
	assert_invalid(leave(ann, text("%0257d", 0)), "/password", "too_long");
	assert_invalid(delete(ann, "{\"password\":\"" PASSWORD "\","
				   "\"user_id\":\"x\"}"),
		       "/user_id", "unknown");
	assert_true(is_there(ann));
}

static void pretend_the_wait_is_over(void)
{
	sql("UPDATE auth.throttle SET next_at = now()");
}

static void assert_waits(struct person p, const char *retry_after)
{
	struct reply r = leave(p, PASSWORD);

	assert_problem(r, 429, "too_many_requests");
	assert_string_equal(r.headers, retry_after);
	assert_true(is_there(p));
}

static void five_wrong_passwords_make_the_right_one_wait(void **state)
{
	struct person ann = person_new(), bob = person_new();

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_problem(leave(ann, "wrong"), 403, "wrong_password");
	assert_waits(ann, "Retry-After: 1\r\n");
	pretend_the_wait_is_over();
	assert_problem(leave(ann, "wrong"), 403, "wrong_password");
	assert_waits(ann, "Retry-After: 2\r\n");
	assert_int_equal(leave(bob, PASSWORD).status, 204);

	pretend_the_wait_is_over();
	assert_int_equal(leave(ann, PASSWORD).status, 204);
}

static void without_a_password_the_session_must_be_new(void **state)
{
	static const struct { const char *age; int status; } cases[] = {
		{ "9 minutes 59 seconds", 204 }, { "10 minutes", 403 },
		{ "1 day", 403 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct person ann = passwordless_new();
		struct reply r;

		session_of(ann.id);		/* another, and new */
		sql("UPDATE auth.session SET created_at = now() - interval '%s'"
		    " WHERE id = '%s'", cases[i].age, ann.session);
		r = delete(ann, NULL);
		if (cases[i].status == 204) {
			assert_int_equal(r.status, 204);
			assert_false(is_there(ann));
			continue;
		}
		assert_problem(r, 403, "sign_in_again");
		assert_problem(leave(ann, PASSWORD), 403, "sign_in_again");
		assert_true(is_there(ann));
	}
}

FUNCTION_TESTS("user",
	CLAIM(all_that_is_the_users_goes),
	CLAIM(leaving_is_announced_once_by_the_id),
	CLAIM(nobody_deletes_another),
	CLAIM(a_wrong_password_deletes_nothing),
	CLAIM(a_password_must_be_sent),
	CLAIM(what_is_no_proof_is_refused),
	CLAIM(five_wrong_passwords_make_the_right_one_wait),
	CLAIM(without_a_password_the_session_must_be_new))
