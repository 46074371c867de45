"""People: what each may do with another's things, and races for one's own."""
import collections
import uuid

import pytest

from kith import assert_problem, at_once, look, nickname, register

PUBLIC = ["id", "nickname", "about", "avatar", "created_at"]
OWN = PUBLIC + ["email", "email_verified"]
NOBODY = str(uuid.uuid4())
WHO = ["stranger", "friend", "blocked"]

# On the owner's things, for {id} and {nickname}: what anybody else gets.
OTHERS = [
    ("GET", "/user/{id}", None, 200),
    ("HEAD", "/user/{id}", None, 200),
    ("GET", "/users/search?nickname={nickname}", None, 200),
    ("GET", "/subscriptions/{id}", None, 200),
    ("GET", "/subscriptions/{id}?state=accepted", None, 200),
    ("GET", "/subscriptions/{id}?state=incoming", None, 403),
    ("GET", "/subscriptions/{id}?state=outgoing", None, 403),
    ("GET", "/subscriptions/{id}?state=blocked", None, 403),
    ("PUT", "/user/{id}", {}, 403),
    ("PUT", "/user/{id}", {"nickname": "Mallory", "about": "x"}, 403),
    ("PUT", "/user/{id}", {"avatar": 7}, 403),
    ("DELETE", "/user/{id}", None, 403),
    ("DELETE", "/user/{id}", {"password": "{password}"}, 403),
    ("POST", "/user/{id}", {}, 405),
    ("PATCH", "/user/{id}", {}, 405),
    ("GET", "/user/{id}/export", None, 404),
    ("GET", "/user/me/export/{id}", None, 404),
]
# With another's id where none is expected: the caller's own things.
MINE = [
    ("GET", "/user/me?id={id}&user_id={id}"),
    ("GET", "/user/me/export?id={id}&user_id={id}"),
    ("GET", "/subscriptions/me?id={id}&user_id={id}"),
]
GUARDED = [(method, path) for method, path, _, status in OTHERS
           if status < 404] + MINE + [
    (method, path) for method in ("GET", "PUT", "DELETE")
    for path in ("/user/me", "/user/" + NOBODY)]


@pytest.fixture(scope="module")
def people(kith):
    """The owner, a stranger, a friend, and one whom the owner blocks."""
    people = {who: register(kith, nickname=nickname(who))
              for who in ["owner"] + WHO}
    for person, action, other in [
            ("friend", "request", "owner"), ("owner", "accept", "friend"),
            ("owner", "block", "blocked")]:
        answer = kith.post(f"/subscriptions/{action}",
                           json={"user_id": people[other].id},
                           headers=people[person].bearer)
        assert answer.ok, answer.text
    return people


@pytest.fixture
def rows(database):
    """rows(): all that there is of people, but when sessions were used."""
    def read():
        with database.cursor() as cursor:
            cursor.execute("SELECT oid::regclass::text FROM pg_class"
                           " WHERE relkind = 'r'"
                           "   AND relnamespace::regnamespace::text"
                           "       IN ('auth', 'profile', 'social')")
            found = dict.fromkeys(table for table, in cursor.fetchall())
            for table in found:
                cursor.execute("SELECT (to_jsonb(t) - 'last_used_at')::text"
                               f"  FROM {table} t ORDER BY 1")
                found[table] = cursor.fetchall()
        return found
    return read


def ask(kith, people, method, path, body=None, headers=None):
    owner = people["owner"]
    filled = owner.tokens["user"] | owner.credentials
    if body:
        body = {k: v.format(**filled) if isinstance(v, str) else v
                for k, v in body.items()}
    return kith.request(method, path.format(**filled), json=body,
                        headers=headers)


def profiles(value):
    """All objects in an answer that look like one."""
    if isinstance(value, dict):
        if "nickname" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from profiles(item)


def assert_shows_nothing_private(answer, people, caller):
    for person in people.values():
        if person is not caller:
            assert person.email not in answer.text
            assert person.session not in answer.text
    if answer.ok and answer.content:
        for profile in profiles(answer.json()):
            own = caller and profile["id"] == caller.id
            assert list(profile) in ([PUBLIC, OWN] if own else [PUBLIC])


@pytest.mark.parametrize("who", WHO)
def test_nobody_does_more_with_anothers_things_than_look(kith, people, rows,
                                                         who):
    before, caller = rows(), people[who]
    for method, path, body, status in OTHERS:
        answer = ask(kith, people, method, path, body, caller.bearer)
        assert answer.status_code == status, (method, path)
        assert_shows_nothing_private(answer, people, caller)
    assert rows() == before


@pytest.mark.parametrize("who", WHO)
def test_of_anothers_subscriptions_the_accepted_are_shown(kith, people, who):
    for query in "", "?state=accepted":
        items = ask(kith, people, "GET", "/subscriptions/{id}" + query,
                    headers=people[who].bearer).json()["items"]
        assert [(item["user"]["id"], item["state"]) for item in items] == [
            (people["friend"].id, "accepted")]


