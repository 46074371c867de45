"""A pool has as many workers as the load needs, and none when it is at rest."""
import contextlib
import os
import random
import shutil
import threading
import time

import pytest

from pools import BUILD, Function, Session, build_dummy, now_ms, wait

POOLS = int(os.environ.get("POOLS", 25))
RACES = int(os.environ.get("RACES", 8))     # of a pool
STALL_MS = 100 if "/release" in str(BUILD) else 3000    # sanitizers start late


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return build_dummy(tmp_path_factory.mktemp("dummy"))


@pytest.fixture
def fn(tmp_path, program):
    function = Function(tmp_path / "dummy", program)
    yield function
    function.close()


def numbers(fn):
    """Of the board: wanted, min, max."""
    return tuple(fn.described()[k] for k in ("wanted", "min", "max"))


# By hand.

@pytest.mark.parametrize("bad", ["", "x", "33", "1..33", "3..2", "-1", "1.2",
                                 "1..", "..2", "1..2..3", "1 "])
def test_a_range_that_cannot_be_is_refused_and_not_written(fn, bad):
    fn.release("v1")
    assert fn.verb("--scale", bad).returncode == 1
    assert not (fn.dir / "settings").exists()


def test_scale_without_a_pool_is_for_the_next_one(fn):
    fn.release("v1")
    fn.settings(RATE=7, PROCESSES=5)
    (fn.dir / "settings").chmod(0o640)
    assert fn.verb("--scale", "3").returncode == 3
    assert (fn.dir / "settings").read_text() == (
        "RATE=7\nPROCESSES=3\nPROCESSES_MAX=3\n")
    assert (fn.dir / "settings").stat().st_mode & 0o777 == 0o640
    fn.start()
    wait(lambda: len(fn.ready()) == 3)


def test_scale_changes_the_number_without_a_new_generation(fn):
    fn.run()
    for text, expected in (("4", (4, 4, 4)), ("1..3", (3, 1, 3)),
                           ("1", (1, 1, 1)), ("0", (1, 0, 1))):
        assert fn.verb("--scale", text).returncode == 0
        assert numbers(fn) == expected
        wait(lambda: len(fn.ready()) == len(fn.status()) - 1 == expected[0])
    assert fn.generation() == 1
    fn.release("v2", PROCESSES=7)
    assert fn.reload() == 0
    assert numbers(fn) == (1, 0, 1)


def test_scale_of_a_pool_that_can_not_read_its_settings_exits_1(fn):
    fn.run()
    fn.settings(NONSENSE=1)
    assert fn.verb("--scale", "4").returncode == 1
    assert numbers(fn) == (2, 2, 2)


def test_settings_of_a_function_beat_the_environment_of_its_pool(fn):
    fn.release("v1", PROCESSES=1)
    fn.settings(ISSUER="settings", PROCESSES=2)
    fn.start(env={"ISSUER": "environment", "PROCESSES": "3"})
    wait(lambda: len(fn.ready()) == 2)
    with open(f"/proc/{fn.ready()[0]}/environ") as environ:
        assert "ISSUER=settings" in environ.read().split("\0")


def test_status_as_json_has_a_document_a_function(fn):
    stopped = fn.described()
    assert (stopped["state"], stopped["pid"], stopped["workers"]) == (
        "stopped", None, [])
    fn.run(orders="serve", PROCESSES=1)
    running = wait(lambda: (d := fn.described())["threads"] == 4 and d)
    assert running.keys() == stopped.keys()
    assert running["workers"][0] == {
        "pid": fn.ready()[0], "state": "ready", "generation": 1,
        "release": "v1", "busy": 0, "threads": 4,
        "age_s": running["workers"][0]["age_s"]}
    assert (running["name"], running["state"], running["pid"],
            running["ready"]) == ("dummy", "running", fn.pool.pid, 1)


# By load.

def test_workers_are_as_many_as_the_load_needs(fn):
    fn.run(orders="serve", PROCESSES=1, PROCESSES_MAX=4, IDLE_S=1)
    begin_ms = now_ms()
    fn.order("v1", "busy", 4)
    wait(lambda: len(fn.ready()) == 4)
    assert now_ms() - begin_ms < 2000
    assert fn.logged("([0-9]) workers wanted instead") == ["2", "4"]

    fn.order("v1", "busy", 0)
    begin_ms = now_ms()
    wait(lambda: len(fn.ready()) == 2)
    assert now_ms() - begin_ms > 1900
    assert fn.logged("([0-9]) workers wanted instead") == ["2", "4", "3", "2"]
    assert not fn.logged("killed|ended")


def test_who_takes_no_requests_stays(fn):
    fn.release("v1", PROCESSES=0, IDLE_S=1)
    fn.start()
    wait(lambda: len(fn.ready()) == 1)
    time.sleep(1.5)             # nothing is to happen
    assert numbers(fn) == (1, 0, 1)
    assert len(fn.ready()) == 1


# None.

@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """On the file system of the tests, so that it can be linked."""
    return shutil.copy(BUILD / "bin/session", tmp_path_factory.mktemp("real"))


@contextlib.contextmanager
def sessions(directory, program, count):
    """So many, not yet started."""
    made = []
    try:
        for n in range(count):
            (directory / str(n)).mkdir()
            made.append(Session(directory / str(n), program))
            made[-1].release("v1", PROCESSES=0, IDLE_S=1)
        yield made
    finally:
        for session in made:
            session.close()


def test_a_function_at_rest_has_no_worker_until_somebody_knocks(
        tmp_path, real):
    with sessions(tmp_path, real, 1) as [session]:
        session.start()
        wait(lambda: session.described()["generation"] == 1)
        wait(lambda: session.described()["wanted"] == 0)
        wait(lambda: len(session.status()) == 1)
        assert session.verb("--status").returncode == 0
        assert session.ask() < STALL_MS
        assert numbers(session) == (1, 0, 1)

        session.release("v2", PROCESSES=0, IDLE_S=1)
        wait(lambda: session.described()["wanted"] == 0)
        assert session.reload() == 0
        assert session.status()[0].release == "v2"
        wait(lambda: session.described()["wanted"] == 0)
        wait(lambda: len(session.status()) == 1)
        session.release("v3", missing=True)
        assert session.reload() == 1
        assert session.ask() < STALL_MS


def race(session, times):
    """Ask while the last worker leaves, or just after."""
    for _ in range(RACES):
        session.await_line("0 workers wanted instead")
        time.sleep(random.uniform(0, 0.002))
        times.append(session.ask())
        time.sleep(0.05)        # if the leaving one has answered that
        times.append(session.ask())


def test_nothing_is_lost_while_the_last_worker_leaves(
        tmp_path, real, seed, capsys):
    times = []
    with sessions(tmp_path, real, POOLS) as all:
        for session in all:
            session.start_told()
        threads = [threading.Thread(target=race, args=(session, times))
                   for session in all]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with capsys.disabled():
        print(f"\n{len(times)} answers while {POOLS * RACES} workers left: "
              f"the longest took {max(times, default=0):.0f} ms")
    assert len(times) == 2 * POOLS * RACES
    assert max(times) < STALL_MS
