"""Leaving: at once nothing works any more, and nothing is left."""
import concurrent.futures
import functools
import os
import threading
import time
import uuid

import psycopg2
import pytest

import contract
from kith import (assert_problem, at_once, credentials, login, look, nickname,
                  refresh, wait_until)

LOOKS = ["/user/me", "/sessions", "/subscriptions/me"]  # a function each
TRIED = 8                       # of quick guesses: 5, and after 1, 2 and 4 s


def leave(kith, person):
    return kith.delete("/user/me", json={"password": person.password},
                       headers=person.bearer)


def fail_five_times(kith, person):
    for _ in range(5):
        answer = kith.delete("/user/me", json={"password": "wrong"},
                             headers=person.bearer)
        assert_problem(answer, 403, "wrong_password")


@pytest.fixture
def tables_with(database):
    """tables_with(text): those that hold it, in any column."""
    def search(text):
        with database.cursor() as cursor:
            cursor.execute("SELECT oid::regclass::text FROM pg_class"
                           " WHERE relkind = 'r' AND relnamespace NOT IN"
                           "       ('pg_catalog'::regnamespace,"
                           "        'information_schema'::regnamespace)")
            tables = [table for table, in cursor.fetchall()]
            found = set()
            for table in tables:
                cursor.execute(f"SELECT FROM {table} t"
                               " WHERE strpos(t::text, %s) > 0 LIMIT 1",
                               [text])
                if cursor.rowcount:
                    found.add(table.rstrip("_0123"))    # slots
            return found
    return search


def test_tokens_end_within_a_second(kith, account):
    """In every process: parallel requests gave each the token to remember."""
    def ask():
        return [kith.get(path, headers=mine.bearer).status_code
                for path in LOOKS]

    mine = account()
    other = login(kith, mine)
    assert at_once(16, ask) == [[200] * len(LOOKS)] * 16
    assert leave(kith, other).status_code == 204
    end = time.monotonic() + 1
    for session in mine, other:
        assert_problem(refresh(kith, session), 401, "invalid_token")
    while time.monotonic() < end:
        ask()
    assert at_once(16, ask) == [[401] * len(LOOKS)] * 16


def test_a_login_fails_as_if_there_had_been_no_account(kith, account):
    mine, unknown = account(), credentials()
    assert leave(kith, mine).status_code == 204
    gone, never = [kith.post("/login", json=body)
                   for body in (mine.credentials, unknown)]
    assert_problem(gone, 401, "invalid_credentials")
    assert look(gone) == look(never)


def test_address_and_nickname_are_free_again(kith, account):
    mine = account(nickname=nickname())
    assert leave(kith, mine).status_code == 204
    again = account(**mine.credentials,
                    nickname=mine.tokens["user"]["nickname"])
    assert again.id != mine.id


def test_an_answer_that_was_kept_is_not_given_again(kith):
    key, body = {"Idempotency-Key": str(uuid.uuid4())}, credentials()
    first = kith.post("/register", json=body, headers=key).json()
    bearer = {"Authorization": f"Bearer {first['access_token']}"}
    answer = kith.delete("/user/me", json={"password": body["password"]},
                         headers=bearer)
    assert answer.status_code == 204
    again = kith.post("/register", json=body, headers=key)
    assert again.status_code == 201
    assert again.json()["user"]["id"] != first["user"]["id"]


class Other:
    """A transaction beside those of the functions."""

    def __init__(self):
        self.connection = psycopg2.connect(os.environ["DATABASE_URL"])

    def run(self, statement, *values):
        """How many rows."""
        cursor = self.connection.cursor()
        cursor.execute(statement, values)
        return cursor.rowcount

    def is_waited_for(self):
        return self.run("SELECT FROM pg_locks WHERE NOT granted AND"
                        " pg_backend_pid() = ANY (pg_blocking_pids(pid))")


@pytest.fixture
def other():
    other = Other()
    yield other
    other.connection.close()


PAIR = """
SELECT FROM social.subscription WHERE %s IN (user_id, other_id)
   FOR UPDATE NOWAIT
"""


def test_who_leaves_waits_for_who_notifies_them_first_of_all(kith, account,
                                                             other):
    """Else who notifies several would wait for one who waits for them."""
    mine, friend = account(), account()
    assert kith.post("/subscriptions/request", json={"user_id": friend.id},
                     headers=mine.bearer).ok
    other.run("INSERT INTO notify.device (session_id, user_id, platform, token)"
              " SELECT id, account_id, 'fcm', id FROM auth.session"
              "  WHERE account_id = %s", mine.id)
    other.run("INSERT INTO notify.box (user_id) VALUES (%s)", mine.id)
    other.connection.commit()
    other.run("SELECT FROM notify.box WHERE user_id = %s FOR NO KEY UPDATE",
              mine.id)
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        answer = thread.submit(leave, kith, mine)
        wait_until(other.is_waited_for, 5)
        assert other.run("SELECT FROM notify.device WHERE user_id = %s"
                         " FOR KEY SHARE NOWAIT", mine.id) == 1
        assert other.run(PAIR, mine.id) == 2
        other.connection.rollback()
        assert answer.result().status_code == 204


def test_who_waits_for_somebody_who_leaves_keeps_no_pair(kith, account, other):
    mine, friend = account(), account()
    assert kith.post("/subscriptions/request", json={"user_id": friend.id},
                     headers=mine.bearer).ok
    other.run("SELECT FROM profile.profile WHERE id = %s FOR UPDATE", friend.id)
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        answer = thread.submit(
            kith.post, "/subscriptions/block", json={"user_id": friend.id},
            headers=mine.bearer)
        wait_until(other.is_waited_for, 5)
        assert other.run(PAIR, mine.id) == 2
        other.connection.rollback()
        assert answer.result().ok


