"""The pool keeps a function served, whatever its workers and releases do."""
import fcntl
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from pools import (
    POOL, Function, alive, build_dummy, ignore, ignored, now_ms, wait)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return build_dummy(tmp_path_factory.mktemp("dummy"))


@pytest.fixture
def fn(tmp_path, program):
    function = Function(tmp_path / "dummy", program)
    yield function
    function.close()


@pytest.fixture(scope="module", autouse=True)
def hopeless(tmp_path_factory, program):
    """A release that can't start, tried while the other tests run."""
    function = Function(tmp_path_factory.mktemp("hopeless") / "dummy", program)
    function.release("v1", "exit", PROCESSES=1)
    yield function.start()
    function.close()


# Being ready.

def test_a_worker_serves_only_when_it_says_so(fn):
    fn.release("v1", "hold")
    fn.start()
    wait(lambda: len(fn.workers("starting")) == 2)
    assert fn.verb("--status").returncode == 3
    fn.go("v1")
    wait(lambda: len(fn.ready()) == 2)
    assert fn.verb("--status").returncode == 0


def test_a_worker_that_is_not_ready_in_time_is_replaced(fn):
    fn.release("v1", "hang", PROCESSES=1, READY_MS=100)
    fn.start()
    first, second = wait(lambda: len(e := fn.events("start")) >= 2 and e)[:2]
    assert fn.logged(f"worker {first.pid} is not ready in time")
    wait(lambda: not alive(first.pid))


def test_a_worker_that_ignores_being_late_is_killed(fn):
    fn.release("v1", "hang deaf", PROCESSES=1, READY_MS=100, DRAIN_MS=100)
    fn.start()
    first = wait(lambda: fn.events("start"))[0]
    wait(lambda: not alive(first.pid))
    wait(lambda: fn.logged(f"{first.pid} did not stop: killed"))


# Replacing the dead.

def test_a_dead_worker_is_replaced(fn):
    fn.run()
    dead, other = fn.ready()
    killed_ms = now_ms()
    os.kill(dead, signal.SIGKILL)
    wait(lambda: len(fn.ready()) == 2 and dead not in fn.ready())
    assert fn.events("ready")[-1].ms - killed_ms < 1000
    assert other in fn.ready()
    assert fn.logged(f"worker {dead} .* signal 9")


def test_workers_that_die_together_are_replaced_together(fn):
    fn.run(PROCESSES=8)
    killed_ms = now_ms()
    for pid in fn.ready():
        os.kill(pid, signal.SIGKILL)
    wait(lambda: len(fn.events("ready")) == 16)
    assert fn.events("ready")[-1].ms - killed_ms < 1000


def test_the_delay_grows_and_starts_anew_after_a_second_of_being_ready(fn):
    fn.run(PROCESSES=1)
    for n in range(1, 4):
        os.kill(fn.events("start")[-1].pid, signal.SIGKILL)
        wait(lambda: len(fn.events("ready")) == n + 1)
        wait(fn.ready)
    starts = fn.events("start")
    assert starts[3].ms - starts[2].ms >= 400

    ready = fn.events("ready")[-1]
    wait(lambda: now_ms() > ready.ms + 1100)
    killed_ms = now_ms()
    os.kill(ready.pid, signal.SIGKILL)
    wait(lambda: len(fn.events("start")) == 5)
    assert fn.events("start")[-1].ms - killed_ms < 400


def test_the_program_comes_from_the_loaded_release_until_the_next_load(fn):
    fn.run(PROCESSES=1)
    fn.release("v2", PROCESSES=1)
    os.kill(fn.ready()[0], signal.SIGKILL)
    wait(lambda: len(fn.events("ready")) == 2)
    assert fn.events("ready", "v2") == []


def test_a_first_release_without_a_program_waits_for_a_better_one(fn):
    fn.release("v1", missing=True)
    fn.start()
    wait(lambda: len(fn.logged("No such file")) >= 4)
    assert fn.verb("--status").returncode == 3
    fn.release("v2")
    assert fn.reload() == 0
    assert len(fn.ready(generation=2)) == 2


