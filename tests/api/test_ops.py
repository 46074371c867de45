"""What the operations page asks: who may, what it sees, and what it does."""
import concurrent.futures
import contextlib
import fcntl
import json
import os
import pathlib
import secrets
import shutil
import subprocess

import pytest

from kith import Client, assert_problem, wait_until

ROOT = pathlib.Path(__file__).parents[2]
VAR = pathlib.Path(os.environ["VAR"])
READ, WRITE = "operations:read", "operations:write"
# Acts on a function that other tests leave alone.
NAME = "avatar"
FUNCTION = VAR / "functions" / NAME
ASKS = [("GET", "/ops/functions", None),
        ("GET", f"/ops/releases?name={NAME}", None)]
ACTS = [("POST", "/ops/scale", {"name": NAME, "workers": "1"}),
        ("POST", "/ops/rollback", {"name": NAME})]


def fn(*words):
    done = subprocess.run([ROOT / "infra/fn", *words], text=True, check=True,
                          capture_output=True, timeout=60)
    return done.stdout


@contextlib.contextmanager
def token_of(scope):
    """A service's, with its name."""
    name = "ops-" + secrets.token_hex(8)
    yield name, fn("token", name, scope).strip()
    fn("token", "revoke", name)


@pytest.fixture(scope="module")
def boss():
    with token_of(f"{READ} {WRITE}") as service:
        yield service


@pytest.fixture(scope="module")
def bearer(boss):
    return {"Authorization": f"Bearer {boss[1]}"}


@pytest.fixture
def functions(kith, bearer):
    """functions(): the items of GET /ops/functions by name."""
    def functions():
        answer = kith.get("/ops/functions", headers=bearer)
        assert answer.status_code == 200
        return {item["name"]: item for item in answer.json()["items"]}
    return functions


@pytest.fixture
def releases(kith, bearer):
    def releases():
        answer = kith.get("/ops/releases", params={"name": NAME},
                          headers=bearer)
        assert answer.status_code == 200
        return answer.json()["items"]
    return releases


@pytest.fixture
def act(kith, bearer):
    def act(verb, **body):
        return kith.post(f"/ops/{verb}", headers=bearer, timeout=40,
                         json={"name": NAME} | body)
    return act


@pytest.fixture
def second(functions):
    """Another release serves; afterwards, none is kept that was not."""
    before = set(os.listdir(FUNCTION / "releases"))
    first = functions()[NAME]["release"]
    fn("deploy", NAME, "--no-build", "--force")
    yield functions()[NAME]["release"]
    fn("rollback", NAME, first)
    for version in set(os.listdir(FUNCTION / "releases")) - before:
        shutil.rmtree(FUNCTION / "releases" / version)
    (FUNCTION / "previous").unlink(missing_ok=True)


@pytest.fixture
def broken(second):
    """A release that says what it is, and does not start."""
    version = "20260101T000000.000"
    path = FUNCTION / "releases" / version
    shutil.copytree(FUNCTION / "releases" / second, path)
    program = path / NAME
    program.rename(path / "real")
    program.write_text('#!/bin/bash\n[ "$1" ] || exit 100\n'
                       'exec -a "$0" "${0%/*}/real" "$@"\n')
    program.chmod(0o755)
    return version


@pytest.mark.parametrize("method, path, body", ASKS + ACTS)
def test_nobody_but_an_operator_is_answered(kith, account, method, path, body):
    def ask(**headers):
        return kith.request(method, path, json=body, headers=headers)

    assert_problem(ask(), 401, "unauthorized")
    assert_problem(ask(Authorization="Bearer x"), 401, "unauthorized")
    with token_of("notifications:send") as (_, other):
        for answer in ask(**account().bearer), ask(
                Authorization=f"Bearer {other}"):
            assert_problem(answer, 403, "forbidden")
            assert "operations:" in answer.headers["WWW-Authenticate"]


def test_who_may_see_may_not_act(kith, functions):
    before = functions()[NAME]
    with token_of(READ) as (_, token):
        headers = {"Authorization": f"Bearer {token}"}
        for method, path, _ in ASKS:
            assert kith.request(method, path, headers=headers).ok
        for method, path, body in ACTS:
            answer = kith.request(method, path, json=body, headers=headers)
            assert_problem(answer, 403, "forbidden")
            assert f'scope="{WRITE}"' in answer.headers["WWW-Authenticate"]
    after = functions()[NAME]
    assert {k: after[k] for k in ("min", "max", "generation")} == {
        k: before[k] for k in ("min", "max", "generation")}


