"""What is too much for one function is refused, and no other feels it."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import time

from bystander import Bystander
from kith import wait_until

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = ROOT / "build" / os.environ["STACK_FLAVOUR"] / "tests/bad-session"
MAX, THREADS = 3, 2             # workers, and of each
SERVICE_MS, QUEUE_MS = 50, 100
CONNECTIONS = 250               # of which each asks again at once
TIMES = 10                      # as much as it can answer
CALM_S, LOAD_S = 3, 6


def make_slow(function):
    """Its next release answers after SERVICE_MS."""
    new = function.directory / "releases/slow"
    shutil.copytree(function.directory / "current", new)
    (new / function.name).unlink()
    shutil.copy(PROGRAM, new / function.name)
    with open(new / "function.conf", "a") as conf:
        conf.write(f"PROCESSES=1\nPROCESSES_MAX={MAX}\nTHREADS={THREADS}\n"
                   f"QUEUE_MS={QUEUE_MS}\nIDLE_S=1\n")
    function.make_current("releases/slow")
    assert function.reload()


def wanted(function):
    """Workers."""
    return int(function.verb("--status").stdout.split()[5].split("/")[1])


@contextlib.contextmanager
def overload():
    """Yields what overload.lua prints."""
    process = subprocess.Popen(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{LOAD_S}", "--timeout", "8",
         "-s", ROOT / "tests/fault/overload.lua",
         os.environ["KITH_URL"] + "/sessions"],
        text=True, stdout=subprocess.PIPE)
    result = {}
    try:
        yield result
        result.update(json.loads(process.communicate()[0].splitlines()[-1]))
    finally:
        process.kill()
        process.wait()


def p99(seconds):
    return sorted(seconds)[len(seconds) * 99 // 100]


def log_since(path, place):
    with open(path) as log:
        log.seek(place)
        return [json.loads(line) for line in log.read().splitlines()]


def test_ten_times_too_much_is_refused_and_no_other_function_feels_it(
        stack, session, capsys):
    make_slow(session)
    with Bystander() as alone:
        time.sleep(CALM_S)
    path = stack.var / "log/access.log"
    place = path.stat().st_size
    with Bystander() as beside, overload() as answers:
        wait_until(lambda: wanted(session) == MAX, LOAD_S)
    lines = [line for line in log_since(path, place)
             if line["path"] == "/sessions"]
    accepted = [line["seconds"] for line in lines if line["status"] == 200]

    assert answers.keys() == {"200", "503", "failed", "mute"}, answers
    assert answers["failed"] == answers["mute"] == 0, answers
    assert answers["200"] + answers["503"] > TIMES * answers["200"]
    assert p99(accepted) < 2 * (QUEUE_MS + SERVICE_MS) / 1000
    assert alone.statuses == beside.statuses == {200}
    assert beside.p99_ms < TIMES * max(alone.p99_ms, QUEUE_MS)
    wait_until(lambda: wanted(session) == 1, 20)
    with capsys.disabled():
        print(f"\noverload: {answers}; p99 of the accepted "
              f"{p99(accepted) * 1000:.0f} ms; of another function's "
              f"{alone.p99_ms} ms alone, {beside.p99_ms} ms beside it")
