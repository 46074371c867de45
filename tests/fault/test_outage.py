"""What people notice when Kafka, PostgreSQL or a worker is away: little."""
import collections
import os
import signal
import statistics
import time

import pytest

from kith import login, refresh, wait_until

OUTAGE_S = 30
SLOWER = 3                      # a median that counts as changed
DEADLINE_S = 8                  # nginx answers by then


def medians(answers):
    of_act = collections.defaultdict(list)
    for answer in answers:
        of_act[answer.what].append(answer.seconds)
    return {act: statistics.median(times) for act, times in of_act.items()}


def published(kafka, load, seconds=30):
    """The events of all people, by user, once none is missing any more."""
    def found():
        events = collections.defaultdict(list)
        for event in kafka.read():
            if event.key in load.events:
                events[event.key].append((event.headers["ce_type"],
                                          event.data.get("session_id")))
        complete = all(set(wanted) <= set(events[user])
                       for user, wanted in load.events.items())
        return events if complete else None
    return wait_until(found, seconds)


def test_kafka_away_for_30_s_is_not_noticed(stack, kafka):
    with stack.load(4, "register", "login", "refresh") as load:
        load.wait_for(20)
        down = time.monotonic()
        assert stack.run("down", "kafka")[0] == 0
        time.sleep(down + OUTAGE_S - time.monotonic())
        up = time.monotonic()
        stack.up()
        load.wait_for(5)

    assert load.failed == []
    before = medians(a for a in load.answers if a.end < down)
    during = medians(a for a in load.answers if down < a.begin and a.end < up)
    assert all(during[act] < SLOWER * before[act] for act in before), (
        before, during)
    assert published(kafka, load) == load.events


@pytest.mark.parametrize("way", [signal.SIGQUIT, signal.SIGKILL],
                         ids=["immediate", "killed"])
def test_postgresql_away_loses_nothing_that_was_acknowledged(stack, kafka,
                                                             kith, way):
    with stack.load(4, "register", "login", *["refresh"] * 20) as load:
        load.wait_for(3)
        os.kill(stack.pid("postgres"), way)
        wait_until(lambda: len(load.failed) > 100, 10)
        stack.up()
        load.wait_for(3, 10)

    assert {a.status for a in load.failed} == {503}
    assert all(int(a.headers["Retry-After"]) > 0 for a in load.failed)
    assert max(a.seconds for a in load.answers) < DEADLINE_S
    for account in load.accounts:
        assert refresh(kith, account).status_code == 200
        login(kith, account)
    events = published(kafka, load)
    for user, wanted in load.events.items():
        first = dict.fromkeys(events[user])
        assert [event for event in first if event in wanted] == wanted


def lost(load):
    """How many requests of each person failed."""
    return [sum(not answer.good for answer in person.answers)
            for person in load.people]


def test_a_killed_worker_fails_only_the_requests_it_was_given(stack, session):
    """One of each client at most, and none once it has gone."""
    with stack.load(8, "refresh") as load:
        for victim in (workers := session.workers()):
            load.wait_for(50)
            before = lost(load)
            os.kill(victim, signal.SIGKILL)
            wait_until(lambda: victim not in session.workers(), 1)
            gone = time.monotonic()
            wait_until(lambda: len(session.workers()) == len(workers), 2)
            load.wait_for(50)
            assert all(now - then <= 1
                       for now, then in zip(lost(load), before))
            assert all(a.begin < gone for a in load.failed)
