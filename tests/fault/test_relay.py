"""
The relay publishes every committed event, each key's in order, come what may.

It works in a database of its own, made and migrated here in the stack's
PostgreSQL, and publishes to topics of its own.
"""
import collections
import os
import random
import signal
import subprocess
import threading
import time

import pytest

from relays import (ROOT, Broker, Outbox, Relay, Writers, own_database,
                    topic_name)
from kith import Events, wait_until

KILLS = 50
BATCH = 1000                    # as in relay.c


@pytest.fixture(scope="module")
def broker():
    broker = Broker(os.environ["KAFKA_BROKERS"])
    yield broker
    broker.close()


@pytest.fixture(scope="module")
def topic(broker):
    return broker.make_topic(topic_name())


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    release = tmp_path_factory.mktemp("relay")
    (release / "function.conf").symlink_to(ROOT / "runtime/relay.conf")
    (release / "grants.sql").symlink_to(ROOT / "runtime/relay_grants.sql")
    with own_database("relay", release) as dsn:
        yield dsn


@pytest.fixture
def outbox(database, topic):
    outbox = Outbox(database, topic)
    yield outbox
    outbox.close()


@pytest.fixture
def events(topic):
    """What comes to the topic from now on."""
    events = Events(os.environ["KAFKA_BROKERS"], topic)
    yield events
    events.close()


@pytest.fixture
def start(outbox, tmp_path):
    """start(): a relay more."""
    relays = []

    def start(**settings):
        log = tmp_path / f"relay-{len(relays)}.log"
        relays.append(Relay(outbox, log, **settings))
        return relays[-1]

    yield start
    for relay in relays:
        relay.close()


@pytest.fixture
def relay(outbox, start):
    """One that leads and looks at the outbox."""
    relay = start()
    wait_until(outbox.is_watched, 5)
    return relay


def numbers(events):
    return [event.data["seq"] for event in events]


def first_numbers(events, key, count):
    """Of a key, in the order of their first coming, once there are so many."""
    def found():
        seen = dict.fromkeys(numbers(e for e in events.read() if e.key == key))
        return list(seen) if len(seen) >= count else None
    return wait_until(found, 10)


# What is published.

def test_an_event_has_all_that_was_written(outbox, events, relay):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    rows = outbox.sql(
        "INSERT INTO event.outbox (topic, type, key, data, traceparent)"
        " VALUES (%s, 'Tested', 'ключ', '{\"a\": [\"ж\", 1, null]}', %s),"
        " (%s, 'Tested', 'ключ', '{}', NULL)"
        " RETURNING id, to_char(created_at AT TIME ZONE 'UTC',"
        "	'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
        outbox.topic, trace, outbox.topic)
    found = events.of("ключ", 2)
    assert [event.data for event in found] == [{"a": ["ж", 1, None]}, {}]
    headers = [{
        "ce_specversion": "1.0", "ce_id": str(id), "ce_source": "/kith",
        "ce_type": "Tested", "ce_subject": "ключ", "ce_time": time,
        "ce_dataschema": "/asyncapi.yaml#/components/schemas/Tested",
        "content-type": "application/json",
    } for id, time in rows]
    headers[0]["traceparent"] = trace
    assert [event.headers for event in found] == headers


def assert_whole(found, writers, restarts):
    """Each key's events came in order; again only in whole, after a restart."""
    assert {int(e.headers["ce_id"]) for e in found} == writers.committed
    of_key = collections.defaultdict(list)
    for event in found:
        of_key[event.key].append(event.data["seq"])
    for key, last in writers.last().items():
        assert list(dict.fromkeys(of_key[key])) == list(range(1, last + 1))
        steps = list(zip(of_key[key], of_key[key][1:]))
        assert all(after <= before + 1 for before, after in steps)
        assert sum(after <= before for before, after in steps) <= restarts


def test_kills_lose_nothing_and_swap_nothing(outbox, events, relay):
    with Writers(outbox, 16) as writers:
        for _ in range(KILLS):
            wait_until(relay.leads, 5)
            time.sleep(random.random() * 0.2)   # anywhere in its work
            relay.signal(signal.SIGKILL)
            relay.ended()
            relay.start()
    wait_until(lambda: writers.committed <= {
        int(e.headers["ce_id"]) for e in events.read(0.5)}, 20)
    assert_whole(events.read(0.5), writers, KILLS)
    assert len(writers.committed) > 1000


def test_a_backlog_is_published_whole_and_in_order(outbox, events, start):
    count = 5 * BATCH
    for first in range(1, count, 50):
        outbox.add("a", 50, first)
        outbox.add("b", 50, first)
    with outbox.transaction() as late:
        outbox.add("late", of=late)
        start()
        events.of("a", count)
    assert numbers(events.of("a", count)) == list(range(1, count + 1))
    assert numbers(events.of("b", count)) == list(range(1, count + 1))
    assert numbers(events.of("late", 1)) == [1]


