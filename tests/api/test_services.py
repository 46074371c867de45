"""Tokens of services, as an operator has them made: infra/fn token."""
import os
import pathlib
import re
import secrets
import subprocess
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from kith import assert_problem, at_once
from test_tokens import Forge

ROOT = pathlib.Path(__file__).parents[2]
VAR = pathlib.Path(os.environ["VAR"])
SCOPE = "notifications:send"
DAY_S = 86400
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def run(command, *words, **settings):
    """Its exit code, what it says, and what it complains about."""
    environment = {name: os.environ[name] for name in ("PATH", "VAR")}
    done = subprocess.run([*command, *words], env=environment | settings,
                          capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout, done.stderr


def token(*words):
    return run([ROOT / "infra/fn", "token"], *words)


def make(name, *words):
    code, output, complaint = token(name, SCOPE, *words)
    assert (code, complaint) == (0, "")
    return output.rstrip("\n")


def claims_of(text):
    return jwt.decode(text, options={"verify_signature": False})


def forge_of(text):
    pem = (VAR / "keys/signing.pem").read_bytes()
    return Forge(text, serialization.load_pem_private_key(pem, None))


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


def send(kith, text, user, title="News", **headers):
    return kith.post("/notifications/send", headers=bearer(text) | headers,
                     json={"user_ids": [user.id], "title": title})


def titles(kith, user):
    answer = kith.get("/notifications", headers=user.bearer)
    return [item["title"] for item in answer.json()["items"]]


def state(name):
    """The columns of its line."""
    code, output, _ = token("list")
    assert code == 0
    return next((line.split("\t") for line in output.splitlines()
                 if line.startswith(name + "\t")), None)


@pytest.fixture
def name(database):
    """A service's that nobody has."""
    name = "test-" + secrets.token_hex(8)
    yield name
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM auth.service WHERE name = %s", [name])


@pytest.fixture
def expire(name, database):
    def expire():
        with database.cursor() as cursor:
            cursor.execute("UPDATE auth.service SET expires_at = now()"
                           " WHERE name = %s", [name])
    return expire


def assert_denied(answer, scope=""):
    assert_problem(answer, 403, "forbidden")
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="kith", error="insufficient_scope"' + scope)


def assert_refused(answer):
    assert_problem(answer, 401, "unauthorized")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("words, days", [([], 90), (["1"], 1), (["366"], 366)])
def test_a_token_says_what_it_allows_and_until_when(name, words, days):
    text = make(name, *words)
    claims = claims_of(text)
    assert text.count(".") == 2 and "\n" not in text
    assert claims == {
        "iss": "kith", "aud": "kith", "scope": SCOPE, "sub": claims["sub"],
        "sid": claims["sub"], "iat": claims["iat"],
        "exp": claims["iat"] + days * DAY_S}
    assert abs(claims["iat"] - time.time()) < 30


def test_a_service_does_what_its_token_allows(kith, account, name):
    user = account()
    assert send(kith, make(name), user).status_code == 202
    assert titles(kith, user) == ["News"]


def test_a_user_is_no_service(kith, account):
    user = account()
    assert_denied(send(kith, user.tokens["access_token"], user),
                  f', scope="{SCOPE}"')
    assert titles(kith, user) == []


def test_a_service_without_the_scope_is_denied(kith, account, name):
    forge = forge_of(make(name))
    user = account()
    for scope in "notifications", SCOPE + "s", "notifications: send":
        text = forge.change(claims={"scope": scope})
        assert_denied(send(kith, text, user), f', scope="{SCOPE}"')
    assert titles(kith, user) == []


def test_a_service_gets_the_same_answer_again(kith, account, name):
    user, text = account(), make(name)
    first, again = (send(kith, text, user, **{"Idempotency-Key": name})
                    for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert titles(kith, user) == ["News"]
    assert_problem(send(kith, text, user, "Olds", **{"Idempotency-Key": name}),
                   422, "idempotency_key_reused")


def test_a_service_is_no_user(kith, name):
    headers = bearer(make(name))
    assert_denied(kith.get("/sessions", headers=headers))
    assert_denied(kith.post("/logout", headers=headers))
    assert_denied(kith.get("/stream", headers=headers))


def test_a_revoked_token_is_refused_within_a_second(kith, account, name):
    user, text = account(), make(name)
    for _ in range(20):         # every worker knows it
        assert send(kith, text, user).status_code == 202
    assert token("revoke", name) == (0, f"{name} revoked\n", "")
    revoked = last = time.monotonic()
    while (asked := time.monotonic()) < revoked + 1.5:
        if send(kith, text, user).status_code != 401:
            last = asked
    assert last - revoked < 1
    assert_refused(send(kith, text, user))


def test_an_expired_token_is_refused(kith, name, expire):
    text = make(name)
    expire()
    assert_refused(kith.get("/sessions", headers=bearer(text)))


@pytest.mark.parametrize("change", [
    {"exp": int(time.time()) - 61}, {"scope": ""}, {"scope": [SCOPE]},
    {"scope": None}, {"sub": "0190a6b2-7c1e-7d3a-9f10-0123456789ab"},
    {"sid": "0190a6b2-7c1e-7d3a-9f10-0123456789ab"},
], ids=str)
def test_what_is_not_the_services_token_is_refused(kith, name, change):
    """Though our own key signed it."""
    forge = forge_of(make(name))
    assert_denied(kith.get("/sessions", headers=bearer(forge.sign())))
    assert_refused(kith.get("/sessions",
                            headers=bearer(forge.change(claims=change))))


def test_the_list_shows_all_but_the_token(name, expire):
    assert state(name) is None
    text = make(name, "1")
    line = state(name)
    assert line[:2] == [name, SCOPE] and line[4] == "live"
    assert all(re.fullmatch(TIME, at) for at in line[2:4])
    assert text.split(".")[2] not in token("list")[1]
    assert claims_of(text)["sub"] not in token("list")[1]
    expire()
    assert state(name)[4] == "expired"
    make(name)
    assert token("revoke", name)[0] == 0
    assert state(name)[4] == "revoked"


def test_a_name_has_one_token_that_lives(kith, name):
    first = make(name)
    code, output, complaint = token(name, SCOPE)
    assert (code, output) == (1, "")
    assert "revoke it first" in complaint
    assert kith.get("/sessions", headers=bearer(first)).status_code == 403

    assert token("revoke", name)[0] == 0
    second = make(name)
    assert kith.get("/sessions", headers=bearer(second)).status_code == 403
    assert claims_of(first)["sub"] != claims_of(second)["sub"]


def test_an_expired_token_is_in_nobodys_way(kith, name, expire):
    first = make(name)
    expire()
    second = make(name)
    assert_refused(kith.get("/sessions", headers=bearer(first)))
    assert kith.get("/sessions", headers=bearer(second)).status_code == 403


def test_of_those_made_at_once_one_lives(name):
    codes = [code for code, _, _ in at_once(4, lambda: token(name, SCOPE))]
    assert sorted(codes) == [0, 1, 1, 1]


def test_what_does_not_live_is_not_revoked(name, expire):
    assert token("revoke", name) == (
        1, "", f"token: no token of {name} lives\n")
    make(name)
    expire()
    assert token("revoke", name)[0] == 1
    assert state(name)[4] == "expired"


@pytest.mark.parametrize("words", [
    [], ["mailer"], ["mailer", "SCOPE"], ["mailer", ""],
    ["mailer", SCOPE + " "], ["mailer", " " + SCOPE], ["mailer", SCOPE + "s"],
    ["mailer", SCOPE + " notes:send"], ["mailer", SCOPE + "," + SCOPE],
    ["mailer", " ".join([SCOPE] * 7)],
    ["", SCOPE], ["-mailer", SCOPE], [".mailer", SCOPE], ["a b", SCOPE],
    ["a\tb", SCOPE], ["a\n", SCOPE], ["é", SCOPE], ["a" * 65, SCOPE],
    ["mailer", SCOPE, "0"], ["mailer", SCOPE, "367"], ["mailer", SCOPE, "-1"],
    ["mailer", SCOPE, "1.5"], ["mailer", SCOPE, ""], ["mailer", SCOPE, "1d"],
    ["mailer", SCOPE, "99999999999999999999"], ["mailer", SCOPE, "1", "2"],
    ["list", SCOPE], ["list", "x"], ["revoke"], ["revoke", SCOPE, "1"],
], ids=str)
def test_other_words_are_refused(words):
    before = token("list")
    code, output, complaint = token(*words)
    assert (code, output) == (2, "")
    assert re.fullmatch("token: .+\n", complaint, re.DOTALL)
    assert token("list") == before


@pytest.mark.parametrize("settings, code, why", [
    ({"DATABASE_URL": "postgresql://127.0.0.1:1/kith"}, 111,
     "PostgreSQL is away"),
    ({"DATABASE_URL": ""}, 100, "DATABASE_URL is not set"),
    ({"KEYS": ""}, 100, "KEYS is not set"),
    ({"KEYS": "/nonexistent"}, 100, "No such file"),
    ({"DATABASE_URL": "ops's"}, 100, "of the owner"),
], ids=str)
def test_what_is_configured_wrongly_is_said(name, settings, code, why):
    right = {"DATABASE_URL": os.environ["DATABASE_URL"],
             "KEYS": str(VAR / "keys")}
    if settings.get("DATABASE_URL") == "ops's":
        settings = {"DATABASE_URL": re.sub("//.*@", "//kith_ops@",
                                           right["DATABASE_URL"]),
                    "PGPASSFILE": str(VAR / "keys/pgpass")}
    said = run([VAR / "bin/token"], name, SCOPE, **right | settings)
    assert said[:2] == (code, "")
    assert why in said[2]
    assert state(name) is None


def test_what_can_not_be_signed_is_in_nobodys_way(name, tmp_path):
    for file in "secret", "jwks.json":
        (tmp_path / file).write_bytes((VAR / "keys" / file).read_bytes())
    said = run([VAR / "bin/token"], name, SCOPE, KEYS=str(tmp_path),
               DATABASE_URL=os.environ["DATABASE_URL"])
    assert said[:2] == (100, "")
    assert "signing.pem" in said[2]
    make(name)


def test_a_token_that_can_not_be_written_is_said():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [ROOT / "infra/fn", "token", "test-full", SCOPE], stdout=full,
            stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "revoke it" in done.stderr
    assert token("revoke", "test-full")[0] == 0
