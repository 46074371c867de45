"""Logging in: failures tell nothing, guessing is slowed, owners get in."""
import concurrent.futures
import os
import random
import secrets

import psycopg2
import pytest
import requests

from kith import (Client, assert_problem, at_once, credentials, login, look,
                  same_within, wait_until)

ADDRESSES = [f"127.0.1.{i}" for i in range(1, 101)]
ROUNDS = 4                      # one failure more and an account must wait
SAME_S = 0.003                  # that the medians may differ
TRIED = 8                       # of quick guesses: 5, and after 1, 2 and 4 s


class From(requests.adapters.HTTPAdapter):
    """Connections from an address of this machine."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args, **options):
        super().init_poolmanager(*args, source_address=(self.address, 0),
                                 **options)


def log_in_from(kith, address, body):
    with Client(kith.base) as client:
        client.hooks = kith.hooks
        client.mount("http://", From(address))
        return client.post("/login", json=body)


def wrong(body):
    return body | {"password": "not the password"}


def test_failures_look_the_same_and_take_the_same_time(kith, account):
    """200 interleaved samples, of accounts that exist and of others."""
    pairs = [(account().credentials, credentials()) for _ in range(25)]
    looks, differences = set(), []
    for pair in pairs * ROUNDS:
        seconds = [0, 0]
        for kind in random.sample([0, 1], 2):
            answer = kith.post("/login", json=wrong(pair[kind]))
            looks.add(look(answer))
            seconds[kind] = answer.elapsed.total_seconds()
        differences.append(seconds[0] - seconds[1])

    assert len(looks) == 1 and looks.pop()[0] == 401
    assert same_within(differences, SAME_S)


@pytest.mark.parametrize("exists", [True, False])
def test_guesses_from_100_addresses_are_throttled(kith, account, exists):
    body = account().credentials if exists else credentials()
    addresses = iter(ADDRESSES)
    answers = at_once(8, lambda: [log_in_from(kith, address, wrong(body))
                                  for address in addresses])
    answers = [answer for some in answers for answer in some]
    refused = [a for a in answers if a.status_code != 401]
    assert len(answers) == 100 and 5 <= 100 - len(refused) <= TRIED
    for answer in refused:
        assert_problem(answer, 429, "too_many_requests")
        assert 1 <= int(answer.headers["Retry-After"]) <= TRIED


@pytest.fixture
def connections():
    """Two, each with a transaction of its own."""
    two = [psycopg2.connect(os.environ["DATABASE_URL"]) for _ in range(2)]
    yield two
    for connection in two:
        connection.close()


def test_a_guess_that_waited_for_the_fifth_is_not_made(database, connections):
    """What another transaction adds meanwhile is not in its snapshot."""
    def attempt(connection):
        with connection.cursor() as cursor:
            cursor.execute("SELECT auth.throttle_attempt(%s)", [key])
            return cursor.fetchone()[0]

    def waits():
        with database.cursor() as cursor:
            cursor.execute("SELECT FROM pg_stat_activity WHERE pid = %s"
                           " AND wait_event_type = 'Lock'",
                           [other.get_backend_pid()])
            return cursor.rowcount

    key, (five, other) = secrets.token_bytes(32), connections
    assert [attempt(five) for _ in range(5)] == [None] * 5
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        guess = thread.submit(attempt, other)
        wait_until(waits, 5)
        five.commit()
        assert guess.result(5) == 1


def test_waiting_looks_the_same_for_an_account_that_is_not_there(
        kith, account):
    looks = set()
    for body in account().credentials, credentials():
        for _ in range(6):
            answer = log_in_from(kith, ADDRESSES[0], wrong(body))
        looks.add(look(answer))
    assert len(looks) == 1 and looks.pop()[0] == 429


def test_strangers_can_not_keep_the_owner_out(kith, account):
    mine = account()
    for address in ADDRESSES[:6]:
        answer = log_in_from(kith, address, wrong(mine.credentials))
    assert answer.status_code == 429
    right = log_in_from(kith, ADDRESSES[0], mine.credentials)
    assert_problem(right, 429, "too_many_requests")
    assert login(kith, mine).id == mine.id


def test_a_header_makes_no_other_address(kith, account):
    """A client can't escape its counter, nor get into the owner's."""
    mine = account()
    with Client(kith.base) as client:
        client.mount("http://", From(ADDRESSES[0]))
        for i in range(6):
            address = f"203.0.113.{i}" if i < 5 else "127.0.0.1"
            client.headers.update(dict.fromkeys(
                ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Remote-Addr",
                 "Client-IP"], address))
            answer = client.post("/login", json=wrong(mine.credentials))
    assert_problem(answer, 429, "too_many_requests")
