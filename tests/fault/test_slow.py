"""Who is slow keeps nobody else waiting."""
import contextlib
import os
import re
import socket
import time
import urllib.parse

import psycopg2
import pytest

from kith import register, renew

AT_ONCE_S = 1                   # an answer that nothing was in the way of
TIMEOUT_S = 6                   # of a request of session, as its TIMEOUT_MS
HALF_REQUESTS = [
    b"POST /refresh-token HTTP/1.1\r\nHost: kith\r\nContent-Le",
    b"POST /refresh-token HTTP/1.1\r\nHost: kith\r\nContent-Length: 99\r\n"
    b"Content-Type: application/json\r\n\r\n" + b" " * 50,
]


def connected(family, address):
    connection = socket.socket(family)
    connection.connect(address)
    return connection


@pytest.fixture
def go_on(kith):
    """Requests of others; they take no longer than ever."""
    account = register(kith)

    def go_on():
        nonlocal account
        for _ in range(10):
            begin = time.monotonic()
            account = renew(kith, account)
            assert time.monotonic() - begin < AT_ONCE_S

    return go_on


def test_a_request_that_waits_for_a_lock_is_named_in_the_log(session, kith):
    session.release("impatient", SLOW_MS=50)
    log = session.log.stat().st_size
    account = register(kith)
    with contextlib.closing(psycopg2.connect(
            os.environ["DATABASE_URL"])) as owner:
        owner.cursor().execute("LOCK TABLE auth.session")
        answer = kith.get("/sessions", headers=account.bearer)
    assert answer.status_code == 503
    lines = [line for line in session.log.read_text()[log:].splitlines()
             if answer.headers["X-Request-Id"] in line and "slow: " in line]
    assert len(lines) == 1
    assert re.search("GET /sessions takes [0-9]+ ms, waits for [a-z_]+, "
                     "worker", lines[0])


@pytest.mark.parametrize("half", HALF_REQUESTS, ids=["head", "body"])
def test_half_a_request_holds_no_thread(stack, go_on, half):
    url = urllib.parse.urlsplit(os.environ["KITH_URL"])
    with contextlib.ExitStack() as clients:
        for _ in range(20):
            client = connected(socket.AF_INET, (url.hostname, url.port))
            clients.enter_context(client).sendall(half)
        go_on()


def test_a_silent_fastcgi_connection_holds_no_thread(session, go_on):
    with contextlib.ExitStack() as clients:
        for _ in range(20):
            clients.enter_context(connected(socket.AF_UNIX, session.socket))
        go_on()


def test_a_slow_fastcgi_request_holds_a_thread_until_its_time_is_up(session,
                                                                    go_on):
    """A byte a second; three at once leave a thread of every worker free."""
    begin = time.monotonic()
    slow = [connected(socket.AF_UNIX, session.socket) for _ in range(3)]
    sent = 0
    while slow:
        assert time.monotonic() < begin + TIMEOUT_S + 2
        for client in list(slow):
            with contextlib.suppress(BrokenPipeError):
                client.send(b"\1\1\0\1\0\10\0\0\0\1"[sent:sent + 1])
        sent += 1
        go_on()
        time.sleep(max(0, begin + sent - time.monotonic()))
        slow = [client for client in slow if not is_closed(client)]
    assert sent >= TIMEOUT_S


def is_closed(client):
    try:
        return client.recv(1, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
