"""A function's directory and its pool, without a stack."""
import json
import os
import re
import signal
import socket
import struct
import subprocess
import time
from collections import namedtuple
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("KITH_BUILD", REPO / "build/test")).resolve()
POOL = BUILD / "bin/pool"

Row = namedtuple("Row", "name pid state generation release busy")
Event = namedtuple("Event", "what release pid ms")


def wait(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
    return value


def alive(pid):
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def ignore(*signals):
    """These alone, whatever the tests themselves were started with."""
    others = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
    return lambda: [signal.signal(s, signal.SIG_IGN if s in signals
                                  else signal.SIG_DFL) for s in others]


def ignored(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    mask = int(re.search(r"SigIgn:\s(\w+)", status)[1], 16)
    return {s for s in signal.valid_signals() if mask >> (s - 1) & 1}


def now_ms():
    return time.monotonic() * 1000


class Function:
    """A function's directory, and the pool that runs it."""

    def __init__(self, directory, program):
        self.dir, self.program = directory, program
        self.log = directory.parent / "log"
        self.pool = None
        self.master = POOL      # the pool's program
        (directory / "releases").mkdir(parents=True)

    def release(self, version, orders="", missing=False, **conf):
        conf = {"PROCESSES": 2, "BAKE_MS": 50, "CANARY": 0, **conf}
        path = self.dir / "releases" / version
        path.mkdir()
        (path / "orders").write_text(orders)
        (path / "function.conf").write_text(
            "".join(f"{k}={v}\n" for k, v in conf.items() if v is not None))
        if not missing:
            os.link(self.program, path / self.dir.name)
        self.point(version)

    def point(self, version):
        link = self.dir / "current.new"
        link.symlink_to(f"releases/{version}")
        link.rename(self.dir / "current")

    def settings(self, **settings):
        (self.dir / "settings").write_text(
            "".join(f"{k}={v}\n" for k, v in settings.items()))

    def order(self, version, name, number, pid=""):
        """To the workers of a release that serve, or to one."""
        path = self.dir / "releases" / version / name
        path.with_suffix(".new").write_text(f"{number} {pid}")
        path.with_suffix(".new").rename(path)

    def go(self, version):
        (self.dir / "releases" / version / "go").touch()

    def start(self, env=(), **options):
        with open(self.log, "ab") as log:
            self.pool = subprocess.Popen(
                [self.master, self.dir],
                **{"stdin": subprocess.DEVNULL, "stderr": log, **options},
                env={k: v for k, v in os.environ.items()
                     if k.endswith("SAN_OPTIONS")} | dict(env))
        return self

    def run(self, version="v1", orders="", **conf):
        """Start with a first release and wait until all its workers serve."""
        self.release(version, orders, **conf)
        self.start()
        wait(lambda: len(self.ready()) == conf.get("PROCESSES", 2))
        return self

    def verb(self, name, *words):
        return subprocess.run([self.master, name, self.dir, *words], text=True,
                              stdout=subprocess.PIPE)

    def described(self):
        """What --status --json says."""
        return json.loads(subprocess.run(
            [self.master, "--status", "--json", self.dir],
            stdout=subprocess.PIPE).stdout)

    def status(self):
        return [Row(*line.split()) for line
                in self.verb("--status").stdout.splitlines()]

    def workers(self, *states, generation=None):
        return [int(r.pid) for r in self.status()[1:]
                if r.state in states
                and generation in (None, int(r.generation))]

    def ready(self, generation=None):
        return self.workers("ready", generation=generation)

    def generation(self):
        return int(self.status()[0].generation)

    def reload(self):
        return self.verb("--reload").returncode

    def signal(self, number):
        self.pool.send_signal(number)

    def ended(self):
        return self.pool.wait(timeout=20)

    def events(self, what, release=None):
        try:
            lines = (self.dir / "journal").read_text().splitlines()
        except FileNotFoundError:
            return []
        found = [Event(*line.split()) for line in lines]
        return [Event(e.what, e.release, int(e.pid), int(e.ms)) for e in found
                if e.what in what and release in (None, e.release)]

    def logged(self, pattern):
        return re.findall(pattern, self.log.read_text())

    def requests(self):
        out = subprocess.check_output(
            [self.program, "--requests", self.dir / "scoreboard"])
        return int(out)

    def close(self):
        if self.pool and self.pool.poll() is None:
            self.signal(signal.SIGQUIT)
            self.ended()
        if self.log.exists():
            assert not self.logged("Sanitizer|runtime error")


def record(kind, content=b""):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def request():
    """GET /sessions, which is 401 without a database."""
    pairs = b"".join(
        bytes([len(k), len(v)]) + k + v for k, v in
        {b"REQUEST_METHOD": b"GET", b"PATH": b"/sessions"}.items())
    return (record(1, b"\0\1\0\0\0\0\0\0") + record(4, pairs) + record(4) +
            record(5))


class Session(Function):
    """The function session behind a socket."""

    def __init__(self, directory, program):
        super().__init__(directory / "session", program)
        self.path = str(self.dir.parent / "socket")
        self.lines = None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)

    def start(self, **options):
        return super().start(stdin=self.listener, **options)

    def start_told(self):
        """So that what the pool logs is heard at once."""
        reading, writing = os.pipe()
        self.start(stderr=writing)
        os.close(writing)
        self.lines = open(reading)

    def await_line(self, text):
        with open(self.log, "a") as log:
            for line in self.lines:
                log.write(line)
                if text in line:
                    return

    def ask(self):
        """Milliseconds until the answer."""
        begin = now_ms()
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(self.path)
            client.sendall(request())
            assert b"Status: 401" in client.recv(65536)
        return now_ms() - begin

    def close(self):
        super().close()
        self.listener.close()
        if self.lines:
            self.lines.close()


def build_dummy(directory):
    """The program of dummy_worker.c."""
    path = directory / "dummy_worker"
    subprocess.check_call(
        [os.environ.get("CC", "cc"), "-D_GNU_SOURCE", "-std=gnu17", "-O1",
         f"-I{REPO}", "-o", path, REPO / "tests/fault/dummy_worker.c",
         REPO / "runtime/scoreboard.c", REPO / "runtime/log.c",
         REPO / "runtime/clock.c"])
    return path
