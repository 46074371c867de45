"""
Each event takes effect once and in its key's order, come what may; what can't
take effect is put aside, and stops nobody.

The consumers run tests/fault/tally_worker.c, in a database of its own in the
stack's PostgreSQL, on topics of their own.
"""
import collections
import contextlib
import os
import random
import re
import secrets
import signal
import threading
import time

import psycopg2
import pytest

from consumers import (GRANTS, SCHEMA, Consumer, Dead, Pool, Tally, Topic,
                       wait_for_end, wait_for_tally)
from kith import wait_until
from relays import Broker, own_database

KILLS = 20
AWAY_S = 10


@pytest.fixture(scope="module")
def broker():
    broker = Broker(os.environ["KAFKA_BROKERS"])
    yield broker
    broker.close()


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Its address, and the file of passwords."""
    release = tmp_path_factory.mktemp("tally")
    passwords = release / "pgpass"
    (release / "function.conf").write_text("DATABASE_ROLE=kith_tally\n")
    (release / "grants.sql").write_text(GRANTS)
    with own_database("tally", release, PASSWORDS_FILE=str(passwords)) as dsn:
        Tally(dsn, passwords).sql(SCHEMA)
        yield dsn, passwords
    with contextlib.closing(psycopg2.connect(
            os.environ["DATABASE_URL"])) as owner:
        owner.cursor().execute("DROP ROLE kith_tally")
        owner.commit()


@pytest.fixture
def tally(database):
    tally = Tally(*database)
    tally.sql("TRUNCATE public.tally, public.tally_heals, event.inbox")
    return tally


@pytest.fixture
def topic(broker):
    return Topic(broker)


@pytest.fixture
def start(topic, tally, tmp_path):
    """start(slot): a consumer more, of one group unless it has a name."""
    consumers = []
    own = f"tally-{secrets.token_hex(4)}"

    def start(slot=0, name=own, **settings):
        consumers.append(Consumer(topic, tally, tmp_path, name, slot,
                                  **settings))
        return consumers[-1]

    yield start
    for consumer in consumers:
        consumer.close()


@pytest.fixture
def consumer(topic, tally, start):
    """One that has its partitions."""
    consumer = start()
    topic.send("first")
    topic.flush()
    wait_until(tally.count, 10)
    return consumer


@pytest.fixture
def pool(topic, tally, tmp_path):
    pool = Pool(topic, tally, tmp_path / "pool.log")
    yield pool
    pool.close()


@pytest.fixture
def dead(topic):
    return Dead(topic.broker.brokers)


@contextlib.contextmanager
def sending(topic, pause=0.002):
    """Events in the background, to the end of this."""
    stop = threading.Event()

    def send():
        while not stop.is_set():
            topic.send(f"key-{random.randrange(40)}")
            time.sleep(pause)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        topic.flush()


# Once.

def test_kills_neither_lose_nor_repeat_an_effect(topic, tally, consumer, seed):
    with sending(topic):
        for _ in range(KILLS):
            before = tally.count()
            wait_until(lambda: tally.count() > before, 10)
            time.sleep(random.random() * 0.1)   # anywhere in its work
            consumer.restart()
    wait_for_end(tally, topic, consumer)


def test_what_comes_again_has_no_second_effect(topic, tally, start):
    topic.send_many(500)
    consumer = start(slot=None)
    wait_for_tally(tally, topic)
    consumer.stop()
    topic.set(consumer.name, [0] * 4)
    consumer.start()
    topic.send("last")
    topic.flush()
    wait_for_end(tally, topic, consumer)


def test_an_event_that_comes_twice_at_once_has_one_effect(topic, tally,
                                                          start):
    """In one batch, as after a crash of the relay."""
    for _ in range(3):
        topic.last.clear()
        for i in range(1, 51):
            topic.send("a", headers={"ce_id": str(i)})
    topic.flush()
    wait_for_end(tally, topic, start())


def test_rebalances_neither_lose_nor_repeat_an_effect(topic, tally, start,
                                                      consumer, seed):
    others = {}
    with sending(topic):
        for turn in range(5):
            slot = 1 + turn % 3
            if slot in others:
                others.pop(slot).signal(
                    random.choice([signal.SIGTERM, signal.SIGKILL]))
            else:
                others[slot] = start(slot)
            time.sleep(2)           # the point: every 2 s
    wait_for_end(tally, topic, consumer, 30)


def test_other_types_are_passed_over(topic, tally, consumer):
    topic.send("other", value="not JSON", headers={"ce_type": "Other"})
    topic.send("ours")
    topic.flush()
    wait_until(lambda: topic.is_done(consumer.name), 5)
    assert tally.of_keys()["ours"] == [1]
    assert topic.letters() == []


# The database and Kafka.

def test_postgresql_away_is_waited_for(stack, topic, tally, consumer):
    topic.send_many(100)
    stack.run("down", "postgres")
    for _ in range(AWAY_S):
        topic.send_many(10)
        time.sleep(1)
    assert consumer.logged("can't connect")
    assert consumer.process.poll() is None
    stack.up()
    wait_for_tally(tally, topic)
    assert topic.letters() == []
    assert not consumer.logged("message out of turn")


def test_postgresql_restarted_under_load_loses_nothing(stack, topic, tally,
                                                       consumer):
    with sending(topic):
        for _ in range(2):
            os.kill(stack.pid("postgres"), signal.SIGQUIT)
            stack.up()
    wait_for_tally(tally, topic)
    assert topic.letters() == []


def test_a_group_is_not_held_up_by_who_waits_for_postgresql(topic, tally,
                                                            consumer, start):
    """Who can't reach it takes part in rebalances, and loses nothing."""
    third = start(slot=None)
    cut_off = start(1, DATABASE_URL="host=127.0.0.1 port=1 dbname=x")
    wait_until(lambda: topic.send_many(20) or
               cut_off.logged("can't connect"), 10)
    third.stop()
    wait_until(lambda: cut_off.logged("has 2 partitions"), 5)
    before = tally.count()
    topic.send_many(200)
    wait_until(lambda: tally.count() > before + 50, 5)
    cut_off.stop()
    wait_for_tally(tally, topic, 15)


