/* Claimers at the same time, and one that a busy box does not hold up. */
#include <libpq-fe.h>

#include "tests/unit/notify_queue.h"

/* A second connection, as another worker has one. */
static PGconn *other;

/* What the other sees in the first cell. */
static const char *other_sql(const char *statement)
{
	PGresult *r = PQexec(other, statement);
	const char *cell;

	if (PQresultStatus(r) != PGRES_TUPLES_OK &&
	    PQresultStatus(r) != PGRES_COMMAND_OK)
		fail_msg("%s: %s", statement, PQerrorMessage(other));
	cell = text("%s", PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : "");
	PQclear(r);

	return cell;
}

/* The ids that up to so many claims of a lane are of: an array. */
static const char *claiming(const char *lane, int room)
{
	return text("SELECT coalesce(json_agg(id), '[]')"
		    " FROM notify.claim(ARRAY['%s'], ARRAY[%d], 0, 30)", lane,
		    room);
}

/*
 * Committed, so a worker of the stack may take some too; never one that is
 * somebody's already.
 */
static void nobody_claims_what_another_has_claimed(void **state)
{
	struct person ann = owner_of("webpush");
	const char *ours, *theirs;

	(void)state;
	for (int i = 0; i < 10; i++)
		announce(ann, "Hello");
	sql("BEGIN");
	ours = sql("%s", claiming(lane_of(ann), 4));
	other_sql("SET statement_timeout = '5s'");
	theirs = other_sql(claiming(lane_of(ann), 10));
	sql("COMMIT");
	assert_string_equal(sql("SELECT count(*) FROM ("
		"SELECT json_array_elements_text('%s') INTERSECT"
		" SELECT json_array_elements_text('%s')) twice", ours, theirs),
		"0");
	assert_string_equal(sql("SELECT coalesce(max(tries), 1) FROM notify.push"
				" WHERE device_id = '%s'", ann.session), "1");
	assert_string_equal(other_sql(claiming(lane_of(ann), 10)), "[]");
	person_delete(ann);
}

/* A box that is in use for long is tidied the next time. */
static void nobody_waits_for_a_box_to_be_tidied(void **state)
{
	struct person ann = person_new(), bob = person_new();

	(void)state;
	announce(ann, "Hello");
	announce(bob, "Hello");
	sql("UPDATE notify.notification SET created_at = now() - interval"
	    " '91 days' WHERE user_id IN ('%s', '%s')", ann.id, bob.id);
	other_sql("BEGIN");
	other_sql(text("SELECT 1 FROM notify.box WHERE user_id = '%s'"
		       " FOR NO KEY UPDATE", ann.id));
	sql("SET statement_timeout = '5s'");
	sql("SELECT notify.tidy()");
	assert_string_equal(box_of(ann), "1 1");
	assert_string_equal(box_of(bob), "1 0");
	other_sql("COMMIT");
	sql("SELECT notify.tidy()");
	assert_string_equal(box_of(ann), "1 0");
}

static int open_all(void **state)
{
	(void)state;
	other = PQconnectdb(getenv("OWNER_URL"));
	assert_int_equal(PQstatus(other), CONNECTION_OK);
	return harness_open("notify");
}

static int close_all(void **state)
{
	(void)state;
	PQfinish(other);
	return harness_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NOTIFY_CLAIM(nobody_claims_what_another_has_claimed),
		NOTIFY_CLAIM(nobody_waits_for_a_box_to_be_tidied),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
