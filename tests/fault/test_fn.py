"""infra/fn: each command does what it says, safely, and says what it did."""
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import time

import pytest

from bystander import Bystander
from kith import wait_until

ROOT = pathlib.Path(__file__).parents[2]
FN = ROOT / "infra/fn"
STATUS = {"name", "state", "pid", "generation", "release", "wanted", "min",
          "max", "ready", "busy", "threads", "restarts", "workers"}
KILLS = 3
LASTING = ["REFRESH_GRACE_S=3600"]       # wrk asks with a token again and again
TIMES = int(os.environ.get("TIMES", 1))  # under load, all of it


@pytest.fixture
def session(stack):
    """All its releases are of this build: none is better than another."""
    return stack.function("session")


def fn(*words, **environment):
    """Of infra/fn: exit code, output, and what it complains about."""
    done = subprocess.run([FN, *words], env=os.environ | environment,
                          capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def well(*words):
    """Its output; it went well."""
    code, output, complaint = fn(*words)
    assert code == 0, (output, complaint)
    return output


def document(*words):
    return json.loads(well(*words, "--json"))


def version(function):
    return pathlib.Path(function.current()).name


def serving(function):
    """What its pool says."""
    return function.verb("--status").stdout.split()[4]


@pytest.mark.parametrize("words, code, what", [
    ([], 0, ""),
    (["help", "deploy"], 0, ""),
    (["help", "nothing"], 2, "no command 'nothing'"),
    (["nothing"], 2, "no command 'nothing'"),
    (["deploy"], 2, "usage: fn deploy"),
    (["deploy", "session", "login"], 2, "usage: fn deploy"),
    (["deploy", "session", "--soon"], 2, "usage: fn deploy"),
    (["deploy", "nothing"], 3, "'nothing' is no function"),
    (["deploy", "session", "--no-build"], 1, "session is not built"),
    (["rollback", "session", "yesterday"], 3, "no release yesterday"),
    (["rollback", "session", "../x"], 3, "no release ../x"),
    (["releases", "session", "login"], 2, "usage: fn releases"),
    (["scale", "session", "many"], 2, "usage: fn scale"),
    (["scale", "session", "3..99"], 1, "3..99"),
    (["scale", "chat-worker", "0"], 1, "it needs a worker"),
    (["scale", "relay", "0..3"], 1, "it needs a worker"),
    (["upgrade", "nothing"], 3, "'nothing' is no function"),
    (["upgrade", "session", "login"], 2, "usage: fn upgrade"),
    (["upgrade", "session", "--no-build"], 1, "is no pool"),
    (["status", "nothing"], 3, "'nothing' is no function"),
    (["logs", "session", "-n"], 2, "usage: fn logs"),
    (["logs", "session", "-n", "x"], 2, "usage: fn logs"),
    (["new", "session"], 1, "functions/session exists"),
    (["new", "relay"], 1, "'relay' is taken"),
    (["new", "logout"], 1, "/logout is taken"),
    (["new", "http"], 1, "tests/unit/http_* are another's"),
    (["new", "../x"], 2, "a name has"),
    (["dev", "nothing"], 3, "'nothing' is no function"),
    (["config", "session", "rate=1"], 2, "usage: fn config"),
    (["config", "session", "RATE=1\nSESSIONS=1"], 2, "usage: fn config"),
    (["dlq", "drop", "others.events"], 1, ""),
    (["dlq", "drop"], 2, "usage"),
    (["token", "revoke", "nobody"], 1, ""),
    (["build", "nothing"], 3, "'nothing' is no function"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_what_can_not_be_done_is_said(words, code, what):
    said = fn(*words, STACK_FLAVOUR="none")
    assert said[0] == code, said
    assert what in said[2] and (code == 0) == (said[2] == "")


def test_without_a_stack_there_is_nothing_to_work_on(tmp_path):
    for words in (["deploy", "ops"], ["rollback", "ops"], ["status"], ["top"],
                  ["scale", "ops", "1"], ["upgrade"], ["dlq", "list"],
                  ["token", "list"]):
        assert fn(*words, VAR=str(tmp_path)) == (
            3, "", f"fn: no stack is up in {tmp_path}\n"), words
    code, output, _ = fn("list", "--json", VAR=str(tmp_path))
    assert code == 0
    assert {f["state"] for f in json.loads(output)} == {"stopped"}


def test_a_release_serves_until_another_does(stack, session):
    before = version(session)
    assert f"session {before} serves already\n" in well("deploy", "session")
    assert version(session) == before

    output = well("deploy", "session", "--force")
    after = version(session)
    assert after > before and output.endswith(f"session {after} serves\n")
    assert {r["version"]: (r["serves"], r["previous"])
            for r in document("releases", "session")} == {
        **dict.fromkeys(session.versions(), (False, False)),
        after: (True, False), before: (False, True)}

    for target, other in (before, after), (after, before):
        assert f"session {target} serves\n" in well("rollback", "session")
        assert version(session) == target
        assert serving(session) == target
    assert "serves already" in well("rollback", "session", after)
    well("rollback", "session", before)


def test_old_releases_are_forgotten(stack, session):
    releases = session.directory / "releases"
    for second in range(6):
        shutil.copytree(releases / version(session),
                        releases / f"20260101T00000{second}.000")
    oldest = min(session.versions())
    well("rollback", "session", oldest)
    well("deploy", "session", "--force")
    kept = sorted(session.versions())
    assert len(kept) == 6 and kept[0] == oldest     # the previous one
    assert kept[-1] == version(session)


def test_two_at_once_on_a_function_come_one_after_the_other(stack, session):
    def start(name):
        return subprocess.Popen([FN, "deploy", name, "--force"], text=True,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    deploys = [start(name) for name in ("session", "session", "login", "ops")]
    said = [d.communicate(timeout=60) for d in deploys]
    assert [d.returncode for d in deploys] == [0] * 4, said
    assert sorted(complaint for _, complaint in said) == [
        "", "", "", "waits for another command on session\n"]


def test_it_may_be_killed_at_any_time(stack, session, seed):
    begin = time.monotonic()
    well("deploy", "session", "--force")
    seconds = time.monotonic() - begin
    for _ in range(KILLS):
        process = subprocess.Popen([FN, "deploy", "session", "--force"],
                                   stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(random.uniform(0, seconds))
        process.kill()
        process.wait()
        output = well("deploy", "session", "--force")
        assert f"session {version(session)} serves\n" in output
        assert serving(session) == version(session)


def test_what_a_killed_one_left_is_in_nobodys_way(stack, configured):
    left = configured.directory / "releases/.new"
    left.mkdir()
    (left / "nonsense").touch()
    (configured.directory / "settings").write_text("THREADS=99\n")
    (configured.directory / "settings.before").write_text("THREADS=3\n")
    well("deploy", "session", "--force")
    assert not left.exists()
    assert "nonsense" not in os.listdir(configured.directory / "current/")
    assert setting("session", "THREADS") == ("3", "settings")


def test_what_does_not_run_is_said_to_and_scaled_for_later(stack, configured):
    assert stack.run("down", "session")[0] == 0
    code, output, _ = fn("status", "session")
    assert code == 3 and "stopped" in output
    code, output, _ = fn("status", "session", "--json")
    assert code == 3 and json.loads(output)[0]["state"] == "stopped"
    code, output, complaint = fn("scale", "session", "3")
    assert (code, output) == (3, "") and "no pool runs" in complaint
    stack.up()
    wait_until(lambda: len(configured.workers()) == 3, 10)


def test_an_interrupted_deploy_puts_back_what_served(stack, session):
    before, versions = version(session), session.versions()
    process = subprocess.Popen(
        [FN, "deploy", "session", "--force"], text=True, process_group=0,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_until(lambda: version(session) != before, 20)
    os.killpg(process.pid, signal.SIGINT)
    assert "was not taken" in process.communicate(timeout=30)[0]
    assert process.returncode == 1
    assert (version(session), session.versions()) == (before, versions)
    assert serving(session) == before


def program(path):
    """Which file it is."""
    return os.stat(path).st_ino


def test_upgraded_pools_are_the_same_processes_with_another_program(
        stack, configured, wrk):
    session = configured
    pids = {p["name"]: p["pid"] for p in document("status")}
    well("config", "session", *LASTING)

    def programs():
        return {name: program(f"/proc/{pid}/exe")
                for name, pid in pids.items()}

    before = programs()
    with wrk(2) as answers:
        assert well("upgrade", "session", "--no-build") == (
            "session: upgraded\n")
        after = program(session.pool)
        assert after not in before.values()
        assert programs() == before | {"session": after}
        well("upgrade", "--no-build")
    assert answers.keys() == {"failed", "200"} and answers["failed"] == 0
    assert {p["name"]: p["pid"] for p in document("status")} == pids
    assert programs() == dict.fromkeys(pids, program(session.pool))

    # One that is started now is started as any other.
    subprocess.run([ROOT / "infra/stack", "down", "avatar"], check=True)
    assert well("deploy", "avatar", "--no-build").endswith(" serves\n")


def test_a_pool_whose_new_generation_fails_serves_on(stack, session):
    before, current = serving(session), session.current()
    session.make_current("releases/gone")
    code, output, complaint = fn("upgrade", "session", "--no-build")
    session.make_current(current)
    assert (code, output) == (1, "") and "not upgraded" in complaint
    assert serving(session) == before
    assert session.reload()


def test_documents_have_what_they_say(stack):
    functions = {path.parent.name for path in ROOT.glob("functions/*/*.c")}
    names = functions | {"relay"} | {
        path.parent.name + "-worker"
        for path in ROOT.glob("functions/*/worker.c")}
    listed = document("list")
    assert {f["name"] for f in listed} == names
    assert {tuple(f) for f in listed} == {
        ("name", "state", "release", "ready", "wanted", "min", "max")}
    pools = document("status")
    assert {p["name"] for p in pools} == names
    for pool in pools:
        assert set(pool) == STATUS and pool["state"] == "running"
        assert len(pool["workers"]) >= pool["ready"] >= 1
    top = document("top", "--once")
    assert functions <= {row["name"] for row in top} <= names
    assert {type(row["requests_s"]) for row in top} <= {int, float}


def test_top_counts_what_is_asked(stack, kith, wrk):
    with wrk(2):
        row, = [r for r in document("top") if r["name"] == "session"]
    assert row["requests_s"] > 50 and row["errors_s"] == 0
    assert 0 < row["p50_ms"] <= row["p99_ms"] and row["threads"] >= 8
    assert re.search(r"^session +\d", well("top", "--once"), re.M)


def test_top_tells_errors_and_takes_a_pool_that_began_anew_as_it_is(tmp_path):
    for name, good, bad in ("old", 100, 10), ("new", 130, 4):
        (tmp_path / name).write_text("".join(
            f'kith_requests_total{{function="x",route="GET /",'
            f'status="{status}"}} {count}\n'
            for status, count in (("2xx", good), ("5xx", bad))))
    output = subprocess.check_output(
        ["awk", "-v", "seconds=2", "-f", ROOT / "infra/top.awk",
         tmp_path / "old", tmp_path / "new"], text=True)
    assert output.split("\t")[:6] == ["x", "0", "0", "0", "17", "2"]


@pytest.fixture
def configured(stack, session):
    """session; its settings are what they were afterwards, as others'."""
    functions = [session, stack.function("subscriptions")]
    yield session
    for function in functions:
        (function.directory / "settings").unlink(missing_ok=True)
        assert function.reload()


def setting(name, key):
    value, = [s for s in document("config", name) if s["name"] == key]
    return value["value"], value["from"]


def test_a_setting_is_taken_or_was_not_set(stack, configured, kith):
    large = {"data": b" " * 100000}
    assert kith.post("/refresh-token", **large).status_code == 413
    assert setting("session", "BODY_BYTES") == ("65536", "default")
    assert setting("session", "THREADS") == ("4", "function.conf")
    well("config", "session", "BODY_BYTES=200000", "THREADS=2")
    assert setting("session", "BODY_BYTES") == ("200000", "settings")
    assert document("status", "session")[0]["threads"] == 4
    assert kith.post("/refresh-token", **large).status_code == 415
    assert "already" in well("config", "session", "THREADS=2")

    for word, why in (("THREADS=99", "THREADS must be a number"),
                      ("THREAD=1", "no variable is called THREAD"),
                      ("KEYS=/nowhere", "/nowhere")):
        code, _, complaint = fn("config", "session", "BODY_BYTES=", word)
        assert code == 1 and why in complaint
        assert setting("session", "BODY_BYTES") == ("200000", "settings")
    assert kith.post("/refresh-token", **large).status_code == 415
    well("config", "session", "BODY_BYTES=", "THREADS=")
    assert setting("session", "BODY_BYTES") == ("65536", "default")
    assert kith.post("/refresh-token", **large).status_code == 413


def test_secrets_are_not_shown(stack, configured):
    well("config", "session", "SMTP_PASSWORD=hunter2")
    assert setting("session", "SMTP_PASSWORD") == (None, "settings")
    assert re.search(r"^SMTP_PASSWORD +settings +\(not shown\)",
                     well("config", "session"), re.M)
    for words in (), ("--json",):
        assert "hunter2" not in well("config", "session", *words)
    assert (configured.directory / "settings").stat().st_mode & 0o777 == 0o600


def test_a_function_has_as_many_workers_as_it_was_scaled_to(
        stack, configured):
    for words, least, most in ("1..3", 1, 3), ("3", 3, 3):
        well("scale", "session", words)
        row, = [f for f in document("list") if f["name"] == "session"]
        assert (row["min"], row["max"]) == (least, most)
        wait_until(lambda: least <= len(configured.workers()) <= most, 10)
    wait_until(lambda: len(configured.workers()) == 3, 10)
    assert setting("session", "PROCESSES") == ("3", "settings")


def test_logs_are_for_people_or_programs(stack, session):
    well("deploy", "session", "--force")
    told = rf"\d\d:\d\d:\d\d\.\d{{3}} info \d+ .*{version(session)}"
    assert re.search(told, well("logs", "session"))
    assert len(well("logs", "session", "-n", "2").splitlines()) == 2
    lines = well("logs", "session", "-n", "5", "--json").splitlines()
    assert {json.loads(line)["function"] for line in lines} == {"session"}

    with subprocess.Popen([FN, "logs", "session", "-f", "-n", "0"], text=True,
                          stdout=subprocess.PIPE,
                          process_group=0) as follower:
        assert session.reload()
        assert re.search(r" info \d+ generation", follower.stdout.readline())
        os.killpg(follower.pid, signal.SIGINT)


def test_completion_knows_commands_functions_and_releases(stack, session):
    def completed(*words):
        return subprocess.run(
            ["bash", "-c", """. "$0"; COMP_WORDS=("$@")
                COMP_CWORD=$(($# - 1)); _fn; echo "${COMPREPLY[@]}" """,
             ROOT / "infra/fn.bash", FN, *words], text=True,
            capture_output=True, check=True).stdout.split()

    assert completed("de") == ["deploy", "dev"]
    assert completed("deploy", "se") == ["session"]
    assert set(completed("rollback", "session", "")) == session.versions()
    assert completed("config", "session", "BODY") == ["BODY_BYTES="]


def test_whatever_is_done_to_functions_no_request_fails(
        stack, configured, wrk, seed, capsys):
    acts = TIMES * (4 * [("deploy", "--force")] + 2 * [("rollback",)] +
                    [("scale", "1"), ("scale", "3"), ("scale", "1..4")])
    random.shuffle(acts)
    well("config", "session", *LASTING)
    for name in "session", "subscriptions":
        well("deploy", name, "--force")
    # Half of what the machine can: at more than it can, all would wait longer.
    with wrk(2, pause_ms=12), Bystander() as alone:
        time.sleep(3 * TIMES)
    with wrk(2, pause_ms=12) as answers, Bystander() as beside:
        for verb, *options in acts:
            name = random.choice(("session", "subscriptions"))
            well(verb, name, *options)
    assert answers.keys() == {"failed", "200"} and answers["failed"] == 0
    assert alone.statuses == beside.statuses == {200}
    with capsys.disabled():
        print(f"\n{len(acts)} acts: {answers}; p99 of another function's "
              f"{alone.p99_ms} ms without them, {beside.p99_ms} ms beside")