def test_kafka_killed_loses_nothing(stack, topic, tally, consumer):
    """Not even the dead letter that is about to be sent."""
    topic.send_many(200)
    topic.send("bad", refuse="XX000", pause=0.5)
    topic.flush()
    topic.last["bad"] = 0
    wait_until(lambda: tally.sql(
        "SELECT 1 FROM pg_stat_activity WHERE usename = 'kith_tally'"
        " AND wait_event = 'PgSleep'"), 5)
    with consumer.kept():
        os.kill(stack.pid("kafka"), signal.SIGKILL)
        wait_until(lambda: consumer.logged("doesn't take a dead letter"), 10)
        stack.up()
        topic.send_many(200)
        wait_for_tally(tally, topic, 30)
        wait_until(topic.letters, 10)
    assert {l.headers["kith_reason"] for l in topic.letters()} == {"internal"}


def test_where_nothing_is_any_more_all_is_read_and_that_is_told(topic, tally,
                                                                start):
    """As of a topic that was made anew.  From its end, some would be lost."""
    topic.send_many(100)
    consumer = start(slot=None)
    wait_for_tally(tally, topic)
    consumer.stop()
    topic.send_many(100)
    topic.set(consumer.name, [1000] * 4)
    consumer.start()
    wait_for_end(tally, topic, consumer)
    assert consumer.logged(r"was to be 1000, and is 0")


# What is left, and seen.

def test_the_inbox_forgets_what_can_come_no_more(tally):
    tally.sql("INSERT INTO event.inbox SELECT 'x', days, now() - make_interval("
              " days => days) FROM generate_series(28, 32) days")
    tally.sql("SELECT event.tidy_inbox()")
    assert tally.sql("SELECT event_id FROM event.inbox ORDER BY 1") == [
        (28,), (29,)]


def test_metrics_tell_what_was_done_and_what_waits(topic, tally, pool):
    """What waits for the database is ahead of a consumer, and no dead letter."""
    topic.send_many(100)
    topic.send("bad", value="no JSON")
    topic.flush()
    wait_until(lambda: pool.metrics().get("events_dead_total") == 1, 10)
    wait_until(lambda: pool.metrics()["consumer_lag"] == 0, 5)
    for _ in range(5):
        topic.send("waits", refuse="57014")
    topic.send("waits", headers={"ce_id": "1"})
    topic.send("waits", headers={"ce_id": "1"})
    topic.flush()
    wait_until(lambda: pool.metrics()["consumer_lag"] == 7, 5)
    tally.heal()
    topic.last["waits"] -= 1
    wait_for_tally(tally, topic)
    wait_until(lambda: pool.metrics()["consumer_lag"] == 0, 5)
    metrics = pool.metrics()
    assert metrics["events_consumed_total"] == 106
    assert metrics["events_duplicate_total"] == 1
    assert metrics["events_dead_total"] == 1


# What can't take effect.

def whole(**headers):
    return dict(headers=headers)


POISON = {
    "no_event_type": whole(ce_type=None),
    "no_event_id": whole(ce_id=None),
    "no_event_id of another's": whole(ce_id="7f9c-1"),
    "no_event_id too large": whole(ce_id="9" * 19),
    "not_cloudevents": whole(ce_specversion=None),
    "not_cloudevents of the future": whole(ce_specversion="2.0"),
    "malformed_json": dict(value='{"seq": '),
    "malformed_json but a list": dict(value="[1]"),
    "malformed_json but empty": dict(value=b""),
    "malformed_json of no UTF-8": dict(value=b'{"seq": "\xff"}'),
    "invalid": dict(refuse="22000"),
    "conflict": dict(refuse="23505"),
    "internal": dict(refuse="XX000"),
    "not_found": dict(nothing=True),
}


