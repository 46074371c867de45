"""A stack whose pushes go to providers of ours, people, and their devices."""
import contextlib
import dataclasses
import json
import os
import signal
import socket
import subprocess
import threading
import time
import uuid

import jwt
import psycopg2
import psycopg2.extras
from cryptography.hazmat.primitives import serialization

from h2_server import sockets_of_a_port
from kith import Client, wait_until
from providers import Providers
from stack import Stack, directory

HOUR_S = 3600
LEASE_S = 3
TIMEOUT_S = 2
PROMPT_S = 1.5                  # a push that nothing is in the way of
REPORT = "Sanitizer|runtime error:"


@dataclasses.dataclass
class Person:
    id: str
    session: str
    token: str

    @property
    def bearer(self):
        return {"Authorization": f"Bearer {self.token}"}


@dataclasses.dataclass
class Device:
    """The device that a person's session is."""
    id: str
    person: Person
    provider: object
    token: str

    @property
    def pushes(self):
        """What was attempted so far."""
        return self.provider.pushes.get(self.token, [])

    @property
    def has_one_id(self):
        """Something was attempted, always with the same collapse id."""
        return len({push.collapse_id for push in self.pushes}) == 1

    def wait_for(self, count=1, seconds=10):
        """The pushes, once there are so many."""
        wait_until(lambda: len(self.pushes) >= count, seconds)
        return self.pushes


