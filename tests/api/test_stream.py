"""
Streams: what happens reaches those whom it concerns, soon, and nobody else.

The gateway writes an event to all its streams at once.  So once one of them has
it, a message sent then is the mark behind which the others can't get it.
"""
import json
import os
import pathlib
import subprocess
import time
import uuid

import confluent_kafka
import jwt
import pytest

import contract
from kith import Stream, assert_problem, login, wait_until

ROOT = pathlib.Path(__file__).parents[2]
VAR = pathlib.Path(os.environ["VAR"])
SOON_S = 1                      # within which an ended session is cut off
MOST = 50                       # streams of a user


def befriend(kith, one, other):
    for path, who, whom in [("request", one, other), ("accept", other, one)]:
        assert kith.post(f"/subscriptions/{path}", headers=who.bearer,
                         json={"user_id": whom.id}).ok


@pytest.fixture
def people(kith, account):
    """people(n): accounts, the first subscribed to each other."""
    def some(count):
        made = [account() for _ in range(count)]
        for other in made[1:]:
            befriend(kith, made[0], other)
        return made
    return some


@pytest.fixture
def group(kith):
    """group(owner, *others): the id of a chat of theirs."""
    def make(owner, *others):
        answer = kith.post("/chat/create", headers=owner.bearer, json={
            "title": "Us", "user_ids": [other.id for other in others]})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]
    return make


@pytest.fixture
def send(kith):
    """send(who, chat): the message that was sent."""
    def say(who, chat, text="Hello"):
        answer = kith.post("/messages/send", headers=who.bearer, json={
            "chat_id": chat, "client_id": str(uuid.uuid4()), "text": text})
        assert answer.status_code == 201, answer.text
        return answer.json()
    return say


@pytest.fixture
def listen():
    """listen(account): a stream that has begun."""
    streams = []

    def begin(who, last_event_id=None):
        stream = Stream(os.environ["KITH_URL"], who, last_event_id)
        streams.append(stream)
        assert stream.status == 200
        if not last_event_id:
            stream.wait_for("resync")
        return stream
    yield begin
    for stream in streams:
        stream.close()


def type_in(kith, who, chat):
    return kith.post("/typing", headers=who.bearer, json={"chat_id": chat})


def names(stream):
    return [told.name for told in stream.seen]


def test_a_stream_begins_with_resync_and_an_id(listen, account):
    stream = listen(account())
    headers = stream.answer.headers
    assert headers["Content-Type"] == "text/event-stream"
    assert headers["Cache-Control"] == "no-store"
    assert len(headers["X-Request-Id"]) == 32
    told, = stream.seen
    epoch, number = told.id.split("-")
    assert (told.name, told.data) == ("resync", {})
    assert len(epoch) == 16 and number.isdecimal()


def test_a_message_is_told_to_all_members_and_only_them(kith, people, group,
                                                        send, listen):
    ann, bob, cat = people(3)
    chat, other = group(ann, bob), group(ann, cat)
    tablet = login(kith, ann)
    streams = [listen(who) for who in (ann, tablet, bob)]
    outside = listen(cat)

    message = send(bob, chat, "Hello\n\ndata: \u2028 \N{GRINNING FACE}")
    edited = kith.put(f"/messages/{chat}/1", headers=bob.bearer,
                      json={"text": "Bye"}).json()
    deleted = kith.delete(f"/messages/{chat}/1", headers=bob.bearer).json()

    for stream in streams:
        told = stream.wait_for("message", 3)
        assert told == [message, edited, deleted]
    mark = send(ann, other)
    assert outside.wait_for("message") == [mark]


def test_receipts_are_told_to_oneself_and_the_senders(kith, people, group,
                                                      send, listen):
    ann, bob, cat = people(3)
    streams = {who.id: listen(who) for who in (ann, bob, cat)}
    chat = group(ann, bob, cat)
    send(ann, chat)
    for what in "received", "read":
        assert kith.post(f"/messages/{what}", headers=bob.bearer, json={
            "chat_id": chat, "seq": 1}).status_code == 204

    for what in "received", "read":
        expected = [{"chat_id": chat, "user_id": bob.id, "seq": 1}]
        for who in ann, bob:
            assert streams[who.id].wait_for(what) == expected
    send(ann, chat)
    streams[cat.id].wait_for("message", 2)
    assert {"received", "read"} & set(names(streams[cat.id])) == set()