@pytest.mark.parametrize("who", WHO)
def test_an_id_in_the_query_is_not_looked_at(kith, people, who):
    caller, owner = people[who], people["owner"]
    for method, path in MINE:
        answer = ask(kith, people, method, path, headers=caller.bearer)
        assert answer.status_code == 200
        assert_shows_nothing_private(answer, people, caller)
        plain = ask(kith, people, method, path.partition("?")[0],
                    headers=caller.bearer)
        assert plain.json() | {"exported_at": 0} == answer.json() | {
            "exported_at": 0}
    assert owner.id not in kith.get("/user/me", headers=caller.bearer).text


def test_without_a_token_nothing_is_to_be_seen(kith, people, rows):
    before = rows()
    for method, path in GUARDED:
        for headers in {}, {"Authorization": "Bearer x"}:
            answer = ask(kith, people, method, path, {}, headers)
            assert answer.status_code == 401
            if method != "HEAD":
                assert_problem(answer, 401, "unauthorized")
            assert_shows_nothing_private(answer, people, None)
    assert rows() == before


def test_the_blocked_see_what_strangers_see(kith, people):
    for method, path, body, _ in OTHERS:
        blocked, stranger = [
            look(ask(kith, people, method, path, body, people[who].bearer))
            for who in ("blocked", "stranger")]
        assert blocked == stranger, (method, path)


def test_a_request_of_the_blocked_looks_like_any_other(kith, account):
    owner, blocked, stranger = account(), account(), account()
    kith.post("/subscriptions/block", json={"user_id": blocked.id},
              headers=owner.bearer)

    def history(caller):
        """Asking, seeing it, taking it back; without the time of it."""
        target, query = {"user_id": owner.id}, f"?user_id={owner.id}"
        answers = [
            kith.request(method, path, json=body, headers=caller.bearer)
            for method, path, body in [
                ("POST", "/subscriptions/request", target),
                ("POST", "/subscriptions/request", target),
                ("GET", "/subscriptions/me", None),
                ("GET", "/user/me/export", None),
                ("POST", "/subscriptions/accept", target),
                ("GET", f"/user/{owner.id}", None),
                ("DELETE", "/subscriptions/remove" + query, None),
                ("DELETE", "/subscriptions/remove" + query, None),
                ("GET", "/subscriptions/me", None),
                ("GET", "/user/me/export", None)]]
        assert [a.status_code for a in answers] == [
            201, 200, 200, 200, 409, 200, 204, 404, 200, 200]
        exports = [answers.pop(i).json()["subscriptions"] for i in (9, 3)]
        since = answers[0].json()["since"]
        return [str(thing).replace(since, "")
                for thing in [look(a) for a in answers] + exports]

    assert history(blocked) == history(stranger)
    answer = kith.post("/subscriptions/request", json={"user_id": owner.id},
                       headers=blocked.bearer)
    assert answer.status_code == 201
    assert kith.get("/subscriptions/me?state=incoming",
                    headers=owner.bearer).json()["items"] == []


def test_of_64_who_claim_a_nickname_one_has_it(kith, account):
    """Each in a form of its own."""
    taken = nickname("Alice")
    forms = [taken.replace("Alice", form) for form in (
        "Alice", "ALICE", "alice", "AIice", "A1ice",
        "\N{FULLWIDTH LATIN CAPITAL LETTER A}lice", "Alice ", "aLiCe")]
    claims = iter(list(zip([account() for _ in range(64)], forms * 8)))

    def claim():
        person, form = next(claims)
        return kith.put("/user/me", json={"nickname": form},
                        headers=person.bearer)

    answers = at_once(64, claim)
    assert collections.Counter(a.status_code for a in answers) == {
        200: 1, 409: 63}
    assert {a.json()["code"] for a in answers if not a.ok} == {
        "nickname_taken"}


def test_of_16_changes_of_the_same_revision_one_is_made(kith, account):
    mine, numbers = account(), iter(range(16))
    headers = mine.bearer | {"If-Match": kith.get(
        "/user/me", headers=mine.bearer).headers["ETag"]}
    answers = at_once(16, lambda: kith.put(
        "/user/me", json={"about": str(next(numbers))}, headers=headers))
    assert collections.Counter(a.status_code for a in answers) == {
        200: 1, 412: 15}
    made, = [a for a in answers if a.ok]
    now = kith.get("/user/me", headers=mine.bearer)
    assert now.json() == made.json()
    assert now.headers["ETag"] == made.headers["ETag"]


def test_parallel_changes_lose_no_revision(kith, account):
    mine, numbers = account(), iter(range(16))
    answers = at_once(16, lambda: kith.put(
        "/user/me", json={"about": str(next(numbers))}, headers=mine.bearer))
    assert sorted(int(a.headers["ETag"].strip('"')) for a in answers) == [
        *range(2, 18)]
