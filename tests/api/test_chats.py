"""Chats, as those in them, others, and the events see them; and races."""
import collections
import os
import random
import threading
import time
import uuid

import confluent_kafka.admin
import pytest

import contract
from kith import Events, assert_problem, at_once, wait_until
from test_input import STRINGS

AT_ONCE = 64


@pytest.fixture
def kafka():
    """The events of chats from now on."""
    events = Events(os.environ["KAFKA_BROKERS"], "chat.events")
    yield events
    events.close()


@pytest.fixture
def friends(kith, account):
    """friends(n): so many people; the first one has accepted all others."""
    def friends(count):
        first, *others = (account() for _ in range(count))
        for other in others:
            for one, action, two in [(first, "request", other),
                                     (other, "accept", first)]:
                kith.post(f"/subscriptions/{action}", headers=one.bearer,
                          json={"user_id": two.id}).raise_for_status()
        return [first, *others]
    return friends


class Talk:
    """What one does in chats."""

    def __init__(self, kith, one):
        self.kith, self.headers, self.id = kith, one.bearer, one.id

    def create(self, *others, **members):
        body = {"user_ids": [other.id for other in others]} | members
        return self.kith.post("/chat/create", headers=self.headers, json=body)

    def send(self, text, client_id=None, **to):
        return self.kith.post("/messages/send", headers=self.headers, json={
            "client_id": client_id or str(uuid.uuid4()), "text": text} | to)

    def list(self, chat, **place):
        return self.kith.get(f"/messages/chat/{chat}", headers=self.headers,
                             params=place)

    def chat(self, chat):
        return self.kith.get(f"/chat/{chat}", headers=self.headers)

    def mark(self, kind, chat, seq):
        return self.kith.post(f"/messages/{kind}", headers=self.headers,
                              json={"chat_id": chat, "seq": seq})

    def edit(self, chat, seq, text):
        return self.kith.put(f"/messages/{chat}/{seq}", headers=self.headers,
                             json={"text": text})

    def delete(self, chat, seq):
        return self.kith.delete(f"/messages/{chat}/{seq}",
                                headers=self.headers)

    def add(self, chat, other):
        return self.kith.post("/chat/members", headers=self.headers,
                              json={"chat_id": chat, "user_id": other.id})

    def remove(self, chat, other):
        return self.kith.delete("/chat/members", headers=self.headers, params={
            "chat_id": chat, "user_id": other.id})


@pytest.fixture
def talks(kith, friends):
    """talks(n): so many people who can talk; the first one to all others."""
    return lambda count: [Talk(kith, one) for one in friends(count)]


def leave(kith, one):
    """Kith."""
    kith.delete("/user/me", headers=one.bearer,
                json={"password": one.password}).raise_for_status()


@pytest.fixture
def at_end(database):
    """at_end(): once chat-worker has done all that there is now."""
    def wait():
        with database.cursor() as cursor:
            cursor.execute("SELECT id FROM event.outbox"
                           " WHERE type = 'UserDeleted'")
            wanted = {id for id, in cursor.fetchall()}
            def done():
                cursor.execute("SELECT event_id FROM event.inbox"
                               " WHERE consumer = 'chat-worker'")
                return wanted <= {id for id, in cursor.fetchall()}
            wait_until(done, 20)
    return wait


def outcomes(answers):
    return collections.Counter(a.status_code for a in answers)


def heard(call):
    """As clients do it: whom a crowd keeps out comes again."""
    while (answer := call()).status_code == 503:
        time.sleep(random.random() / 10)
    return answer


def all_at_once(calls):
    """What they returned, in any order."""
    turn = iter(calls)
    return at_once(len(calls), lambda: heard(next(turn)))


def test_two_people_talk(talks):
    ann, bob = talks(2)
    chat = ann.create(bob).json()["id"]
    ann.send("Are you there?", chat_id=chat)
    bob.mark("read", chat, 1)
    bob.send("I am.", user_id=ann.id)
    ann.edit(chat, 1, "Are you here?")

    for one, unread in (ann, 1), (bob, 0):
        page = one.list(chat).json()
        assert [(m["seq"], m["text"]) for m in page["items"]] == [
            (1, "Are you here?"), (2, "I am.")]
        shown = one.chat(chat).json()
        assert (shown["unread"], shown["last_seq"]) == (unread, 2)
        assert shown["last_message"] == page["items"][1]
        listed = one.kith.get("/chats", headers=one.headers).json()["items"]
        assert listed == [shown]