# Loads.

def test_loads_leave_no_moment_without_a_worker(fn):
    fn.run()
    for n in range(2, 12):
        fn.release(f"v{n}")
        assert fn.reload() == 0
        assert fn.status()[0].release == f"v{n}"
    wait(lambda: len(fn.events("term")) == 20)

    serving = 0
    for event in fn.events(("ready", "term")):
        serving += 1 if event.what == "ready" else -1
        assert serving >= 2 or event.release == "v1"
    wait(lambda: len(fn.status()) == 3)
    assert not fn.logged("killed|ended")


def test_both_generations_serve_while_the_new_one_bakes(fn):
    fn.run()
    fn.release("v2", BAKE_MS=500)
    assert fn.reload() == 0
    ready = max(e.ms for e in fn.events("ready", "v2"))
    stopped = wait(lambda: fn.events("term", "v1"))
    assert min(e.ms for e in stopped) - ready >= 490


BAD_RELEASES = {
    "does not start": {"orders": "exit"},
    "hangs": {"orders": "hang", "READY_MS": 100},
    "hangs and can't be stopped":
        {"orders": "hang deaf", "READY_MS": 100, "DRAIN_MS": 100},
    "has no program": {"missing": True, "MEMORY_MB": 64},
}


@pytest.mark.parametrize("bad", BAD_RELEASES.values(), ids=BAD_RELEASES)
def test_a_release_is_rolled_back_that(fn, bad):
    fn.run()
    old = fn.ready()
    fn.release("v2", **bad)
    assert fn.reload() == 1
    wait(lambda: fn.workers("starting", "ready", "draining") == old)
    assert fn.status()[0][3:5] == ("1", "v1")
    assert fn.logged("generation 2 failed, 1 keeps serving")

    fn.release("v3")
    assert fn.reload() == 0
    assert fn.generation() == 3


def test_a_release_that_crashes_while_it_bakes_is_rolled_back(fn):
    fn.run()
    old = fn.ready()
    fn.release("v2", "crash", BAKE_MS=60000)
    fn.signal(signal.SIGHUP)
    wait(lambda: len(fn.ready(generation=2)) == 2)
    fn.go("v2")
    wait(lambda: fn.workers("starting", "ready", "draining") == old)
    assert fn.generation() == 1
    assert fn.logged("generation 2 failed, 1 keeps serving")


@pytest.mark.parametrize("canary", [0, 1])
@pytest.mark.parametrize("failed, code", [(2, 1), (1, 0)])
def test_a_release_is_taken_unless_a_tenth_of_its_answers_is_500(
        fn, canary, failed, code):
    fn.run()
    fn.release("v2", "fail", CANARY=canary, PROCESSES=1)
    fn.order("v2", "failed", failed)
    assert fn.reload() == code
    assert len(fn.logged("generation 2 answers 500: [24] of [24]0")) == code
    assert fn.generation() == 2 - code
    wait(lambda: len(fn.ready()) == len(fn.status()) - 1 == 1 + code)


def test_one_500_is_not_too_much(fn):
    fn.run(PROCESSES=1)
    fn.release("v2", "fail", PROCESSES=1)
    fn.order("v2", "failed", 1)
    fn.order("v2", "answered", 5)
    assert fn.reload() == 0


def test_a_release_is_not_blamed_for_what_others_answered(fn):
    fn.release("v1", "fail")
    fn.order("v1", "failed", 20)
    fn.start()
    wait(lambda: len(fn.ready()) == 2)
    fn.release("v2")
    assert fn.reload() == 0


def test_one_worker_bakes_before_the_others_start(fn):
    fn.run(PROCESSES=3)
    fn.release("v2", CANARY=1, PROCESSES=3, BAKE_MS=400)
    assert fn.reload() == 0
    ready = fn.events("ready", "v2")[0]
    starts = fn.events("start", "v2")
    assert [s.ms - ready.ms >= 390 for s in starts] == [False, True, True]
    stopped = wait(lambda: len(e := fn.events("term", "v1")) == 3 and e)
    assert min(e.ms for e in stopped) >= fn.events("ready", "v2")[-1].ms