def test_a_relay_goes_on_in_the_middle_of_a_backlog(outbox, events, start):
    """Where it stood in it: after an id, up to a snapshot."""
    with outbox.transaction() as late:
        outbox.add("late", of=late)
        with outbox.transaction() as backlog:
            ids = outbox.add("a", 2 * BATCH, of=backlog)
            outbox.add("published")
            before = outbox.value("SELECT pg_current_snapshot()")
        target = outbox.value("SELECT pg_current_snapshot()")
        outbox.add("a", BATCH, 2 * BATCH + 1)
    outbox.sql("UPDATE event.cursor SET snapshot = %s, target = %s,"
               " after_id = %s", before, target, ids[499])
    start()
    wait_until(outbox.is_published, 5)
    assert numbers(events.of("late", 1)) == [1]
    assert numbers(events.of("a", 2500)) == list(range(501, 3001))
    assert {event.key for event in events.seen} == {"late", "a"}


def test_nothing_overtakes_what_kafka_refuses(broker, outbox, events, relay):
    """Not even what is small enough, of the same batch or later."""
    strict = broker.make_topic(topic_name(), max_bytes=300_000)
    refused = Events(broker.brokers, strict)
    with outbox.transaction() as together:
        outbox.add("a", 20, topic=strict, of=together)
        outbox.sql("UPDATE event.outbox SET data = data || jsonb_build_object("
                   "'text', (SELECT string_agg(md5((id + i)::text), '')"
                   " FROM generate_series(1, 1800) i))", of=together)
        outbox.add("a", 5, first=21, topic=strict, of=together)
        outbox.add("b", of=together)
    wait_until(lambda: relay.logged("Message size too large"), 5)
    outbox.add("a", first=26, topic=strict)
    outbox.add("b", first=2)

    broker.allow(strict, max_bytes=2_000_000)
    assert first_numbers(refused, "a", 26) == list(range(1, 27))
    assert first_numbers(events, "b", 2) == [1, 2]
    refused.close()


def test_a_look_reads_nothing_that_was_published(outbox):
    """Not even while a transaction of before is under way."""
    with outbox.transaction() as long:
        outbox.sql("SELECT pg_current_xact_id()", of=long)
        for slot in range(4):
            outbox.add("a", 10 * BATCH, slot=slot)
        now = outbox.value("SELECT pg_current_snapshot()")
        assert outbox.blocks_read("relay_difference", now, BATCH) < 30


def test_a_page_of_a_backlog_reads_no_other_page(outbox):
    ids = [id for slot in range(4)
           for id in outbox.add("a", 10 * BATCH, slot=slot)]
    now = outbox.value("SELECT pg_current_snapshot()")
    assert outbox.blocks_read("relay_rest", "1:1:", now, ids[25 * BATCH],
                              BATCH) < 100


# What is left.

def test_slots_are_emptied_while_a_snapshot_is_held(outbox, events, start):
    with outbox.transaction("REPEATABLE READ") as forgotten:
        outbox.sql("SELECT pg_current_snapshot()", of=forgotten)
        outbox.add_to_all_slots()
        full = outbox.files()
        start()
        wait_until(lambda: len(outbox.files() & full) == 2, 5)
        assert outbox.only_this_and_the_next_slot_are_used()
        for slot in range(4):
            assert numbers(events.of(f"slot-{slot}", 1)) == [1]


def test_slots_are_emptied_after_a_backlog_of_whole_batches(outbox, start):
    for slot in range(4):
        outbox.add(f"slot-{slot}", BATCH, slot=slot)
    start()
    wait_until(outbox.is_published, 5)
    wait_until(lambda: outbox.empty_slots() or
               outbox.only_this_and_the_next_slot_are_used(), 5)


def test_an_unpublished_event_is_not_thrown_away(outbox, start):
    outbox.add_to_all_slots()
    outbox.empty_slots()
    assert outbox.used_slots() == {0, 1, 2, 3}

    relay = start()
    wait_until(outbox.is_published, 5)
    relay.signal(signal.SIGTERM)
    relay.ended()
    outbox.add_to_all_slots()
    outbox.empty_slots()
    assert outbox.used_slots() == {0, 1, 2, 3}


def test_a_slot_that_is_being_written_is_left_alone(outbox):
    emptying = threading.Thread(target=outbox.empty_slots)
    with outbox.transaction() as writing:
        for slot in range(4):
            outbox.add(f"slot-{slot}", slot=slot, of=writing)
        outbox.add("later")
        outbox.sql("UPDATE event.cursor SET snapshot = pg_current_snapshot()")
        emptying.start()
        emptying.join(0.1)          # without waiting for the writer
    emptying.join()
    outbox.empty_slots()
    assert outbox.used_slots() == {0, 1, 2, 3}


