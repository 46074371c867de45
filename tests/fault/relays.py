"""An outbox and Kafka's topics as tests see them, and relays between them."""
import contextlib
import os
import pathlib
import random
import re
import secrets
import subprocess
import threading
import time

import confluent_kafka.admin
import psycopg2
import psycopg2.extensions

from kith import Events, wait_until

ROOT = pathlib.Path(__file__).parents[2]
BUILD = pathlib.Path(os.environ.get("KITH_BUILD", ROOT / "build/test"))
PASSWORDS = os.environ["VAR"] + "/keys/pgpass"


def without_user(dsn):
    return psycopg2.extensions.make_dsn(**{
        name: value for name, value in
        psycopg2.extensions.parse_dsn(dsn).items()
        if name not in ("user", "password")})


def topic_name():
    """Letters only, as the outbox demands."""
    return "relay" + "".join(random.choices("abcdefghij", k=8)) + ".events"


@contextlib.contextmanager
def own_database(kind, release, **environment):
    """
    Its address.  A role of the test's own may make and own it.  In it, the
    release's function.conf and grants.sql have made a role.
    """
    name, password = f"{kind}_{secrets.token_hex(4)}", secrets.token_hex(16)

    def run(statement, **parts):
        dsn = psycopg2.extensions.make_dsn(os.environ["DATABASE_URL"], **parts)
        with contextlib.closing(psycopg2.connect(dsn)) as connection:
            connection.autocommit = True
            connection.cursor().execute(statement)

    run(f"CREATE ROLE {name} LOGIN CREATEDB CREATEROLE PASSWORD '{password}'")
    run(f"CREATE DATABASE {name}", user=name, password=password)
    dsn = psycopg2.extensions.make_dsn(
        os.environ["DATABASE_URL"], user=name, password=password, dbname=name)
    subprocess.run([ROOT / "infra/migrate", dsn, release], check=True,
                   env=os.environ | environment)
    yield dsn

    run(f"DROP DATABASE {name} WITH (FORCE)", user=name, password=password)
    run(f"DROP ROLE {name}")


class Broker:
    def __init__(self, brokers):
        self.admin = confluent_kafka.admin.AdminClient(
            {"bootstrap.servers": brokers})
        self.brokers, self.topics = brokers, []

    def make_topic(self, name, max_bytes=1000000, partitions=4):
        """It takes messages up to so many bytes."""
        topic = confluent_kafka.admin.NewTopic(
            name, partitions, 1, config={"max.message.bytes": str(max_bytes)})
        self.admin.create_topics([topic])[name].result(10)
        self.topics.append(name)
        wait_until(lambda: self.serves(name), 10)
        return name

    def serves(self, topic):
        with contextlib.suppress(confluent_kafka.KafkaException):
            Events(self.brokers, topic).close()
            return True

    def allow(self, name, max_bytes):
        topic = confluent_kafka.admin.ConfigResource(
            "topic", name, set_config={"max.message.bytes": str(max_bytes)})
        self.admin.alter_configs([topic])[topic].result(10)

    def all_of(self, topic):
        """Its events from the first one on."""
        events = Events(self.brokers, topic)
        partitions = events.consumer.assignment()
        for partition in partitions:
            partition.offset = confluent_kafka.OFFSET_BEGINNING
        events.consumer.assign(partitions)
        return events

    def close(self):
        for result in self.admin.delete_topics(self.topics).values():
            result.result(10)


