"""infra/fn act and its socket: what may be asked, and what is never done."""
import fcntl
import json
import os
import pathlib
import signal
import socket
import stat
import subprocess

import pytest

from kith import wait_until

ROOT = pathlib.Path(__file__).parents[2]
REFUSED = {"code": 2, "output": "this is no request of fn act"}


def act(request, **environment):
    """Its exit code and answer."""
    done = subprocess.run([ROOT / "infra/fn", "act"], input=request,
                          env=os.environ | environment, timeout=60,
                          capture_output=True)
    answer, = done.stdout.splitlines()
    return done.returncode, json.loads(answer)


@pytest.fixture
def operator(stack):
    """operator(request): the answer through the socket; b"" for none."""
    path = str((stack.var / "run").resolve() / "operator.sock")

    def operator(request):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(path)
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(4096), b""))
    operator.path = path
    return operator


@pytest.mark.parametrize("request_", [
    b"", b"\n", b"scale session 2", b"scale session 2\n\n",
    b"scale session 2\nscale session 3\n", b"scale session 2\r\n",
    b"scale  session 2\n", b" scale session 2\n", b"scale session 2 \n",
    b"scale session\n", b"scale session 2 3\n", b"scale session -1\n",
    b"scale session 1..\n", b"scale session 100\n", b"scale session 1...2\n",
    b"scale session 2\0\n", b"\0scale session 2\n",
    b"scale session 2; touch MARK\n", b"scale session $(touch MARK)\n",
    b"scale `touch MARK` 2\n", b"scale session 2 && touch MARK\n",
    b"scale session 2 | touch MARK\n", b"scale session >MARK\n",
    b"rollback x[$(touch MARK)] 2\n", b"scale a[$(touch MARK)] 1\n",
    b"scale * 2\n", b"scale ../session 2\n", b"scale Session 2\n",
    b"scale sess\xc3\xafon 2\n", b"scale session \xd9\xa2\n",
    b"scale session 2\xff\n", b"scale --help 2\n",
    b"rollback\n", b"rollback session ../x\n", b"rollback session .new\n",
    b"rollback session a/b\n", b"rollback session --force\n",
    b"rollback session a b\n", b"rollback " + b"s" * 32 + b"\n",
    b"rollback session " + b"1" * 64 + b"\n", b"scale session 2\n" * 40,
    b"deploy session\n", b"config session RATE=1\n", b"token list\n",
    b"dlq drop user.events\n", b"act\n", b"SCALE session 2\n",
    b'{"scale":"session"}\n', b"a" * 100000,
], ids=lambda request: repr(request[:40]))
def test_anything_else_is_not_done(tmp_path, request_):
    """There is no stack: what was understood would be refused with 3."""
    mark = tmp_path / "mark"
    request_ = request_.replace(b"MARK", str(mark).encode())
    assert act(request_, VAR=str(tmp_path / "none")) == (2, REFUSED)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("request_", [
    b"scale session 2\n", b"scale session 0..32\n", b"scale relay 1\n",
    b"scale chat-worker 1\n", b"rollback session\n",
    b"rollback session 20261126T081500.123\n",
])
def test_requests_are_understood(tmp_path, request_):
    var = tmp_path / "none"
    assert act(request_, VAR=str(var)) == (0, {
        "code": 3, "output": f"fn: no stack is up in {var}"})


def test_others_are_not_waited_for_for_ever(stack):
    (stack.var / "locks").mkdir(exist_ok=True)
    with open(stack.var / "locks/session", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert act(b"scale session 2\n", LOCK_S="1") == (0, {
            "code": 1, "output": "waits for another command on session\n"
                                 "fn: another command works on session"})


def test_a_pool_that_an_act_starts_makes_nobody_impatient(stack, session):
    """Commands take from a pool's environment what it was started with."""
    assert stack.fn("deploy", "session", "--force", "--no-build")[0] == 0
    os.kill(stack.pid("session"), signal.SIGKILL)
    assert act(b"rollback session\n")[1]["code"] == 0
    environ = pathlib.Path(f"/proc/{stack.pid('session')}/environ")
    assert b"LOCK_S" not in environ.read_bytes()


def test_who_says_nothing_is_not_waited_for():
    with subprocess.Popen([ROOT / "infra/fn", "act"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        process.stdin.write(b"scale session 2\n")   # and no end
        process.stdin.flush()
        assert process.wait(10) == 2
        assert json.loads(process.stdout.read()) == REFUSED


def test_the_socket_is_for_the_services_only(stack, operator):
    mode = os.stat(operator.path)
    assert stat.S_IMODE(mode.st_mode) == 0o660
    nginx = pathlib.Path(f"/proc/{stack.pid('nginx')}").stat()
    assert mode.st_gid == nginx.st_gid


def test_the_socket_does_what_it_is_asked(stack, operator, session):
    before = len(session.workers())
    answer = json.loads(operator(b"scale session 3\n"))
    assert answer == {"code": 0, "output": "session: 3 to 3 workers wanted"}
    wait_until(lambda: len(session.workers()) == 3, 20)
    operator(f"scale session {before}\n".encode())
    wait_until(lambda: len(session.workers()) == before, 20)
    (session.directory / "settings").unlink()
    assert json.loads(operator(b"deploy session\n")) == REFUSED


def test_what_is_asked_is_done_though_nobody_waits(stack, operator, session):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(operator.path)
        connection.sendall(b"scale session 4\n")
    wait_until(lambda: len(session.workers()) == 4, 20)
    operator(b"scale session 2\n")
    wait_until(lambda: len(session.workers()) == 2, 20)
    (session.directory / "settings").unlink()
    assert session.reload()


def test_it_is_back_after_it_was_killed(stack, operator):
    assert stack.run("down", "operator")[0] == 0
    assert not os.path.exists(operator.path)
    assert stack.run("status")[0] == 3
    stack.up()
    assert json.loads(operator(b"list\n")) == REFUSED
