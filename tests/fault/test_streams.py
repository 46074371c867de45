"""Streams under faults: clients stay, or are soon back, and miss nothing."""
import contextlib
import os
import re
import signal
import statistics
import time

import confluent_kafka.admin
import pytest

from kith import Client, assert_problem, register, wait_until
from listeners import Chats, Crowd, Stalled, people, sql

MANY = 2000
STALLED = 20
ROUNDS = 10                     # messages to all
PAUSE_S = 0.04                  # between those of two chats
FLOOD_BYTES, FLOOD = 60000, 330 # messages that stalled clients don't read
BOUND_MB = 250                  # of 400 that they are sent
BACK_S = 10                     # all clients are back after a kill
SESSION_S = 4                   # a session's end shows after an outage


@pytest.fixture
def gateway(stack):
    return stack.function("stream-worker")


@pytest.fixture
def count():
    """count(name): a total of the gateway's metrics."""
    with Client(os.environ["KITH_INTERNAL_URL"]) as internal:
        yield lambda name: int(re.search(
            rf'^kith_{name}{{function="stream-worker"}} (\d+)$',
            internal.get("/metrics").text, re.MULTILINE)[1])


def resident_mb(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024


def latencies(listeners, since):
    return sorted(told.at - told.data["sent"] for listener in listeners
                  for told in listener.of("message")
                  if told.data["seq"] > since)


def told_once_in_order(listener, last):
    return [told.data["seq"] for told in listener.of("message")] == list(
        range(1, last + 1))


def percentiles(name, values):
    print(f"{name}: p50 {statistics.median(values) * 1000:.0f} ms,"
          f" p99 {values[int(len(values) * 0.99)] * 1000:.0f} ms")


def test_who_does_not_read_keeps_nobody_waiting(gateway, count):
    """What they don't read is sent before they come too: to nobody."""
    with people(MANY) as everybody:
        quick, slow = everybody[STALLED:], everybody[:STALLED]
        with Crowd(quick) as crowd, contextlib.ExitStack() as stalled:
            chats, flood = Chats(quick), Chats(slow)

            def talk():
                """The latencies of all messages but the flood."""
                before = chats.seq
                for _ in range(ROUNDS):
                    for _ in range(FLOOD // ROUNDS):
                        flood.send(FLOOD_BYTES * "x")
                    chats.send(pause_s=PAUSE_S)
                chats.wait_for_all(crowd.listeners)
                return latencies(crowd.listeners, before)

            chats.send()        # it waits until Kafka's client has connected
            alone = talk()
            pid, = gateway.workers()
            cut, memory = count("streams_cut_total"), resident_mb(pid)
            for person in slow:
                stalled.callback(Stalled(person).close)
            wait_until(lambda: count("streams") == MANY, 10)
            beside = talk()
            wait_until(lambda: count("streams") == len(quick), 20)
            grown = resident_mb(pid) - memory

            percentiles("alone", alone)
            percentiles("beside stalled", beside)
            print(f"cut: {count('streams_cut_total') - cut} of {STALLED},"
                  f" grown by {grown:.0f} MB")
            assert grown < BOUND_MB
            assert count("streams_cut_total") > cut
            assert crowd.endings() == 0
            assert all(told_once_in_order(listener, chats.seq)
                       for listener in crowd.listeners)


def test_without_its_gateway_a_stream_is_to_be_asked_for_again(stack, kith):
    mine = register(kith)
    assert stack.run("down", "stream-worker")[0] == 0
    answer = kith.get("/stream", headers=mine.bearer)
    assert_problem(answer, 502, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert kith.get("/presence", headers=mine.bearer).ok


def statements():
    """Transactions that PostgreSQL has committed, of a statement each."""
    return sql("SELECT xact_commit FROM pg_stat_database"
               " WHERE datname = current_database()")


def test_after_a_kill_all_are_back_soon(gateway, seed):
    with people(MANY) as everybody, Crowd(everybody) as crowd:
        chats = Chats(everybody)
        chats.send()
        chats.wait_for_all(crowd.listeners)
        begin = statements()
        killed = time.monotonic()
        os.kill(*gateway.workers(), signal.SIGKILL)
        wait_until(lambda: crowd.endings() == MANY, BACK_S)
        crowd.wait_for_all(BACK_S)
        back = time.monotonic() - killed
        time.sleep(1)           # PostgreSQL counts that late
        asked = statements() - begin
        print(f"{MANY} are back after {back:.1f} s, {asked} statements")

        chats.send()
        chats.wait_for_all(crowd.listeners)
        assert back < BACK_S
        assert asked < 2 * MANY
        assert crowd.resyncs() >= 2 * MANY
        assert all(told_once_in_order(listener, 2)
                   for listener in crowd.listeners)


@pytest.fixture
def crowd(stack):
    with people(100) as everybody, Crowd(everybody) as crowd:
        yield crowd


@pytest.fixture
def chats(crowd):
    return Chats([listener.person for listener in crowd.listeners])


def test_without_kafka_streams_stay_and_go_on(stack, crowd, chats):
    chats.send()
    chats.wait_for_all(crowd.listeners)
    assert stack.run("down", "kafka")[0] == 0
    stack.up()
    for _ in range(3):
        chats.send()
    chats.wait_for_all(crowd.listeners)
    assert crowd.endings() == 0
    assert all(told_once_in_order(listener, 4)
               for listener in crowd.listeners)


def test_a_topic_that_is_made_anew_is_a_gap_for_all(crowd, chats):
    admin = confluent_kafka.admin.AdminClient(
        {"bootstrap.servers": os.environ["KAFKA_BROKERS"]})
    partitions = len(admin.list_topics("chat.events", timeout=10)
                     .topics["chat.events"].partitions)
    chats.send()
    chats.wait_for_all(crowd.listeners)
    admin.delete_topics(["chat.events"])["chat.events"].result(10)
    wait_until(lambda: "chat.events" not in
               admin.list_topics(timeout=10).topics, 10)
    admin.create_topics([confluent_kafka.admin.NewTopic(
        "chat.events", partitions, 1)])["chat.events"].result(10)
    chats.send()
    wait_until(lambda: crowd.resyncs() >= 2 * len(crowd.listeners), 20)
    chats.send()
    chats.wait_for_all(crowd.listeners)
    assert crowd.endings() == 0
    assert len({listener.last_id for listener in crowd.listeners}) == 1


@pytest.mark.parametrize("way", [signal.SIGQUIT, signal.SIGKILL],
                         ids=["immediate", "killed"])
def test_without_postgresql_streams_stay_and_sessions_end_later(
        stack, crowd, chats, way):
    gone, *others = crowd.listeners
    os.kill(stack.pid("postgres"), way)
    chats.send()
    chats.wait_for_all(crowd.listeners)
    stack.up()
    assert crowd.endings() == 0
    sql("UPDATE auth.session SET ended_at = now(), end_reason = 'logout'"
        " WHERE id = %s", gone.person.session)
    wait_until(lambda: gone.endings, SESSION_S)
    chats.send()
    chats.wait_for_all(others)
    assert crowd.endings() == 1
    online = "SELECT count(*) FROM stream.online WHERE user_id = ANY (%s::uuid[])"
    wait_until(lambda: sql(online, [listener.person.id for listener in others])
               == len(others), 10)