def test_all_that_happens_is_an_event_in_order(talks, kafka):
    ann, bob, dora = talks(3)
    chat = ann.create(bob, title="Trip").json()["id"]
    ann.send("one", chat_id=chat)
    bob.mark("received", chat, 1)
    bob.mark("read", chat, 1)
    ann.edit(chat, 1, "two")
    ann.delete(chat, 1)
    ann.add(chat, dora)
    bob.remove(chat, bob)
    ann.send("three", chat_id=chat)

    events = kafka.of(chat, 9)
    for event in events:
        contract.Kafka().check(event)
    both = {ann.id, bob.id}
    assert [(e.headers["ce_type"], set(e.data["to"])) for e in events] == [
        ("ChatCreated", both),
        ("MessageSent", both),
        ("MessageReceived", both),
        ("MessagesRead", both),
        ("MessageEdited", both),
        ("MessageDeleted", both),
        ("ChatMemberAdded", both | {dora.id}),
        ("ChatMemberRemoved", both | {dora.id}),
        ("MessageSent", {ann.id, dora.id}),
    ]
    assert len({e.partition for e in events}) == 1
    numbers = [int(e.headers["ce_id"]) for e in events]
    assert numbers == sorted(set(numbers))


def test_the_topic_keeps_a_day():
    admin = confluent_kafka.admin.AdminClient({
        "bootstrap.servers": os.environ["KAFKA_BROKERS"]})
    topic = confluent_kafka.admin.ConfigResource(
        confluent_kafka.admin.ConfigResource.Type.TOPIC, "chat.events")
    config = admin.describe_configs([topic])[topic].result(10)
    assert config["retention.ms"].value == "86400000"
    assert config["segment.ms"].value == "3600000"


def test_a_text_comes_as_it_was_sent(talks, kafka):
    ann, bob = talks(2)
    chat = ann.create(bob).json()["id"]
    sent = [ann.send(text, chat_id=chat) for text in STRINGS]
    assert [a.json()["text"] for a in sent] == STRINGS
    assert [m["text"] for m in bob.list(chat, limit=100).json()["items"]] == \
        STRINGS
    assert [e.data["text"] for e in kafka.of(chat, len(STRINGS) + 1)[1:]] == \
        STRINGS
    for seq, text in enumerate(reversed(STRINGS), 1):
        assert ann.edit(chat, seq, text).json()["text"] == text


def test_a_title_comes_as_it_was_sent(talks):
    ann, bob = talks(2)
    for text in STRINGS:
        chat = ann.create(bob, title=text).json()
        assert chat["title"] == text
        assert bob.chat(chat["id"]).json()["title"] == text


def test_strings_in_addresses_do_no_harm(talks, kith):
    ann, bob = talks(2)
    chat = ann.create(bob).json()["id"]
    ann.send("one", chat_id=chat)
    for text in STRINGS:
        for parameter in "before", "after", "limit":
            assert_problem(ann.list(chat, **{parameter: text}), 422, "invalid",
                           **{parameter: "out_of_range"})
        answer = kith.get("/messages/chat", headers=ann.headers,
                          params={"user_id": text})
        assert_problem(answer, 422, "invalid", user_id="not_an_id")
        answer = kith.delete("/chat/members", headers=ann.headers,
                             params={"chat_id": text, "user_id": bob.id})
        assert_problem(answer, 422, "invalid", chat_id="not_an_id")


def test_pages_lead_from_the_newest_to_the_first_message(talks):
    ann, bob = talks(2)
    chat = ann.create(bob).json()["id"]
    for number in range(25):
        ann.send(str(number), chat_id=chat)

    seen, place = [], {}
    while place is not None:
        page = bob.list(chat, limit=10, **place).json()
        seen = [m["seq"] for m in page["items"]] + seen
        place = {"before": page["next"]} if page["next"] else None
    assert seen == list(range(1, 26))