class Outbox:
    """The database, as its owner sees it."""

    def __init__(self, dsn, topic):
        self.dsn, self.topic = dsn, topic
        self.connections = []
        self.connection = self.connect()
        self.sql("CREATE TABLE IF NOT EXISTS aggregate (key text, seq bigint)")
        self.sql("TRUNCATE aggregate, event.outbox")

    def connect(self):
        connection = psycopg2.connect(self.dsn)
        connection.autocommit = True
        self.connections.append(connection)
        return connection

    def close(self):
        for connection in self.connections:
            connection.close()

    def sql(self, statement, *values, of=None):
        """Its rows."""
        cursor = (of or self.connection).cursor()
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []

    def value(self, statement, *values):
        return self.sql(statement, *values)[0][0]

    def add(self, key, count=1, first=1, slot=None, topic=None, of=None):
        """Events of a key, numbered from first; their ids."""
        columns = "topic, type, key, data" + ", slot" * (slot is not None)
        return [id for id, in self.sql(
            f"INSERT INTO event.outbox ({columns})"
            " SELECT %s, 'Tested', %s, jsonb_build_object('seq', seq)"
            + (", %s" if slot is not None else "") +
            " FROM generate_series(%s, %s) seq RETURNING id",
            topic or self.topic, key,
            *([] if slot is None else [slot]), first, first + count - 1,
            of=of)]

    def add_to_all_slots(self):
        for slot in range(4):
            self.add(f"slot-{slot}", slot=slot)

    def turn(self):
        """The slot of this minute."""
        return self.value("SELECT extract(epoch FROM clock_timestamp())::bigint"
                          " / 60 % 4")

    def used_slots(self):
        return {slot for slot, in
                self.sql("SELECT DISTINCT slot FROM event.outbox")}

    def files(self):
        """Of the slots; a slot that was emptied has a new one."""
        return {file for file, in self.sql(
            "SELECT relfilenode FROM pg_class WHERE relname ~ '^outbox_.$'")}

    def empty_slots(self):
        with self.transaction() as connection:
            self.sql("SELECT event.empty_slots()", of=connection)

    def only_this_and_the_next_slot_are_used(self):
        """Tried again when a minute ended meanwhile."""
        turn, used = self.turn(), self.used_slots()
        return used == {turn, (turn + 1) % 4} or (
            turn != self.turn() and self.only_this_and_the_next_slot_are_used())

    @contextlib.contextmanager
    def transaction(self, mode="READ COMMITTED"):
        connection = self.connect()
        self.sql(f"BEGIN ISOLATION LEVEL {mode};"
                 " SET LOCAL lock_timeout = '200ms'", of=connection)
        yield connection
        self.sql("COMMIT", of=connection)

    def is_published(self):
        """All that is in it, and the relay has noted that."""
        return self.value(
            "SELECT NOT EXISTS (SELECT FROM event.outbox, event.cursor"
            " WHERE NOT pg_visible_in_snapshot(xid, snapshot))")

    def sessions(self):
        """The relays' processes in the server, oldest first."""
        return [pid for pid, in self.sql(
            "SELECT pid FROM pg_stat_activity WHERE usename = 'kith_relay'"
            " AND datname = current_database() ORDER BY backend_start")]

    def end_session(self):
        """Of the relay that has run longest."""
        self.sql("SELECT pg_terminate_backend(%s, 5000)", self.sessions()[0])

    def blocks_read(self, name, *values):
        """By the relay, for this statement of relay.sql."""
        statement = re.search(rf"-- name: {name}\n(.*?);\n",
                              (ROOT / "runtime/relay.sql").read_text(),
                              re.DOTALL)[1]
        with contextlib.closing(psycopg2.connect(
                without_user(self.dsn), user="kith_relay",
                passfile=PASSWORDS)) as relay:
            self.sql(f"PREPARE asked AS {statement}", of=relay)
            plan = self.sql(
                "EXPLAIN (ANALYZE, BUFFERS, FORMAT json) EXECUTE asked"
                f"({', '.join(['%s'] * len(values))})", *values, of=relay)
        return plan[0][0][0]["Plan"]["Shared Hit Blocks"]

    def asked(self, pattern, seconds_ago=0):
        """Whether this is what a relay asked last."""
        return self.value(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE usename = 'kith_relay' AND datname = current_database()"
            " AND query ~ %s AND clock_timestamp() - state_change"
            "	> make_interval(secs => %s)", pattern, seconds_ago)

    def is_watched(self):
        return self.asked("FROM event.outbox")

    def waits_for_kafka(self):
        """All a relay still wants to know is whether it leads."""
        return self.asked("^SELECT 1 FROM event.cursor", seconds_ago=0.3)


class Writers:
    """Threads that change aggregates, each under its lock, with an event."""

    KEYS = [f"key-{i}" for i in range(40)]

    def __init__(self, outbox, count):
        self.outbox = outbox
        self.committed = set()      # ids
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.write)
                        for _ in range(count)]
        outbox.sql("INSERT INTO aggregate SELECT unnest(%s), 0", self.KEYS)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def write(self):
        connection = self.outbox.connect()
        connection.autocommit = False
        while not self.stop.is_set():
            count = random.choices([1, 3, 2000], [500, 50, 1])[0]
            key = random.choice(self.KEYS)
            last = self.outbox.sql(
                "UPDATE aggregate SET seq = seq + %s WHERE key = %s"
                " RETURNING seq", count, key, of=connection)[0][0]
            ids = self.outbox.add(key, count, last - count + 1, of=connection)
            time.sleep(random.random() * 0.01)  # commits overtake each other
            if random.random() < 0.1:
                connection.rollback()
            else:
                connection.commit()
                self.committed.update(ids)

    def last(self):
        """The number of each key's last event."""
        return dict(self.outbox.sql("SELECT key, seq FROM aggregate"))


class Relay:
    """A process, or the next one in its place."""

    def __init__(self, outbox, log, **settings):
        self.log = log
        self.environment = {
            name: os.environ[name] for name in os.environ
            if name == "KAFKA_BROKERS" or name.endswith("SAN_OPTIONS")
        } | {
            "DATABASE_URL": without_user(outbox.dsn),
            "DATABASE_ROLE": "kith_relay",
            "PGPASSFILE": PASSWORDS,
        } | settings
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.seen = log.tell()
            self.process = subprocess.Popen(
                [BUILD / "bin/relay"], env=self.environment,
                stdin=subprocess.DEVNULL, stderr=log)

    def logged(self, text):
        return text in self.log.read_text()[self.seen:]

    def leads(self):
        return self.logged("leads in epoch")

    def waits(self):
        return self.process.poll() is None and not self.leads()

    def signal(self, number):
        self.process.send_signal(number)

    def ended(self, seconds=5):
        return self.process.wait(seconds)

    def close(self):
        self.process.kill()
        self.ended()
        self.seen = 0
        assert not self.logged("Sanitizer")
        assert not self.logged("runtime error:")