def test_every_function_is_there_and_runs(account, functions):
    names = {path.name for path in (VAR / "functions").iterdir()}
    seen = functions()
    assert seen.keys() == names
    for item in seen.values():
        assert item["state"] == "running" and item["ready"] >= 1
        assert item["min"] <= item["wanted"] <= item["max"]
        assert item["memory_bytes"] > 1 << 20
    account()
    wait_until(lambda: functions()["relay"]["published"] >
               seen["relay"]["published"], 10)


def test_counters_go_on_as_requests_are_answered(kith, bearer, functions):
    def ops():
        answer = kith.get("/ops/functions", headers=bearer).json()
        item, = [i for i in answer["items"] if i["name"] == "ops"]
        assert len(item["latency"]) == len(answer["bounds_ms"]) + 1
        return answer["at_ms"], item["requests"], sum(item["latency"])

    at, requests, all_of_them = ops()
    for _ in range(3):
        kith.get("/ops/releases?name=nothing", headers=bearer)
    later, now, now_all = ops()
    assert later >= at
    assert now["4xx"] == requests["4xx"] + 3
    assert now["2xx"] >= requests["2xx"] + 1
    assert now_all >= all_of_them + 4


def test_a_function_has_as_many_workers_as_it_is_scaled_to(act, functions):
    before = functions()[NAME]
    answer = act("scale", workers="2..3")
    assert answer.status_code == 200
    assert "2 to 3 workers" in answer.json()["output"]
    assert (functions()[NAME]["min"], functions()[NAME]["max"]) == (2, 3)
    wait_until(lambda: functions()[NAME]["ready"] == 2, 10)
    assert act("scale", workers=str(before["wanted"])).status_code == 200
    wait_until(lambda: functions()[NAME]["ready"] == before["wanted"], 20)


def test_a_release_that_served_serves_again(act, functions, releases, second):
    first = functions()[NAME]["previous"]
    assert [r["version"] for r in releases()] == sorted(
        os.listdir(FUNCTION / "releases"), reverse=True)
    assert {r["version"]: (r["serves"], r["previous"]) for r in releases()
            if r["serves"] or r["previous"]} == {
        second: (True, False), first: (False, True)}
    answer = act("rollback")
    assert answer.status_code == 200
    assert f"{NAME} {first} serves" in answer.json()["output"]
    assert (functions()[NAME]["release"],
            functions()[NAME]["previous"]) == (first, second)
    assert {r["version"]: r["serves"] for r in releases()}[first]

    assert act("rollback", release=second).status_code == 200
    assert functions()[NAME]["release"] == second


def test_a_release_that_does_not_start_is_not_taken(
        act, functions, second, broken):
    answer = act("rollback", release=broken)
    assert_problem(answer, 409, "not_taken")
    assert f"{NAME} {broken} was not taken" in answer.json()["detail"]
    after = functions()[NAME]
    assert (after["release"], after["state"]) == (second, "running")


def test_ops_itself_can_be_loaded(act, functions):
    """The worker that waits for this is drained by it."""
    release = functions()["ops"]["release"]
    answer = act("rollback", name="ops", release=release)
    assert answer.json()["output"] == f"ops {release} serves already"
    generation = functions()["ops"]["generation"]
    fn("deploy", "ops", "--no-build", "--force")
    second = functions()["ops"]["release"]
    answer = act("rollback", name="ops")
    assert answer.status_code == 200, answer.text
    assert functions()["ops"]["release"] == release
    assert functions()["ops"]["generation"] > generation + 1
    shutil.rmtree(VAR / "functions/ops/releases" / second)
    (VAR / "functions/ops/previous").unlink()