def test_a_block_closes_a_chat_of_two(talks, kith):
    ann, bob = talks(2)
    chat = ann.create(bob).json()["id"]
    ann.send("one", chat_id=chat)
    kith.post("/subscriptions/block", headers=bob.headers,
              json={"user_id": ann.id})
    for one in ann, bob:
        assert_problem(one.send("two", chat_id=chat), 409, "chat_closed")
        assert one.list(chat).status_code == one.chat(chat).status_code == 200
    assert_problem(ann.edit(chat, 1, "two"), 409, "chat_closed")
    kith.delete("/subscriptions/block", headers=bob.headers,
                params={"user_id": ann.id})
    assert ann.send("two", chat_id=chat).status_code == 201


def test_who_leaves_kith_closes_it_for_good(talks, friends, kith):
    first, other = friends(2)
    ann, bob = Talk(kith, first), Talk(kith, other)
    chat = ann.create(bob).json()["id"]
    ann.send("one", chat_id=chat)
    kith.delete("/user/me", headers=bob.headers,
                json={"password": other.password}).raise_for_status()
    assert_problem(ann.send("two", chat_id=chat), 409, "chat_closed")
    gone, = [m["user"] for m in ann.chat(chat).json()["members"]
             if m["user"]["id"] == bob.id]
    assert set(gone.values()) == {bob.id, None}


def test_who_leaves_kith_leaves_their_groups(kith, friends, kafka):
    """The longest member takes over, and all learn of it."""
    people = friends(3)
    ann, bob, eve = (Talk(kith, one) for one in people)
    chats = [ann.create(bob, eve, title=title).json()["id"]
             for title in ("Trip", "Tea")]
    leave(kith, people[0])
    for chat in chats:
        created, removed = kafka.of(chat, 2)
        contract.Kafka().check(removed)
        assert removed.headers["ce_type"] == "ChatMemberRemoved"
        assert set(removed.data.pop("to")) == {ann.id, bob.id, eve.id}
        assert removed.data == {"chat_id": chat, "user_id": ann.id,
                                "user_ids": [ann.id]}
        members = bob.chat(chat).json()["members"]
        assert {m["user"]["id"]: m["role"] for m in members} == {
            bob.id: "owner", eve.id: "member"}
        assert bob.remove(chat, eve).status_code == 204


def test_a_chat_of_two_ends_when_both_have_left_kith(kith, friends, database,
                                                     at_end):
    """The first one's id stays for the second."""
    people = friends(2)
    ann, bob = (Talk(kith, one) for one in people)
    chat = ann.create(bob).json()["id"]
    leave(kith, people[0])
    at_end()
    assert len(bob.chat(chat).json()["members"]) == 2
    leave(kith, people[1])
    at_end()
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM chat.member WHERE chat_id = %s",
                       [chat])
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT abandoned FROM chat.chat WHERE id = %s", [chat])
        assert cursor.fetchone() == (True,)


def test_all_leave_kith_at_once(kith, friends, kafka, at_end):
    """And do so in each of two groups, which they hold in turn."""
    people = friends(6)
    ann, *others = (Talk(kith, one) for one in people)
    chats = [ann.create(*others, title="Trip").json()["id"]
             for _ in range(2)]
    turn = iter(people)
    at_once(len(people), lambda: leave(kith, next(turn)))
    at_end()
    for chat in chats:
        removals = kafka.of(chat, len(people) + 1)[1:]
        assert [len(e.data["to"]) for e in removals] == list(
            range(len(people), 0, -1))
        assert sum((e.data["user_ids"] for e in removals), []) == [
            e.data["user_id"] for e in removals]


def test_the_same_message_sent_at_once_is_one(talks, kafka):
    ann, bob = talks(2)
    chat, client_id = ann.create(bob).json()["id"], str(uuid.uuid4())
    answers = all_at_once(AT_ONCE * [
        lambda: ann.send("one", client_id, chat_id=chat)])
    assert outcomes(answers) == {201: 1, 200: AT_ONCE - 1}
    assert len({a.content for a in answers}) == 1
    bob.send("the mark", chat_id=chat)
    assert [e.data.get("text") for e in kafka.of(chat, 3)] == [
        None, "one", "the mark"]


