"""A pool becomes another program, and nobody notices."""
import os
import shutil
import signal
import threading

import pytest

from pools import BUILD, POOL, Function, Session, build_dummy, wait

HEAD = b"kith board\0\0\0\0\0\0"     # of a scoreboard; the layout follows


def replace(path, program):
    """As install does: in one step, and the old one runs on."""
    shutil.copy(program, path.with_suffix(".new"))
    path.with_suffix(".new").rename(path)


def other_layout(directory, program):
    """A program that knows scoreboards of another layout only."""
    code = program.read_bytes()
    assert code.count(HEAD) == 1
    place = code.index(HEAD) + len(HEAD)
    other = directory / (program.name + "_other")
    other.write_bytes(code[:place] + b"\x63\0\0\0" + code[place + 4:])
    other.chmod(0o755)
    return other


@pytest.fixture(scope="module")
def dummy(tmp_path_factory):
    return build_dummy(tmp_path_factory.mktemp("dummy"))


def with_master(function, directory):
    function.master = directory / "pool"
    replace(function.master, POOL)
    return function


@pytest.fixture
def fn(tmp_path, dummy):
    function = with_master(Function(tmp_path / "dummy", dummy), tmp_path)
    yield function
    function.close()


def upgrade(fn):
    return fn.verb("--upgrade").returncode


def test_an_upgraded_pool_keeps_its_process_and_what_was_counted(fn):
    fn.run(orders="count")
    old = fn.ready()
    replace(fn.master, POOL)
    assert upgrade(fn) == 0
    assert fn.pool.poll() is None
    assert os.stat(f"/proc/{fn.pool.pid}/exe").st_ino == os.stat(
        fn.master).st_ino
    wait(lambda: len(fn.ready(2)) == len(fn.status()) - 1 == 2)
    assert not set(old) & set(fn.ready())
    assert fn.requests() == 4
    assert not fn.logged("killed|ended")

    os.kill(fn.ready()[0], signal.SIGKILL)
    wait(lambda: len(fn.events("ready")) == 5)
    fn.signal(signal.SIGTERM)
    assert fn.ended() == 0


def test_numbers_that_signals_gave_stay(fn):
    fn.run()
    fn.signal(signal.SIGTTIN)
    wait(lambda: len(fn.ready()) == 3)
    assert upgrade(fn) == 0
    wait(lambda: len(fn.ready(2)) == len(fn.status()) - 1 == 3)


def test_a_scoreboard_of_another_layout_is_no_obstacle(fn, tmp_path):
    fn.run(orders="linger")
    old = fn.ready()
    replace(fn.master, other_layout(tmp_path, POOL))
    assert fn.verb("--status").returncode == 3
    fn.program = other_layout(tmp_path, fn.program)
    fn.release("v2")
    assert upgrade(fn) == 0
    assert len(fn.ready(2)) == 2
    assert sorted(fn.workers("draining")) == sorted(old)
    fn.go("v1")
    wait(lambda: len(fn.status()) == 3)
    assert fn.status()[0].release == "v2"


def test_when_the_new_generation_fails_the_old_one_serves_on(fn):
    fn.run()
    old = fn.ready()
    fn.release("v2", "exit")
    assert upgrade(fn) == 1
    assert fn.ready() == old
    os.kill(old[0], signal.SIGKILL)
    wait(lambda: len(fn.ready()) == 2)
    assert fn.status()[0][3:5] == ("1", "v1")


def test_a_program_that_does_not_run_is_not_become(fn, tmp_path):
    fn.run()
    old = fn.ready()
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    replace(fn.master, broken)
    fn.master = POOL
    assert upgrade(fn) == 1
    assert fn.logged("it is not upgraded")
    assert fn.ready() == old
    fn.release("v2")
    assert fn.reload() == 0


def test_an_upgrade_without_a_pool_exits_3(fn):
    fn.release("v1")
    assert upgrade(fn) == 3


def test_no_request_is_lost_by_upgrades(tmp_path):
    program = shutil.copy(BUILD / "bin/session", tmp_path)
    session = with_master(Session(tmp_path / "fn", program), tmp_path)
    session.release("v1")
    session.start()
    wait(session.ready)
    done, times, failures = threading.Event(), [], []

    def ask():
        while not done.is_set():
            try:
                times.append(session.ask())
            except (OSError, AssertionError) as failure:
                failures.append(failure)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    try:
        for generation in 2, 3, 4:
            replace(session.master, POOL)
            assert upgrade(session) == 0
            assert session.generation() == generation
    finally:
        done.set()
        for asker in askers:
            asker.join()
        session.close()
    assert not failures
    assert len(times) > 100
