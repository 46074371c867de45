"""A session that has ended is over for every worker."""
import json
import os
import time

from kith import Client, at_once, register

SOON_S = 1
CLIENTS = 8


def test_every_worker_refuses_an_ended_session_within_a_second(session, kith):
    def ask(_=None):
        """When it was asked, by a new connection, and the status."""
        begin = time.monotonic()
        with Client(os.environ["KITH_URL"]) as client:
            return begin, client.get("/sessions",
                                     headers=mine.bearer).status_code

    mine = register(kith)
    while_live = at_once(CLIENTS * len(session.workers()), ask)
    assert {status for _, status in while_live} == {200}

    log = session.log.stat().st_size
    assert kith.post("/logout", headers=mine.bearer).status_code == 204
    ended = time.monotonic()
    answers = []
    while time.monotonic() < ended + 2 * SOON_S:
        answers += at_once(CLIENTS, ask)
    assert {status for _, status in answers} <= {200, 401}
    assert all(begin < ended + SOON_S for begin, status in answers
               if status == 200)
    assert {json.loads(line)["pid"]
            for line in session.log.read_bytes()[log:].splitlines()
            if b"refused with 401" in line} == set(session.workers())