def test_publishing_goes_on_where_tidying_cannot(outbox, events, start):
    outbox.sql("INSERT INTO event.idempotency (key, request, created_at)"
               " VALUES ('old', '', now() - interval '1 week')"
               " ON CONFLICT DO NOTHING")
    with outbox.transaction() as busy:
        outbox.sql("SELECT FROM event.idempotency FOR UPDATE", of=busy)
        relay = start()
        wait_until(lambda: relay.logged("relay_tidy"), 5)
        outbox.add("a")
        assert numbers(events.of("a", 1)) == [1]
        assert relay.process.poll() is None


# Who publishes.

def test_another_relay_takes_over(outbox, events, relay, start):
    other = start()
    wait_until(lambda: len(outbox.sessions()) == 2, 5)
    outbox.add("a")
    wait_until(outbox.is_published, 5)
    assert other.waits()

    relay.signal(signal.SIGKILL)
    outbox.add("a", first=2)
    assert numbers(events.of("a", 2, seconds=2))[-1] == 2
    assert other.leads()


def test_a_superseded_relay_publishes_no_further(broker, outbox, events, relay,
                                                 start):
    """It slept with a batch in hand, and lost its session meanwhile."""
    missing = topic_name()
    with outbox.transaction() as together:
        outbox.add("a", 3, of=together)
        outbox.add("b", topic=missing, of=together)
    wait_until(outbox.waits_for_kafka, 5)
    outbox.add("a", 3, first=4)
    relay.signal(signal.SIGSTOP)
    outbox.end_session()
    other = start()
    wait_until(other.leads, 2)
    broker.make_topic(missing)
    events.of("a", 6)

    relay.signal(signal.SIGCONT)
    assert relay.ended() == 111
    outbox.add("a", first=7)
    assert first_numbers(events, "a", 7) == [1, 2, 3, 4, 5, 6, 7]
    assert [n for n in numbers(events.seen) if n > 3] == [4, 5, 6, 7]


def test_a_relay_that_wakes_superseded_ends(outbox, events, relay, start):
    relay.signal(signal.SIGSTOP)
    outbox.end_session()
    other = start()
    wait_until(other.leads, 2)
    outbox.add("a")
    events.of("a", 1)
    relay.signal(signal.SIGCONT)
    assert relay.ended() == 111
    assert numbers(events.read(0.5)) == [1]


def test_a_relay_that_sleeps_loses_the_lead(outbox, events, relay, start):
    other = start()
    wait_until(lambda: len(outbox.sessions()) == 2, 5)
    relay.signal(signal.SIGSTOP)
    wait_until(other.leads, 8)
    relay.signal(signal.SIGCONT)
    assert relay.ended() == 111


def test_a_relay_that_waits_for_kafka_keeps_the_lead(outbox, start):
    waiting = start(KAFKA_BROKERS="127.0.0.1:1")
    wait_until(waiting.leads, 5)
    other = start()
    wait_until(lambda: len(outbox.sessions()) == 2, 5)
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.ended(7)
    assert other.waits()


def test_a_cursor_ahead_of_the_database_is_not_believed(outbox, start):
    """As in a database that was restored: its events would be passed over."""
    ahead = f"{10**18}:{10**18}:"
    outbox.sql("UPDATE event.cursor SET snapshot = %s", ahead)
    try:
        assert start().ended() == 100
    finally:
        outbox.sql("UPDATE event.cursor SET snapshot = '1:1:'")


def test_a_relay_of_an_older_epoch_moves_no_cursor(outbox, relay):
    outbox.sql("UPDATE event.cursor SET epoch = epoch + 1")
    outbox.add("a")
    assert relay.ended() == 111
    assert not outbox.is_published()


def test_a_lost_session_ends_the_relay_and_the_next_goes_on(outbox, events,
                                                            relay):
    outbox.end_session()
    assert relay.ended() == 111
    outbox.add("a")
    relay.start()
    assert numbers(events.of("a", 1)) == [1]


# How it ends.

def test_sigterm_ends_a_relay(relay):
    relay.signal(signal.SIGTERM)
    assert relay.ended(2) == 0


def test_sigterm_ends_one_that_waits_for_another(outbox, relay, start):
    other = start()
    wait_until(lambda: len(outbox.sessions()) == 2, 5)
    other.signal(signal.SIGTERM)
    assert other.ended(2) == 0


def test_sigterm_ends_one_that_waits_for_kafka_to_take_an_event(outbox, relay):
    outbox.add("a", topic=topic_name())
    wait_until(outbox.waits_for_kafka, 5)
    relay.signal(signal.SIGTERM)
    assert relay.ended(2) == 0
    assert not outbox.is_published()


def test_sigterm_ends_one_whose_kafka_is_away(start):
    relay = start(KAFKA_BROKERS="127.0.0.1:1")
    wait_until(lambda: relay.logged("Connection refused"), 5)
    relay.signal(signal.SIGTERM)
    assert relay.ended(2) == 0
