"""The README's examples, followed: a client's calls, and a new function."""
import base64
import contextlib
import json
import os
import pathlib
import re
import shutil
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


def run(checkout, *command, **environment):
    subprocess.run(command, cwd=checkout, check=True, timeout=120,
                   env={**os.environ, **environment})


def copy_with_hello(checkout):
    """A checkout that was built before, and what README.md has one write."""
    shutil.copy2(ROOT / "Makefile", checkout)
    for name in ("api", "functions", "infra", "runtime", "sql", "tests",
                 "build/test"):
        shutil.copytree(ROOT / name, checkout / name)

    lines = 0
    for name, text in BLOCK.findall((ROOT / "README.md").read_text()):
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text(text)
        lines += text.count("\n")
    return lines


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


def test_a_new_function_is_a_directory_of_60_lines_at_most(tmp_path):
    assert 0 < copy_with_hello(tmp_path) <= 60
    run(tmp_path, "make", "-s", "programs", "FLAVOUR=test")
    run(tmp_path, "infra/fn", "deploy", "ops", "--force",
        STACK_FLAVOUR="test")
    try:
        run(tmp_path, "infra/fn", "deploy", "hello", STACK_FLAVOUR="test")
        answer = requests.get(os.environ["KITH_URL"] + "/hello?name=Ann",
                              timeout=5)
        assert answer.json() == {"hello": "Ann"}
        run(tmp_path, "build/test/tests/hello_test",
            OWNER_URL=os.environ["DATABASE_URL"],
            DATABASE_URL=re.sub("//[^@]*@", "//", os.environ["DATABASE_URL"]),
            PGPASSFILE=os.environ["VAR"] + "/keys/pgpass",
            KEYS=os.environ["VAR"] + "/keys",
            PASSWORDS=os.environ["VAR"] + "/passwords.txt")
    finally:
        run(tmp_path, "infra/stack", "down", "hello")
        shutil.rmtree(os.environ["VAR"] + "/functions/hello",
                      ignore_errors=True)