def test_when_the_one_fails_no_other_is_tried(fn):
    fn.run(PROCESSES=3)
    old = fn.ready()
    fn.release("v2", "crash", CANARY=1, PROCESSES=3, BAKE_MS=60000)
    fn.signal(signal.SIGHUP)
    wait(lambda: len(fn.ready(generation=2)) == 1)
    fn.go("v2")
    wait(lambda: fn.logged("generation 2 failed, 1 keeps serving"))
    wait(lambda: fn.workers("starting", "ready", "draining") == old)
    assert len(fn.events("start", "v2")) == 1


def test_a_release_with_a_bad_function_conf_is_rolled_back(fn):
    fn.run()
    old = fn.ready()
    fn.release("v2", PROCESSES="many")
    assert fn.reload() == 1
    fn.signal(signal.SIGHUP)
    wait(lambda: fn.logged("generation 2 failed"))
    assert fn.ready() == old


def test_an_old_worker_that_dies_during_a_load_is_replaced(fn):
    fn.run()
    dead = fn.ready()[0]
    fn.release("v2", "hold")
    fn.signal(signal.SIGHUP)
    wait(lambda: len(fn.workers("starting", generation=2)) == 2)
    os.kill(dead, signal.SIGKILL)
    wait(lambda: len(fn.events("ready", "v1")) == 3)
    fn.go("v2")
    wait(lambda: fn.generation() == 2)


def test_sighups_during_a_load_are_one_load_more(fn):
    fn.run()
    fn.release("v2", "hold")
    fn.signal(signal.SIGHUP)
    wait(lambda: len(fn.workers("starting", generation=2)) == 2)
    fn.release("v3")
    for _ in range(20):
        fn.signal(signal.SIGHUP)
    fn.go("v2")
    wait(lambda: fn.generation() == 3)
    wait(lambda: len(fn.status()) == 3)
    assert len(fn.logged("generation . starts")) == 2
    assert fn.status()[0].release == "v3"


def test_reload_during_a_load_waits_for_its_own(fn):
    fn.run()
    fn.release("v2", "hold")
    fn.signal(signal.SIGHUP)
    wait(lambda: len(fn.workers("starting", generation=2)) == 2)
    fn.release("v3")
    reload = subprocess.Popen([POOL, "--reload", fn.dir],
                              stdout=subprocess.DEVNULL)
    fn.go("v2")
    assert reload.wait(timeout=20) == 0
    assert fn.status()[0].release == "v3"


def test_a_load_waits_until_drained_generations_make_room(fn):
    conf = {"PROCESSES": 16, "BAKE_MS": 0, "DRAIN_MS": 60000}
    fn.run("v1", "linger", **conf)
    for n in range(2, 5):
        fn.release(f"v{n}", "linger", **conf)
        assert fn.reload() == 0
    wait(lambda: len(fn.workers("draining")) == 48)

    fn.release("v5", **conf)
    fn.signal(signal.SIGHUP)
    wait(lambda: fn.logged("generation 5 starts"))
    assert fn.generation() == 4 and not fn.events("start", "v5")
    fn.go("v1")
    wait(lambda: fn.generation() == 5)
    for n in range(2, 5):
        fn.go(f"v{n}")
    wait(lambda: len(fn.status()) == 17)


# How many.

def test_processes_follow_the_release_and_its_absence_the_default(fn):
    fn.run(PROCESSES=3)
    for version, processes, expected in (("v2", 5, 5), ("v3", None, 1)):
        fn.release(version, PROCESSES=processes)
        assert fn.reload() == 0
        wait(lambda: len(fn.ready()) == len(fn.status()) - 1 == expected)