def test_who_was_removed_hears_that_and_nothing_after(kith, people, group,
                                                      send, listen):
    ann, bob, cat = people(3)
    streams = {who.id: listen(who) for who in (ann, bob, cat)}
    chat = group(ann, bob)
    assert kith.post("/chat/members", headers=ann.bearer, json={
        "chat_id": chat, "user_id": cat.id}).status_code == 201
    assert kith.delete("/chat/members", headers=ann.bearer, params={
        "chat_id": chat, "user_id": bob.id}).status_code == 204
    send(ann, chat)
    type_in(kith, ann, chat)
    streams[cat.id].wait_for("message")
    streams[cat.id].wait_for("typing")
    mark = send(ann, group(ann, bob))

    def told(*users):
        return {"chat_id": chat, "user_id": ann.id, "user_ids": list(users)}
    made, added, removed = streams[ann.id].wait_for("chat", 3)[:3]
    assert sorted(made.pop("user_ids")) == sorted([ann.id, bob.id])
    assert made == {"chat_id": chat, "user_id": ann.id}
    assert (added, removed) == (told(cat.id), told(bob.id))
    assert streams[cat.id].wait_for("chat", 2) == [added, removed]
    assert streams[bob.id].wait_for("message") == [mark]
    assert [data for data in streams[bob.id].of("chat")
            if data["chat_id"] == chat][1:] == [added, removed]
    assert streams[bob.id].of("typing") == []


def test_of_a_pair_each_is_told_the_other(kith, account, listen):
    ann, bob, cat = account(), account(), account()
    streams = {who.id: listen(who) for who in (ann, bob, cat)}
    befriend(kith, ann, bob)
    kith.delete("/subscriptions/remove", headers=ann.bearer,
                params={"user_id": bob.id})
    for who, other in (ann, bob), (bob, ann):
        assert streams[who.id].wait_for("subscription", 3) == [
            {"user_id": other.id}] * 3
    mark = account()
    befriend(kith, cat, mark)
    assert {data["user_id"] for data in streams[cat.id].wait_for(
        "subscription", 2)} == {mark.id}


def test_typing_is_told_the_others_once_a_second(kith, people, group, send,
                                                 listen):
    ann, bob, cat = people(3)
    chat = group(ann, bob)
    streams = {who.id: listen(who) for who in (ann, bob, cat)}
    begin = time.monotonic()
    times = 0
    while times < 10 or time.monotonic() < begin + 1.2:
        assert type_in(kith, ann, chat).status_code == 204
        times += 1
    told = streams[bob.id].wait_for("typing", 2)
    assert told == [{"chat_id": chat, "user_id": ann.id}] * len(told)
    assert len(told) <= 3 and times >= 10
    assert all(event.id is None for event in streams[bob.id].seen
               if event.name == "typing")
    assert_problem(type_in(kith, cat, chat), 404, "not_found")
    assert streams[ann.id].of("typing") == streams[cat.id].of("typing") == []


def test_where_one_can_not_write_nobody_is_told_of_typing(kith, people, send,
                                                          listen):
    ann, bob = people(2)
    chat = kith.post("/chat/create", headers=ann.bearer,
                     json={"user_ids": [bob.id]}).json()["id"]
    stream = listen(bob)
    kith.post("/subscriptions/block", headers=bob.bearer,
              json={"user_id": ann.id})
    stream.wait_for("subscription")
    assert type_in(kith, ann, chat).status_code == 204
    kith.delete("/subscriptions/block", headers=bob.bearer,
                params={"user_id": ann.id})
    assert type_in(kith, ann, chat).status_code == 204
    stream.wait_for("typing")
    time.sleep(0.1)             # a second one would have come before
    assert len(stream.of("typing")) == 1


def presence(kith, who):
    answer = kith.get("/presence", headers=who.bearer)
    return {item["user_id"]: (item["online"], item["seen_at"])
            for item in answer.json()["items"]}


