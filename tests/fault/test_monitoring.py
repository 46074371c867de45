"""What Prometheus is told is true."""
import concurrent.futures
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

import psycopg2
import pytest

from kith import Client, register, wait_until


class Metrics:
    """What the stack tells Prometheus."""

    def __init__(self):
        self.client = Client(os.environ["KITH_INTERNAL_URL"])

    def text(self, path="/metrics"):
        answer = self.client.get(path)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith(
            "text/plain; version=0.0.4")
        return answer.text

    def samples(self, path="/metrics"):
        """(name, labels, value) each."""
        return [(name, dict(re.findall(r'(\w+)="([^"]*)"', labels)),
                 float(value)) for name, labels, value in re.findall(
                     r"^(\w+)(?:\{(.*)\})? (\S+)$", self.text(path), re.M)]

    def one(self, name, path="/metrics", **labels):
        """The value of the only sample of this name with these labels."""
        value, = [value for found, of, value in self.samples(path)
                  if found == name and labels.items() <= of.items()]
        return value


@pytest.fixture
def metrics():
    metrics = Metrics()
    yield metrics
    metrics.client.close()


@pytest.mark.parametrize("path", ["/metrics", "/metrics/nginx"])
def test_promtool_finds_nothing_to_mend(metrics, kith, path):
    register(kith)
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=metrics.text(path), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert (checked.returncode, checked.stdout) == (0, "")


def of_session(metrics, name, **labels):
    return metrics.one(f"kith_{name}", function="session", **labels)


@contextlib.contextmanager
def asking(account, people):
    """All of them ask for the sessions of an account, again and again."""
    enough = threading.Event()

    def ask():
        with Client(os.environ["KITH_URL"]) as client:
            while not enough.is_set():
                client.get("/sessions", headers=account.bearer)

    with concurrent.futures.ThreadPoolExecutor(people) as threads:
        asked = [threads.submit(ask) for _ in range(people)]
        try:
            yield
        finally:
            enough.set()
        for done in asked:
            done.result()


def test_connections_in_use_and_refused_are_told(session, metrics, kith):
    """One connection, which waits for a lock, and two who want it."""
    account = register(kith)
    session.release("narrow", PROCESSES=1, DATABASE_CONNECTIONS=1,
                    DATABASE_WAIT_MS=50)
    wait_until(lambda: len(session.workers()) == 1, 10)
    waits, refusals = [of_session(metrics, f"database_{what}_total")
                       for what in ("waits", "refusals")]
    assert of_session(metrics, "database_connections_limit") == 1

    with contextlib.closing(psycopg2.connect(
            os.environ["DATABASE_URL"])) as owner:
        owner.cursor().execute("LOCK TABLE auth.session")
        with asking(account, 2):
            wait_until(lambda: of_session(
                metrics, "database_connections_used") == 1, 10)
            wait_until(lambda: of_session(
                metrics, "database_refusals_total") > refusals, 10)
    assert of_session(metrics, "database_waits_total") > waits
    assert of_session(metrics, "database_connections_open") == 1
    assert of_session(metrics, "database_connections_used") == 0


def test_connections_that_fail_are_told(stack, metrics, session, kith):
    account = register(kith)
    failed = of_session(metrics, "database_connect_failures_total")
    with asking(account, 1):
        os.kill(stack.pid("postgres"), signal.SIGQUIT)
        wait_until(lambda: of_session(
            metrics, "database_connect_failures_total") > failed, 10)
        assert of_session(metrics, "database_connections_open") == 0


@contextlib.contextmanager
def halted(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_the_oldest_event_that_kafka_has_not_taken_is_told(stack, metrics,
                                                           kith):
    def backlog():
        return metrics.one("kith_relay_backlog_seconds", function="relay")

    wait_until(lambda: backlog() == 0, 10)
    with halted(stack.pid("kafka")):
        register(kith)
        begin = time.monotonic()
        wait_until(lambda: backlog() > 1, 10)
        register(kith)
        assert backlog() > time.monotonic() - begin - 0.5

        # Another takes the lead, and knows it, too.
        relay = stack.function("relay")
        for worker in (workers := relay.workers()):
            os.kill(worker, signal.SIGKILL)
        wait_until(lambda: not set(workers) & set(relay.workers()) and
                   backlog() > 0, 10)
        assert backlog() > time.monotonic() - begin - 0.5
    wait_until(lambda: backlog() == 0, 30)


def test_a_pool_that_was_killed_is_down_and_has_no_workers(stack, metrics):
    def tells(up, ready):
        return (of_session(metrics, "pool_up") == up and
                of_session(metrics, "workers", state="ready") == ready)

    assert tells(1, 2)
    begun = of_session(metrics, "pool_start_time_seconds")
    os.kill(stack.pid("session"), signal.SIGKILL)
    wait_until(lambda: tells(0, 0), 10)
    assert of_session(metrics, "database_connections_limit") == 0

    stack.up()
    wait_until(lambda: tells(1, 2), 10)
    assert of_session(metrics, "pool_start_time_seconds") > begun


def test_a_release_that_fails_is_told(session, metrics):
    version = session.current().rpartition("/")[2]
    assert of_session(metrics, "release_info", release=version) == 1

    bad = session.directory / "releases/bad"
    shutil.copytree(session.directory / "current", bad)
    shutil.copy("/bin/false", bad / "session")
    session.make_current("releases/bad")
    assert not session.reload()
    assert (of_session(metrics, "generation_failed") >
            of_session(metrics, "generation"))
    assert of_session(metrics, "release_info", release=version) == 1

    session.make_current(f"releases/{version}")
    assert session.reload()
    assert (of_session(metrics, "generation_failed") <
            of_session(metrics, "generation"))


def resident(pid):
    pages = pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGESIZE")


def test_the_memory_of_workers_is_told(session, metrics):
    def ratio():
        return (of_session(metrics, "resident_memory_bytes") /
                sum(resident(pid) for pid in session.workers()))

    wait_until(lambda: 0.9 < ratio() < 1.1, 10)


def test_connections_of_nginx_are_told(metrics):
    def active():
        return metrics.one("nginx_connections_active", path="/metrics/nginx")

    url = urllib.parse.urlsplit(os.environ["KITH_URL"])
    before = active()
    with contextlib.ExitStack() as clients:
        for _ in range(100):
            clients.enter_context(socket.create_connection(
                (url.hostname, url.port)))
        wait_until(lambda: active() >= before + 90, 5)
    wait_until(lambda: active() < before + 90, 5)
    assert "Active connections:" in metrics.client.get("/nginx_status").text
