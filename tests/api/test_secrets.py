"""
Secrets stay where they are needed: not in logs, tables or events.  Nor is what
people say of themselves in logs and events.
"""
import json
import os
import pathlib
import secrets

import pytest

from kith import Account, credentials, refresh, renew, sessions, wait_until

LOGS = pathlib.Path(os.environ["VAR"], "log")
JSON = {"Content-Type": "application/json"}


def be_served(kith):
    """An account that used all there is, and all answers with tokens."""
    body = credentials()
    key = {"Idempotency-Key": body["password"][::-1]}
    answers = [kith.post("/register", json=body, headers=key)
               for _ in range(2)] + [kith.post("/login", json=body)]
    mine = Account(**body, tokens=answers[0].json())
    for again in renew(kith, mine), renew(kith, mine):
        assert sessions(kith, again)
    return again, [a.json() for a in answers] + [again.tokens]


def be_known(kith, mine):
    """Returns what the account says of itself, and is found by."""
    profile = {"nickname": secrets.token_hex(8), "about": secrets.token_hex()}
    for answer in [
        kith.put("/user/me", json=profile, headers=mine.bearer),
        kith.get(f"/user/{mine.id}", headers=mine.bearer),
        kith.get("/user/me/export", headers=mine.bearer),
        kith.get("/users/search", params={"nickname": profile["nickname"]},
                 headers=mine.bearer),
    ]:
        assert profile["about"] in answer.text
    return list(profile.values())


def be_refused(kith, mine):
    """In every way; returns what was wrong."""
    wrong = credentials()
    for answer in [
        kith.post("/register", json=mine.credentials),
        kith.post("/register", json=wrong | {wrong["password"]: True}),
        kith.post("/login", json=wrong),
        kith.post("/login", json=mine.credentials
                  | {"password": wrong["password"]}),
        kith.post("/login", json.dumps(wrong)[:-1], headers=JSON),
        kith.post("/login", wrong),
        kith.post("/login?" + wrong["password"], json={}),
        kith.post("/refresh-token", json={
            "refresh_token": "v1." + wrong["password"]}),
        kith.get("/sessions", headers={
            "Authorization": "Bearer " + wrong["password"]}),
        kith.get("/sessions", params={"limit": wrong["password"]},
                 headers=mine.bearer),
        kith.delete("/user/me", json={"password": wrong["password"]},
                    headers=mine.bearer),
        kith.put("/user/me", json={"nickname": 3 * wrong["password"]},
                 headers=mine.bearer),
        kith.put("/user/me", json={"avatar": wrong["password"]},
                 headers=mine.bearer),
        kith.get("/users/search", params={"nickname": 4 * wrong["password"]},
                 headers=mine.bearer),
    ]:
        assert 400 <= answer.status_code < 500
    return wrong


@pytest.fixture
def canaries(kith):
    """Addresses, passwords, keys, tokens and profiles, as in requests."""
    mine, tokens = be_served(kith)
    profile = be_known(kith, mine)
    wrong = be_refused(kith, mine)
    old = Account(mine.email, mine.password, tokens[0])
    renew(kith, mine)
    assert refresh(kith, old).status_code == 401
    last = kith.get("/sessions", headers=old.bearer)

    access = LOGS / "access.log"
    wait_until(lambda: last.headers["X-Request-Id"] in access.read_text(), 5)
    return {
        "user": mine.id,
        "emails": [mine.email, wrong["email"]],
        "passwords": [mine.password, wrong["password"], mine.password[::-1]],
        "tokens": [t[name].rpartition(".")[2] for t in tokens
                   for name in ("access_token", "refresh_token")],
        "profiles": profile,
    }


def found(canaries, text, *kinds):
    return [c for kind in kinds for c in canaries[kind] if c in text]


def test_no_log_has_a_secret_or_an_address(canaries):
    for log in LOGS.iterdir():
        text = log.read_text(errors="replace")
        assert found(canaries, text, "emails", "passwords", "tokens",
                     "profiles") == []


def test_no_table_has_a_password_or_a_token(canaries, database):
    with database.cursor() as cursor:
        cursor.execute("SELECT format('%I.%I', schemaname, tablename)"
                       "  FROM pg_tables WHERE schemaname IN"
                       "       ('auth', 'event', 'profile', 'social')")
        for table, in cursor.fetchall():
            cursor.execute(f"SELECT t::text FROM {table} t")
            text = "\n".join(row for row, in cursor)
            assert found(canaries, text, "passwords", "tokens") == [], table


def test_no_event_has_a_secret_or_an_address(kafka, user_events, canaries):
    assert len(kafka.of(canaries["user"], 2)) == 2
    assert len(user_events.of(canaries["user"], 1)) == 1
    text = repr(kafka.seen + user_events.seen)
    assert found(canaries, text, "emails", "passwords", "tokens",
                 "profiles") == []


@pytest.mark.parametrize("name, path, body, status", [
    ("login", "/login", credentials(), 401),
    ("session", "/refresh-token", {"refresh_token": "x"}, 401),
    ("session", "/logout", {}, 401),
])
def test_a_refusal_is_logged_once(kith, name, path, body, status):
    answer = kith.post(path, json=body, headers={
        "User-Agent": '"\x1b[31m{}', "Authorization": "Bearer " + "\x7f" * 9})
    assert answer.status_code == status
    line, = [line for line in (LOGS / f"{name}.log").read_text().splitlines()
             if answer.headers["X-Request-Id"] in line]
    line = json.loads(line)
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert line["level"] == "warn" and line["function"] == name
    assert line["message"] == f"refused with {status}: POST {path}"
