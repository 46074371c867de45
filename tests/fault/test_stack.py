"""
infra/stack: what it starts, survives, and leaves behind.

The module has a stack of its own, beside the one that the other tests use, in
a directory whose name is too long for sockets and has a space.
"""
import contextlib
import os
import pathlib
import pty
import re
import signal
import subprocess
import threading
import time
import uuid

import jwt
import psycopg2
import pytest

from kith import Client, credentials, wait_until
from stack import FLAVOUR, ROOT, Stack, directory, processes

PARTS = {"postgres", "kafka", "nginx", "operator", "relay"} | {
    path.parent.name for path in ROOT.glob("functions/*/*.c")} | {
    path.parent.name + "-worker" for path
    in ROOT.glob("functions/*/worker.c")}
NAME = "a name that is long enough that no socket could have its place in it"


@pytest.fixture(scope="module")
def stack():
    with directory() as path:
        stack = Stack(path / NAME, RATE="0")
        try:
            stack.up()
            yield stack
        finally:
            stack.down()


@pytest.fixture
def up(stack):
    """The stack, where everything runs."""
    stack.up()
    yield stack
    stack.up()


def test_up_starts_everything_once(up):
    assert up.works()
    before = up.pids()
    assert set(before) == PARTS
    up.up()
    assert up.pids() == before


def test_up_brings_the_page_as_it_is_now(up):
    (up.var / "nginx/www/web/app.js").write_text("old")
    (up.var / "nginx/www/web/removed.js").write_text("old")
    up.up()
    with Client(up.stack_env["KITH_URL"]) as client:
        assert client.get("/web/app.js").text == (
            ROOT / "web/app.js").read_text()
        assert client.get("/web/removed.js").status_code == 404
    assert len(list((up.var / "nginx").glob("www*"))) == 2


def test_up_leaves_the_passwords_that_functions_have_mapped(up):
    path = up.var / "passwords.txt"
    path.with_suffix(".old").write_text("old")
    path.with_suffix(".old").rename(path)
    with open(path) as mapped:
        up.up()
        assert mapped.read() == "old"
    assert path.read_text() == (ROOT / "runtime/passwords.txt").read_text()


def test_status_has_a_line_a_process(up):
    code, output = up.run("status")
    assert code == 0
    lines = [line.split() for line in output.splitlines()]
    assert {line[0] for line in lines} == PARTS
    assert {(name, str(pid)) for name, pid in up.pids().items()} <= {
        (line[0], line[1]) for line in lines}
    assert f"http://127.0.0.1:{up.port}" in output


def test_what_it_keeps_is_for_the_owner_only(up):
    """Of root's the services have a way through, and nothing to change."""
    kept = up.var.stat(), (up.var / "stack.env").stat()
    modes = [status.st_mode & 0o777 for status in kept]
    assert modes == [0o700 if os.geteuid() else 0o750, 0o600]
    assert {status.st_uid for status in kept} == {os.geteuid()}


def test_the_services_run_unprivileged(up):
    """The operator is none: it is fn, as who started the stack."""
    for name, pid in up.pids().items():
        if name == "operator":
            continue
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        assert not re.search(r"^Uid:.*\b0\b", status, re.MULTILINE)


def test_the_owner_is_no_superuser_and_logs_in_with_a_password_only(up):
    url = up.stack_env["DATABASE_URL"]
    with contextlib.closing(psycopg2.connect(url)) as owner:
        cursor = owner.cursor()
        cursor.execute("SELECT rolsuper FROM pg_roles"
                       " WHERE rolname = current_user")
        assert cursor.fetchall() == [(False,)]
    for user in "kith_owner", "postgres":
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(re.sub("//.*@", f"//{user}:wrong@", url))


def test_dead_letters_are_those_of_the_stack(up):
    assert up.fn("dlq", "list") == (0, "")
    assert up.fn("dlq", "drop", "user.events") == (0, "0 dropped\n")
    assert up.fn("dlq", "drop", "others.events")[0] == 1


def test_tokens_of_services_are_what_its_functions_accept(up):
    up.down()
    assert up.fn("token", "list") == (
        3, f"fn: no stack is up in {up.var}\n")
    up.up(ISSUER="https://kith.example", AUDIENCE="messenger")
    code, text = up.fn("token", "mailer", "notifications:send",
                        ISSUER="https://other.example")
    assert code == 0
    claims = jwt.decode(text.strip(), options={"verify_signature": False})
    assert claims["iss"] == "https://kith.example"
    assert claims["aud"] == "messenger"
    with Client(up.stack_env["KITH_URL"]) as client:
        client.headers["Authorization"] = f"Bearer {text.strip()}"
        assert client.get("/sessions").status_code == 403
        assert up.fn("token", "revoke", "mailer") == (0, "mailer revoked\n")
        wait_until(lambda: client.get("/sessions").status_code == 401, 1)
    up.down()