def test_friends_see_who_comes_and_leaves(kith, people, account, listen,
                                          live_events):
    ann, bob = people(2)
    stranger = account()
    stream, outside = listen(ann), listen(stranger)
    wait_until(lambda: presence(kith, bob) == {ann.id: (True, None)}, 5)
    assert presence(kith, ann) == {bob.id: (False, None)}

    first = listen(bob)
    assert stream.wait_for("presence") == [
        {"user_id": bob.id, "online": True, "seen_at": None}]
    assert presence(kith, ann) == {bob.id: (True, None)}
    second = listen(bob)
    first.close()
    second.close()
    left = time.monotonic()
    listen(bob).close()         # back at once: he never was away
    _, told = stream.wait_for("presence", 2)
    assert 5 <= time.monotonic() - left < 8
    assert (told["user_id"], told["online"]) == (bob.id, False)
    assert presence(kith, ann) == {bob.id: (False, told["seen_at"])}
    assert outside.of("presence") == []

    events = live_events.of(bob.id, 2)
    for event in events:
        contract.Kafka().check(event)
    assert [event.data["online"] for event in events] == [True, False]


def test_presence_leaves_with_the_account(kith, people, database, listen):
    ann, bob = people(2)
    listen(bob)
    wait_until(lambda: presence(kith, ann)[bob.id][0], 5)
    assert kith.delete("/user/me", headers=bob.bearer, json={
        "password": bob.password}).status_code == 204
    assert presence(kith, ann) == {}
    with database.cursor() as cursor:
        for table in "online", "seen":
            cursor.execute(f"SELECT FROM stream.{table} WHERE user_id = %s",
                           [bob.id])
            assert cursor.rowcount == 0


def test_what_was_missed_comes_in_order_or_else_resync(people, group, send,
                                                       listen):
    ann, bob = people(2)
    chat = group(ann, bob)
    stream = listen(bob)
    first, *rest = [send(ann, chat) for _ in range(4)]
    stream.wait_for("message", 4)
    epoch, _, newest = stream.last_id.partition("-")
    after_first = next(told.id for told in stream.seen
                       if told.data == first)
    for last_event_id, missed in [
        (stream.last_id, []),
        (after_first, rest),
        (f"{epoch}-{int(newest) + 1000}", None),
        (f"{epoch}-00{newest}", None),
        (f"{epoch[::-1]}-{newest}", None),
        ("x", None), ("\N{LATIN SMALL LETTER E WITH ACUTE}", None),
        (7000 * "9", None),
    ]:
        back = listen(bob, last_event_id)
        mark = send(ann, chat)
        told = back.wait_for("message", len(missed or []) + 1)
        assert told == (missed or []) + [mark]
        assert ("resync" in names(back)) == (missed is None), last_event_id
        rest.append(mark)


def test_an_id_shows_nothing_of_others(people, group, send, listen):
    ann, bob, cat = people(3)
    streams = [listen(cat), listen(bob)]
    ours, theirs = group(ann, cat), group(ann, bob)
    for stream in streams:
        stream.wait_for("chat")
    last_event_id = streams[1].last_id
    send(ann, theirs)
    missed = send(ann, ours)
    for stream in streams:
        stream.wait_for("message")
    back = listen(cat, last_event_id)
    assert back.wait_for("message") == [missed]
    def seen(stream):
        return [(told.id, told.data) for told in list(stream.seen)]

    shown = seen(back)
    wait_until(lambda: all(told in seen(streams[0]) for told in shown), 5)


def forged(account, **claims):
    """A token of our own key with other claims."""
    token = account.tokens["access_token"]
    return jwt.encode(
        jwt.decode(token, options={"verify_signature": False}) | claims,
        (VAR / "keys/signing.pem").read_text(), algorithm="ES256",
        headers={"typ": "at+jwt",
                 "kid": jwt.get_unverified_header(token)["kid"]})


def with_token(account, token):
    account.tokens = account.tokens | {"access_token": token}
    return account


