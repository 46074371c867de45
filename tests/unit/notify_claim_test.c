/* What is due is pushed once, if it is still to be pushed. */
#include "tests/unit/notify_queue.h"

static void what_is_due_is_claimed_and_due_again_after_the_lease(void **state)
{
	struct person ann = owner_of("webpush"), bob = person_new();
	const char *chat = chat_of(ann, bob, "");

	(void)state;
	say(bob, chat, 1, "hi", ann);
	assert_string_equal(queue_of(ann), "1 3 0");
	pass(ann, 2);
	assert_string_equal(claim(ann), "[]");
	pass(ann, 1);
	assert_string_equal(at(claim(ann), "0,tries"), "1");
	assert_string_equal(queue_of(ann), "1 30 1 claimed");
	assert_string_equal(claim(ann), "[]");
	pass(ann, LEASE_S - 1);
	assert_string_equal(claim(ann), "[]");
	pass(ann, 1);
	assert_string_equal(at(claim(ann), "0,tries"), "2");
	assert_string_equal(queue_of(ann), "1 30 2 claimed");
}

static void a_service_is_pushed_at_once(void **state)
{
	struct person ann = owner_of("webpush");

	(void)state;
	announce(ann, "Hello");
	assert_string_equal(queue_of(ann), "1 0 0");
	assert_string_equal(numbers_of(ann, claim(ann)), "1");
}

static void a_claim_says_all_that_a_pusher_needs(void **state)
{
	static const struct {
		const char *platform, *of, *lane, *keys;
	} cases[] = {
		{ "fcm",     "fcm|f",	  "fcm",	  "-|-" },
		{ "apns",    "apns|f",	  "apns",	  "-|-" },
		{ "sandbox", "apns|t",	  "apns-sandbox", "-|-" },
		{ "webpush", "webpush|f", NULL,	  P256DH "|" AUTH },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct person ann = owner_of(cases[i].platform);

		announce(ann, "Hello");
		announce(ann, "Hello");
		pass(ann, 1);
		assert_string_equal(sql("SELECT string_agg(concat_ws('|',"
			" c.platform, c.sandbox, c.lane, coalesce(c.p256dh,"
			" '-'), coalesce(c.auth, '-'), c.ttl_s, c.urgent,"
			" c.badge, c.token = d.token,"
			" c.registered = d.registered_at::text), ' ')"
			" FROM notify.claim(ARRAY['%s'], ARRAY[10000], 0, 30)"
			" c JOIN notify.device d ON d.session_id = c.device_id"
			" WHERE d.user_id = '%s'", lane_of(ann), ann.id),
			text("%s|%s|%s|3599|t|2|t|t %s|%s|%s|3599|t|2|t|t",
			     cases[i].of, cases[i].lane ?: lane_of(ann),
			     cases[i].keys, cases[i].of,
			     cases[i].lane ?: lane_of(ann), cases[i].keys));
	}
}

static void a_lane_has_so_much_room_and_the_oldest_go_first(void **state)
{
	struct person p[4];
	static const struct {
		int room;
		const char *claimed;
	} cases[] = {
		{ 2, "5 4" }, { 0, "" }, { 9, "5 4 3 2 1" }, { -1, "5" },
	};
	const char *lanes = "", *rooms = "";

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		p[i] = owner_of("webpush");
		for (int n = 0; n < 5; n++) {
			announce(p[i], "Hello");
			sql("UPDATE notify.push SET due_at = now() - number"
			    " * interval '1 s' WHERE user_id = '%s'", p[i].id);
		}
		if (cases[i].room < 0)
			continue;
		lanes = text("%s%s'%s'", lanes, i ? "," : "", lane_of(p[i]));
		rooms = text("%s%s%d", rooms, i ? "," : "", cases[i].room);
	}
	sql("SELECT count(*) FROM notify.claim(ARRAY[%s], ARRAY[%s], 1, 30)",
	    lanes, rooms);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(sql("SELECT string_agg(number::text, ' '"
			" ORDER BY number DESC) FROM notify.push"
			" WHERE user_id = '%s' AND claimed", p[i].id),
			cases[i].claimed);
}

static void something_is_due_when_it_can_be_claimed(void **state)
{
	struct person ann = owner_of("webpush"), bob = owner_of("fcm");

	(void)state;
	sql("DELETE FROM notify.push");
	assert_string_equal(sql("SELECT notify.due()"), "f");
	make(ann, "request", bob.id, bob.id, 0);
	make(bob, "request", ann.id, ann.id, 0);
	assert_string_equal(sql("SELECT notify.due()"), "f");
	assert_string_equal(sql("SELECT string_agg(l, ' ') FROM notify.lanes()"
				" l"), text("fcm %s", lane_of(ann)));
	pass(ann, 3);
	assert_string_equal(sql("SELECT notify.due()"), "t");
	claim(ann);
	assert_string_equal(sql("SELECT notify.due()"), "f");
}

