"""
People who talk: each sends to its chats and listens on a stream, as a good
client does, and knows in the end what it was told.
"""
import asyncio
import collections
import contextlib
import dataclasses
import itertools
import random
import time
import uuid

from wire import ERRORS, LOST, Wire, stream

AGAIN = {LOST, 502, 503, 504}
PAUSE_S = 0.05                  # before something is asked again
REPEATED = 0.1                  # of all messages are sent twice
PAGE = 100


def befriend(town, people, others):
    """Each of some with each of others, since only friends start a chat."""
    town.sql("INSERT INTO social.subscription (user_id, other_id, state)"
             " SELECT side.*, 'accepted'"
             "  FROM unnest(%s::uuid[]) a, unnest(%s::uuid[]) b,"
             "	LATERAL (VALUES (a, b), (b, a)) side"
             " WHERE a <> b ON CONFLICT DO NOTHING",
             [person.id for person in people],
             [other.id for other in others])


def open_chat(kith, members, title=None):
    """Its id; the first of them opens it."""
    answer = kith.post(
        "/chat/create", json={
            "user_ids": [person.id for person in members[1:]], "title": title},
        headers={"Authorization": f"Bearer {members[0].token}"})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


@dataclasses.dataclass
class Counts:
    sent: int = 0               # messages, acknowledged
    repeated: int = 0           # sent again on purpose
    unanswered: int = 0         # requests that had to be asked again
    streams: int = 0            # opened
    resyncs: int = 0
    streamed: int = 0           # messages that came by a stream
    again: int = 0              # of them, those that had come before


class Failure(Exception):
    """What must not happen."""


class View:
    """What a person knows of a chat: messages by seq, from 1 to end."""

    def __init__(self):
        self.messages = {}
        self.end = 0
        self.streamed = None    # the seq that came last; None: since a resync

    def add(self, message):
        """False: it was known."""
        seq, known = message["seq"], self.messages.get(message["seq"])
        if known not in (None, message):
            raise Failure(f"{known} became {message}")
        self.messages[seq] = message
        while self.end + 1 in self.messages:
            self.end += 1
        return known is None

    def follow(self, seq):
        """The order of a stream: once begun, no gap; only repetitions."""
        before = self.end if self.streamed is None else self.streamed
        if seq > before + 1:
            raise Failure(f"{seq} came by stream after {before}")
        self.streamed = max(seq, before)


class Speaker:
    def __init__(self, base, person, token, counts):
        self.base, self.person, self.counts = base, person, counts
        self.token = token      # a function
        self.wire = Wire(base)
        self.views = {}         # by chat
        self.said = {}          # by client id: the message as acknowledged
        self.last_id = None

    async def insist(self, wire, method, path, body=None):
        """Status and document of an answer that is none of a fault."""
        while True:
            status, document = await wire.request(
                method, path, self.token(self.person), body)
            if status not in AGAIN:
                return status, document
            self.counts.unanswered += 1
            await asyncio.sleep(PAUSE_S * (1 + random.random()))

    async def say(self, chat):
        """The same once more now and then, as after a lost answer."""
        body = {"chat_id": chat, "client_id": str(uuid.uuid4()),
                "text": f"{self.person.id} {len(self.said)}"}
        times = 2 if random.random() < REPEATED else 1
        for _ in range(times):
            status, message = await self.insist(self.wire, "POST",
                                                "/messages/send", body)
            if status not in (200, 201):
                raise Failure(f"sending: {status} {message}")
            if self.said.setdefault(body["client_id"], message) != message:
                raise Failure(f"sent twice is stored twice: {message}")
        self.counts.repeated += times - 1
        self.counts.sent += 1

    async def talk(self, seconds, count):
        """So many messages, evenly; behind time as fast as it goes."""
        begin = time.monotonic()
        for i in range(count):
            due = begin + seconds * (i + random.random()) / count
            await asyncio.sleep(max(0, due - time.monotonic()))
            await self.say(random.choice(list(self.views)))

    async def load(self, wire):
        for chat, view in self.views.items():
            view.streamed, more = None, "0"
            while more is not None:
                status, page = await self.insist(
                    wire, "GET", f"/messages/chat/{chat}"
                    f"?after={view.end}&limit={PAGE}")
                if status != 200:
                    raise Failure(f"history: {status} {page}")
                for message in page["items"]:
                    view.add(message)
                more = page["next"]

    async def take(self, event, wire):
        self.last_id = event.id or self.last_id
        if event.name == "resync":
            self.counts.resyncs += 1
            await self.load(wire)
        elif event.name == "message":
            view = self.views.get(event.data["chat_id"])
            if view is None:
                raise Failure(f"{event} is not for {self.person}")
            view.follow(event.data["seq"])
            self.counts.again += not view.add(event.data)
            self.counts.streamed += 1

    async def listen(self):
        """Until it is cancelled."""
        wire = Wire(self.base)
        for attempt in itertools.count():
            with contextlib.suppress(*ERRORS):
                async with stream(self.base, self.token(self.person),
                                  self.last_id) as (status, events):
                    self.counts.streams += status == 200
                    if status not in AGAIN | {200}:
                        raise Failure(f"stream: {status}")
                    async for event in events:
                        await self.take(event, wire)
            await asyncio.sleep(PAUSE_S * (1 + 9 * random.random()))

    def knows(self, ends):
        return all(view.end >= ends[chat]
                   for chat, view in self.views.items())


class Talk:
    """Speakers in chats; chats are {id: [person, ...]}."""

    def __init__(self, base, chats, token):
        self.counts = Counts()
        self.chats = chats
        people = {person.id: person for members in chats.values()
                  for person in members}
        self.speakers = {id: Speaker(base, person, token, self.counts)
                         for id, person in people.items()}
        for chat, members in chats.items():
            for person in members:
                self.speakers[person.id].views[chat] = View()

    @property
    def ends(self):
        """The highest seq acknowledged, by chat."""
        ends = collections.Counter()
        for message in self.said.values():
            ends[message["chat_id"]] = max(ends[message["chat_id"]],
                                           message["seq"])
        return ends

    @property
    def said(self):
        """By client id: what was acknowledged."""
        return {id: message for speaker in self.speakers.values()
                for id, message in speaker.said.items()}

    async def run(self, seconds, count, nemesis, patience_s):
        """
        Everybody listens while count messages are sent and nemesis() acts, and
        then until all know all, at most patience_s more.
        """
        each = -(-count // len(self.speakers))
        listeners = [asyncio.create_task(s.listen())
                     for s in self.speakers.values()]
        acting = asyncio.gather(nemesis(), *(
            s.talk(seconds, each) for s in self.speakers.values()))
        try:
            await first_failure(acting, listeners)
            await asyncio.wait_for(
                first_failure(self.all_know(), listeners), patience_s)
        finally:
            acting.cancel()
            for listener in listeners:
                listener.cancel()
            await asyncio.gather(acting, *listeners, return_exceptions=True)

    async def all_know(self):
        ends = self.ends
        while not all(s.knows(ends) for s in self.speakers.values()):
            await asyncio.sleep(PAUSE_S)


async def first_failure(awaited, others):
    """Its result, unless one of the others ends before."""
    awaited = asyncio.ensure_future(awaited)
    done, _ = await asyncio.wait([awaited, *others],
                                 return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    return awaited.result()