def test_without_a_valid_token_there_is_no_stream(kith, account):
    now = int(time.time())
    mine, ended = account(), account()
    assert kith.post("/logout", headers=ended.bearer).status_code == 204
    time.sleep(0.9)             # a verified token is remembered so long
    for token in ("x", forged(mine, exp=now - 1), forged(mine, exp=now - 90),
                  forged(mine, aud="x"), mine.tokens["refresh_token"],
                  mine.tokens["access_token"][:-4] + "AAAA",
                  ended.tokens["access_token"]):
        headers = {"Authorization": f"Bearer {token}"}
        assert_problem(kith.get("/stream", headers=headers), 401,
                       "unauthorized")
    assert_problem(kith.get("/stream"), 401, "unauthorized")


def test_a_stream_ends_with_its_token(account, listen):
    mine = account()
    now = int(time.time())
    stream = listen(with_token(mine, forged(mine, exp=now + 3)))
    stream.wait_for_end(6)
    assert now + 3 <= time.time() < now + 5


@pytest.mark.parametrize("path, options", [
    ("/logout", {}), ("/logout", {"json": {"scope": "all"}}),
    ("/user/me", {}),
])
def test_a_stream_ends_with_its_session(kith, account, listen, path, options):
    mine = account()
    streams = [listen(mine), listen(mine)]
    other = listen(account())
    if path == "/logout":
        answer = kith.post(path, headers=mine.bearer, **options)
    else:
        answer = kith.delete(path, headers=mine.bearer,
                             json={"password": mine.password})
    begin = time.monotonic()
    assert answer.status_code == 204
    for stream in streams:
        assert stream.wait_for_end() - begin < SOON_S
    assert other.ended_at is None


def test_a_session_that_another_ends_is_cut_off_alone(kith, account, listen):
    mine = account()
    lost = login(kith, mine)
    kept_stream, lost_stream = listen(mine), listen(lost)
    assert kith.delete(f"/sessions/{lost.session}",
                       headers=mine.bearer).status_code == 204
    begin = time.monotonic()
    assert lost_stream.wait_for_end() - begin < SOON_S
    assert kept_stream.ended_at is None


def test_a_session_that_had_ended_gets_no_stream_for_long(kith, account,
                                                          listen):
    """A function may take its token for valid for up to a second more."""
    mine = account()
    listen(mine)
    answer = kith.post("/logout", headers=mine.bearer)
    begin = time.monotonic()
    assert answer.status_code == 204
    streams = []
    while (stream := Stream(os.environ["KITH_URL"], mine)).status == 200:
        streams.append(stream)
        time.sleep(0.05)
    stream.close()
    for stream in streams:
        assert stream.wait_for_end() - begin < 2 * SOON_S
        stream.close()


def test_a_user_has_so_many_streams(kith, account, listen):
    mine, other = account(), account()
    streams = [listen(mine) for _ in range(MOST)]
    answer = kith.get("/stream", headers=mine.bearer)
    assert_problem(answer, 429, "too_many_requests")
    assert answer.headers["Retry-After"] == "1"
    listen(other)
    streams[0].close()
    wait_until(lambda: Stream(os.environ["KITH_URL"], mine).status == 200, 5)


def test_a_look_at_the_head_opens_no_stream(kith, account):
    answer = kith.head("/stream", headers=account().bearer)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/event-stream"


@pytest.mark.parametrize("path", [
    "/live/stream/open?user={0}&session={1}&until=9999999999",
    "/live/stream/typing?chat={0}&user={0}&to={0}", "/live/stream/",
    "/live/", "/live/stream/../stream/open", "//live/stream/open",
    "/stream/../live/stream/open", "/live%2fstream%2fopen",
])
def test_the_way_to_the_gateway_is_closed(kith, account, path):
    mine = account()
    answer = kith.get(path.format(mine.id, mine.session), headers=mine.bearer)
    assert_problem(answer, 404, "not_found")


def produce(key, events):
    """Values and headers, in order."""
    producer = confluent_kafka.Producer({
        "bootstrap.servers": os.environ["KAFKA_BROKERS"]})
    for value, headers in events:
        producer.produce("chat.events", value, key=key, headers=headers)
    producer.flush()