@pytest.mark.parametrize("part", sorted(PARTS))
def test_up_replaces_what_was_killed(up, part):
    pid = up.pid(part)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: up.run("status")[0] == 3, 5)
    up.up()
    assert up.works()
    assert up.pid(part) != pid


def test_a_part_can_be_stopped_alone(up):
    before = up.pids()
    assert up.run("down", "kafka")[0] == 0
    assert up.run("status")[0] == 3
    assert up.works()
    up.up()
    assert {name for name, pid in up.pids().items()
            if before[name] != pid} == {"kafka"}


def test_down_leaves_nothing_whatever_was_killed(up):
    run = (up.var / "run").resolve()
    for pid in up.pids().values():
        os.kill(pid, signal.SIGKILL)
    up.down()
    assert not list(processes(up.var)) and not list(processes(run))
    assert not run.exists() and not (up.var / "run").is_symlink()
    assert not [p for p in up.var.rglob("*") if p.is_socket()]
    assert not (up.var / "stack.env").exists()
    assert up.run("status")[0] == 3
    up.down()


def test_data_outlives_down(up):
    client, body = Client(up.stack_env["KITH_URL"]), credentials()
    assert client.post("/register", json=body).status_code == 201
    up.down()
    up.up()
    assert client.post("/login", json=body).status_code == 200


def test_run_ends_everything_at_ctrl_c(up):
    up.down()
    terminal, slave = pty.openpty()
    process = subprocess.Popen(
        ["make", "-C", ROOT, "run", f"FLAVOUR={FLAVOUR}"],
        env=up.environment(), preexec_fn=lambda: os.login_tty(slave))
    os.close(slave)
    shown = []
    threading.Thread(target=read_all, args=(terminal, shown)).start()
    address = f"Kith is at http://127.0.0.1:{up.port}"
    wait_until(lambda: address in "".join(shown), 60)
    assert up.works()
    wait_until(lambda: "POST" in "".join(shown), 5)
    os.write(terminal, b"\x03")
    process.wait(30)
    assert not list(processes(up.var))


def read_all(terminal, shown):
    with contextlib.suppress(OSError):
        while True:
            shown.append(os.read(terminal, 4096).decode())


def test_a_taken_port_is_said_and_nothing_is_left(up):
    with directory() as path:
        other = Stack(path / "var")
        other.port = up.port
        code, output = other.run("up")
        assert code == 1
        assert f"port {up.port} is in use" in output
        assert not list(processes(path))


def test_an_up_that_fails_ends_what_it_started(up):
    with directory() as path:
        other = Stack(path / "var")
        code, output = other.run("up", QUEUE_MS="soon")
        assert code == 1
        assert "QUEUE_MS must be a number" in output
        assert not list(processes(path))


def test_another_stack_can_use_this_ones_services(up):
    """As with PostgreSQL and Kafka of one's own; and with limits, and TLS."""
    with directory() as path:
        for name in "key", "crt":
            (path / name).touch()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-nodes",
             "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", path / "key", "-out", path / "crt"],
            check=True, capture_output=True)
        services = {name: up.stack_env[name]
                    for name in ("DATABASE_URL", "KAFKA_BROKERS")}
        other = Stack(path / "var", TLS_CERT=str(path / "crt"),
                      TLS_KEY=str(path / "key"), **services)
        try:
            other.up()
            assert set(other.pids()) == PARTS - {"postgres", "kafka"}
            assert other.run("status")[0] == 0
            assert_limits(Client(other.stack_env["KITH_URL"]), path / "crt")
        finally:
            other.down()
    # The roles have the other one's passwords now.
    (up.var / "keys/pgpass").unlink()
    up.run("down", *PARTS - {"postgres", "kafka", "nginx"})


def assert_limits(client, certificate):
    client.verify = certificate
    answers = [client.post("/login") for _ in range(25)]
    assert 429 in [a.status_code for a in answers]
    for answer in answers:
        assert "max-age=63072000" in answer.headers[
            "Strict-Transport-Security"]
        if answer.status_code == 429:
            assert answer.headers["Retry-After"] == "1"
            assert answer.json()["code"] == "too_many_requests"
    # A page shows many people.
    answers = [client.get(f"/avatars/{uuid.uuid4()}.webp") for _ in range(200)]
    assert {a.status_code for a in answers} == {404}


def test_a_function_is_deployed_whatever_the_place(up):
    before, pid = up.serving(), up.pid("session")
    code, output = up.fn("deploy", "session", "--force")
    assert code == 0, output
    assert up.serving() > before
    assert up.pid("session") == pid
    assert up.works()


def test_install_is_quick_when_nothing_is_missing():
    begin = time.monotonic()
    subprocess.run([ROOT / "infra/install", "test"], check=True)
    assert time.monotonic() - begin < 1
