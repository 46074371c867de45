"""
Who is pushed what, and when: nobody what they know, or may not see.

The module has a stack of its own, whose providers are tests/providers.py.
"""
import time
import uuid

import pytest

import pushes
from kith import wait_until
from pushes import PROMPT_S
from talk import befriend, open_chat

WAIT_S = 3                      # what PUSH_WAIT_MS is unless told


@pytest.fixture(scope="module")
def made():
    with pushes.world() as world:
        yield world


@pytest.fixture
def world(made):
    with made.watched():
        yield made


@pytest.fixture
def providers(world):
    return world.providers


# What is pushed.

def test_the_longest_notification_is_pushed(world, providers):
    devices = world.devices(providers.fcm, providers.apns, providers.webpush)
    for letter in "\"", "\U0001f600":
        world.notify(devices, title=letter * 100, body=letter * 500,
                     data={"a": letter * (400 if letter == "\"" else 240)})
    world.wait_for_end(devices)
    assert [len(device.pushes) for device in devices] == [2] * 3


def test_a_push_has_what_it_is_about(world, providers):
    devices = world.devices(providers.fcm, providers.apns, providers.webpush)
    world.notify(devices, title="Привет", body="Как дела?", data={"a": "b"},
                 ttl_s=60)
    of_fcm, of_apns, of_webpush = [device.wait_for()[0] for device in devices]
    assert of_fcm.document["notification"] == {
        "title": "Привет", "body": "Как дела?"}
    assert of_fcm.document["data"] == {
        "kind": "service", "number": "1", "data": '{"a":"b"}'}
    assert of_apns.document["aps"]["alert"] == {
        "title": "Привет", "body": "Как дела?"}
    assert of_apns.document["aps"]["badge"] == 1
    assert of_webpush.document == {
        "kind": "service", "number": 1, "title": "Привет",
        "body": "Как дела?", "data": {"a": "b"}, "unread": 1,
        "tag": of_webpush.collapse_id}
    assert of_fcm.document["android"]["ttl"] in ("59s", "60s")
    assert of_webpush.headers["ttl"] in ("59", "60")
    assert abs(int(of_apns.headers["apns-expiration"])
               - time.time() - 60) < 5


def say(world, person, chat, text="Hello"):
    world.ask(person, "POST", "/messages/send", 201, {
        "chat_id": chat, "client_id": str(uuid.uuid4()), "text": text})


def receive(world, person, chat):
    world.ask(person, "POST", "/messages/received", 204, {
        "chat_id": chat, "seq": 1})


def read(world, person, chat):
    world.ask(person, "POST", "/messages/read", 204, {
        "chat_id": chat, "seq": 1})


def read_notification(world, person, _=None):
    wait_until(lambda: notifications(world, person)["unread"], 10)
    world.ask(person, "POST", "/notifications/read", 204, {"up_to": 1})


def mute(world, person, chat):
    world.ask(person, "POST", "/notifications/mute", 204, {"chat_id": chat})


def want_no_messages(world, person, _):
    world.ask(person, "PUT", "/notifications/preferences", 200, {
        "language": "en", "message": False, "request": True,
        "accepted": True, "login": True, "service": True})


def log_out(world, person, _):
    world.ask(person, "POST", "/logout", 204)


def leave(world, person, chat):
    world.ask(person, "DELETE", f"/chat/members?chat_id={chat}"
              f"&user_id={person.id}", 204)


def unregister(world, person, _):
    world.ask(person, "DELETE", f"/notifications/devices/{person.session}",
              204)


def nothing(world, person, chat):
    pass


def notifications(world, person):
    return world.ask(person, "GET", "/notifications", 200)


BEFORE = [mute, want_no_messages]
AFTER = [receive, read, read_notification, log_out, leave, unregister]


def test_a_message_is_pushed_to_who_did_not_get_it(world, providers):
    """To each device once; not to who received or read it within 3 s."""
    acts = [nothing, *BEFORE, *AFTER]
    sender, *others = world.people(1 + len(acts))
    befriend(world, [sender], others)
    chat = open_chat(world.kith, [sender, *others], "Group")
    devices = {act: [world.register(person, providers.fcm)]
               for act, person in zip(acts, others)}
    for provider in providers.apns, providers.webpush:
        devices[nothing].append(world.another(devices[nothing][0], provider))
    for act, person in zip(acts, others):
        if act in BEFORE:
            act(world, person, chat)
    sent = time.monotonic()
    say(world, sender, chat)
    for act, person in zip(acts, others):
        if act in AFTER:
            act(world, person, chat)
    assert time.monotonic() < sent + WAIT_S, "too slow to tell"
    for device in devices[nothing]:
        push, = device.wait_for()
        assert WAIT_S <= push.at - sent < WAIT_S + PROMPT_S
    every = sum(devices.values(), [])
    world.wait_for_end(every)
    assert {act.__name__: [len(device.pushes) for device in some]
            for act, some in devices.items() if act != nothing} == {
                act.__name__: [0] for act in BEFORE + AFTER}
    assert [len(device.pushes) for device in devices[nothing]] == [1, 1, 1]
    assert providers.violations == []


def test_many_messages_are_few_pushes(world, providers):
    devices = world.devices(providers.fcm, providers.apns, providers.webpush)
    [sender] = world.people(1)
    people = [device.person for device in devices]
    befriend(world, [sender], people)
    chat = open_chat(world.kith, [sender, *people], "Group")
    for _ in range(50):
        say(world, sender, chat)
    for person in people:
        wait_until(lambda: [50] == [
            item["data"]["count"] for item
            in notifications(world, person)["items"]], 20)
    world.wait_for_end(devices)
    for device in devices:
        assert 1 <= len(device.pushes) <= 5 and device.has_one_id
        assert "50" in str(device.pushes[-1].document)
    assert devices[2].pushes[-1].document["data"]["count"] == 50
    assert devices[2].pushes[-1].document["title"] == "Group · 50 new messages"


def test_reading_on_one_device_takes_the_badge_from_the_others(world,
                                                               providers):
    """A browser would have to show it, so it is told nothing."""
    reader, = world.devices(providers.fcm)
    others = [world.another(reader, provider) for provider in (
        providers.fcm, providers.apns, providers.webpush)]
    world.notify([reader])
    for device in reader, *others:
        device.wait_for()
    world.wait_for_end([reader, *others])
    read_notification(world, reader.person)
    of_fcm, of_apns = [device.wait_for(2)[1] for device in others[:2]]
    assert of_fcm.is_silent and of_apns.is_silent
    assert of_fcm.document["data"]["badge"] == "0"
    assert of_apns.document["aps"]["badge"] == 0
    world.wait_for_end([reader, *others])
    assert [len(device.pushes) for device in (reader, others[2])] == [1, 1]
