/* What many do at the same time. */
#include <pthread.h>
#include <stdio.h>

#include "tests/unit/notify_fixture.h"

enum { THREADS = 16, ROUNDS = 4 };

/* The same request, again and again, on a connection of its own. */
struct client {
	struct call call;
	int status[ROUNDS];
	char body[ROUNDS][400];
};

static struct db_pool *pool;
static pthread_barrier_t barrier;

static void ask(struct client *c, int round, struct arena *arena,
		struct db *db)
{
	struct req req = {
		.arena = arena, .db = db, .method = c->call.method,
		.path = c->call.path, .query = "", .body = c->call.body ?: "",
		.body_bytes = c->call.body ? strlen(c->call.body) : 0,
		.content_type = c->call.body ? "application/json" : NULL,
		.authorization = arena_printf(arena, "Bearer %s",
					      c->call.token),
		.idempotency_key = c->call.key, .address = "127.0.0.1",
		.request_id = "test", .traceparent = "-",
	};

	http_handle(&req);
	c->status[round] = req.reply.status;
	snprintf(c->body[round], sizeof(c->body[round]), "%s",
		 req.reply.body ?: "");
	db_release(db);
}

/* All begin each round together. */
static void *be(void *client)
{
	struct arena *arena = arena_new();
	struct db *db = db_new(pool, arena);

	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&barrier);
		ask(client, round, arena, db);
	}
	db_free(db);
	arena_free(arena);

	return NULL;
}

static void *be_once(void *client)
{
	struct arena *arena = arena_new();
	struct db *db = db_new(pool, arena);

	ask(client, 0, arena, db);
	db_free(db);
	arena_free(arena);

	return NULL;
}