def test_sigttin_and_sigttou_change_the_number_and_loads_keep_it(fn):
    fn.run()
    for sig, expected in ((signal.SIGTTIN, 3), (signal.SIGTTIN, 4),
                          (signal.SIGTTOU, 3)):
        fn.signal(sig)
        wait(lambda: len(fn.ready()) == len(fn.status()) - 1 == expected)
    fn.release("v2", PROCESSES=7)
    assert fn.reload() == 0
    assert len(fn.ready(generation=2)) == 3


def test_the_number_changes_in_both_generations_during_a_load(fn):
    fn.run(PROCESSES=2)
    fn.release("v2", BAKE_MS=60000)
    fn.signal(signal.SIGHUP)
    wait(lambda: len(fn.ready(generation=2)) == 2)
    fn.signal(signal.SIGTTIN)
    wait(lambda: len(fn.ready(1)) == 3 and len(fn.ready(2)) == 3)


def test_the_number_stays_between_1_and_32(fn):
    fn.run(PROCESSES=1)
    fn.signal(signal.SIGTTOU)
    wait(lambda: fn.logged("there can't be 0 workers"))
    assert len(fn.ready()) == 1

    for n in range(2, 33):
        fn.signal(signal.SIGTTIN)
        wait(lambda: fn.logged(f"{n} workers wanted"))
    fn.signal(signal.SIGTTIN)
    wait(lambda: fn.logged("there can't be 33 workers"))
    wait(lambda: len(fn.ready()) == len(fn.status()) - 1 == 32)


# Too much of something.

def test_a_slow_request_is_named_once(fn):
    fn.run(orders="serve", PROCESSES=1, SLOW_MS=100, STUCK_MS=900)
    fn.order("v1", "busy", 1)
    [pid] = fn.ready()
    line = wait(lambda: fn.logged('.*"slow: .*'))[0]
    assert '"request_id":"abc"' in line
    assert re.search(f"GET / takes [1-9][0-9]+ ms, waits for pair_get, "
                     f"worker {pid}", line)
    wait(lambda: fn.logged(f"worker {pid} is stuck"))
    assert len(fn.logged(f'"slow: .*worker {pid}')) == 1


def test_a_worker_that_is_stuck_is_replaced_alone(fn):
    fn.run(orders="serve deaf", STUCK_MS=300, DRAIN_MS=600)
    stuck, other = fn.ready()
    fn.order("v1", "busy", 1, stuck)
    wait(lambda: not alive(stuck))
    line = fn.logged(f'.*worker {stuck} is stuck .*')[0]
    assert '"request_id":"abc"' in line and "GET / takes " in line
    wait(lambda: len(fn.ready()) == len(fn.status()) - 1 == 2)
    assert other in fn.ready()
    assert fn.logged(f"worker {stuck} did not stop: killed")
    assert fn.described()["restarts"] == 1


def test_a_worker_that_is_too_large_leaves_when_another_is_there(fn):
    fn.run(orders="serve", PROCESSES=1, RSS_MB=32)
    [large] = fn.ready()
    fn.order("v1", "fat", 1, large)
    wait(lambda: not alive(large))
    wait(lambda: len(fn.status()) == 2)
    assert [e.what for e in fn.events(("ready", "term"))] == [
        "ready", "ready", "term"]
    assert fn.logged(f"worker {large} has [0-9]+ MB in memory")
    assert fn.described()["restarts"] == 1
    assert not fn.logged("killed|ended")


# Leaving.

def test_sigterm_drains_and_leaves_with_0(fn):
    fn.run(orders="linger")
    fn.signal(signal.SIGTERM)
    wait(lambda: len(fn.events("term")) == 2)
    assert len(fn.workers("draining")) == 2
    fn.go("v1")
    assert fn.ended() == 0
    assert fn.verb("--status").returncode == 3
    assert fn.status()[0].state == "stopped"


def test_sigterm_ends_all_generations_during_a_load(fn):
    fn.run()
    fn.release("v2", "hang", READY_MS=60000)
    fn.signal(signal.SIGHUP)
    wait(lambda: len(fn.workers("starting", generation=2)) == 2)
    fn.signal(signal.SIGTERM)
    assert fn.ended() == 0
    assert not any(alive(e.pid) for e in fn.events("start"))


