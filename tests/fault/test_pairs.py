"""What many do to a pair at the same moment is as if they did it in turn."""
import asyncio
import collections
import itertools
import os
import random
import signal

import pytest

from kith import wait_until
from pairs import (ACCEPTED, CHANGED, CONNECTIONS, LOST, SENT, Crowd, Pair,
                   Town, is_documented)

pytestmark = pytest.mark.usefixtures("seed")

ME, THEY = 0, 1
NEVER_MET = "none", "none"
ROUNDS = 200                    # of each race
ACTIONS = {"request": 4, "accept": 3, "decline": 1, "remove": 2, "block": 1,
           "unblock": 3}        # of so many in 14
ACTS = 10000
SHARE_S = 120                   # of the hour, that a request uses


@pytest.fixture
def town(kith, subscriptions):
    """
    Nobody waits in vain however busy the machine is: who waits for whom is
    what is tested, not for how long.
    """
    town = Town(kith)
    town.commit_at_ease(True)
    subscriptions.release("patient", QUEUE_MS=60000)
    yield town
    town.commit_at_ease(False)
    town.close()


@pytest.fixture
def unlimited(town, subscriptions):
    """The function, in which anybody may ask anyone at any time."""
    subscriptions.release("unlimited", REQUESTS_HOURLY=1000000,
                          REQUESTS_PENDING=1000000, DECLINED_S=0)
    wait_until(lambda: not subscriptions.workers("draining"), 20)
    return subscriptions


@pytest.fixture
def no_deadlock(town):
    before = town.deadlocks()
    yield
    assert town.deadlocks() == before


# Races.

def changes_of(answers):
    """How often each move changed something; of accept it isn't told."""
    changes = collections.Counter(
        a.move for a in answers if a.status == CHANGED[a.move.action])
    return {move: None if move.action == "accept" else times
            for move, times in changes.items()}


async def at_once(town, crowd, couple, acts):
    """
    Half of all connections do one act, and half another, while forgotten pairs
    are deleted; acts are (who, action).
    """
    answers, _ = await asyncio.gather(
        crowd.at_once(random.sample(
            [(couple[who], action, couple[1 - who])
             for who, action in acts] * (CONNECTIONS // len(acts)),
            CONNECTIONS)),
        asyncio.to_thread(town.sql, "SELECT social.tidy()"))
    return answers


def race(town, start, acts, check=lambda pair: None):
    """
    One pair after another; each comes out as if all had been done one after
    the other, and nothing else.  start: None if they never met.
    """
    async def run():
        people = iter(town.people(2 * ROUNDS))
        async with Crowd() as crowd:
            for couple in zip(people, people):
                pair = Pair(*couple)
                before = pair.seen_by(couple[ME], *start or NEVER_MET)
                if start:
                    town.set_states(pair, before)
                answers = await at_once(town, crowd, couple, acts)
                assert [a for a in answers if not is_documented(a)] == []
                events, after = town.events(pair), town.states(pair)
                changes = changes_of(answers)
                assert pair.has_path(before, events, after, changes), (
                    before, events, after, changes)
                check(pair)

    asyncio.run(run())


@pytest.mark.parametrize("start, acts", [
    (("outgoing", "incoming"), [(ME, "remove"), (THEY, "accept")]),
    (("outgoing", "incoming"), [(ME, "block"), (THEY, "accept")]),
    (("incoming", "outgoing"), [(ME, "block"), (ME, "accept")]),
], ids=["remove-accept", "block-accept", "own-block-accept"])
def test_opposites_at_once_are_as_if_in_turn(town, no_deadlock, start, acts):
    race(town, start, acts)


@pytest.mark.parametrize("start", [None, NEVER_MET], ids=["new", "forgotten"])
def test_of_requests_at_once_one_is_sent_and_one_accepts(town, no_deadlock,
                                                         start):
    """And just that one uses something of the hour."""
    def check(pair):
        sent, accepted = town.events(pair)
        assert (sent.what, accepted.what) == (SENT, ACCEPTED)
        assert {sent.actor, accepted.actor} == set(pair.ids)
        assert town.sql("SELECT user_id, used_until < now()"
                        "	+ make_interval(secs => %s)"
                        "  FROM social.request_rate WHERE user_id IN (%s, %s)",
                        SHARE_S, *pair.ids) == [(sent.actor, True)]

    race(town, start, [(ME, "request"), (THEY, "request")], check)


def test_of_requests_at_once_just_one_is_the_100th_that_waits(town):
    asker, *others = town.people(1 + 99 + 20)
    for other in others[:99]:
        pair = Pair(asker, other)
        town.set_states(pair, pair.seen_by(asker, "outgoing", "incoming"))
    town.sql("INSERT INTO social.request_rate VALUES (%s, now())", asker.id)

    async def run():
        async with Crowd() as crowd:
            return await crowd.at_once([(asker, "request", other)
                                        for other in others[99:]])

    assert sorted(a.status for a in asyncio.run(run())) == [201] + 19 * [429]


# Load.

def at_random(people, count):
    for _ in range(count):
        person, other = random.sample(people, 2)
        action, = random.choices(list(ACTIONS), ACTIONS.values())
        yield person, action, other


def go_through(acts):
    """The answers, once all is done, and counted."""
    async def run():
        async with Crowd() as crowd:
            return await crowd.one_by_one(acts)

    answers = asyncio.run(run())
    print(collections.Counter((a.move.action, a.status) for a in answers))
    return answers


def assert_legal(town, people):
    """Every pair is where its events led it."""
    for pair in itertools.starmap(Pair, itertools.combinations(people, 2)):
        events = town.events(pair)
        assert town.states(pair) in pair.outcomes(NEVER_MET, events), (
            pair, events, town.states(pair))


def test_random_acts_of_eight_leave_every_pair_legal(town, unlimited,
                                                     no_deadlock):
    people = town.people(8)
    answers = go_through(at_random(people, ACTS))
    assert [a for a in answers if not is_documented(a)] == []
    assert_legal(town, people)


def test_killed_workers_leave_every_pair_legal(town, unlimited):
    def acts():
        for number, act in enumerate(at_random(people, ACTS // 2)):
            if number % 500 == 250:
                os.kill(random.choice(wait_until(unlimited.workers, 2)),
                        signal.SIGKILL)
            yield act

    def is_idle():
        """The statements of the killed have ended."""
        return not town.sql("SELECT FROM pg_locks WHERE pid <> pg_backend_pid()"
                            " AND relation = 'social.subscription'::regclass")

    people = town.people(8)
    answers = go_through(acts())
    failed = [a for a in answers if not is_documented(a)]
    assert {a.status for a in failed} <= {LOST, 502, 503}
    wait_until(is_idle, 10)
    assert_legal(town, people)


def test_who_leaves_meanwhile_leaves_no_row(town, unlimited, no_deadlock):
    def acts():
        for number, act in enumerate(at_random(people, ACTS // 2)):
            if number % 1000 == 500:
                yield leaving[number // 1000], "leave", leaving[0]
            yield act

    people = town.people(10)
    leaving = random.sample(people, 5)
    left = [person.id for person in leaving]
    answers = go_through(acts())

    assert [a for a in answers if not is_documented(a) and
            a.status not in (401, 404)] == []
    assert sum(a.move.action == "leave" for a in answers) == 5
    for table in "subscription", "request_rate":
        assert town.sql(f"SELECT t FROM social.{table} t WHERE EXISTS ("
                        " SELECT FROM unnest(%s) id"
                        "  WHERE t::text LIKE '%%' || id || '%%')", left) == []
    assert_legal(town, [p for p in people if p not in leaving])
