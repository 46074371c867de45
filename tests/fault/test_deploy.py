"""Releases come and go without a failed request; broken ones only go."""
import contextlib
import os
import pathlib
import shutil
import time

import pytest

from kith import register, renew, wait_until

HERE = pathlib.Path(__file__).parent
BUILT = HERE.parents[1] / "build" / os.environ["STACK_FLAVOUR"]
DEPLOYS = 20
OLD_S = 10                      # until the last old worker has gone
PROCESSES = 2                   # of session
DESCRIBES = """#!/usr/bin/python3
import contextlib, os, select, socket, sys
if len(sys.argv) > 1:
    os.execv({path!r}, sys.argv)
"""
CRASHES = """
listener = socket.socket(fileno=0)
os.write(3, b"r")
connection = None
while not connection:
    select.select([listener], [], [])
    with contextlib.suppress(BlockingIOError):
        connection, _ = listener.accept()
select.select([connection], [], [])
os.abort()
"""
DESCRIPTION = """print('''{
    "name": "session", "timeout_ms": 1000, "body_bytes": 1, "rate": 0,
    "routes": [{"method": "POST", "path": "/login", "internal": false}]}''')"""


@contextlib.contextmanager
def build(program):
    """A flavour in which session is another program that can describe it."""
    flavour = HERE.parents[1] / "build/broken"
    (flavour / "bin").mkdir(parents=True)
    try:
        (flavour / "bin/session").write_bytes(program)
        (flavour / "bin/session").chmod(0o755)
        yield flavour.name
    finally:
        shutil.rmtree(flavour)


def test_20_deploys_in_20_s_fail_no_request(stack, session, wrk):
    session.release("large", BODY_BYTES=300000, REFRESH_GRACE_S=3600)
    stack.up()                  # so that nginx takes such bodies
    log = session.log.stat().st_size
    with wrk(2, 256) as answers:
        begin = time.monotonic()
        for number in range(DEPLOYS):
            time.sleep(max(0, begin + number - time.monotonic()))
            assert session.reload()
    wait_until(lambda: not session.workers("draining"), OLD_S)
    assert b'"level":"error"' not in session.log.read_bytes()[log:]
    assert answers.keys() == {"failed", "200"} and answers["failed"] == 0
    assert answers["200"] > 1000


@pytest.mark.parametrize("script, why, failures", [
    ("sys.exit('out of order')", "out of order", 0),
    ("sys.exit(100)", "exit 100", 0),
    ("import time; time.sleep(60)", "not ready in time", 0),
    (CRASHES, "signal 6", PROCESSES),
], ids=["exits", "misconfigured", "is never ready", "crashes"])
def test_a_broken_release_leaves_the_old_one_serving(
        stack, session, wrk, script, why, failures):
    before, versions = session.current(), session.versions()
    script = DESCRIBES.format(path=session.program()) + script
    with build(script.encode()) as flavour, wrk(2) as answers:
        code, output = stack.fn("deploy", "session", "--no-build",
                                STACK_FLAVOUR=flavour)
    assert code == 1, output
    assert "was not taken" in output and why in output
    assert (session.current(), session.versions()) == (before, versions)
    assert answers["failed"] + answers.get("502", 0) <= failures
    assert answers.keys() <= {"failed", "200", "502"}
    assert answers["200"] > 100


def test_a_release_that_answers_500_leaves_the_old_one_serving(
        stack, session, kith, wrk):
    before, versions = session.current(), session.versions()
    program = (BUILT / "tests/bad-session").read_bytes()
    with build(program) as flavour, wrk(2) as answers:
        code, output = stack.fn("deploy", "session", "--no-build",
                                STACK_FLAVOUR=flavour)
    assert code == 1, output
    assert "was not taken" in output and "answers 500" in output
    assert (session.current(), session.versions()) == (before, versions)
    assert answers.keys() == {"failed", "200", "500"}
    assert answers["failed"] == 0 and answers["500"] < answers["200"]
    wait_until(lambda: not session.workers("draining"), OLD_S)
    renew(kith, register(kith))


@pytest.mark.parametrize("script, why", [
    ("sys.exit('out of order')", "out of order"),
    ("", "does not describe session"),
    (DESCRIPTION, "belongs to login, session"),
], ids=["fails", "says nothing of itself", "claims a path of login"])
def test_a_release_that_fails_its_self_test_is_not_started(
        stack, session, script, why):
    before, versions = session.current(), session.versions()
    log = session.log.stat().st_size
    script = "#!/usr/bin/python3\nimport sys\n" + script
    with build(script.encode()) as flavour:
        code, output = stack.fn("deploy", "session", "--no-build",
                                STACK_FLAVOUR=flavour)
    assert code == 1, output
    assert "was not taken" in output and why in output
    assert (session.current(), session.versions()) == (before, versions)
    assert b"generation" not in session.log.read_bytes()[log:]


def test_a_large_request_to_a_function_that_is_away_is_unavailable(
        stack, session, kith):
    session.release("large", BODY_BYTES=300000)
    stack.up()
    assert stack.run("down", "session")[0] == 0
    answer = kith.post("/refresh-token", data=b" " * 256 * 1024)
    assert (answer.status_code, answer.json()["code"]) == (502, "unavailable")
