"""Events that are tallied, who tallies them, and what was given up."""
import collections
import contextlib
import dataclasses
import itertools
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import threading

import confluent_kafka
import confluent_kafka.admin
import psycopg2
import psycopg2.extensions

from kith import Client, wait_until
from relays import BUILD, without_user

PARTITIONS = 4
REPORT = "Sanitizer|runtime error:"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

# refuse: an SQLSTATE, until public.tally_heals has a row.  pause: seconds.
SCHEMA = """
CREATE TABLE public.tally (id bigserial PRIMARY KEY, key text, seq bigint);
CREATE TABLE public.tally_heals (now boolean);
CREATE FUNCTION public.tally_add(key text, data jsonb) RETURNS SETOF integer
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	PERFORM pg_sleep((data->>'pause')::float);
	IF NOT EXISTS (SELECT FROM public.tally_heals) THEN
		IF data ? 'refuse' THEN
			RAISE 'refused' USING ERRCODE = data->>'refuse';
		ELSIF data ? 'nothing' THEN
			RETURN;
		END IF;
	END IF;
	INSERT INTO public.tally (key, seq) VALUES (key, (data->>'seq')::bigint);
	RETURN NEXT 1;
END
$$;
GRANT EXECUTE ON FUNCTION public.tally_add TO kith_tally;
"""

GRANTS = """
REVOKE kith_function FROM kith_tally;
GRANT USAGE ON SCHEMA public, event TO kith_tally;
GRANT SELECT, INSERT ON event.inbox TO kith_tally;
"""


class Tally:
    """What took effect, in a database that may come and go."""

    def __init__(self, dsn, passwords):
        self.dsn, self.passwords = dsn, passwords

    def sql(self, statement, *values):
        with contextlib.closing(psycopg2.connect(self.dsn)) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def of_keys(self):
        """Each key's numbers, in the order in which they took effect."""
        found = collections.defaultdict(list)
        for key, seq in self.sql("SELECT key, seq FROM public.tally"
                                 " ORDER BY id"):
            found[key].append(seq)
        return found

    def count(self):
        return self.sql("SELECT count(*) FROM public.tally")[0][0]

    def heal(self):
        self.sql("INSERT INTO public.tally_heals VALUES (true)")


@dataclasses.dataclass
class Letter:
    key: str
    value: bytes
    headers: dict


class Topic:
    """One of the test's, and its dead letters."""

    def __init__(self, broker):
        self.name = broker.make_topic(
            "tally" + secrets.token_hex(4).translate(
                str.maketrans("0123456789", "ghijklmnop")) + ".events",
            partitions=PARTITIONS)
        self.dead = broker.make_topic(self.name + ".dlq", partitions=1)
        self.broker, self.failed = broker, False
        self.ids = itertools.count(secrets.randbelow(2**40) + 1)
        self.last = collections.Counter()       # number of a key
        self.producer = confluent_kafka.Producer(
            {"bootstrap.servers": broker.brokers, "acks": "all",
             "partitioner": "murmur2_random"})

    def send(self, key="key", value=None, headers=(), **data):
        """An event of its own or, for value and headers, of any kind; its id."""
        self.last[key] += value is None
        headers = {
            "ce_specversion": "1.0", "ce_id": str(next(self.ids)),
            "ce_type": "Tallied", "traceparent": TRACE} | dict(headers)
        self.producer.produce(
            self.name, key=key, on_delivery=self._delivered, headers={
                k: v for k, v in headers.items() if v is not None},
            value=json.dumps({"seq": self.last[key]} | data)
            if value is None else value)
        return headers["ce_id"]

    def send_many(self, count, keys=40):
        for i in range(count):
            self.send(f"key-{i % keys}")
        self.flush()

    def _delivered(self, error, _):
        self.failed |= error is not None

    def flush(self):
        assert self.producer.flush(20) == 0
        assert not self.failed

    def all_tallied(self):
        """What a tally must be, however often the events came."""
        return {key: list(range(1, last + 1))
                for key, last in self.last.items() if last}

    def _consumer(self, group="tests"):
        return contextlib.closing(confluent_kafka.Consumer({
            "bootstrap.servers": self.broker.brokers, "group.id": group,
            "enable.auto.commit": False}))

    def letters(self):
        """All that ever were given up."""
        dead = confluent_kafka.TopicPartition(self.dead, 0, 0)
        with self._consumer() as consumer:
            count = consumer.get_watermark_offsets(dead, timeout=10)[1]
            consumer.assign([dead])
            found = []
            while len(found) < count:
                found += consumer.consume(count - len(found), timeout=10)
        return [Letter(m.key() and m.key().decode(), m.value(),
                       {k: v.decode() for k, v in m.headers()})
                for m in found]

    def partitions(self):
        return [confluent_kafka.TopicPartition(self.name, i)
                for i in range(PARTITIONS)]

    def committed(self, group):
        """Of the topic's partitions, how far; 0 where nothing is."""
        with self._consumer(group) as consumer:
            return [max(p.offset, 0) for p in
                    consumer.committed(self.partitions(), timeout=10)]

    def ends(self):
        with self._consumer() as consumer:
            return [consumer.get_watermark_offsets(p, timeout=10)[1]
                    for p in self.partitions()]

    def is_done(self, group):
        return self.committed(group) == self.ends()

    def set(self, group, offsets):
        """From where it is given the events.  Its members must have left."""
        partitions = self.partitions()
        for partition, partition.offset in zip(partitions, offsets):
            pass
        with self._consumer(group) as consumer:
            consumer.commit(offsets=partitions, asynchronous=False)

    def let_wait_again(self):
        """All that was replayed or dropped."""
        with self._consumer("kith-dead") as consumer:
            consumer.commit(asynchronous=False, offsets=[
                confluent_kafka.TopicPartition(self.dead, 0, 0)])