def test_nothing_is_left_in_either_direction(kith, account, tables_with):
    mine, friend = account(nickname=nickname()), account()
    others = [account() for _ in range(3)]
    for person, action, other in [
            (mine, "request", friend), (friend, "accept", mine),
            (mine, "request", others[0]), (others[1], "request", mine),
            (mine, "block", others[1]), (others[2], "block", mine)]:
        answer = kith.post(
            f"/subscriptions/{action}", json={"user_id": other.id},
            headers=person.bearer | {"Idempotency-Key": str(uuid.uuid4())})
        assert answer.ok, answer.text
    assert {"social.subscription", "social.request_rate", "event.idempotency",
            "auth.session"} < tables_with(mine.id)

    assert leave(kith, mine).status_code == 204
    # Of the notifications of others notify-worker takes care.
    wait_until(lambda: tables_with(mine.id) == {"event.outbox"}, 10)
    for name in "email", "nickname":
        assert tables_with(mine.tokens["user"][name]) == set()
    for person in friend, *others:
        for path in "/subscriptions/me", "/user/me/export":
            answer = kith.get(path, headers=person.bearer)
            assert answer.status_code == 200 and mine.id not in answer.text
    answer = kith.get(f"/user/{mine.id}", headers=friend.bearer)
    assert_problem(answer, 404, "not_found")


def test_events_hold_ids_only(kith, account, user_events):
    words = [nickname(), str(uuid.uuid4())]
    mine = account()
    kith.put("/user/me", json=dict(zip(["nickname", "about"], words)),
             headers=mine.bearer)
    assert leave(kith, mine).status_code == 204

    updated, deleted = user_events.of(mine.id, 2)
    for event in updated, deleted:
        contract.Kafka().check(event)
    assert updated.headers["ce_type"] == "UserProfileUpdated"
    assert updated.data == {"user_id": mine.id, "revision": 2,
                            "changed": ["nickname", "about"]}
    assert deleted.headers["ce_type"] == "UserDeleted"
    assert deleted.data == {"user_id": mine.id}
    assert updated.partition == deleted.partition
    for word in words + [mine.email]:
        assert word not in repr(user_events.seen)


def test_wrong_passwords_here_do_not_count_for_logins(kith, account):
    mine = account()
    fail_five_times(kith, mine)
    assert_problem(leave(kith, mine), 429, "too_many_requests")
    assert login(kith, mine).id == mine.id


def test_wrong_passwords_of_logins_do_not_count_here(kith, account):
    mine = account()
    wrong = mine.credentials | {"password": "wrong"}
    for _ in range(5):
        assert kith.post("/login", json=wrong).status_code == 401
    assert kith.post("/login", json=mine.credentials).status_code == 429
    assert leave(kith, mine).status_code == 204


def test_parallel_guesses_are_throttled(kith, account):
    mine, other = account(), account()
    answers = at_once(16, lambda: kith.delete(
        "/user/me", json={"password": "wrong"}, headers=mine.bearer))
    tried = [a for a in answers if a.status_code == 403]
    assert 5 <= len(tried) <= TRIED
    assert {a.status_code for a in answers} == {403, 429}
    assert_problem(leave(kith, mine), 429, "too_many_requests")
    assert leave(kith, other).status_code == 204


@pytest.mark.parametrize("rounds", range(4))
def test_whatever_else_is_under_way_nothing_is_left(
        kith, account, database, tables_with, rounds):
    """All goes on until the account is gone, and once more.  So many who
    want the same rows may be told to come later, and do."""
    mine, other, gone = account(), account(), threading.Event()

    def leave_for_good():
        answers = [leave(kith, mine)]
        while answers[-1].status_code == 503:
            answers.append(leave(kith, mine))
        gone.set()
        return answers

    def go_on(method, path, person=mine, **body):
        answers, over = [], False
        while not over:
            over = gone.is_set()
            answers.append(kith.request(
                method, path, json=body or None, headers=person.bearer
                | {"Idempotency-Key": str(uuid.uuid4())}))
        return answers

    calls = iter([leave_for_good, leave_for_good] + [
        functools.partial(go_on, *what, **body) for *what, body in [
            ("PUT", "/user/me", {"about": mine.id}),
            ("GET", "/user/me/export", {}),
            ("POST", "/login", mine.credentials),
            ("POST", "/refresh-token",
             {"refresh_token": mine.tokens["refresh_token"]}),
            ("POST", "/subscriptions/request", {"user_id": other.id}),
            ("POST", "/subscriptions/block", {"user_id": other.id}),
            ("POST", "/subscriptions/request", other, {"user_id": mine.id}),
            ("POST", "/subscriptions/accept", other, {"user_id": mine.id}),
            ("POST", "/subscriptions/block", other, {"user_id": mine.id}),
        ]])
    answers = sum(at_once(11, lambda: next(calls)()), [])

    for answer in answers:
        if answer.status_code >= 500:
            assert_problem(answer, 503, "unavailable")
    assert tables_with(mine.id) == {"event.outbox"}
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM event.outbox WHERE key = %s"
                       " AND type = 'UserDeleted'", [mine.id])
        assert cursor.fetchone()[0] == 1
