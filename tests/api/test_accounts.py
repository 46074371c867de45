"""Making accounts: one for an address, a nickname, an Idempotency-Key."""
import collections
import unicodedata
import uuid

import pytest

from kith import (assert_problem, at_once, credentials, login, nickname,
                  register)

EMOJI = "\N{GRINNING FACE}"


def accounts(database, email):
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM auth.account"
                       " WHERE email_key = auth.email_key(%s)", [email])
        return cursor.fetchone()[0]


def test_64_parallel_registrations_make_one_account(kith, database):
    body = credentials()
    answers = at_once(64, lambda: kith.post("/register", json=body))
    assert collections.Counter(a.status_code for a in answers) == {
        201: 1, 409: 63}
    assert accounts(database, body["email"]) == 1


def test_16_parallel_registrations_with_a_nickname_make_one_account(
        kith, database):
    taken = nickname()
    bodies = [credentials() | {"nickname": taken} for _ in range(16)]
    left = iter(bodies)
    answers = at_once(16, lambda: kith.post("/register", json=next(left)))
    assert collections.Counter(a.status_code for a in answers) == {
        201: 1, 409: 15}
    assert {a.json()["code"] for a in answers if not a.ok} == {
        "nickname_taken"}
    assert sum(accounts(database, body["email"]) for body in bodies) == 1


def test_an_address_in_another_form_is_the_same(kith, database):
    body = credentials()
    local = body["email"].partition("@")[0] + "é"
    forms = [f"{local}@example.org", f"{local.upper()}@Example.ORG",
             unicodedata.normalize("NFD", f"{local}@example.org")]
    for form in forms:
        answer = kith.post("/register", json=body | {"email": form})
        assert answer.status_code == (201 if form == forms[0] else 409)
    for form in forms:
        answer = kith.post("/login", json=body | {"email": form})
        assert answer.status_code == 200
    assert accounts(database, forms[0]) == 1


def test_the_same_key_8_times_in_parallel_is_one_account(kith, database):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    body = credentials()
    answers = at_once(8, lambda: kith.post("/register", json=body,
                                           headers=key))
    answers.append(kith.post("/register", json=body, headers=key))
    assert {a.status_code for a in answers} == {201}
    assert len({a.content for a in answers}) == 1
    assert accounts(database, body["email"]) == 1


def test_the_same_key_with_another_body_makes_nothing(kith, database):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    body, other = credentials(), credentials()
    first = kith.post("/register", json=body, headers=key)
    assert_problem(kith.post("/register", json=other, headers=key),
                   422, "idempotency_key_reused")
    assert accounts(database, other["email"]) == 0
    again = kith.post("/register", json=body, headers=key)
    assert again.content == first.content


def test_a_refused_request_leaves_its_key_unused(kith):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    body = credentials()
    short = kith.post("/register", json=body | {"password": "short"},
                      headers=key)
    assert short.status_code == 422
    assert kith.post("/register", json=body, headers=key).status_code == 201


@pytest.mark.parametrize("password", [
    "é" * 8, EMOJI * 15, "907315264108", "correct horse battery",
    "        a", " leading and trailing ", "\u2400\u0001\x7f no NULs",
    "a" * 72 + "b", "x" * 100, EMOJI * 256,
])
def test_a_password_is_taken_exactly_as_sent(kith, password):
    mine = register(kith, password=password)
    assert login(kith, mine).id == mine.id
    variants = {password.swapcase(), password + " ", password[:-1] + "c",
                unicodedata.normalize("NFD", password), password.strip()}
    for variant in variants - {password}:
        answer = kith.post("/login", json=mine.credentials
                           | {"password": variant})
        assert answer.status_code == (401 if len(variant) <= 256 else 422)


@pytest.mark.parametrize("password, code", [
    (EMOJI * 7, "too_short"), ("", "too_short"), (EMOJI * 257, "too_long"),
    ("123456789", "common"), ("qwertyuiop", "common"),
    ("PassWord1", "common"), (None, "required"), (12345678, "wrong_type"),
])
def test_a_bad_password_is_refused_with_the_reason(kith, password, code):
    answer = kith.post("/register", json=credentials()
                       | {"password": password})
    assert_problem(answer, 422, "invalid", password=code)


@pytest.mark.parametrize("member", [
    "id", "user_id", "role", "is_admin", "created_at", "email_verified",
    "scope", "__proto__",
])
def test_no_other_member_can_be_set(kith, database, member):
    body = credentials()
    answer = kith.post("/register", json=body | {member: True})
    assert_problem(answer, 422, "invalid", **{member: "unknown"})
    assert accounts(database, body["email"]) == 0