def test_the_same_message_to_a_user_sent_at_once_is_one(talks, kafka):
    ann, bob = talks(2)
    client_id = str(uuid.uuid4())
    answers = all_at_once(AT_ONCE * [
        lambda: ann.send("one", client_id, user_id=bob.id)])
    assert outcomes(answers) == {201: 1, 200: AT_ONCE - 1}
    message, = {a.content for a in answers}
    chat = answers[0].json()["chat_id"]
    bob.send("the mark", chat_id=chat)
    assert [e.headers["ce_type"] for e in kafka.of(chat, 3)] == [
        "ChatCreated", "MessageSent", "MessageSent"]


def test_messages_sent_at_once_are_numbered_without_a_gap(talks, kafka):
    ann, bob = talks(2)
    chat = ann.create(bob).json()["id"]
    answers = all_at_once(AT_ONCE // 2 * [
        lambda: ann.send("x", chat_id=chat),
        lambda: bob.send("x", chat_id=chat)])
    assert outcomes(answers) == {201: AT_ONCE}
    numbers = list(range(1, AT_ONCE + 1))
    assert sorted(a.json()["seq"] for a in answers) == numbers
    listed = bob.list(chat, limit=AT_ONCE).json()["items"]
    assert [m["seq"] for m in listed] == numbers
    times = [m["sent_at"] for m in listed]
    assert times == sorted(times)
    events = kafka.of(chat, AT_ONCE + 1)
    assert [e.data["seq"] for e in events[1:]] == numbers


def test_a_pair_made_at_once_is_one_and_counts_once(talks, database, kafka):
    ann, bob = talks(2)
    answers = all_at_once(AT_ONCE // 2 * [
        lambda: ann.create(bob), lambda: bob.create(ann)])
    assert outcomes(answers) == {201: 1, 200: AT_ONCE - 1}
    chat, = {a.json()["id"] for a in answers}
    ann.send("the mark", chat_id=chat)
    assert [e.headers["ce_type"] for e in kafka.of(chat, 2)] == [
        "ChatCreated", "MessageSent"]
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM chat.creation_rate"
                       " WHERE user_id IN (%s, %s)"
                       "   AND used_until > now() + interval '1 second'",
                       [ann.id, bob.id])
        assert cursor.fetchone() == (1,)


def test_a_user_added_at_once_is_there_once(talks, kafka):
    ann, bob, dora = talks(3)
    chat = ann.create(bob, title="Trip").json()["id"]
    answers = all_at_once(16 * [lambda: ann.add(chat, dora)])
    assert outcomes(answers) == {201: 1, 200: 15}
    ann.send("the mark", chat_id=chat)
    assert [e.headers["ce_type"] for e in kafka.of(chat, 3)] == [
        "ChatCreated", "ChatMemberAdded", "MessageSent"]


def test_all_leave_at_once(talks, database, kafka):
    people = talks(8)
    ann, *others = people
    chat = ann.create(*others, title="Trip").json()["id"]
    answers = all_at_once([lambda one=one: one.remove(chat, one)
                           for one in people])
    assert outcomes(answers) == {204: len(people)}
    removals = kafka.of(chat, len(people) + 1)[1:]
    assert [len(e.data["to"]) for e in removals] == list(
        range(len(people), 0, -1))
    with database.cursor() as cursor:
        cursor.execute("SELECT abandoned FROM chat.chat WHERE id = %s", [chat])
        assert cursor.fetchone() == (True,)
        cursor.execute("SELECT chat.tidy()")
        cursor.execute("SELECT count(*) FROM chat.chat WHERE id = %s", [chat])
        assert cursor.fetchone() == (0,)


def up_to_the_mark(kafka, chat):
    """The events of a chat, once there is a message "the mark"."""
    def found():
        events = [e for e in kafka.read() if e.key == chat]
        return events if any(e.data.get("text") == "the mark"
                             for e in events) else None
    return wait_until(found, 20)


