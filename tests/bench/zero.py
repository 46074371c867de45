"""
zero.py [TRIES] - milliseconds of the first answer of a function at rest.

Functions of the stack that the environment names get PROCESSES=0 and the
shortest IDLE_S, and are asked through nginx, one after the other, TRIES (100)
times, each when it has no worker left: without a token, which needs no
database, and with one, which needs a connection and two statements.  The limit
of the latter is a process that does nothing but ask PostgreSQL for 1, started
as seldom.
"""
import http.client
import itertools
import os
import pathlib
import statistics
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from kith import Client, register


PATHS = {"session": "/sessions", "user": "/user/me", "chat": "/chats",
         "subscriptions": "/subscriptions/me",
         "notify": "/notifications"}
ROOT = pathlib.Path(__file__).parents[2]
FN = ROOT / "infra/fn"
TOOLS = ROOT / "build/release/bench/tools"
VAR = pathlib.Path(os.environ["VAR"])
AIM = " (aim <= 10 and 50)"
REST_S = 30                     # within which a worker leaves


def configure(name, *settings):
    subprocess.run([FN, "config", name, *settings], check=True,
                   stdout=subprocess.DEVNULL)


def has_worker(name):
    rows = subprocess.run(
        [VAR / "bin/pool", "--status", VAR / "functions" / name],
        text=True, stdout=subprocess.PIPE).stdout.splitlines()
    return len(rows) > 1


def rest(names):
    deadline = time.monotonic() + REST_S
    while any(map(has_worker, names)):
        assert time.monotonic() < deadline, "they don't come to rest"
        time.sleep(0.05)


def ask(host, path, headers, status):
    begin = time.perf_counter()
    client = http.client.HTTPConnection(host, timeout=10)
    client.request("GET", path, headers=headers)
    answer = client.getresponse()
    answer.read()
    elapsed = time.perf_counter() - begin
    client.close()
    assert answer.status == status, answer.status
    return elapsed * 1000


def query():
    begin = time.perf_counter()
    pid = os.posix_spawn(TOOLS, [TOOLS, "query"], os.environ)
    assert os.waitpid(pid, 0)[1] == 0
    return (time.perf_counter() - begin) * 1000


def measure(tries, once):
    """once(name) for one function after the other, each at rest."""
    times = []
    for name in itertools.islice(itertools.cycle(PATHS), tries):
        if name == next(iter(PATHS)):
            rest(PATHS)
        times.append(once(name))
    return times


def beside_limit(tries, once):
    """By turns one first: the second finds the machine awake."""
    limits = []

    def both(name):
        if len(limits) % 2:
            limits.append(query())
            return once(name)
        elapsed = once(name)
        limits.append(query())
        return elapsed

    return measure(tries, both), limits


def show(what, times, aim=""):
    quantiles = statistics.quantiles(times, n=100)
    print(f"{what:34} {quantiles[49]:8.1f} ms p50, "
          f"{quantiles[98]:.1f} ms p99{aim}", flush=True)


def main():
    url = os.environ["KITH_URL"]
    tries = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    bearer = register(Client(url)).bearer
    host = urllib.parse.urlsplit(url).netloc
    for name in PATHS:
        configure(name, "PROCESSES=0", "PROCESSES_MAX=0", "IDLE_S=1")
    try:
        show("from zero, without database", measure(
            tries, lambda name: ask(host, PATHS[name], {}, 401)), AIM)
        times, limits = beside_limit(
            tries, lambda name: ask(host, PATHS[name], bearer, 200))
        show("from zero, with database", times, AIM)
        show("limit: a process asks PostgreSQL", limits)
    finally:
        for name in PATHS:
            configure(name, "PROCESSES=", "PROCESSES_MAX=", "IDLE_S=")


main()
