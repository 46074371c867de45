"""
zero.py [TRIES] - milliseconds of the first answer of a function at rest.

Functions of the stack that the environment names get PROCESSES=0 and the
shortest IDLE_S, and are asked through nginx, one after the other, TRIES (100)
times, each when it has no worker left: without a token, which needs no
database, and with one, which needs a connection and two statements.
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
FN = pathlib.Path(__file__).parents[2] / "infra/fn"
VAR = pathlib.Path(os.environ["VAR"])
AIM = "aim <= 10 and 50"
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


def measure(host, tries, headers, status):
    times = []
    for name in itertools.islice(itertools.cycle(PATHS), tries):
        if name == next(iter(PATHS)):
            rest(PATHS)
        times.append(ask(host, PATHS[name], headers, status))
    return times


def main():
    url = os.environ["KITH_URL"]
    tries = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    bearer = register(Client(url)).bearer
    host = urllib.parse.urlsplit(url).netloc
    for name in PATHS:
        configure(name, "PROCESSES=0", "PROCESSES_MAX=0", "IDLE_S=1")
    try:
        for what, *asked in (("without database", {}, 401),
                             ("with database", bearer, 200)):
            times = measure(host, tries, *asked)
            quantiles = statistics.quantiles(times, n=100)
            print(f"{'from zero, ' + what:34} {quantiles[49]:8.1f} ms p50, "
                  f"{quantiles[98]:.1f} ms p99 ({AIM})", flush=True)
    finally:
        for name in PATHS:
            configure(name, "PROCESSES=", "PROCESSES_MAX=", "IDLE_S=")


main()
