"""
Several hosts: an edge, two with functions, PostgreSQL and Kafka on others.

One of the two is cut off under load, and joined again.  Only what was in flight
on it may fail; it is back by itself, and so is all that was connected to it.
"""
import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time

import pytest

from kith import wait_until
from network import Network
from stack import ROOT, Stack, directory

PORT = 8080
PEOPLE = 16                     # of hosts_load.py, with
CONNECTIONS = 2 * PEOPLE        # for requests
MANY = 200                      # requests
CONNECT_S = 0.5                 # the edge waits for a host
BACK_S = 10                     # a host that was joined again
LEFT_S = 30                     # streams of one that was cut off
TAKEN_OVER_S = 15               # what its relay did
VARYING = "date", "x-request-id", "last-modified", "etag"


class HostStack(Stack):
    """A stack on a host."""

    def __init__(self, host, path, parts=(), **settings):
        super().__init__(path / host.name, LISTEN=host.address, **settings)
        self.host, self.port, self.parts = host, PORT, parts

    def start(self, *command, program="stack", **settings):
        return subprocess.Popen(
            self.host.as_user(ROOT / "infra" / program, *command,
                              **self.environment(**settings)), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def log(self):
        """Requests that its nginx has answered."""
        with open(self.var / "log/access.log") as lines:
            return [json.loads(line) for line in lines]

    def logged(self, request_id):
        """The one of this id."""
        return wait_until(lambda: next(
            (line for line in self.log() if line["request_id"] == request_id),
            None), 5)

    def answers_more(self, count, seconds):
        """Waits; how long that took."""
        begin, before = time.monotonic(), len(self.log())
        wait_until(lambda: len(self.log()) >= before + count, seconds)
        return time.monotonic() - begin

    def streams(self):
        url = self.stack_env["KITH_INTERNAL_URL"]
        return int(re.search(
            r'^kith_streams{function="stream-worker"} (\d+)$',
            run(self.host, "curl", "-sS", url + "/metrics"), re.MULTILINE)[1])


def run(host, *command):
    """Its output."""
    return subprocess.run(host.as_root(*command), text=True, check=True,
                          stdout=subprocess.PIPE).stdout


def at_once(command, stacks):
    """The same on some hosts."""
    running = [stack.start(command, *stack.parts * (command == "up"))
               for stack in stacks]
    for process in running:
        output = process.communicate(timeout=120)[0]
        assert process.returncode == 0 and "killed" not in output, output


class Hosts:
    def __init__(self, network, path):
        def stack(name, number, *parts, **settings):
            host = network.add(name, f"10.89.0.{number}")
            return HostStack(host, path, parts, **settings)

        self.network = network
        self.client = network.add("client", "10.89.0.2")
        self.services = [stack("database", 20, "postgres"),
                         stack("broker", 21, "kafka")]
        self.functions = [stack(name, number, RATE="0", PROCESSES="1",
                                EDGE="10.89.0.10")
                          for name, number in (("one", 11), ("two", 12))]
        self.edge = stack("edge", 10, "nginx", RATE="0", HOSTS=" ".join(
            f"{f.host.address}:{PORT}" for f in self.functions))
        self.all = [*self.services, *self.functions, self.edge]

    def up(self):
        database, broker = self.services
        one, two = self.functions
        at_once("up", self.services)
        self.urls = {
            "DATABASE_URL": database.stack_env["DATABASE_URL"],
            "KAFKA_BROKERS": broker.stack_env["KAFKA_BROKERS"]}
        one.settings |= self.urls
        two.settings |= self.urls
        at_once("up", [one, self.edge])
        two.var.mkdir(mode=0o700)
        shutil.copytree(one.var / "keys", two.var / "keys")
        at_once("up", [two])

    def down(self):
        at_once("down", [self.edge, *self.functions])
        at_once("down", self.services)

    def sql(self, statement, **values):
        """Words, as psql prints them."""
        database = self.services[0].host
        return subprocess.run(
            database.as_root("psql", "-XAtq", self.urls["DATABASE_URL"],
                             *(f"-v{k}={v}" for k, v in values.items())),
            input=statement, check=True, text=True,
            stdout=subprocess.PIPE).stdout.split()

    def leader(self):
        """The one whose relay publishes, if any does."""
        addresses = self.sql(
            "SELECT host(client_addr) FROM pg_locks JOIN pg_stat_activity"
            " USING (pid) WHERE locktype = 'advisory' AND granted"
            " AND application_name = 'kith-relay'")
        return next((f for f in self.functions
                     if [f.host.address] == addresses), None)

    def connections(self, stack):
        """What it has open, as PostgreSQL knows."""
        return int(*self.sql("SELECT count(*) FROM pg_stat_activity"
                             " WHERE client_addr = :'address'",
                             address=stack.host.address))

    @contextlib.contextmanager
    def load(self):
        """Yields a dictionary that has what hosts_load.py prints."""
        process = subprocess.Popen(
            self.client.as_user(
                sys.executable, ROOT / "tests/fault/hosts_load.py",
                VAR=self.functions[0].var, PATH=os.environ["PATH"],
                KITH_URL=self.edge.stack_env["KITH_URL"],
                PYTHONDONTWRITEBYTECODE=1, **self.urls), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        load = {"token": process.stdout.readline().strip()}
        try:
            yield load
        finally:
            output = process.communicate(timeout=90)[0]
        assert process.returncode == 0
        load.update(json.loads(output))

    def listen(self, stack, token):
        """Status of a stream straight to a host; whether it tells something."""
        process = subprocess.Popen(
            self.client.as_root(
                "curl", "-siN", "--max-time", BACK_S, "-H",
                f"Authorization: Bearer {token}",
                stack.stack_env["KITH_URL"] + "/stream"),
            text=True, stdout=subprocess.PIPE)
        with process:
            status = int(process.stdout.readline().split()[1])
            told = "event: message\n" in process.stdout
            process.kill()
        return status, told


@pytest.fixture(scope="module")
def hosts():
    with contextlib.closing(Network()) as network, directory() as path:
        hosts = Hosts(network, path)
        try:
            hosts.up()
            yield hosts
        finally:
            hosts.down()
        assert not subprocess.run(
            ["grep", "-rE", "Sanitizer|runtime error:",
             *(stack.var / "log" for stack in hosts.all)],
            stdout=subprocess.PIPE).stdout


def seconds_of(requests, since, until, share):
    took = sorted(end - begin for begin, end, *_ in requests
                  if since < begin < until)
    return took[int(len(took) * share)]


@pytest.mark.parametrize("way", ["unplugged", "silenced"])
def test_only_what_is_in_flight_on_a_host_that_is_cut_off_fails(
        hosts, way, capsys):
    cut, join = {
        "unplugged": (hosts.network.unplug, hosts.network.plug),
        "silenced": (hosts.network.silence, hosts.network.hear),
    }[way]
    gone = wait_until(hosts.leader, 20)
    other, = set(hosts.functions) - {gone}
    with hosts.load() as load:
        begun = time.monotonic()
        for stack in hosts.functions:
            stack.answers_more(MANY, 20)
        cut(gone.host)
        ended = time.monotonic()
        wait_until(lambda: hosts.leader() == other, TAKEN_OVER_S)
        taken_over = time.monotonic() - ended
        if way == "silenced":
            wait_until(lambda: other.streams() == PEOPLE, LEFT_S)
            assert hosts.connections(gone) == 0
        joined = time.monotonic()
        join(gone.host)
        back = gone.answers_more(MANY, BACK_S)
        assert hosts.listen(gone, load["token"]) == (200, True)
        told = time.monotonic() - joined

    requests = load["requests"]
    failed = [r for r in requests if r[3] not in (200, 201)]
    with capsys.disabled():
        print(f"\n{way} for {joined - ended:.0f} s: {len(failed)} of"
              f" {len(requests)} failed, {load['streams']} streams; its relay's"
              f" part taken over after {taken_over:.1f} s; back {back:.1f} s,"
              f" streams {told:.1f} s; p95 before"
              f" {seconds_of(requests, begun, ended, 0.95):.2f} s, without"
              f" it {seconds_of(requests, ended + 1, joined, 0.95):.2f} s")
    assert [r for r in failed if r[0] > ended] == []
    assert len(failed) <= CONNECTIONS
    assert seconds_of(requests, ended + 1, joined, 0.8) < CONNECT_S


def test_a_host_runs_its_part_and_no_other(hosts):
    database, broker = hosts.services
    for stack, part in (database, "postgres"), (broker, "kafka"), (
            hosts.edge, "nginx"):
        assert stack.pids().keys() == {part}
        code, output = stack.run("status")
        assert (code, output.count("\n"), part in output) == (0, 1, True)
    for stack in hosts.functions:
        assert stack.run("status")[0] == 0
        assert not {"postgres", "kafka"} & stack.pids().keys()

    code, output = hosts.edge.run("up", "kafka")
    assert code == 1 and "must be down before" in output
    assert hosts.edge.run("up", "nginx")[0] == 0
    assert hosts.edge.fn("deploy", "user") == (
        3, "fn: no functions run here\n")


def test_a_function_is_deployed_on_one_host(hosts):
    stack = hosts.functions[0]
    code, output = stack.fn("deploy", "user", "--force")
    assert code == 0, output
    assert ask(hosts, stack, "/user/me")[0] == 401


def ask(hosts, stack, path, *words):
    """Status, and headers by lower-case name, as sent to the client."""
    status, *lines = run(
        hosts.client, "curl", "-sS", "-i", *words,
        stack.stack_env["KITH_URL"] + path).split("\n\n")[0].splitlines()
    return int(status.split()[1]), [
        (name.lower(), value.strip()) for name, value in
        (line.split(":", 1) for line in lines if line)]


def test_hosts_take_the_edges_word_and_nobody_elses(hosts):
    """For who asks, and what the request is called."""
    claimed = secrets.token_hex(16)
    claims = ("-H", "X-Forwarded-For: 192.0.2.7", "-H",
              f"X-Request-Id: {claimed}")
    for stack in hosts.edge, *hosts.functions:
        _, headers = ask(hosts, stack, "/users/search?nickname=a", *claims)
        request_id = dict(headers)["x-request-id"]
        assert request_id != claimed
        assert stack.logged(request_id)["address"] == hosts.client.address
        if stack is hosts.edge:
            served, = wait_until(lambda: [
                line for f in hosts.functions for line in f.log()
                if line["request_id"] == request_id], 5)
            assert served["address"] == hosts.client.address


@pytest.mark.parametrize("status, path, words", [
    (200, "/", []), (200, "/openapi.yaml", []), (404, "/nothing", []),
    (200, "/.well-known/jwks.json", []), (200, "/oauth/providers", []),
    (401, "/chats", []), (405, "/chats", ["-X", "TRACE"]),
    (405, "/login", ["-X", "PUT"]), (422, "/login", ["-d", "{}", "-H",
                                     "Content-Type: application/json"]),
    (413, "/login", ["-d", "x" * 70000]),
    (415, "/login", ["-d", "x", "-H", "Content-Encoding: gzip"]),
    (401, "/stream", []),
])
def test_an_edge_answers_as_a_host(hosts, status, path, words):
    def look(stack):
        status, headers = ask(hosts, stack, path, *words)
        return status, sorted(
            (name, "" if name in VARYING else value)
            for name, value in headers)

    assert look(hosts.edge) == look(hosts.functions[0])
    assert look(hosts.edge)[0] == status