def test_poison_is_put_aside_with_its_reason(topic, tally, consumer):
    """Each between good events of its partition."""
    sent = {}
    for name, poison in POISON.items():
        topic.send("good")
        sent[topic.send("good", **poison)] = name
        topic.last["good"] -= "value" not in poison
    topic.send("good")
    topic.flush()
    wait_for_tally(tally, topic)
    letters = topic.letters()
    assert [l.headers["kith_reason"] for l in letters] == [
        name.split()[0] for name in POISON]
    assert [l.headers.get("ce_id") for l in letters] == list(sent)
    for letter, name in zip(letters, POISON):
        value = POISON[name].get("value")
        assert letter.key == "good"
        assert value is None or letter.value == (
            value if isinstance(value, bytes) else value.encode())
        added = {k: v for k, v in letter.headers.items() if "kith_" in k}
        assert set(added) == {"kith_" + word for word in [
            "consumer", "reason", "topic", "partition", "offset", "attempts",
            "failed_at"]}
        assert added["kith_consumer"] == consumer.name
        assert added["kith_topic"] == topic.name
        assert added["kith_attempts"] == (
            "3" if {"refuse", "nothing"} & set(POISON[name]) else "1")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
                            added["kith_failed_at"])
    offsets = [int(l.headers["kith_offset"]) for l in letters]
    assert offsets == list(range(1, 2 * len(POISON), 2))
    assert consumer.logged("is a dead letter: conflict")
    assert not consumer.logged("seq")


# dead.

def test_dead_letters_are_listed_replayed_and_dropped(topic, tally, consumer,
                                                      start, dead):
    """Replayed they take effect for who gave them up only."""
    ids = [topic.send("bad", refuse="23505") for _ in range(4)]
    topic.flush()
    wait_until(lambda: len(dead.list(topic)) == 4, 10)
    for i, line in enumerate(dead.list(topic)):
        assert line.pop("failed_at").endswith("Z")
        assert line == {
            "topic": topic.name, "offset": i, "consumer": consumer.name,
            "reason": "conflict", "attempts": "3", "id": ids[i],
            "type": "Tallied", "key": "bad"}
    code, text = dead.run("list", topic.name)
    assert (code, len(text.splitlines())) == (0, 4)
    assert text.splitlines()[0].split("\t")[:8] == [
        topic.name, "0", consumer.name, "conflict", "3", ids[0], "Tallied",
        "bad"]

    name = consumer.name + "-other"
    topic.set(name, topic.ends())       # it will see what is replayed only
    other = start(slot=None, name=name)
    tally.heal()
    assert dead.run("drop", topic.name, 1) == (0, "1 dropped\n")
    assert dead.run("replay", topic.name, 2) == (0, "2 replayed\n")
    wait_until(lambda: tally.of_keys()["bad"] == [2, 3], 10)
    assert [line["id"] for line in dead.list(topic)] == ids[3:]
    assert dead.run("replay", topic.name) == (0, "1 replayed\n")
    assert dead.run("replay", topic.name) == (0, "0 replayed\n")
    assert dead.list(topic) == []
    for member in consumer, other:
        wait_until(lambda: topic.is_done(member.name), 10)
    assert tally.of_keys()["bad"] == [2, 3, 4]


def test_a_replay_that_is_repeated_has_one_effect(topic, tally, consumer, dead):
    topic.send("bad", refuse="23505")
    topic.flush()
    wait_until(lambda: len(dead.list(topic)) == 1, 10)
    tally.heal()
    for _ in range(2):
        assert dead.run("replay", topic.name)[0] == 0
        topic.let_wait_again()
    wait_until(lambda: topic.is_done(consumer.name), 5)
    assert tally.of_keys()["bad"] == [1]


def test_dead_says_what_it_cannot_do(topic, dead):
    assert dead.run("list", "nothing.events")[0] == 1
    for words in [], ["bury"], ["replay"], ["drop", topic.name, "0"], [
            "list", "--xml"], ["drop", topic.name, "1", "2"]:
        assert dead.run(*words)[0] == 64
    assert Dead("").run("list")[0] == 100


# How it ends.

def test_sigterm_commits_what_is_done(topic, tally, consumer):
    topic.send_many(2000)
    wait_until(lambda: tally.count() > 200, 10)
    consumer.stop()
    assert sum(topic.committed(consumer.name)) == tally.count()
    consumer.start()
    wait_for_tally(tally, topic)


def test_sigterm_ends_one_that_waits_for_postgresql(topic, start):
    consumer = start(DATABASE_URL="host=127.0.0.1 port=1 dbname=x")
    topic.send_many(10)
    wait_until(lambda: consumer.logged("can't connect"), 10)
    consumer.signal(signal.SIGTERM)
    assert consumer.ended(2) == 0
    assert topic.committed(consumer.name) == [0] * 4


def test_sigterm_ends_one_whose_kafka_is_away(start):
    consumer = start(KAFKA_BROKERS="127.0.0.1:1")
    wait_until(lambda: consumer.logged("Connection refused"), 5)
    consumer.signal(signal.SIGTERM)
    assert consumer.ended(5) == 0


def test_one_whose_place_was_taken_ends(topic, consumer, start):
    successor = start()
    topic.send("more")
    topic.flush()
    assert consumer.ended(10) == 111
    assert successor.process.poll() is None
