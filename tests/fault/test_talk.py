"""
Nothing that was said is lost, doubled, or out of order, whatever is killed.

People talk and listen while a nemesis kills workers, the relay, the gateway and
Kafka, restarts PostgreSQL and reloads nginx.  TALK_S and TALK_MESSAGES make it
longer: `make soak`.
"""
import asyncio
import collections
import contextlib
import os
import random
import signal
import time

import jwt

from kith import Events, wait_until
from pairs import Town
from talk import Talk, befriend, open_chat

SECONDS = int(os.environ.get("TALK_S", 120))
MESSAGES = int(os.environ.get("TALK_MESSAGES", 20000))
PEOPLE, CHATS, MEMBERS = 50, 20, range(2, 9)
PATIENCE_S = 60                 # until all is as it was
CALM_S = (1, 4)                 # between two acts
TOKEN_S = 600                   # a token is good for


class Nemesis:
    def __init__(self, stack):
        self.stack = stack
        self.acts = collections.Counter()

    def kill_one(self, function):
        """The pool starts another."""
        workers = self.stack.function(function).workers()
        if workers:             # none: the last one is just being replaced
            os.kill(random.choice(workers), signal.SIGKILL)

    def chat(self):
        self.kill_one("chat")

    def chat_worker(self):
        self.kill_one("chat-worker")

    def relay(self):
        self.kill_one("relay")

    def gateway(self):
        self.kill_one("stream-worker")

    def kafka(self):
        os.kill(self.stack.pid("kafka"), signal.SIGKILL)
        self.stack.up()

    def postgres(self):
        """As after a crash: nobody is waited for."""
        os.kill(self.stack.pid("postgres"), signal.SIGQUIT)
        self.stack.up()

    def nginx(self):
        os.kill(self.stack.pid("nginx"), signal.SIGHUP)

    ACTS = (chat, chat_worker, relay, gateway, kafka, postgres, nginx)

    async def act(self, seconds):
        """Each in turn, in an order of chance, at least once."""
        end, turn = time.monotonic() + seconds, []
        loop = asyncio.get_running_loop()
        while time.monotonic() < end or len(self.acts) < len(self.ACTS):
            turn = turn or random.sample(self.ACTS, len(self.ACTS))
            act = turn.pop()
            await loop.run_in_executor(None, act, self)
            self.acts[act.__name__] += 1
            await asyncio.sleep(random.uniform(*CALM_S))


def open_chats(kith, people):
    """By id: its members."""
    chats = {}
    for i in range(CHATS):
        members = random.sample(people, random.choice(MEMBERS))
        chats[open_chat(kith, members, f"Chat {i}")] = members
    return chats


def tokens(town):
    """A function that gives a person's token, a new one when it grows old."""
    made = {}

    def token(person):
        token, until = made.get(person.id, (None, 0))
        if until < time.monotonic():
            session = jwt.decode(person.token, options={
                "verify_signature": False})["sid"]
            token = town.token(person.id, session)
            made[person.id] = token, time.monotonic() + TOKEN_S / 2
        return token
    return token


def check_database(town, talk):
    """What was acknowledged is there once, and nothing else."""
    rows = town.sql(
        "SELECT client_id::text, chat_id::text, seq, sender_id::text, text"
        "  FROM chat.message WHERE chat_id = ANY (%s::uuid[])",
        list(talk.chats))
    assert sorted(rows) == sorted(
        (id, m["chat_id"], m["seq"], m["sender_id"], m["text"])
        for id, m in talk.said.items())
    ends = dict(town.sql("SELECT id::text, last_seq FROM chat.chat"
                         " WHERE id = ANY (%s::uuid[])", list(talk.chats)))
    assert ends == {chat: talk.ends[chat] for chat in talk.chats}


def check_events(events, talk):
    """Each message is there, in order of seq at its first occurrence."""
    seen = collections.defaultdict(dict)    # of a chat: by seq, in order
    for event in events:
        message = dict(event.data)
        assert sorted(message.pop("to")) == sorted(
            person.id for person in talk.chats[event.key])
        assert message == talk.said[message["client_id"]]
        seen[event.key].setdefault(message["seq"], message)
    for chat in talk.chats:
        assert list(seen[chat]) == list(range(1, talk.ends[chat] + 1))


def check_views(talk):
    """Streams and history together are all there is, for every member."""
    messages = collections.defaultdict(dict)
    for message in talk.said.values():
        messages[message["chat_id"]][message["seq"]] = message
    for speaker in talk.speakers.values():
        for chat, view in speaker.views.items():
            assert view.messages == messages[chat]


def sent(events, talk):
    """The MessageSent of these chats."""
    return [e for e in events.read() if e.key in talk.chats
            and e.headers["ce_type"] == "MessageSent"]


def test_nothing_is_lost_doubled_or_out_of_order(stack, kith, seed, capsys):
    with contextlib.closing(Town(kith)) as town:
        people = town.people(PEOPLE)
        befriend(town, people, people)
        talk = Talk(os.environ["KITH_URL"], open_chats(kith, people),
                    tokens(town))
    nemesis = Nemesis(stack)
    events = Events(os.environ["KAFKA_BROKERS"], "chat.events")
    asyncio.run(talk.run(SECONDS, MESSAGES, lambda: nemesis.act(SECONDS),
                         PATIENCE_S))
    with capsys.disabled():
        print(f"\nSEED={seed} {talk.counts} {dict(nemesis.acts)}")

    with contextlib.closing(Town(kith)) as town:
        check_database(town, talk)
    check_views(talk)
    wait_until(lambda: talk.said.keys() <= {
        e.data["client_id"] for e in sent(events, talk)}, PATIENCE_S)
    check_events(sent(events, talk), talk)
    events.close()
