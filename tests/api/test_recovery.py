"""Passwords and addresses: what the contract and the clock say of them."""
import concurrent.futures
import os
import random
import time
import uuid

import psycopg2

import contract
from kith import (Events, assert_problem, credentials, login, look,
                  same_within, sessions, wait_until)

NEXT = "a brand new tree"
SAME_S = 0.002                  # that the medians may differ


def test_a_new_password_ends_the_other_sessions_within_a_second(kith, account):
    here = account()
    there = login(kith, here)
    answer = kith.post("/password", headers=here.bearer, json={
        "current_password": here.password, "password": NEXT})
    assert answer.status_code == 204
    wait_until(lambda: sessions(kith, there) == [], 1)
    assert [s["id"] for s in sessions(kith, here)] == [here.session]
    assert kith.post("/refresh-token", json={
        "refresh_token": there.tokens["refresh_token"]}).status_code == 401


def test_no_session_begins_with_a_password_that_is_being_changed(
        kith, account, database):
    """Its login had looked at the password before the change."""
    mine = account()
    change = psycopg2.connect(os.environ["DATABASE_URL"])
    with database.cursor() as watcher, change.cursor() as cursor, \
            concurrent.futures.ThreadPoolExecutor(1) as threads:
        cursor.execute("UPDATE auth.account SET credentials = credentials + 1"
                       " WHERE id = %s", [mine.id])
        answer = threads.submit(kith.post, "/login", json=mine.credentials)

        def waits():
            watcher.execute("SELECT count(*) FROM pg_stat_activity"
                            " WHERE usename = 'kith_login'"
                            "   AND wait_event_type = 'Lock'")
            return watcher.fetchone() == (1,)
        wait_until(waits, 2)
        change.commit()
        assert_problem(answer.result(), 401, "invalid_credentials")
    change.close()
    assert len(sessions(kith, mine)) == 1


def test_a_change_wants_a_proof(kith, account):
    mine = account()
    for path, body in [
            ("/password", {"current_password": "x", "password": NEXT}),
            ("/email", {"email": "a@example.org", "password": "x"})]:
        assert_problem(kith.post(path, json=body), 401, "unauthorized")
        assert_problem(kith.post(path, json=body, headers=mine.bearer), 403,
                       "wrong_password")


def test_what_is_no_link_opens_nothing(kith):
    token = "cgGQprJ8Hn06nxABI0VniasAAAAAo1-KXm0c4kzqJzV9"
    assert_problem(kith.post("/password/reset", json={
        "token": token, "password": NEXT}), 401, "invalid_token")
    assert_problem(kith.post("/email/verify", json={"token": token}), 401,
                   "invalid_token")
    assert_problem(kith.post("/email/verify", json={}), 401, "unauthorized")


def test_a_mail_is_asked_for_by_an_event_of_ids_alone(kith, account):
    mine = account()
    events = Events(os.environ["KAFKA_BROKERS"], "mail.events")
    try:
        assert kith.post("/email/verify", json={},
                         headers=mine.bearer).status_code == 202
        answer = kith.post("/email", headers=mine.bearer, json={
            "email": credentials()["email"], "password": mine.password})
        assert answer.status_code == 202
        seen = wait_until(lambda: len(events.read()) >= 3 and events.seen, 10)
        for event in seen:
            contract.Kafka().check(event)
            assert event.data == {"mail_id": str(uuid.UUID(event.key))}
    finally:
        events.close()


def test_forgetting_looks_the_same_and_takes_the_same_time(kith, account):
    """As a stranger sees it who has a list of addresses."""
    pairs = [(account().email, credentials()["email"]) for _ in range(15)]
    looks, differences = set(), []
    for pair in pairs * 2:
        seconds = [0, 0]
        for kind in random.sample([0, 1], 2):
            answer = kith.post("/password/forgot", json={"email": pair[kind]})
            looks.add(look(answer))
            seconds[kind] = answer.elapsed.total_seconds()
        differences.append(seconds[0] - seconds[1])
    assert len(looks) == 1
    assert same_within(differences, SAME_S)
