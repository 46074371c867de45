"""The README's examples, followed: a client's calls, and a new function."""
import base64
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import psycopg2
import pytest
import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^`([^`\n]*hello[^`\n]*)`\n\n```\w*\n(.*?)^```$",
                   re.M | re.S)

CLIENTS = re.compile(r"^# For clients$.*?^# ", re.M | re.S)
PHOTO = base64.b64decode(       # one grey pixel
    "/9j/2wBDAP////////////////////////////////////////////////////////////"
    "//////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAA"
    "AP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z")
CHANGED = ("SELECT json_build_object('hello', $1::text)",
           "SELECT json_build_object('hi', $1::text)")


class Checkout:
    """A copy of this one, built before, where commands of README.md are run."""

    def __init__(self, path):
        self.path = path
        shutil.copy2(ROOT / "Makefile", path)
        for name in ("api", "functions", "infra", "runtime", "sql", "tests",
                     "build/test"):
            shutil.copytree(ROOT / name, path / name)

    def start(self, *command, **options):
        return subprocess.Popen(
            command, cwd=self.path, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, **options)

    def run(self, *command):
        """Exit code and output."""
        process = self.start(*command)
        output = process.communicate(timeout=120)[0]
        return process.returncode, output

    def well(self, *command):
        code, output = self.run(*command)
        assert code == 0, output
        return output

    def change(self, name, old, new):
        text = (self.path / name).read_text()
        assert old in text
        (self.path / name).write_text(text.replace(old, new))


def commands():
    """What a client types, printing each answer on a line, and its status."""
    section, = CLIENTS.findall((ROOT / "README.md").read_text())
    lines = re.findall(r"^    (.*)$", section, re.M)
    lines.remove(". var/stack.env")
    return "\n".join(lines).replace(
        "curl -s ", r"curl -s -w '\n%{stderr}%{http_code}\n' ")


@pytest.fixture
def newcomers():
    """Nobody is called like those in README.md."""
    with contextlib.closing(
            psycopg2.connect(os.environ["DATABASE_URL"])) as database:
        with database, database.cursor() as cursor:
            cursor.execute("DELETE FROM auth.account"
                           " WHERE email IN ('ann@example.com',"
                           "                 'bob@example.com')")
            cursor.execute("UPDATE profile.profile SET nickname = NULL,"
                           " nickname_key = NULL, nickname_search = NULL"
                           " WHERE nickname_search IN ('ann', 'bob')")


def test_a_clients_calls_do_what_they_say(tmp_path, newcomers):
    (tmp_path / "photo.jpg").write_bytes(PHOTO)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands()],
                          cwd=tmp_path, timeout=60, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.stderr.split() == (
        "201 200 200 200 201 200 201 200 201 200 200 200"
        " 201 200 200 204 200 204 204 204 204 204".split())
    found, asked, incoming, accepted, listed, sent, chats, history = [
        json.loads(line) for line in done.stdout.split("\n") if line][7:15]
    assert found["items"][0]["nickname"] == "Bob"
    assert asked["state"] == "outgoing" and asked["user"]["avatar"]
    assert incoming["items"][0]["user"]["nickname"] == "Ann"
    assert accepted["state"] == "accepted"
    assert listed["items"][0]["user"]["about"] == "On the road"
    assert chats["items"][0]["unread"] == 1
    assert chats["items"][0]["last_message"] == sent
    assert history["items"] == [sent]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """With hello, which serves."""
    checkout = Checkout(tmp_path_factory.mktemp("checkout"))
    checkout.well("infra/fn", "new", "hello")
    try:
        checkout.well("infra/fn", "deploy", "hello")
        yield checkout
    finally:
        checkout.run("infra/stack", "down", "hello")
        shutil.rmtree(os.environ["VAR"] + "/functions/hello",
                      ignore_errors=True)


def hello():
    return requests.get(os.environ["KITH_URL"] + "/hello?name=Ann",
                        timeout=5).json()


def test_a_new_function_is_what_is_shown_60_lines_at_most(checkout):
    shown = dict(BLOCK.findall((ROOT / "README.md").read_text()))
    assert len(shown) == 4
    for name, text in shown.items():
        assert (checkout.path / name).read_text() == text
    assert sum(text.count("\n") for text in shown.values()) <= 60
    assert not [path for path in checkout.path.glob("functions/hello/*")
                if str(path.relative_to(checkout.path)) not in shown]

    assert hello() == {"hello": "Ann"}
    checkout.well("infra/fn", "deploy", "ops", "--force")
    checkout.well("make", "-s", "build/test/tests/hello_test", "FLAVOUR=test")
    url, var = os.environ["DATABASE_URL"], os.environ["VAR"]
    checkout.well(
        "env", f"OWNER_URL={url}", f"KEYS={var}/keys",
        f"DATABASE_URL={re.sub('//[^@]*@', '//', url)}",
        f"PGPASSFILE={var}/keys/pgpass", f"PASSWORDS={var}/passwords.txt",
        "build/test/tests/hello_test")


def test_what_is_changed_serves_and_what_fails_does_not(checkout):
    dev = checkout.start("infra/fn", "dev", "hello", process_group=0)
    try:
        assert "serves already" in next_line(dev, "serves")
        next_line(dev, "waits for changes")
        checkout.change("functions/hello/hello.sql", *CHANGED)
        next_line(dev, "waits for changes")
        assert hello() == {"hi": "Ann"}
        checkout.change("functions/hello/hello.c", "return err;", "return er;")
        assert "hello.c" in next_line(dev, "error:")
    finally:
        os.killpg(dev.pid, signal.SIGINT)
        dev.communicate(timeout=20)
    assert hello() == {"hi": "Ann"}


def next_line(process, words):
    """The next one with these words."""
    for line in process.stdout:
        if words in line:
            return line
    raise AssertionError(f"no line says {words}")