class World:
    """Who is in a stack, by SQL where it would take long by HTTP."""

    def __init__(self, stack, providers):
        self.stack, self.providers = stack, providers
        environment = stack.stack_env
        self.brokers = environment["KAFKA_BROKERS"]
        self.kith = Client(environment["KITH_URL"])
        self.connection = psycopg2.connect(environment["DATABASE_URL"])
        self.connection.autocommit = True
        psycopg2.extras.register_uuid(conn_or_curs=self.connection)
        self.key = serialization.load_pem_private_key(
            (stack.var / "keys/signing.pem").read_bytes(), None)
        jwks = json.loads((stack.var / "keys/jwks.json").read_text())
        self.kid = jwks["keys"][0]["kid"]
        self.service = self.make_service()
        [somebody] = self.people(1)
        providers.vapid = self.ask(
            somebody, "GET", "/notifications/platforms", 200)["webpush"]

    def close(self):
        self.kith.close()
        self.connection.close()

    def sql(self, statement, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def sign(self, **claims):
        now = int(time.time())
        return jwt.encode({"iss": "kith", "aud": "kith", "iat": now,
                           "exp": now + HOUR_S} | claims, self.key, "ES256",
                          {"typ": "at+jwt", "kid": self.kid})

    def make_service(self):
        """Who may send notifications."""
        id = str(uuid.uuid4())
        self.sql("INSERT INTO auth.service (id, name, scope, expires_at)"
                 " VALUES (%s, %s, %s, now() + interval '1 day')", id,
                 f"tests-{id}", "notifications:send")
        return Person(id, id, self.sign(sub=id, sid=id,
                                        scope="notifications:send"))

    def people(self, count):
        """Each with a session."""
        ids = self.sql("INSERT INTO auth.account (id, email)"
                       " SELECT id, id || '@example.org'"
                       "  FROM (SELECT gen_random_uuid() AS id"
                       "	  FROM generate_series(1, %s)) new"
                       " RETURNING id::text", count)
        return self.sessions([id for id, in ids])

    def sessions(self, users):
        """A new one of each."""
        rows = self.sql(
            "INSERT INTO auth.session (id, account_id, device, address,"
            "	idle_expires_at, expires_at)"
            " SELECT gen_random_uuid(), id, 'test', '127.0.0.1',"
            "	now() + interval '1 day', now() + interval '1 day'"
            "  FROM unnest(%s::uuid[]) id"
            " RETURNING account_id::text, id::text", list(users))
        return [Person(user, session, self.sign(sub=user, sid=session))
                for user, session in rows]

    def person(self):
        return self.people(1)[0]

    def ask(self, person, method, path, status, body=None):
        """The document."""
        answer = self.kith.request(method, path, json=body,
                                   headers=person.bearer)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def register(self, person, provider, status=201):
        """Its session takes pushes from now on."""
        body = provider.device()
        made = self.ask(person, "POST", "/notifications/devices", status, body)
        return Device(made["id"], person, provider, body["token"])

    def devices(self, *providers):
        """A person with a device for each."""
        return [self.register(person, provider) for person, provider
                in zip(self.people(len(providers)), providers)]

    def another(self, device, provider):
        """Of the same person."""
        [person] = self.sessions([device.person.id])
        return self.register(person, provider)

    def bulk(self, provider, count):
        """So many devices, by SQL."""
        people = self.people(count)
        rows = [provider.device() for _ in people]
        with self.connection.cursor() as cursor:
            psycopg2.extras.execute_values(
                cursor, "INSERT INTO notify.device (session_id, user_id,"
                " platform, sandbox, token, p256dh, auth) VALUES %s", [
                    (person.session, person.id, row["platform"],
                     row.get("environment") == "sandbox", row["token"],
                     row.get("p256dh"), row.get("auth"))
                    for person, row in zip(people, rows)], page_size=1000)
        return [Device(person.session, person, provider, row["token"])
                for person, row in zip(people, rows)]

    def notify(self, devices, **members):
        """A notification to the people of these devices, at once."""
        body = {"user_ids": [device.person.id for device in devices],
                "title": "Title", "body": "Body"} | members
        return self.ask(self.service, "POST", "/notifications/send", 202,
                        body)["id"]

    def rows(self, devices):
        """Pushes that wait: device, tries, claimed."""
        return self.sql(
            "SELECT device_id::text, tries, claimed FROM notify.push"
            " WHERE device_id = ANY (%s::uuid[])", [d.id for d in devices])

    def warm(self, *providers):
        """They have just been sent something, and get more than one push."""
        devices = self.devices(*providers)
        self.notify(devices)
        self.wait_for_end(devices)

    def wait_for_end(self, devices, seconds=30):
        """Until nothing is to be pushed to them."""
        wait_until(lambda: not self.rows(devices), seconds)

    def wait_for_tries(self, devices, seconds=10):
        """Until each was tried in vain, and is to be pushed later."""
        wait_until(lambda: {device for device, tries, claimed
                            in self.rows(devices) if tries and not claimed} ==
                   {device.id for device in devices}, seconds)

    def registered(self, devices):
        """Ids of those that still take pushes."""
        return {id for id, in self.sql(
            "SELECT session_id::text FROM notify.device"
            " WHERE session_id = ANY (%s::uuid[])", [d.id for d in devices])}

    def workers(self):
        """Pids of notify-worker."""
        status = subprocess.run(
            [self.stack.var / "bin/pool", "--status",
             self.stack.var / "functions/notify-worker"],
            text=True, stdout=subprocess.PIPE).stdout
        return [int(words[1]) for words in map(str.split, status.splitlines())
                if words[2] == "ready"]

    def kill_workers(self):
        for pid in self.workers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def new_worker(self):
        """In the place of one that knows things by heart."""
        before = self.workers()
        self.kill_workers()
        wait_until(lambda: set(self.workers()) - set(before), 10)

    def logged(self, text):
        """How often notify-worker said it."""
        log = self.stack.var / "log/notify-worker.log"
        return log.read_text().count(text)

    def make_due(self, devices):
        """What would be pushed much later."""
        self.sql("UPDATE notify.push SET due_at = now()"
                 " WHERE device_id = ANY (%s::uuid[])",
                 [d.id for d in devices])

    def restart_worker(self, **settings):
        """With other settings of the stack."""
        code, output = self.stack.run("down", "notify-worker")
        assert code == 0, output
        self.stack.up(**settings)

    @contextlib.contextmanager
    def watched(self):
        """The providers find nothing wrong, and work afterwards."""
        violations = self.providers.violations
        yield
        self.providers.heal()
        found = [*violations]
        violations.clear()
        assert found == []

    def reports(self):
        """What sanitizers say."""
        return subprocess.run(
            ["grep", "-rE", REPORT, self.stack.var / "log"],
            stdout=subprocess.PIPE, text=True).stdout


class Canary:
    """A port at 127.0.0.1 and ::1 that counts who comes, and never speaks."""

    def __init__(self):
        self.sockets = sockets_of_a_port()
        self.port = self.sockets[0].getsockname()[1]
        self.accepted = []
        for listener in self.sockets:
            threading.Thread(target=self.accept, args=[listener],
                             daemon=True).start()

    def accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                self.accepted.append(listener.accept()[0])

    def close(self):
        for listener in self.sockets:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for connection in self.accepted:
            connection.close()


def assert_prompt(world, devices):
    counts = [len(device.pushes) for device in devices]
    world.notify(devices)
    for device, count in zip(devices, counts):
        device.wait_for(count + 1, PROMPT_S)


@contextlib.contextmanager
def world():
    """A stack of its own."""
    with directory() as path:
        providers = Providers(path)
        stack = Stack(path / "var", RATE="0", PUSH_LEASE_S=str(LEASE_S),
                      PUSH_TIMEOUT_MS=str(TIMEOUT_S * 1000), **providers.settings)
        try:
            stack.up()
            with contextlib.closing(World(stack, providers)) as made:
                yield made
                assert made.reports() == ""
        finally:
            stack.down()
            providers.close()
