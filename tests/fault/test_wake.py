"""A change wakes the relay, and reading does not."""
import os
import select
import socket

import pytest

from kith import register


@pytest.fixture
def wakes(stack):
    """The relay's socket, while there is no relay."""
    assert stack.run("down", "relay")[0] == 0
    path = str((stack.var / "run").resolve() / "relay.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wakes:
        wakes.bind(path)
        os.chmod(path, 0o777)       # the functions may be another user's
        wakes.settimeout(10)
        yield wakes


def test_a_change_wakes_the_relay(wakes, kith):
    ann = register(kith)
    assert wakes.recv(1) == b"\0"

    assert kith.get("/sessions", headers=ann.bearer).status_code == 200
    assert kith.post("/login", json={"email": "nobody"}).status_code == 422
    assert not select.select([wakes], [], [], 0)[0]
    assert kith.post("/logout", headers=ann.bearer).status_code == 204
    assert wakes.recv(1) == b"\0"