def test_a_worker_that_drains_for_too_long_is_killed(fn):
    fn.run(orders="deaf", DRAIN_MS=200)
    pids = fn.ready()
    fn.signal(signal.SIGTERM)
    assert fn.ended() == 0
    assert not any(map(alive, pids))
    assert len(fn.logged("did not stop: killed")) == 2


def test_sigterm_ends_a_pool_whose_workers_cannot_start(fn):
    fn.release("v1", "exit")
    fn.start()
    wait(lambda: len(fn.events("start")) >= 2)
    fn.signal(signal.SIGTERM)
    assert fn.ended() == 0


def test_sigquit_leaves_at_once(fn):
    fn.run(orders="deaf", DRAIN_MS=60000)
    pids = fn.ready()
    fn.signal(signal.SIGQUIT)
    assert fn.ended() == 0
    assert not any(map(alive, pids))
    assert fn.events("term") == []


def test_workers_drain_when_the_pool_is_killed_and_another_takes_over(fn):
    fn.run()
    old = fn.ready()
    fn.pool.kill()
    fn.ended()
    wait(lambda: len(fn.events("term")) == 2)
    wait(lambda: not any(map(alive, old)))
    assert fn.status()[0].state == "stopped"
    fn.start()
    wait(lambda: len(fn.ready()) == 2)


# What a worker is given.

def test_the_environment_holds_the_declared_variables_only(fn):
    fn.release("v1", RATE=7)
    given = {"TZ": "UTC", "PGPASSFILE": "/nowhere", "ISSUER": "someone"}
    fn.start(env={**given, "SECRET": "x", "LD_PRELOAD": "", "PATH": "/bin"})
    pid = wait(fn.ready)[0]
    lines = Path(f"/proc/{pid}/environ").read_text().split("\0")[:-1]
    env = dict(line.split("=", 1) for line in lines)
    assert 0 <= int(env.pop("POOL_SLOT")) < 64
    assert given == {k: v for k, v in env.items()
                     if not k.endswith("SAN_OPTIONS")}


def test_descriptors_are_the_declared_ones_and_0_is_the_socket(fn):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(fn.dir.parent / "socket"))
    listener.listen()
    extra = os.open("/dev/null", os.O_RDONLY)
    fn.release("v1")
    fn.start(stdin=listener, pass_fds=(extra,))
    wait(lambda: len(fn.ready()) == 2)
    for pid in fn.ready():
        fds = {int(p.name): os.readlink(p)
               for p in Path(f"/proc/{pid}/fd").iterdir()}
        assert sorted(fds) == [0, 1, 2, 3, 4]
        assert fds[0] == os.readlink(f"/proc/self/fd/{listener.fileno()}")
        assert fds[3].startswith("pipe:")
        assert fds[4] == str(fn.dir / "scoreboard")
    os.close(extra)
    listener.close()


def test_limits_signals_and_privileges_are_set(fn):
    fn.release("v1", MEMORY_MB=512)
    fn.start(preexec_fn=ignore(signal.SIGTERM, signal.SIGCHLD))
    pid = wait(fn.ready)[0]
    limits = Path(f"/proc/{pid}/limits").read_text()
    status = Path(f"/proc/{pid}/status").read_text()

    assert re.search(r"Max core file size +0 +0 ", limits)
    assert re.search(rf"Max address space +{512 << 20} +{512 << 20} ", limits)
    files = re.search(r"Max open files +(\d+) +(\d+) ", limits)
    assert 256 <= int(files[1]) == int(files[2]) <= 16384
    assert re.search(r"NoNewPrivs:\s1", status)
    assert re.search(r"SigBlk:\s0{16}", status)
    assert not {signal.SIGTERM, signal.SIGCHLD} & ignored(pid)


def test_a_pool_started_with_nohup_heeds_sighup(fn):
    fn.release("v1")
    fn.start(preexec_fn=ignore(signal.SIGHUP))
    wait(lambda: len(fn.ready()) == 2)
    assert fn.reload() == 0