/* Whatever makes a push of Bob's message to Ann needless, or not. */
static void what_need_not_be_pushed_any_more_is_forgotten(void **state)
{
	static const struct {
		const char *meanwhile;	/* $a Ann, $b Bob, $c the chat */
		bool pushed;
	} cases[] = {
		{ "SELECT notify.mark_read('$a', 1, NULL, NULL, NULL)", false },
		{ "SELECT notify.mark_chat_read('$a', '$c', 1, NULL)", false },
		{ "SELECT notify.forget('$a', 1, NULL, NULL, NULL)", false },
		{ "SELECT notify.forget('$a', NULL, '$c', NULL, NULL)", false },
		{ "UPDATE chat.member SET received_seq = 1"
		  " WHERE user_id = '$a'", false },
		{ "UPDATE chat.member SET received_seq = 7"
		  " WHERE user_id = '$a'", false },
		{ "DELETE FROM chat.member WHERE user_id = '$a'", false },
		{ "UPDATE chat.message SET text = NULL WHERE chat_id = '$c'",
		  false },
		{ "DELETE FROM chat.message WHERE chat_id = '$c'", false },
		{ "UPDATE notify.notification SET expires_at = now()"
		  " WHERE user_id = '$a'", false },
		{ "UPDATE chat.member SET received_seq = 1"
		  " WHERE user_id = '$b'", true },
		{ "DELETE FROM chat.member WHERE user_id = '$b'", true },
		{ "DELETE FROM auth.account WHERE id = '$b'", true },
		{ "UPDATE chat.message SET text = 'ho' WHERE chat_id = '$c'",
		  true },
		{ "UPDATE notify.notification SET expires_at = now()"
		  " + interval '1 s' WHERE user_id = '$a'", true },
		{ "SELECT notify.mark_read('$b', 1, NULL, NULL, NULL)", true },
		{ "SELECT notify.mark_chat_read('$b', '$c', 1, NULL)", true },
		{ "SELECT notify.mark_chat_read('$a', '$b', 1, NULL)", true },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct person ann, bob;
		const char *chat;

		begin(state);
		ann = owner_of("webpush");
		bob = person_new();
		chat = chat_of(ann, bob, "");
		say(bob, chat, 1, "hi", ann);
		pass(ann, 3);
		sql("%s", sql("SELECT replace(replace(replace($s$%s$s$, '$a',"
			      " '%s'), '$b', '%s'), '$c', '%s')",
			      cases[i].meanwhile, ann.id, bob.id, chat));
		if (strcmp(claim(ann), "[]") == 0 ? cases[i].pushed
						  : !cases[i].pushed)
			fail_msg("%s", cases[i].meanwhile);
		assert_string_equal(queue_of(ann), cases[i].pushed
						   ? "1 30 1 claimed" : "");
		assert_string_not_equal(kept(ann), "");
	}
}

static void other_kinds_are_pushed_unless_they_are_read(void **state)
{
	static const char *const kinds[] = {
		"request", "accepted", "login", "service",
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(kinds); i++) {
		struct person ann = owner_of("webpush");

		make(ann, kinds[i / 2], fresh_id(), NOBODY, 0);
		pass(ann, 3);
		if (i % 2)
			sql("SELECT notify.mark_read('%s', NULL, '{1}', NULL,"
			    " NULL)", ann.id);
		assert_string_equal(numbers_of(ann, claim(ann)),
				    i % 2 ? "" : "1");
		assert_string_equal(queue_of(ann),
				    i % 2 ? "" : "1 30 1 claimed");
	}
}

static void of_a_session_that_ended_the_device_is_forgotten(void **state)
{
	static const char *const ends[] = {
		"ended_at = now(), end_reason = 'logout'",
		"ended_at = now(), end_reason = 'reuse'",
		"expires_at = now()",
		"idle_expires_at = now()",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct person ann = owner_of("webpush");
		struct person there = elsewhere(ann);

		device_new(there, "webpush", 0);
		announce(ann, "Hello");
		announce(ann, "Hello");
		sql("UPDATE auth.session SET %s WHERE id = '%s'", ends[i],
		    ann.session);
		assert_string_equal(claim(ann), "[]");
		assert_string_equal(kept(ann), "");
		assert_string_equal(queue_of(ann), "");
		assert_string_equal(numbers_of(there, claim(there)), "1 2");
	}
}

static void nobody_is_told_of_a_sign_in_by_itself(void **state)
{
	struct person ann = owner_of("webpush"), there = elsewhere(ann);

	(void)state;
	device_new(there, "webpush", 0);
	make(ann, "login", there.session, NOBODY, 0);
	assert_string_equal(queue_of(ann), "1 3 0");
	assert_string_equal(queue_of(there), "");
}

FUNCTION_TESTS("notify",
	QUEUE_CLAIM(what_is_due_is_claimed_and_due_again_after_the_lease),
	QUEUE_CLAIM(a_service_is_pushed_at_once),
	QUEUE_CLAIM(a_claim_says_all_that_a_pusher_needs),
	QUEUE_CLAIM(a_lane_has_so_much_room_and_the_oldest_go_first),
	QUEUE_CLAIM(something_is_due_when_it_can_be_claimed),
	QUEUE_CLAIM(what_need_not_be_pushed_any_more_is_forgotten),
	QUEUE_CLAIM(other_kinds_are_pushed_unless_they_are_read),
	QUEUE_CLAIM(of_a_session_that_ended_the_device_is_forgotten),
	QUEUE_CLAIM(nobody_is_told_of_a_sign_in_by_itself))
