"""Sessions: listing and ending them."""
import time

import pytest

from kith import assert_problem, at_once, login, refresh, sessions


@pytest.fixture
def devices(kith, account):
    """devices(n): an account's sessions, the first one first."""
    def log_in(count):
        first = account(device="0")
        return [first] + [login(kith, first, device=str(i))
                          for i in range(1, count)]
    return log_in


def test_20_sessions_in_pages_of_7_come_once_and_in_order(kith, devices):
    own = devices(20)
    pages, cursor = [], None
    while cursor or not pages:
        page = kith.get("/sessions", headers=own[0].bearer,
                        params={"limit": 7, "cursor": cursor}).json()
        pages.append([s["device"] for s in page["items"]])
        cursor = page["next"]
    newest_first = [str(i) for i in reversed(range(20))]
    assert pages == [newest_first[:7], newest_first[7:14], newest_first[14:]]


def test_a_cursor_is_its_accounts_own(kith, devices):
    mine, other = devices(2)[0], devices(2)[0]
    page = kith.get("/sessions?limit=1", headers=other.bearer).json()
    answer = kith.get("/sessions", headers=mine.bearer,
                      params={"cursor": page["next"]})
    assert_problem(answer, 422, "invalid", cursor="not_a_cursor")


@pytest.mark.parametrize("scope, left", [
    ("this", [0, 2]), ("others", [1]), ("all", []), (None, [0, 2]),
])
def test_logout_ends_what_its_scope_says(kith, account, devices, scope, left):
    stranger, own = account(), devices(3)
    answer = kith.post("/logout", json={"scope": scope}, headers=own[1].bearer)
    assert answer.status_code == 204
    assert [i for i, device in enumerate(own)
            if refresh(kith, device).status_code == 200] == left
    assert sessions(kith, stranger)


def test_a_strangers_session_stays_as_it_is(kith, account, database):
    def row():
        with database.cursor() as cursor:
            cursor.execute("SELECT s FROM auth.session s WHERE id = %s",
                           [victim.session])
            return cursor.fetchall()

    victim = account()
    before = row()
    answers = [kith.delete(f"/sessions/{i}", headers=account().bearer)
               for i in (victim.session,
                         "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")]
    for answer in answers:
        assert_problem(answer, 404, "not_found")
    assert len(answers[0].content) == len(answers[1].content)
    assert row() == before


def test_an_ended_session_is_refused_a_second_later(kith, account):
    """By every process: parallel requests gave each the token to remember."""
    def ask():
        return kith.get("/sessions", headers=mine.bearer).status_code

    mine = account()
    assert set(at_once(32, ask)) == {200}
    assert kith.post("/logout", headers=mine.bearer).status_code == 204
    end = time.monotonic() + 1
    while time.monotonic() < end:
        ask()
    assert set(at_once(32, ask)) == {401}
