"""
Thousands of people with a stream each: good clients, and such as never read.

Accounts are made by SQL and tokens signed with the stack's own key, since
registering hashes a password each.
"""
import asyncio
import collections
import contextlib
import dataclasses
import itertools
import json
import os
import pathlib
import random
import resource
import socket
import threading
import time
import urllib.parse
import uuid

import confluent_kafka
import jwt
import psycopg2
from cryptography.hazmat.primitives import serialization

from kith import wait_until

KEYS = pathlib.Path(os.environ["VAR"], "keys")
AT_ONCE = 200                   # connections that are being opened
HOUR_S = 3600
LONGEST_PAUSE_S = 8             # of a good client that can't come back

Told = collections.namedtuple("Told", "name id data at")


@dataclasses.dataclass
class Person:
    id: str
    session: str
    token: str

    def request(self, last_event_id=None):
        resumed = f"Last-Event-ID: {last_event_id}\r\n" if last_event_id else ""
        return (f"GET /stream HTTP/1.0\r\nAuthorization: Bearer {self.token}"
                f"\r\n{resumed}\r\n").encode()


@contextlib.contextmanager
def people(count):
    """So many accounts, each with a session and a token."""
    now = int(time.time())
    key = serialization.load_pem_private_key(
        (KEYS / "signing.pem").read_bytes(), None)
    kid = json.loads((KEYS / "jwks.json").read_text())["keys"][0]["kid"]
    ids = [(str(uuid.uuid4()), str(uuid.uuid4())) for _ in range(count)]
    made = [Person(user, session, jwt.encode(
        {"iss": "kith", "aud": "kith", "sub": user, "sid": session,
         "iat": now, "exp": now + HOUR_S}, key, algorithm="ES256",
        headers={"typ": "at+jwt", "kid": kid})) for user, session in ids]
    sql("INSERT INTO auth.account (id, email)"
        " SELECT id, id || '@example.org' FROM unnest(%s::uuid[]) id",
        [p.id for p in made])
    sql("INSERT INTO auth.session (id, account_id, device, address,"
        " idle_expires_at, expires_at) SELECT s, a, 'test', '127.0.0.1',"
        " now() + interval '1 day', now() + interval '1 day'"
        " FROM unnest(%s::uuid[], %s::uuid[]) u (s, a)",
        [p.session for p in made], [p.id for p in made])
    yield made
    sql("DELETE FROM auth.account WHERE id = ANY (%s::uuid[])",
        [p.id for p in made])


def sql(statement, *values):
    """The first column of its first row."""
    with contextlib.closing(psycopg2.connect(
            os.environ["DATABASE_URL"])) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(statement, values)
        return cursor.fetchone()[0] if cursor.description else None


class Listener(asyncio.Protocol):
    """A person's stream, and the ones that come after it."""

    def __init__(self, crowd, person):
        self.crowd, self.person = crowd, person
        self.told, self.endings, self.failures = [], 0, 0
        self.last_id = self.transport = None
        self.is_open = False

    def connection_made(self, transport):
        self.transport = transport
        self.unread = b""
        self.has_head = False
        transport.write(self.person.request(self.last_id))

    def data_received(self, data):
        self.unread += data
        if not self.has_head:
            head, end, rest = self.unread.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 200 " not in head.split(b"\r\n")[0]:
                self.transport.close()
                return
            self.has_head = self.is_open = True
            self.failures = 0
            self.unread = rest
        *blocks, self.unread = self.unread.split(b"\n\n")
        for block in blocks:
            self.take(block)

    def take(self, block):
        fields = dict(line.split(b": ", 1) for line in block.split(b"\n")
                      if not line.startswith(b":"))
        if not fields:
            return
        id = fields[b"id"].decode() if b"id" in fields else None
        self.last_id = id or self.last_id
        self.told.append(Told(fields[b"event"].decode(), id,
                              json.loads(fields[b"data"]), time.monotonic()))

    def connection_lost(self, _):
        self.endings += self.is_open
        self.is_open = False
        if self.crowd.stays:
            self.crowd.loop.call_later(self.pause(), self.come_back)

    def pause(self):
        """Not all at once, and less and less often."""
        self.failures += 1
        return random.random() * min(2 ** (self.failures - 1), LONGEST_PAUSE_S)

    def come_back(self):
        asyncio.ensure_future(self.connect(), loop=self.crowd.loop)

    async def connect(self):
        async with self.crowd.turns:
            try:
                await self.crowd.loop.create_connection(
                    lambda: self, *self.crowd.address)
            except OSError:
                self.connection_lost(None)
                return
            await asyncio.sleep(0)

    def of(self, name):
        return [told for told in self.told if told.name == name]


class Crowd:
    """Listeners in a thread; they come back as long as it stays."""

    def __init__(self, persons):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        url = urllib.parse.urlsplit(os.environ["KITH_URL"])
        self.address = url.hostname, url.port
        self.stays = True
        self.loop = asyncio.new_event_loop()
        self.turns = asyncio.Semaphore(AT_ONCE)
        self.listeners = [Listener(self, person) for person in persons]
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        for listener in self.listeners:
            self.loop.call_soon_threadsafe(listener.come_back)
        self.wait_for_all(60)
        return self

    def __exit__(self, *_):
        self.stays = False
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        for listener in self.listeners:
            if listener.transport:
                listener.transport.abort()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def open(self):
        return sum(listener.is_open for listener in self.listeners)

    def wait_for_all(self, seconds):
        """Until all streams are open; how long that took."""
        begin = time.monotonic()
        wait_until(lambda: self.open() == len(self.listeners), seconds)
        return time.monotonic() - begin

    def endings(self):
        return sum(listener.endings for listener in self.listeners)

    def resyncs(self):
        return sum(len(listener.of("resync")) for listener in self.listeners)


class Stalled:
    """A stream of which nobody reads anything."""

    def __init__(self, person):
        url = urllib.parse.urlsplit(os.environ["KITH_URL"])
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect((url.hostname, url.port))
        self.socket.sendall(person.request())

    def close(self):
        self.socket.close()


class Chats:
    """Messages to so many users each, straight to Kafka."""

    SIZE = 200
    IDS = itertools.count(2**61)    # the outbox will not give these

    def __init__(self, persons):
        self.producer = confluent_kafka.Producer({
            "bootstrap.servers": os.environ["KAFKA_BROKERS"],
            "linger.ms": 0})
        self.chats = [(str(uuid.uuid4()), persons[i:i + self.SIZE])
                      for i in range(0, len(persons), self.SIZE)]
        self.seq = 0

    def send(self, text="Hello", pause_s=0):
        """A message to every chat."""
        self.seq += 1
        for chat, members in self.chats:
            data = {"chat_id": chat, "seq": self.seq, "text": text,
                    "sent": time.monotonic(), "to": [p.id for p in members]}
            self.producer.produce(
                "chat.events", json.dumps(data), key=chat,
                headers={"ce_type": "MessageSent",
                         "ce_id": str(next(self.IDS))})
            self.producer.flush()
            time.sleep(pause_s)

    def arrived(self, listeners):
        """Whether all have the last message."""
        return all(listener.told and
                   listener.told[-1].data.get("seq") == self.seq
                   for listener in listeners)

    def wait_for_all(self, listeners, seconds=20):
        wait_until(lambda: self.arrived(listeners), seconds)