def headers(number, **more):
    """Of a message with an id that the outbox will not give."""
    return {"ce_type": "MessageSent", "ce_id": str(2**62 + number)} | more


def test_what_is_no_event_is_passed_over(account, listen):
    mine = account()
    stream = listen(mine)
    good = json.dumps({"seq": 1, "to": [mine.id]})
    produce(mine.id, [
        (good, None), (good, {}), (good, {"ce_type": ""}),
        (good, headers(1, ce_type="MessageForgotten")),
        (good, {"ce_id": str(2**62 + 2)}),
        (good, headers(3, kith_to="another")), (None, headers(4)),
        ("", headers(5)), ("{", headers(6)), (good[:-1], headers(7)),
        (b"\xff\0", headers(8)),
        (json.dumps({"seq": 2, "to": [mine.id, None]}), headers(9)),
        (100000 * "[", headers(10)), (good, headers(11)),
        (json.dumps({"seq": 2, "to": [mine.id]}), headers(12)),
    ])
    assert stream.wait_for("message", 2) == [{"seq": 1}, {"seq": 2}]


def test_an_event_that_is_published_again_comes_once(account, listen):
    """As by a relay that takes over from one that died."""
    mine = account()
    stream = listen(mine)
    batch = [(json.dumps({"seq": seq, "to": [mine.id]}), headers(100 + seq))
             for seq in range(1000)]
    produce(mine.id, batch + batch + [
        (json.dumps({"seq": 1000, "to": [mine.id]}), headers(1100))])
    stream.wait_for("message", 1001)
    assert stream.of("message") == [{"seq": seq} for seq in range(1001)]


def test_a_stream_is_counted(internal, people, group, send, listen):
    def count(name):
        text = internal.get("/metrics").text
        return int(next(line.split()[1] for line in text.splitlines()
                        if line.startswith(f"kith_{name}{{function="
                                           '"stream-worker"}')))
    ann, bob = people(2)
    chat = group(ann, bob)
    before = {name: count(name) for name in (
        "stream_events_total", "stream_resyncs_total")}
    stream = listen(bob)
    assert count("streams") >= 1
    send(ann, chat)
    stream.wait_for("message")
    assert count("stream_events_total") > before["stream_events_total"]
    assert count("stream_resyncs_total") > before["stream_resyncs_total"]


def deploy(name):
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("DATABASE_URL", "KAFKA_BROKERS")}
    subprocess.run([ROOT / "infra/fn", "deploy", name, "--force"], check=True,
                   env=environment, stdout=subprocess.DEVNULL)


def test_a_new_gateway_takes_over_and_nobody_misses_anything(
        kith, people, group, send, listen):
    ann, bob = people(2)
    chat = group(ann, bob)
    friend, stream = listen(ann), listen(bob)
    before = send(ann, chat)
    stream.wait_for("message")
    deploy("stream-worker")
    stream.wait_for_end()
    friend.wait_for_end()

    meanwhile = send(ann, chat)
    back, friend = listen(bob, stream.last_id), listen(ann, friend.last_id)
    back.wait_for("resync")
    after = send(ann, chat)
    wait_until(lambda: back.of("message")[-1:] == [after], 10)
    history = kith.get(f"/messages/chat/{chat}", headers=bob.bearer,
                       params={"after": before["seq"]}).json()["items"]
    assert history == [meanwhile, after]
    assert [told for told in friend.of("presence") if not told["online"]] == []


def test_a_reload_of_nginx_loses_nothing(people, group, send, listen):
    ann, bob = people(2)
    chat = group(ann, bob)
    stream = listen(bob)
    expected = [send(ann, chat)]
    os.kill(int((VAR / "run/nginx.pid").read_text().split()[0]), 1)
    while not stream.ended_at:
        expected.append(send(ann, chat))
        time.sleep(0.2)
    other = listen(ann)
    expected.append(send(ann, chat))
    wait_until(lambda: expected[-1] in other.of("message"), 10)
    back = listen(bob, stream.last_id)
    expected.append(send(ann, chat))
    wait_until(lambda: len(stream.of("message") + back.of("message"))
               >= len(expected), 10)
    assert stream.of("message") + back.of("message") == expected
    assert "resync" not in names(back)