def test_ctrl_c_is_ignored_by_all_if_the_starter_ignores_it(fn):
    fn.release("v1")
    fn.start(preexec_fn=ignore(signal.SIGINT))
    for pid in wait(fn.ready) + [fn.pool.pid]:
        assert signal.SIGINT in ignored(pid)


# The scoreboard.

def test_a_pool_that_has_just_begun_is_not_well(fn, tmp_path):
    board = (fn.run().dir / "scoreboard").read_bytes()
    begun = tmp_path / "begun"
    begun.mkdir()
    with open(begun / "scoreboard", "w+b") as file:
        file.write(board[:24].ljust(len(board), b"\0"))    # its head
        file.flush()
        fcntl.lockf(file, fcntl.LOCK_EX)
        status = subprocess.run([POOL, "--status", begun])
    assert status.returncode == 3


def test_counters_survive_the_death_of_workers(fn):
    fn.run(orders="count")
    for pid in fn.ready():
        os.kill(pid, signal.SIGKILL)
    wait(lambda: len(fn.events("ready")) == 4)
    assert fn.requests() == 4
    fn.release("v2", "count")
    assert fn.reload() == 0
    wait(lambda: len(fn.status()) == 3)
    assert fn.requests() == 6


def test_status_tells_of_each_directory_and_fails_for_one_that_is_down(fn):
    fn.run()
    both = subprocess.run([POOL, "--status", fn.dir, "/nowhere/gone"],
                          text=True, stdout=subprocess.PIPE)
    rows = [line.split() for line in both.stdout.splitlines()]
    assert both.returncode == 3
    assert [r[0] for r in rows] == ["dummy"] * 3 + ["gone"]
    assert [r[2] for r in rows] == ["pool", "ready", "ready", "stopped"]
    assert int(rows[0][1]) == fn.pool.pid
    assert rows[0][3:] == ["1", "v1", "2/2"]
    assert rows[1][3:] == ["1", "v1", "0/0"]


def test_reload_without_a_pool_exits_3(fn):
    fn.run()
    fn.signal(signal.SIGTERM)
    fn.ended()
    assert fn.reload() == 3


def test_reload_of_a_pool_that_does_not_answer_exits_3(fn):
    fn.run(READY_MS=100, DRAIN_MS=100)
    fn.signal(signal.SIGSTOP)
    assert fn.reload() == 3
    fn.signal(signal.SIGCONT)
    wait(lambda: fn.generation() == 2)


def test_a_second_pool_of_the_same_directory_leaves_with_111(fn):
    fn.run()
    assert subprocess.run([POOL, fn.dir], stderr=subprocess.PIPE
                          ).returncode == 111
    assert len(fn.ready()) == 2


def test_a_directory_that_is_no_function_exits_100(fn):
    def status(*args):
        return subprocess.run([POOL, *args], stderr=subprocess.PIPE
                              ).returncode

    assert status() == 100
    assert status("/nowhere") == 100
    assert status(fn.dir) == 100
    fn.release("v1", PROCESSES="many")
    assert status(fn.dir) == 100


def test_a_log_that_nobody_reads_any_more_ends_nothing(fn):
    reading, writing = os.pipe()
    fn.release("v1")
    fn.start(stderr=writing)
    os.close(writing)
    wait(lambda: len(fn.ready()) == 2)
    os.close(reading)
    os.kill(fn.ready()[0], signal.SIGKILL)
    wait(lambda: len(fn.events("ready")) == 3)
    assert fn.pool.poll() is None


def test_workers_that_cannot_start_are_tried_for_ever_ever_more_slowly(
        hopeless):
    starts = wait(lambda: len(e := hopeless.events("start")) >= 9 and e, 30)
    gaps = [b.ms - a.ms for a, b in zip(starts, starts[1:])]
    for gap, ms in zip(gaps, (100, 200, 400, 800, 1600, 3200, 6400, 10000)):
        assert ms <= gap < ms + 2000
    assert hopeless.pool.poll() is None
