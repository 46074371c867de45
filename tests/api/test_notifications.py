"""
Notifications as clients see them: made once of what happens, in order, told on
streams, and gone when what they are about is.
"""
import os
import uuid

import pytest

import contract
from kith import Events, Stream, assert_problem, login, nickname, wait_until

KEY = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8" \
      "pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
ALL = dict.fromkeys(["message", "request", "accepted", "login", "service"],
                    True)


@pytest.fixture
def notification_events():
    """The events of notification.events from now on, kith.Events."""
    events = Events(os.environ["KAFKA_BROKERS"], "notification.events")
    yield events
    events.close()


@pytest.fixture
def act(kith):
    """act(who, path, **body): an action that works; the answer."""
    def post(who, path, **body):
        answer = kith.post(path, headers=who.bearer, json=body)
        assert answer.ok, answer.text
        return answer
    return post


@pytest.fixture
def told(kith):
    """told(who): what GET /notifications lists."""
    def items(who, query=""):
        answer = kith.get(f"/notifications{query}", headers=who.bearer)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]
    return items


@pytest.fixture
def kinds(told):
    """kinds(who): of the list, newest first."""
    return lambda who: [item["kind"] for item in told(who)]


@pytest.fixture
def friends(account, act, kinds):
    """Two who accepted each other, and have read so."""
    one, other = account(nickname=nickname()), account(nickname=nickname())
    act(one, "/subscriptions/request", user_id=other.id)
    act(other, "/subscriptions/accept", user_id=one.id)
    wait_until(lambda: kinds(one) == ["accepted"], 10)
    act(one, "/notifications/read", up_to=1)
    return one, other


@pytest.fixture
def say(act):
    """say(who, whom, text): the message."""
    def send(who, whom, text="Hello"):
        return act(who, "/messages/send", user_id=whom.id, text=text,
                   client_id=str(uuid.uuid4())).json()
    return send


def test_a_request_is_told_until_it_is_answered(kith, account, act, told,
                                                kinds):
    one, other = account(nickname=nickname()), account()
    act(one, "/subscriptions/request", user_id=other.id)
    wait_until(lambda: kinds(other) == ["request"], 10)
    [item] = told(other)
    assert item | {"created_at": None} == {
        "number": 1, "kind": "request", "read": False, "created_at": None,
        "title": one.tokens["user"]["nickname"],
        "body": "asks for a subscription", "data": {"user_id": one.id}}

    act(other, "/subscriptions/accept", user_id=one.id)
    wait_until(lambda: kinds(one) == ["accepted"], 10)
    wait_until(lambda: kinds(other) == [], 10)


@pytest.mark.parametrize("end", ["decline", "cancel", "leave"])
def test_a_request_that_ends_is_told_no_more(kith, account, act, kinds, end):
    one, other = account(), account()
    act(one, "/subscriptions/request", user_id=other.id)
    wait_until(lambda: kinds(other) == ["request"], 10)
    if end == "decline":
        act(other, "/subscriptions/decline", user_id=one.id)
    elif end == "cancel":
        kith.delete("/subscriptions/remove", headers=one.bearer,
                    params={"user_id": other.id})
    else:
        kith.delete("/user/me", headers=one.bearer,
                    json={"password": one.credentials["password"]})
    wait_until(lambda: kinds(other) == [], 10)
    answer = kith.get("/notifications", headers=other.bearer)
    assert answer.json()["unread"] == 0


def test_messages_of_a_chat_collapse_and_are_shown_as_they_are(
        kith, friends, say, told):
    one, other = friends
    for text in "first", "second":
        say(one, other, text)
    message = say(one, other, "thurd")
    wait_until(lambda: [i["data"].get("count") for i in told(other)
                        if not i["read"]] == [3], 10)
    kith.put(f"/messages/{message['chat_id']}/3", headers=one.bearer,
             json={"text": "third"})
    [item] = [item for item in told(other) if not item["read"]]
    assert item["title"].endswith(" · 3 new messages")
    assert item["body"] == "third"
    assert item["data"] == {"chat_id": message["chat_id"], "seq": 3,
                            "sender_id": one.id, "count": 3}

    answer = kith.put("/notifications/preferences", headers=other.bearer,
                      json=ALL | {"language": "ru"})
    assert answer.status_code == 200
    assert told(other)[0]["title"].endswith(" · 3 новых сообщения")
    kith.delete(f"/messages/{message['chat_id']}/3", headers=one.bearer)
    assert told(other)[0]["body"] == "Сообщение удалено"


def test_reading_a_chat_reads_its_notification(act, friends, say, told):
    one, other = friends
    for _ in range(3):
        chat = say(one, other)["chat_id"]
    wait_until(lambda: [i["data"]["seq"] for i in told(other)] == [3], 10)
    act(other, "/messages/read", chat_id=chat, seq=2)
    wait_until(lambda: told(other)[0]["data"]["count"] == 1, 10)
    assert not told(other)[0]["read"]
    act(other, "/messages/read", chat_id=chat, seq=3)
    wait_until(lambda: told(other)[0]["read"], 10)


def test_who_leaves_a_group_has_nothing_of_it(kith, act, friends, told):
    one, other = friends
    chat = act(one, "/chat/create", title="Us",
               user_ids=[other.id]).json()["id"]
    act(one, "/messages/send", chat_id=chat, text="Hello",
        client_id=str(uuid.uuid4()))
    wait_until(lambda: any(i["title"] == "Us" for i in told(other)), 10)
    assert told(other)[0]["body"].endswith(": Hello")
    kith.delete("/chat/members", headers=other.bearer,
                params={"chat_id": chat, "user_id": other.id})
    wait_until(lambda: all(i["title"] != "Us" for i in told(other)), 10)