static void run(struct client clients[THREADS])
{
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, be,
						&clients[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

static struct call sends(struct person sender, const char *body)
{
	return (struct call){ "POST", "/notifications/send", NULL, body,
			      sender.token };
}

static void assert_statuses(const struct client clients[THREADS], int status)
{
	for (int i = 0; i < THREADS; i++)
		for (int round = 0; round < ROUNDS; round++)
			assert_int_equal(clients[i].status[round], status);
}

/* Of the events too, in the order in which they are published. */
static void numbers_have_no_gap(struct person p, int last)
{
	assert_string_equal(sql("SELECT string_agg(data->>'number', ' '"
		" ORDER BY id) FROM event.outbox WHERE key = '%s'"
		" AND type = 'NotificationSent'", p.id),
		sql("SELECT string_agg(n::text, ' ')"
		    " FROM generate_series(1, %d) n", last));
}

/* In either order of the two who are told. */
static void sends_at_once_number_without_a_gap(void **state)
{
	struct person ann = person_new(), bob = person_new();
	struct client clients[THREADS] = { 0 };
	const char *orders[] = {
		sending_to(text("\"%s\",\"%s\"", ann.id, bob.id), ""),
		sending_to(text("\"%s\",\"%s\"", bob.id, ann.id), ""),
	};

	(void)state;
	device_new(ann, "apns", 0);
	for (int i = 0; i < THREADS; i++)
		clients[i].call = sends(service(), orders[i % 2]);
	run(clients);
	assert_statuses(clients, 202);
	numbers_have_no_gap(ann, THREADS * ROUNDS);
	numbers_have_no_gap(bob, THREADS * ROUNDS);
	assert_string_equal(box_of(ann), text("%d %d", THREADS * ROUNDS,
					      THREADS * ROUNDS));
	assert_string_equal(box_of(bob), box_of(ann));
}

static void of_sends_at_once_with_one_key_one_stays(void **state)
{
	struct person ann = person_new(), sender = service();
	struct client clients[THREADS] = { 0 };

	(void)state;
	device_new(ann, "apns", 0);
	for (int i = 0; i < THREADS; i++)
		clients[i].call = sends(sender, sending_to(quoted(ann),
					",\"collapse_key\":\"k\""));
	run(clients);
	assert_statuses(clients, 202);
	numbers_have_no_gap(ann, THREADS * ROUNDS);
	assert_string_equal(box_of(ann), text("%d 1", THREADS * ROUNDS));
	assert_string_equal(each(list(ann, ""), "number"),
			    text("%d", THREADS * ROUNDS));
}

static void an_idempotency_key_makes_one_whoever_is_first(void **state)
{
	struct person ann = person_new(), sender = service();
	struct client clients[THREADS] = { 0 };

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		clients[i].call = sends(sender, sending_to(quoted(ann), ""));
		clients[i].call.key = "k";
	}
	run(clients);
	assert_statuses(clients, 202);
	for (int i = 0; i < THREADS; i++)
		for (int round = 0; round < ROUNDS; round++)
			assert_string_equal(clients[i].body[round],
					    clients[0].body[0]);
	assert_string_equal(box_of(ann), "1 1");
}

/* Some send, some read all, some delete: the box is right at the end. */
static void reading_and_deleting_meanwhile_keeps_the_count(void **state)
{
	struct person ann = person_new();
	struct client clients[THREADS] = { 0 };

	(void)state;
	device_new(elsewhere(ann), "apns", 3);
	for (int i = 0; i < THREADS; i++) {
		const struct call others[] = {
			sends(service(), sending_to(quoted(ann), "")),
			{ "POST", "/notifications/read", NULL,
			  "{\"up_to\":1000}", ann.token },
			sends(service(), sending_to(quoted(ann), "")),
			{ "DELETE", text("/notifications/%d", 1 + i), NULL,
			  NULL, ann.token },
		};

		clients[i].call = others[i % 4];
	}
	run(clients);
	numbers_have_no_gap(ann, THREADS * ROUNDS / 2);
	for (int i = 0; i < THREADS; i++)
		assert_in_range(clients[i].status[0], 202, 404);
	read_up_to(ann, "1000");
	assert_string_equal(box_of(ann), text("%d 0", THREADS * ROUNDS / 2));
}

static void of_sessions_with_one_token_one_has_the_device(void **state)
{
	const char *token = fresh_id();
	struct client clients[THREADS] = { 0 };

	(void)state;
	for (int i = 0; i < THREADS; i++)
		clients[i].call = (struct call){
			"POST", "/notifications/devices", NULL,
			device("fcm", token), person_new().token,
		};
	run(clients);
	for (int i = 0; i < THREADS; i++)
		for (int round = 0; round < ROUNDS; round++)
			assert_in_range(clients[i].status[round], 200, 201);
	assert_string_equal(sql("SELECT count(*) FROM notify.device"
				" WHERE token = '%s'", token), "1");
}

/* Until somebody waits for the transaction that the owner has begun. */
static void await_waiter(void)
{
	while (strcmp(sql("SELECT count(*) FROM pg_locks WHERE NOT granted"
			  " AND transactionid = pg_current_xact_id()::xid"),
		      "0") == 0)
		;
}

/* Half of it would be the wrong answer, and it is no fault of the service's. */
static void who_leaves_meanwhile_makes_a_service_come_again(void **state)
{
	struct person ann = person_new(), bob = person_new();
	struct person sender = service();
	struct client client = { sends(sender, sending_to(
		text("\"%s\",\"%s\"", ann.id, bob.id), "")) };
	pthread_t thread;

	(void)state;
	sql("BEGIN");
	person_delete(ann);
	assert_int_equal(pthread_create(&thread, NULL, be_once, &client), 0);
	await_waiter();
	sql("COMMIT");
	pthread_join(thread, NULL);
	assert_int_equal(client.status[0], 503);
	assert_string_equal(box_of(bob), "");
	assert_int_equal(tell(sender, client.call.body).status, 202);
	assert_string_equal(box_of(bob), "1 1");
}

static int open_all(void **state)
{
	(void)state;
	harness_open("notify");
	pool = db_pool_new(&(struct db_config){
		.url = conf.database_url, .role = conf.database_role,
		.connections = THREADS, .wait_ms = 10000, .timeout_ms = 10000,
	});
	return pthread_barrier_init(&barrier, NULL, THREADS);
}

static int close_all(void **state)
{
	(void)state;
	pthread_barrier_destroy(&barrier);
	db_pool_free(pool);
	return harness_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NOTIFY_CLAIM(sends_at_once_number_without_a_gap),
		NOTIFY_CLAIM(of_sends_at_once_with_one_key_one_stays),
		NOTIFY_CLAIM(an_idempotency_key_makes_one_whoever_is_first),
		NOTIFY_CLAIM(reading_and_deleting_meanwhile_keeps_the_count),
		NOTIFY_CLAIM(of_sessions_with_one_token_one_has_the_device),
		NOTIFY_CLAIM(who_leaves_meanwhile_makes_a_service_come_again),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