def busy(done, call):
    """A thread that calls until done; it has called once when this returns."""
    begun = threading.Event()

    def run():
        while not done.is_set():
            call()
            begun.set()

    thread = threading.Thread(target=run)
    thread.start()
    begun.wait(10)
    return thread


@pytest.mark.parametrize("how", ["removed", "leaves"])
def test_nothing_is_told_to_one_who_was_removed_meanwhile(talks, kafka, how):
    """While all write and read, bob goes and comes; none of it gets mixed."""
    ann, bob, dora = talks(3)
    chat = ann.create(bob, dora, title="Trip").json()["id"]
    done, refused = threading.Event(), []

    def write(one):
        answer = heard(lambda: one.send("x", chat_id=chat))
        if answer.ok:
            one.mark("read", chat, answer.json()["seq"])
        else:
            refused.append(answer)

    threads = [busy(done, lambda one=one: write(one))
               for one in (ann, bob, dora) for _ in range(2)]
    rounds = 10
    for _ in range(rounds):
        (ann if how == "removed" else bob).remove(chat, bob)
        answer = heard(lambda: bob.send("no", chat_id=chat))
        assert_problem(answer, 404, "not_found")
        ann.add(chat, bob)
    ann.remove(chat, bob)
    done.set()
    for thread in threads:
        thread.join()
    ann.send("the mark", chat_id=chat)
    events = up_to_the_mark(kafka, chat)
    is_member, changes = True, 0
    for event in events:
        kind, data = event.headers["ce_type"], event.data
        if kind == "ChatMemberAdded":
            is_member = True
            changes += 1
        told = bob.id in data["to"]
        by_bob = data.get("sender_id") == bob.id
        if kind.startswith("ChatMember"):
            assert told
        elif kind == "MessageSent":
            assert told == is_member
            assert is_member or not by_bob
        else:
            assert is_member or not told
        if kind == "ChatMemberRemoved":
            is_member = False
            changes += 1
    assert changes == 2 * rounds + 1
    assert {(a.status_code, a.json()["code"]) for a in refused} <= {
        (404, "not_found")}
    numbers = [e.data["seq"] for e in events
               if e.headers["ce_type"] == "MessageSent"]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_message_edited_at_once_with_the_same_text_is_one_edit(talks, kafka):
    ann, bob = talks(2)
    chat = ann.create(bob).json()["id"]
    ann.send("one", chat_id=chat)
    answers = all_at_once(16 * [lambda: ann.edit(chat, 1, "two")])
    assert outcomes(answers) == {200: 16}
    assert len({a.content for a in answers}) == 1
    ann.send("the mark", chat_id=chat)
    assert [e.headers["ce_type"] for e in kafka.of(chat, 4)] == [
        "ChatCreated", "MessageSent", "MessageEdited", "MessageSent"]


def test_what_is_deleted_while_it_is_edited_is_deleted(talks, kafka):
    ann, bob = talks(2)
    chat = ann.create(bob).json()["id"]
    ann.send("one", chat_id=chat)
    texts = iter(map(str, range(1000)))
    answers = all_at_once(16 * [lambda: ann.edit(chat, 1, next(texts)),
                                lambda: ann.delete(chat, 1)])
    assert outcomes(answers).keys() <= {200, 409}
    assert ann.list(chat).json()["items"][0]["deleted"]
    ann.send("the mark", chat_id=chat)
    kinds = [e.headers["ce_type"] for e in up_to_the_mark(kafka, chat)]
    assert kinds[-2:] == ["MessageDeleted", "MessageSent"]
    assert kinds.count("MessageDeleted") == 1


def test_the_same_mark_at_once_is_told_once(talks, kafka):
    ann, bob = talks(2)
    chat = ann.create(bob).json()["id"]
    for text in "12345678":
        ann.send(text, chat_id=chat)
    answers = all_at_once(AT_ONCE // 8 * [
        lambda seq=seq: bob.mark("read", chat, seq) for seq in range(1, 9)])
    assert outcomes(answers) == {204: AT_ONCE}
    ann.send("the mark", chat_id=chat)
    told = [e.data["seq"] for e in up_to_the_mark(kafka, chat)
            if e.headers["ce_type"] == "MessagesRead"]
    assert told == sorted(set(told))
    assert told[-1] == 8