def test_what_is_muted_or_switched_off_is_not_told(kith, act, friends, say,
                                                   kinds):
    one, other = friends
    chat = say(one, other)["chat_id"]
    wait_until(lambda: kinds(other).count("message") == 1, 10)
    act(other, "/messages/read", chat_id=chat, seq=1)
    act(other, "/notifications/mute", chat_id=chat)
    say(one, other)
    say(other, one)                     # behind which nothing else can come
    wait_until(lambda: kinds(one).count("message") == 1, 10)
    assert kinds(other).count("message") == 1

    answer = kith.delete("/notifications/mute", headers=other.bearer,
                         params={"chat_id": chat})
    assert answer.status_code == 204
    kith.put("/notifications/preferences", headers=other.bearer,
             json=ALL | {"language": "en", "message": False})
    say(one, other)
    say(other, one)
    wait_until(lambda: kinds(one).count("message") == 1 and
               kith.get("/notifications", headers=one.bearer)
               .json()["items"][0]["data"]["count"] == 2, 10)
    assert kinds(other).count("message") == 1


def test_a_login_is_told_if_the_device_is_new(kith, account, told):
    mine = account(device="laptop")
    for device in "laptop", "phone", "phone":
        login(kith, mine, device=device)
    wait_until(lambda: told(mine), 10)
    login(kith, mine, device="tablet")
    wait_until(lambda: len(told(mine)) >= 2, 10)
    assert [item["body"] for item in told(mine)] == ["tablet", "phone"]
    assert told(mine)[0]["title"] == "Sign-in from a new device"


def test_streams_and_kafka_are_told_a_number_and_nothing_else(
        kith, friends, say, told, notification_events):
    one, other = friends
    before = told(other)[0]["number"] if told(other) else 0
    with Stream(os.environ["KITH_URL"], other) as stream:
        stream.wait_for("resync")
        for _ in range(3):
            say(one, other, "a secret word")
        stream.wait_for("notification", 3)
        told_live = stream.of("notification")
        kith.post("/notifications/read", headers=other.bearer,
                  json={"numbers": [told_live[2]["number"]]})
        stream.wait_for("notification", 4)
        read = stream.of("notification")[3]
    numbers = [event["number"] for event in told_live]
    assert numbers == list(range(numbers[0], numbers[0] + 3))
    assert numbers[0] > before
    for event in told_live:
        assert event.keys() == {"user_id", "number", "kind", "unread"}
        assert event["kind"] == "message"
    assert read == {"user_id": other.id, "unread": told_live[2]["unread"] - 1}

    check = contract.Kafka()
    events = notification_events.of(other.id, 4)
    for event in events:
        check.check(event)
        assert "secret" not in str(event)
    assert [event.headers["ce_type"] for event in events[-4:]] == [
        "NotificationSent"] * 3 + ["NotificationsRead"]


def test_lists_go_both_ways(kith, account, act, told, kinds):
    mine = account()
    others = [account() for _ in range(5)]
    for n, other in enumerate(others, 1):
        act(other, "/subscriptions/request", user_id=mine.id)
        wait_until(lambda: len(kinds(mine)) == n, 10)
    everything = told(mine)
    assert [item["number"] for item in everything] == [5, 4, 3, 2, 1]

    for query, numbers in [({"limit": 2}, [[5, 4], [3, 2], [1]]),
                           ({"limit": 2, "after": 0}, [[1, 2], [3, 4], [5]]),
                           ({"limit": 2, "after": 3}, [[4, 5]])]:
        pages, cursor = [], None
        while cursor or not pages:
            page = kith.get("/notifications", headers=mine.bearer,
                            params=query | {"cursor": cursor}).json()
            assert page["unread"] == 5
            pages.append([item["number"] for item in page["items"]])
            cursor = page["next"]
        assert pages == numbers

    assert kith.delete("/notifications/3", headers=mine.bearer).ok
    assert_problem(kith.delete("/notifications/3", headers=mine.bearer),
                   404, "not_found")
    assert [item["number"] for item in told(mine)] == [5, 4, 2, 1]


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=1&after=2",
                                   "after=9007199254740992", "limit=0",
                                   "cursor=x"])
def test_a_bad_place_is_named(kith, account, query):
    answer = kith.get(f"/notifications?{query}", headers=account().bearer)
    assert answer.status_code in (400, 422)


def test_a_device_goes_with_its_session(kith, account, act):
    mine = account()
    device = act(mine, "/notifications/devices", platform="webpush",
                 token=f"https://push.example/{uuid.uuid4()}", p256dh=KEY,
                 auth=AUTH)
    assert device.status_code == 201
    listed = kith.get("/notifications/devices", headers=mine.bearer).json()
    assert listed == {"items": [device.json()], "next": None}
    other = login(kith, mine)
    listed = kith.get("/notifications/devices", headers=other.bearer).json()
    assert [item["current"] for item in listed["items"]] == [False]
    kith.post("/logout", headers=mine.bearer)
    listed = kith.get("/notifications/devices", headers=other.bearer).json()
    assert listed["items"] == []


def test_a_platform_that_is_not_configured_is_refused(kith, account):
    mine = account()
    offered = kith.get("/notifications/platforms", headers=mine.bearer).json()
    for platform in "fcm", "apns":
        if not offered[platform]:
            answer = kith.post("/notifications/devices", headers=mine.bearer,
                               json={"platform": platform, "token": "ab" * 32})
            assert_problem(answer, 422, "invalid",
                           platform="not_available")
