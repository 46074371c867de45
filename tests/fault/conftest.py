"""
Fixtures: the running stack that the environment names, to be hurt here.

A test heals what it broke.  Afterwards everything runs, and no sanitizer has
reported.
"""
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
from collections import namedtuple

import pytest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))
pytest.register_assert_rewrite("contract", "kith", "load", "pools", "pushes")

from kith import Client, Events, register, wait_until
from load import Load
from stack import directory

LOAD_S = 300 * int(os.environ.get("TIMES", 1))     # at most

Row = namedtuple("Row", "name pid state generation release part")


class Function:
    """A function of the stack, its pool and releases."""

    def __init__(self, var, name):
        self.name = name
        self.directory = var / "functions" / name
        self.socket = str((var / "run").resolve() / f"{name}.sock")
        self.log = var / "log" / f"{name}.log"
        self.pool = var / "bin/pool"

    def verb(self, name):
        return subprocess.run([self.pool, name, self.directory], text=True,
                              stdout=subprocess.PIPE)

    def workers(self, state="ready"):
        """Pids."""
        rows = [Row(*line.split())
                for line in self.verb("--status").stdout.splitlines()]
        return [int(row.pid) for row in rows if row.state == state]

    def reload(self):
        """Whether the pool takes what is current."""
        return self.verb("--reload").returncode == 0

    def current(self):
        return os.readlink(self.directory / "current")

    def versions(self):
        return set(os.listdir(self.directory / "releases"))

    def program(self):
        """The current release's executable, by its lasting name."""
        return str((self.directory / "current").resolve() / self.name)

    def make_current(self, release):
        link = self.directory / "current.new"
        link.symlink_to(release)
        link.rename(self.directory / "current")

    def release(self, name, **settings):
        """One like the current one, with other settings; it serves."""
        new = self.directory / "releases" / name
        shutil.copytree(self.directory / "current", new)
        with open(new / "function.conf", "a") as conf:
            conf.writelines(f"{k}={v}\n" for k, v in settings.items())
        self.make_current(f"releases/{name}")
        assert self.reload()


class Stack:
    def __init__(self):
        self.var = pathlib.Path(os.environ["VAR"])

    def run(self, *words, program="stack", **environment):
        """Exit code and output."""
        done = subprocess.run(
            [ROOT / "infra" / program, *words], env=os.environ | environment,
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def fn(self, *words, **environment):
        """The same of infra/fn."""
        return self.run(*words, program="fn", **environment)

    def up(self):
        code, output = self.run("up")
        assert code == 0, output

    def pid(self, part):
        return int((self.var / f"run/{part}.pid").read_text().split()[0])

    def function(self, name):
        return Function(self.var, name)

    def load(self, people, *acts):
        return Load(os.environ["KITH_URL"], people, acts)

    def reports(self):
        """What sanitizers have said."""
        return subprocess.run(
            ["grep", "-rE", "Sanitizer|runtime error:", self.var / "log"],
            stdout=subprocess.PIPE).stdout.splitlines()


@pytest.fixture(scope="session")
def reports():
    """What sanitizers had said before."""
    return Stack().reports()


@pytest.fixture
def seed():
    """What is random comes again with the SEED that a failed test printed."""
    seed = int(os.environ.get("SEED", random.randrange(2**32)))
    print(f"SEED={seed}")
    random.seed(seed)
    return seed


@pytest.fixture
def stack(reports):
    stack = Stack()
    yield stack
    stack.up()
    wait_until(lambda: stack.run("status")[0] == 0, 10)
    with Client(os.environ["KITH_INTERNAL_URL"]) as internal:
        wait_until(lambda: internal.get("/readyz").ok, 10)
    assert stack.reports() == reports


@contextlib.contextmanager
def healed(function):
    """What a function ran before it runs again afterwards."""
    before, versions = function.current(), function.versions()
    yield function
    if function.current() != before:
        function.make_current(before)
        function.reload()
    for version in function.versions() - versions:
        shutil.rmtree(function.directory / "releases" / version)


@pytest.fixture
def session(stack):
    with healed(stack.function("session")) as session:
        yield session


@pytest.fixture
def subscriptions(stack):
    with healed(stack.function("subscriptions")) as subscriptions:
        yield subscriptions


class Oauth:
    """The function oauth, and the files of its configuration."""

    def __init__(self, function, directory):
        self.function = function
        self.directory = directory

    def file(self, name, data):
        """Its path."""
        path = self.directory / name
        path.write_bytes(data)
        return str(path)

    def serve(self, providers, **settings):
        """With these, at whatever address; the function."""
        path = self.file("providers.json", json.dumps(providers).encode())
        self.function.release("providers", OAUTH_PROVIDERS=path,
                              OAUTH_PRIVATE="allowed", **settings)
        return self.function


@pytest.fixture(scope="module")
def oauth(reports):
    stack = Stack()
    with healed(stack.function("oauth")) as function, directory() as path:
        yield Oauth(function, path)
    assert stack.reports() == reports


@pytest.fixture
def kith():
    with Client(os.environ["KITH_URL"]) as client:
        yield client


@pytest.fixture
def kafka():
    """The events from now on."""
    events = Events(os.environ["KAFKA_BROKERS"])
    yield events
    events.close()


@pytest.fixture
def wrk(kith):
    """
    wrk(KiB..., pause_ms=0): POSTs by 16 connections, which rest in between,
    with bodies of these sizes.
    """
    tokens = [register(kith).tokens["refresh_token"] for _ in range(8)]

    @contextlib.contextmanager
    def wrk(*sizes, pause_ms=0):
        """Yields what post.lua prints."""
        environment = os.environ | {"TOKENS": " ".join(tokens),
                                    "KIB": " ".join(map(str, sizes)),
                                    "PAUSE_MS": str(pause_ms)}
        process = subprocess.Popen(
            ["wrk", "-t2", "-c16", f"-d{LOAD_S}", "--timeout", "8",
             "-s", ROOT / "tests/fault/post.lua", os.environ["KITH_URL"]],
            env=environment, text=True, stdout=subprocess.PIPE)
        result = {}
        try:
            yield result
        finally:
            process.send_signal(signal.SIGINT)
            output = process.communicate(timeout=20)[0]
            result.update(json.loads(output.splitlines()[-1]))

    return wrk
