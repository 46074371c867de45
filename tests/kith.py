"""
A running stack as tests see it: clients, accounts, events, and waiting.

Where it is, its stack.env says: KITH_URL, KITH_INTERNAL_URL, DATABASE_URL and
KAFKA_BROKERS in the environment.
"""
import concurrent.futures
import dataclasses
import json
import secrets
import time

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