class Consumer:
    """
    A process, or the next one in its place.

    It runs as in a slot of a pool: on descriptor 3 it says that it is ready,
    and 4 is a scoreboard.  With slot None it has no pool, and leaves its group
    when it ends.
    """

    def __init__(self, topic, tally, directory, name, slot=0, **settings):
        self.name, self.topic = name, topic
        self.program = directory / name
        if not self.program.exists():
            self.program.symlink_to(BUILD / "tests/tally-worker")
        self.log = directory / f"{name}-{slot}.log"
        self.ready = directory / f"{name}-{slot}.ready"
        self.board = directory / f"{name}-{slot}.scoreboard"
        model = os.environ["VAR"] + "/functions/session/scoreboard"
        with open(model, "rb") as board:
            head = board.read(24)           # struct head of scoreboard.c
        self.board.write_bytes(head.ljust(os.stat(model).st_size, b"\0"))
        self.environment = {
            name: os.environ[name] for name in os.environ
            if name.endswith("SAN_OPTIONS")
        } | {
            "TOPIC": topic.name,
            "KAFKA_BROKERS": topic.broker.brokers,
            "DATABASE_URL": without_user(tally.dsn),
            "DATABASE_ROLE": "kith_tally", "PGPASSFILE": str(tally.passwords),
        } | ({} if slot is None else {"POOL_SLOT": str(slot)}) | settings
        self.start()

    def start(self):
        self.seen = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["bash", "-c", 'exec "$0" 3>"$1" 4<>"$2"', self.program,
                 self.ready, self.board],
                env=self.environment, stdin=subprocess.DEVNULL, stderr=log)

    def logged(self, pattern):
        return re.search(pattern, self.log.read_text()[self.seen:])

    def signal(self, number):
        self.process.send_signal(number)

    def ended(self, seconds=5):
        return self.process.wait(seconds)

    def stop(self):
        self.signal(signal.SIGTERM)
        assert self.ended() == 0

    def kill(self):
        self.signal(signal.SIGKILL)
        self.ended()

    def restart(self):
        self.kill()
        self.start()

    @contextlib.contextmanager
    def kept(self):
        """As by a pool: it runs, and if it ends for Kafka's sake, again."""
        over = threading.Event()

        def keep():
            while not over.wait(0.1):
                if self.process.poll() == 111:
                    self.start()

        thread = threading.Thread(target=keep)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def close(self):
        self.kill()
        assert not re.search(REPORT, self.log.read_text())


class Pool:
    """A consumer as the stack has them, where its metrics are looked for."""

    def __init__(self, topic, tally, log):
        self.name = f"tally-{secrets.token_hex(4)}"
        self.var = pathlib.Path(os.environ["VAR"])
        self.directory = self.var / "functions" / self.name
        release = self.directory / "releases/1"
        release.mkdir(parents=True)
        (self.directory / "current").symlink_to("releases/1")
        (release / "function.conf").touch()
        # A pool passes on the variables only that it knows.
        program = release / self.name
        program.write_text(f"#!/bin/bash\nTOPIC={topic.name} exec -a {self.name}"
                           f" {BUILD}/tests/tally-worker\n")
        program.chmod(0o755)
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                [self.var / "bin/pool", self.directory],
                stdin=subprocess.DEVNULL, stderr=output, env={
                    "DATABASE_URL": without_user(tally.dsn),
                    "DATABASE_ROLE": "kith_tally",
                    "KAFKA_BROKERS": topic.broker.brokers,
                    "PGPASSFILE": str(tally.passwords)})
        self.log = log

    def metrics(self):
        """By name, without what all of them begin with."""
        with Client(os.environ["KITH_INTERNAL_URL"]) as internal:
            text = internal.get("/metrics").text
        return {name: int(value) for name, value in re.findall(
            rf'^kith_(\w+){{function="{self.name}"}} (\d+)$', text,
            re.MULTILINE)}

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.directory)
        assert not re.search(REPORT, self.log.read_text())


class Dead:
    """The program."""

    def __init__(self, brokers):
        self.brokers = brokers

    def run(self, *words):
        """Exit code and output."""
        done = subprocess.run(
            [BUILD / "bin/dead", *map(str, words)], text=True,
            env={"KAFKA_BROKERS": self.brokers},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def list(self, topic):
        code, output = self.run("list", "--json", topic.name)
        assert code == 0, output
        return [json.loads(line) for line in output.splitlines()]


def wait_for_tally(tally, topic, seconds=20):
    """Every event has its effect, and but one, in the order of its key."""
    wanted = sum(topic.last.values())
    with contextlib.suppress(AssertionError):
        wait_until(lambda: tally.count() >= wanted, seconds)
    assert tally.of_keys() == topic.all_tallied()


def wait_for_end(tally, topic, consumer, seconds=20):
    """The same, when its group has nothing left that could come again."""
    wait_until(lambda: topic.is_done(consumer.name), seconds)
    assert tally.of_keys() == topic.all_tallied()
