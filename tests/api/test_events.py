"""Events: each change its own, once and in order; nothing refused has one."""
import re
import secrets
import uuid

import pytest

import contract
from kith import at_once, credentials, login, refresh, renew


def traced():
    """A trace id, and the header that says it."""
    trace = secrets.token_hex(16)
    return trace, {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}


@pytest.fixture
def outbox(database):
    """outbox(trace): type and key of the events that belong to a trace."""
    def events(trace):
        with database.cursor() as cursor:
            cursor.execute("SELECT type, key FROM event.outbox"
                           " WHERE traceparent LIKE %s ORDER BY id",
                           [f"00-{trace}-%"])
            return cursor.fetchall()
    return events


@pytest.fixture
def topics(kafka):
    """By name."""
    return {name: topic for name, topic
            in kafka.consumer.list_topics(timeout=10).topics.items()
            if re.fullmatch(r"[a-z]+\.events(\.dlq)?", name)}


def test_each_channel_of_the_document_is_a_topic(topics):
    addresses = {channel["address"] for channel
                 in contract.Kafka().root["channels"].values()}
    assert addresses == {
        name for name in topics if name.endswith(".events")
    } | {"{topic}.dlq"}


def test_each_topic_has_one_of_dead_letters(topics):
    lasting = {name for name in topics if name.endswith(".events")
               and name != "live.events"}
    assert {name + ".dlq" for name in lasting} == {
        name for name in topics if name.endswith(".dlq")}
    assert {len(topics[name + ".dlq"].partitions) for name in lasting} == {1}


def test_a_change_has_one_event_and_in_order(kith, account, kafka):
    """The last login is the mark behind which nothing else can come."""
    mine = account()
    login(kith, mine)
    kith.post("/register", json=mine.credentials)
    kith.post("/login", json=mine.credentials | {"password": "wrong"})
    kith.post("/logout", headers=renew(kith, mine).bearer)
    refresh(kith, mine)
    last = login(kith, mine)

    events = kafka.of(mine.id, 3)
    for event in events:
        contract.Kafka().check(event)
    assert [e.headers["ce_type"] for e in events] == [
        "UserRegistered", "UserLoggedIn", "UserLoggedIn"]
    assert {e.headers["ce_subject"] for e in events} == {mine.id}
    assert events[-1].data["session_id"] == last.session
    numbers = [int(e.headers["ce_id"]) for e in events]
    assert numbers == sorted(set(numbers))
    assert len({e.partition for e in events}) == 1


def test_a_repeated_request_has_no_second_event(kith, outbox):
    trace, headers = traced()
    headers["Idempotency-Key"] = str(uuid.uuid4())
    body = credentials()
    answers = [kith.post("/register", json=body, headers=headers)
               for _ in range(3)]
    assert outbox(trace) == [("UserRegistered",
                              answers[0].json()["user"]["id"])]


def test_what_was_refused_has_no_event(kith, account, outbox):
    mine = account()
    trace, headers = traced()
    for path, body, status in [
        ("/register", mine.credentials, 409),
        ("/register", credentials() | {"password": "short"}, 422),
        ("/register", credentials() | {"admin": True}, 422),
        ("/login", mine.credentials | {"password": "wrong"}, 401),
        ("/login", credentials(), 401),
        ("/refresh-token", {"refresh_token": "x"}, 401),
    ]:
        answer = kith.post(path, json=body, headers=headers)
        assert answer.status_code == status
    assert outbox(trace) == []


def test_of_parallel_registrations_one_has_an_event(kith, outbox):
    trace, headers = traced()
    body = credentials()
    answers = at_once(16, lambda: kith.post("/register", json=body,
                                            headers=headers))
    user, = [a.json()["user"]["id"] for a in answers if a.ok]
    assert outbox(trace) == [("UserRegistered", user)]


def test_an_event_continues_the_callers_trace(kith, kafka):
    trace, headers = traced()
    user = kith.post("/register", json=credentials(),
                     headers=headers).json()["user"]
    event, = kafka.of(user["id"], 1)
    version, trace_id, parent, flags = event.headers["traceparent"].split("-")
    assert (version, trace_id, flags) == ("00", trace, "01")
    assert parent != "00f067aa0ba902b7"


@pytest.mark.parametrize("traceparent", [
    "", "x", "00-{}-00f067aa0ba902b7", "00-{}-0000000000000000-01",
    "00-{}-00f067aa0ba902b7-01-x", "ff-{}-00f067aa0ba902b7-01",
    "00-{}-00F067AA0BA902B7-01", "00-{}'-0f067aa0ba902b7-01",
])
def test_what_is_no_trace_starts_another(kith, outbox, kafka, traceparent):
    trace, _ = traced()
    answer = kith.post("/register", json=credentials(), headers={
        "traceparent": traceparent.format(trace)})
    event, = kafka.of(answer.json()["user"]["id"], 1)
    contract.Kafka().check(event)
    assert outbox(trace) == []
