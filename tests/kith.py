"""
A running stack as tests see it: clients, accounts, events, and waiting.

Where it is, its stack.env says: KITH_URL, KITH_INTERNAL_URL, DATABASE_URL and
KAFKA_BROKERS in the environment.
"""
import concurrent.futures
import dataclasses
import http.client
import json
import secrets
import threading
import time
import urllib.parse

import confluent_kafka
import jwt
import requests

POLL_S = 0.05


def wait_until(predicate, seconds):
    """The first true value of predicate(); an error after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (value := predicate()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(POLL_S)
    return value


def at_once(count, call):
    """What call() returned, so many times in parallel."""
    with concurrent.futures.ThreadPoolExecutor(count) as threads:
        return [f.result()
                for f in [threads.submit(call) for _ in range(count)]]


class Client(requests.Session):
    """Requests by path.  Nothing of the environment: no proxy, no .netrc."""

    def __init__(self, base):
        super().__init__()
        self.base = base
        self.trust_env = False

    def request(self, method, path, **options):
        options.setdefault("timeout", 10)
        options.setdefault("allow_redirects", False)
        return super().request(method, self.base + path, **options)


@dataclasses.dataclass
class Account:
    """What a client knows of its account."""
    email: str
    password: str
    tokens: dict

    @property
    def id(self):
        return self.tokens["user"]["id"]

    @property
    def session(self):
        return jwt.decode(self.tokens["access_token"],
                          options={"verify_signature": False})["sid"]

    @property
    def bearer(self):
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}

    @property
    def credentials(self):
        return {"email": self.email, "password": self.password}


def credentials():
    """An address and a password that nobody used before."""
    return {"email": f"{secrets.token_hex(8)}@example.org",
            "password": secrets.token_urlsafe(16)}


def nickname(form="Ann"):
    """One that nobody else has, in no form that looks like it."""
    return f"{form} {secrets.randbelow(10**9)}"


def register(client, **members):
    """A new account with a session; members go into the request too."""
    body = credentials() | members
    answer = client.post("/register", json=body)
    assert answer.status_code == 201, answer.text
    return Account(body["email"], body["password"], answer.json())


def login(client, account, **members):
    """The same account with another session."""
    answer = client.post("/login", json=account.credentials | members)
    assert answer.status_code == 200, answer.text
    return dataclasses.replace(account, tokens=answer.json())


def refresh(client, account):
    """The answer to its refresh token."""
    return client.post("/refresh-token", json={
        "refresh_token": account.tokens["refresh_token"]})


def renew(client, account):
    """The same account and session with new tokens."""
    answer = refresh(client, account)
    assert answer.status_code == 200, answer.text
    return dataclasses.replace(account, tokens=answer.json())


def sessions(client, account):
    """The live ones; none for a token that is no longer accepted."""
    answer = client.get("/sessions", headers=account.bearer)
    assert answer.status_code in (200, 401)
    return answer.json().get("items", [])


def assert_problem(answer, status, code, **errors):
    """errors: the codes by the pointers' last names."""
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert {e["pointer"].lstrip("/"): e["code"]
            for e in answer.json()["errors"]} == errors


def look(answer):
    """All that could tell one answer from another."""
    request_id = answer.headers["X-Request-Id"]
    return (answer.status_code,
            tuple((name, value) for name, value in answer.raw.headers.items()
                  if name not in ("Date", "X-Request-Id")),
            answer.text.replace(request_id, ""))


def same_within(differences, limit_s):
    """
    Whether paired times may be the same but for limit_s.

    On a busy machine medians are off by chance.  The values at these places,
    the 34th and 67th of 100, are 99.9 % sure to have the true one between them.
    """
    low = int(len(differences) / 2 - 1.645 * len(differences) ** 0.5)
    ordered = sorted(differences)
    return ordered[low] < limit_s and ordered[-1 - low] > -limit_s


@dataclasses.dataclass
class Event:
    key: str
    headers: dict
    data: dict
    partition: int
    offset: int


class Events:
    """What comes to a topic from now on; a partition's events in order."""

    def __init__(self, brokers, topic="auth.events"):
        self.seen = []
        self.consumer = confluent_kafka.Consumer({
            "bootstrap.servers": brokers,
            "group.id": "tests",
            "enable.auto.commit": False,
        })
        partitions = [
            confluent_kafka.TopicPartition(topic, number)
            for number in self.consumer.list_topics(topic, timeout=10)
                                       .topics[topic].partitions]
        for partition in partitions:
            partition.offset = self.consumer.get_watermark_offsets(
                partition, timeout=10)[1]
        self.consumer.assign(partitions)

    def close(self):
        self.consumer.close()

    def read(self, seconds=POLL_S):
        """All events seen, after so many seconds more."""
        for message in self.consumer.consume(10000, timeout=seconds):
            if message.error():
                continue            # of the connection; it goes on
            self.seen.append(Event(
                message.key().decode(),
                {k: v.decode() for k, v in message.headers() or []},
                json.loads(message.value()),
                message.partition(), message.offset()))
        return self.seen

    def of(self, key, count, seconds=10):
        """The events of a key, once there are so many."""
        def found():
            events = [e for e in self.read() if e.key == key]
            return events if len(events) >= count else None
        return wait_until(found, seconds)


@dataclasses.dataclass
class Told:
    """An event of a stream."""
    name: str
    id: str | None
    data: dict
    at: float                   # by time.monotonic()


class Stream:
    """GET /stream of an account, read by a thread as long as it is open."""

    def __init__(self, base, account, last_event_id=None):
        url = urllib.parse.urlsplit(base)
        self.connection = http.client.HTTPConnection(url.hostname, url.port,
                                                     timeout=60)
        resumed = {"Last-Event-ID": last_event_id} if last_event_id else {}
        self.connection.request("GET", "/stream",
                                headers=account.bearer | resumed)
        self.answer = self.connection.getresponse()
        self.status = self.answer.status
        self.seen = []
        self.last_id = last_event_id
        self.ended_at = None
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """As a client leaves."""
        if self.connection.sock:
            self.connection.sock.shutdown(2)
        self.thread.join(10)
        self.answer.close()
        self.connection.close()

    def lines(self):
        try:
            yield from self.answer
        except (OSError, ValueError, http.client.HTTPException):
            pass                # closed, by us or by the stack

    def read(self):
        fields = {}
        for line in self.lines():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif fields:
                self.take(fields)
                fields = {}
        self.ended_at = time.monotonic()

    def take(self, fields):
        assert fields.keys() <= {"event", "id", "data", ":"}, fields
        self.last_id = fields.get("id", self.last_id)
        if "event" in fields:
            self.seen.append(Told(fields["event"], fields.get("id"),
                                  json.loads(fields["data"]),
                                  time.monotonic()))

    def of(self, name):
        """The data of the events of this name."""
        return [told.data for told in list(self.seen) if told.name == name]

    def wait_for(self, name, count=1, seconds=10):
        """The same, once there are so many."""
        wait_until(lambda: len(self.of(name)) >= count, seconds)
        return self.of(name)

    def wait_for_end(self, seconds=5):
        """When it ended, by time.monotonic()."""
        return wait_until(lambda: self.ended_at, seconds)
