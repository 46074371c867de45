"""Refresh tokens: each works once, lost answers and second tabs aside."""
import base64
import dataclasses

import pytest

from kith import (assert_problem, at_once, login, refresh, renew, sessions,
                  wait_until)

NUMBER, SESSION, COUNTER, MAC = (slice(0, 1), slice(1, 17), slice(17, 21),
                                 slice(21, 37))


def decode(account):
    text = account.tokens["refresh_token"].removeprefix("v1.")
    return bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def with_token(account, data):
    """The account as if that had been its refresh token."""
    text = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    return dataclasses.replace(account, tokens={"refresh_token": "v1." + text})


def assert_refused(answer):
    assert_problem(answer, 401, "invalid_token")


def test_reuse_of_an_old_token_ends_its_session(kith, account):
    first = account()
    other = login(kith, first)
    second = renew(kith, first)
    third = renew(kith, second)
    assert sessions(kith, third)

    assert_refused(refresh(kith, first))
    for stolen in first, second, third:
        assert_refused(refresh(kith, stolen))
    wait_until(lambda: not sessions(kith, third), 1)
    assert [s["id"] for s in sessions(kith, other)] == [other.session]


def test_a_lost_answer_is_given_again(kith, account):
    first = account()
    lost, again = renew(kith, first), renew(kith, first)
    assert lost.tokens["refresh_token"] == again.tokens["refresh_token"]
    assert renew(kith, again).session == first.session


def test_two_tabs_share_a_session(kith, account):
    left = right = account()
    for _ in range(3):
        left, right = renew(kith, left), renew(kith, right)
        assert left.tokens["refresh_token"] == right.tokens["refresh_token"]
    assert len(sessions(kith, right)) == 1


def test_32_parallel_refreshes_rotate_once(kith, account, database):
    mine = account()
    answers = at_once(32, lambda: refresh(kith, mine))
    assert {a.status_code for a in answers} == {200}
    assert len({a.json()["refresh_token"] for a in answers}) == 1

    with database.cursor() as cursor:
        cursor.execute("SELECT counter FROM auth.session WHERE id = %s",
                       [mine.session])
        assert cursor.fetchall() == [(1,)]


@pytest.mark.parametrize("part", [NUMBER, SESSION, COUNTER, MAC], ids=[
    "number", "session", "counter", "MAC"])
def test_a_forged_token_is_refused_and_ends_nothing(kith, account, part):
    """Each part in turn is that of another session's second token."""
    mine, other = account(), renew(kith, account())
    forged = decode(mine)
    forged[part] = decode(other)[part] if part != NUMBER else b"\xff"
    assert_refused(refresh(kith, with_token(mine, forged)))
    renew(kith, mine)
    renew(kith, other)


@pytest.mark.parametrize("change", [
    lambda t: t[:-1], lambda t: t + "A", lambda t: t + "=", lambda t: t + "\n",
    lambda t: "v2" + t[2:], lambda t: t[3:], lambda t: t.upper(),
    lambda t: t + "\N{COMBINING ACUTE ACCENT}", lambda t: " " + t,
])
def test_another_form_is_refused(kith, account, change):
    mine = account()
    changed = change(mine.tokens["refresh_token"])
    assert_refused(kith.post("/refresh-token", json={"refresh_token": changed}))
    renew(kith, mine)
