/*
 * notify_queue.h - the pushes that wait, as the worker sees them.
 *
 * A claim runs in a transaction of the owner's, which nobody commits: no
 * worker of the stack takes its pushes, and time stands still unless pass() is
 * called.  Devices of platform webpush have a lane of their own.
 */
#ifndef TESTS_UNIT_NOTIFY_QUEUE_H
#define TESTS_UNIT_NOTIFY_QUEUE_H

#include "tests/unit/notify_fixture.h"

enum { LEASE_S = 30 };

/* Time goes by for what a person is told. */
static inline void pass(struct person p, int seconds)
{
	sql("UPDATE notify.push SET due_at = due_at - interval '%d s',"
	    " newest_due_at = newest_due_at - interval '%d s'"
	    " WHERE user_id = '%s'", seconds, seconds, p.id);
	sql("UPDATE notify.notification SET expires_at = expires_at"
	    " - interval '%d s' WHERE user_id = '%s'", seconds, p.id);
}

/* Somebody with a device of this platform, or "sandbox". */
static inline struct person owner_of(const char *platform)
{
	struct person p = person_new();

	device_new(p, platform, 0);
	return p;
}

static inline const char *lane_of(struct person p)
{
	return sql("SELECT lane FROM notify.device WHERE session_id = '%s'",
		   p.session);
}

/* What is claimed of the lane for this device, the oldest first: an array. */
static inline const char *claim(struct person p)
{
	return sql("SELECT coalesce(json_agg(c ORDER BY id), '[]')"
		   " FROM notify.claim(ARRAY['%s'], ARRAY[10000], 0, %d) c"
		   " WHERE device_id = '%s'", lane_of(p), LEASE_S, p.session);
}

/* How many of an array of claims were settled so. */
static inline const char *settle(const char *claims, const char *outcome,
				 int wait_ms)
{
	return sql("SELECT notify.settle(array_agg(device_id),"
		   " array_agg(collapse_id), array_agg(id), array_agg(tries),"
		   " array_agg('%s'::text), array_agg(%d), array_agg(badge),"
		   " array_agg(registered)) FROM json_to_recordset($d$%s$d$)"
		   " c (device_id uuid, collapse_id uuid, id bigint,"
		   " tries integer, badge integer, registered text)", outcome,
		   wait_ms, claims);
}

/*
 * What waits for the device, by number: "<number> <seconds until it is due>
 * <tries>", with "claimed" behind what is on its way.
 */
static inline const char *queue_of(struct person p)
{
	return sql("SELECT string_agg(concat_ws(' ',"
		   " coalesce(number::text, 'silent'),"
		   " CASE WHEN due_at <= clock_timestamp() THEN 0"
		   " ELSE round(extract(epoch FROM due_at - now())) END, tries,"
		   " CASE WHEN claimed THEN 'claimed' END), ', '"
		   " ORDER BY number) FROM notify.push"
		   " WHERE device_id = '%s'", p.session);
}

/* The numbers of an array of claims: "1 2"; NULL of a silent one is 0. */
static inline const char *numbers_of(struct person p, const char *claims)
{
	return sql("SELECT string_agg(coalesce(number, 0)::text, ' '"
		   " ORDER BY number) FROM json_to_recordset($d$%s$d$)"
		   " c (id bigint) JOIN notify.push USING (id)"
		   " WHERE user_id = '%s'", claims, p.id);
}

static inline const char *badge_of(struct person p)
{
	return sql("SELECT badge FROM notify.device WHERE session_id = '%s'",
		   p.session);
}

/* What is the device told to show? */
static inline const char *payload_of(struct person p)
{
	return at(claim(p), "0,payload");
}

/* Unread notifications of a service, with this title. */
static inline void announce(struct person p, const char *title)
{
	sql("SELECT notify.make(ARRAY['%s'::uuid], ROW(NULL, NULL, 'service',"
	    " gen_random_uuid(), 1, false, NULL, NULL, $t$%s$t$, NULL, NULL,"
	    " now(), now() + interval '1 hour')::notify.notification,"
	    " interval '0', NULL)", p.id, title);
}

/* A person received, or read, the messages of a chat up to one. */
static inline void receive(struct person p, const char *chat, int seq)
{
	sql("UPDATE chat.member SET received_seq = %d WHERE chat_id = '%s'"
	    " AND user_id = '%s'", seq, chat, p.id);
}

/* Ann has a device, and Bob writes to her. */
struct two {
	struct person ann, bob;
	const char *chat;
};

static inline struct two two_new(void)
{
	struct two t = { owner_of("webpush"), person_new(), NULL };

	t.chat = chat_of(t.ann, t.bob, "");
	return t;
}

static inline void write_to(struct two t, int seq)
{
	say(t.bob, t.chat, seq, "hi", t.ann);
}

static inline int begin(void **state)
{
	static bool begun;

	if (begun)
		sql("ROLLBACK");
	sql("BEGIN");
	begun = true;

	return all_served(state);
}

#define QUEUE_CLAIM(f) cmocka_unit_test_setup_teardown(f, begin, is_right)

#endif