@pytest.mark.parametrize("verb, body, status, code, errors", [
    ("scale", {"workers": "33"}, 422, "invalid", {"workers": "out_of_range"}),
    ("scale", {"workers": "3..2"}, 422, "invalid",
     {"workers": "out_of_range"}),
    ("scale", {"workers": "1..33"}, 422, "invalid",
     {"workers": "out_of_range"}),
    ("scale", {"workers": "-1"}, 422, "invalid", {"workers": "out_of_range"}),
    ("scale", {"workers": "1;id"}, 422, "invalid",
     {"workers": "out_of_range"}),
    ("scale", {"workers": "1\n2"}, 422, "invalid",
     {"workers": "out_of_range"}),
    ("scale", {"workers": 3}, 422, "invalid", {"workers": "wrong_type"}),
    ("scale", {"workers": "1..3.."}, 422, "invalid",
     {"workers": "out_of_range"}),
    ("scale", {}, 422, "invalid", {"workers": "required"}),
    ("scale", {"workers": "2", "now": True}, 422, "invalid",
     {"now": "unknown"}),
    ("rollback", {"release": "../x"}, 422, "invalid",
     {"release": "not_allowed"}),
    ("rollback", {"release": "a b"}, 422, "invalid",
     {"release": "not_allowed"}),
    ("rollback", {"release": "$(id)"}, 422, "invalid",
     {"release": "not_allowed"}),
    ("rollback", {"release": "x" * 64}, 422, "invalid",
     {"release": "too_long"}),
    ("rollback", {"release": "20200101T000000.000"}, 404, "not_found", {}),
    ("scale", {"name": "nothing", "workers": "1"}, 404, "not_found", {}),
    ("scale", {"name": "../etc", "workers": "1"}, 404, "not_found", {}),
    ("scale", {"name": "a b", "workers": "1"}, 404, "not_found", {}),
    ("rollback", {"name": "Avatar"}, 404, "not_found", {}),
    ("rollback", {"name": "x" * 32}, 422, "invalid", {"name": "too_long"}),
], ids=str)
def test_what_can_not_be_done_is_refused(act, functions, verb, body, status,
                                         code, errors):
    before = functions()[NAME]["generation"]
    assert_problem(act(verb, **body), status, code, **errors)
    assert functions()[NAME]["generation"] == before


@pytest.mark.parametrize("query, status, code", [
    ("", 422, "invalid"), ("?name=nothing", 404, "not_found"),
    ("?name=../run", 404, "not_found"), ("?name=", 404, "not_found"),
    ("?name=a&name=b", 400, "malformed"),
])
def test_releases_are_those_of_a_function(kith, bearer, query, status, code):
    answer = kith.get(f"/ops/releases{query}", headers=bearer)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_without_the_operator_nothing_is_done(act, functions):
    socket = VAR / "run/operator.sock"
    away = socket.with_name("away.sock")
    socket.rename(away)
    try:
        answer = act("scale", workers="2")
        assert_problem(answer, 503, "unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
        assert functions()[NAME]["state"] == "running"
    finally:
        away.rename(socket)
    assert functions()[NAME]["max"] != 2


def test_acts_that_wait_leave_others_room(act, functions):
    """ops has eight threads."""
    workers = str(functions()[NAME]["wanted"])
    lock = VAR / "locks" / NAME
    with lock.open("a") as file, concurrent.futures.ThreadPoolExecutor(
            6) as threads:
        fcntl.flock(file, fcntl.LOCK_EX)
        acts = [threads.submit(act, "scale", workers=workers)
                for _ in range(6)]
        wait_until(lambda: sum(a.done() for a in acts) == 2, 10)
        assert functions()["ops"]["busy"] >= 4
        fcntl.flock(file, fcntl.LOCK_UN)
    assert sorted(a.result().status_code for a in acts) == 4 * [200] + 2 * [503]


def test_the_log_says_who_did_what(act, boss):
    log = VAR / "log/ops.log"
    begin = log.stat().st_size
    name, token = boss
    assert act("rollback", release="20200101T000000.000").status_code == 404
    said = log.read_text()[begin:]
    lines = [json.loads(line) for line in said.splitlines()]
    assert [line["message"] for line in lines if line["level"] == "info"] == [
        f"{name} asked to rollback {NAME} 20200101T000000.000: not done,"
        " exit code 3"]
    assert token not in log.read_text()


def test_the_page_runs_no_script_but_its_own(kith):
    with Client(kith.base) as client:       # the contract has no pages
        answer = client.get("/ops")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script-src 'self'; style-src 'self'" in answer.headers[
        "Content-Security-Policy"]
    assert_problem(kith.post("/ops"), 405, "method_not_allowed")
    assert_problem(kith.get("/ops/"), 404, "not_found")
