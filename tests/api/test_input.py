"""Hostile input: it is data, byte for byte, or it is refused at once."""
import secrets
import urllib.parse
import uuid

import pytest

from kith import assert_problem, credentials, login, sessions

STRINGS = [
    "' OR 1=1--", "\\'", "';SELECT pg_sleep(5)--", "$1", "%_", "%s%n", "%2541",
    "\\u005cu0041", '"\\</script>\u2028 {}', "(a+)+$", "[[[[", "${7*7}{{7}}",
    "../../etc/passwd", "\x1b[31m\r\nSet-Cookie: a=b", "\u202e\x01\x7f",
    "\N{GRINNING FACE}\ufffd\U0010ffff",
]
MEMBERS = {
    ("POST", "/register"): ["email", "password", "nickname", "device"],
    ("POST", "/login"): ["email", "password", "device"],
    ("POST", "/refresh-token"): ["refresh_token"],
    ("POST", "/logout"): ["scope"],
    ("PUT", "/user/me"): ["nickname", "about", "avatar"],
    ("DELETE", "/user/me"): ["password"],
    ("POST", "/chat/members"): ["chat_id", "user_id"],
    ("POST", "/messages/send"): ["chat_id", "user_id", "client_id", "text"],
}
SLOW_S = 1                      # an injected pg_sleep(5) would be slower


def body_of(path):
    """A right body, of nobody who exists."""
    return {"/register": credentials(), "/login": credentials(),
            "/refresh-token": {"refresh_token": "x"}}.get(path, {})


@pytest.fixture(scope="module")
def bearer(kith):
    answer = kith.post("/register", json=credentials())
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def assert_harmless(answer, *statuses):
    assert answer.status_code in statuses
    assert answer.elapsed.total_seconds() < SLOW_S


def test_a_device_is_stored_as_sent(kith, account):
    mine = account(device=STRINGS[0])
    for text in STRINGS[1:]:
        mine = login(kith, mine, device=text)
    assert [s["device"] for s in sessions(kith, mine)] == STRINGS[::-1]


def test_an_address_is_stored_as_sent(kith, account):
    mine = account(email=f"O'$1%_{{}}+{secrets.token_hex(8)}@Example.org")
    assert mine.tokens["user"]["email"] == mine.email
    assert login(kith, mine).id == mine.id


def test_a_profile_is_stored_as_sent(kith, account):
    mine = account()
    for text in STRINGS:
        changed = kith.put("/user/me", json={"about": text},
                           headers=mine.bearer)
        read = kith.get("/user/me", headers=mine.bearer)
        assert changed.json()["about"] == read.json()["about"] == text


def test_a_nickname_is_stored_and_found_as_sent_or_refused(kith, account):
    mine = account()
    for text in STRINGS:
        answer = kith.put("/user/me", json={"nickname": text},
                          headers=mine.bearer)
        assert_harmless(answer, 200 if text.isprintable() else 422)
        found = kith.get("/users/search", params={"nickname": text},
                         headers=mine.bearer)
        assert_harmless(found, 200)
        if answer.ok:
            assert answer.json()["nickname"] == text
            assert (mine.id, text) in [(p["id"], p["nickname"])
                                       for p in found.json()["items"]]
    kith.put("/user/me", json={}, headers=mine.bearer)


@pytest.mark.parametrize("operation, members", [
    *MEMBERS.items(), (("POST", "/register"), ["password", "device"]),
    (("PUT", "/user/me"), ["nickname"]), (("PUT", "/user/me"), ["about"]),
])
def test_strings_in_members_do_no_harm(kith, bearer, operation, members):
    for text in STRINGS:
        body = body_of(operation[1]) | dict.fromkeys(members, text)
        answer = kith.request(*operation, json=body, headers=bearer)
        assert_harmless(answer, 200, 201, 401, 403, 422, 429)


def test_strings_as_names_of_members_are_refused(kith):
    for text in STRINGS:
        answer = kith.post("/login", json=credentials() | {text: text})
        assert_harmless(answer, 422)
        named, = answer.json()["errors"]
        assert named == {"code": "unknown", "pointer": "/" + text.replace(
            "~", "~0").replace("/", "~1")}


def test_strings_in_the_address_do_no_harm(kith, bearer):
    for text in STRINGS:
        for parameter in "limit", "cursor":
            answer = kith.get("/sessions", params={parameter: text},
                              headers=bearer)
            assert_harmless(answer, 422)
        for place in "/sessions/", "/user/":
            path = place + urllib.parse.quote(text, safe="")
            assert_harmless(kith.delete(path, headers=bearer), 400, 404)


def test_strings_in_headers_do_no_harm(kith):
    for text in STRINGS:
        text = text.splitlines()[0].encode().decode("latin-1")
        headers = dict.fromkeys(["User-Agent", "Idempotency-Key", "If-Match",
                                 "traceparent", "Authorization"], text)
        answer = kith.post("/register", json=credentials(), headers=headers)
        assert_harmless(answer, 201, 422)
        assert_harmless(kith.get("/sessions", headers=headers), 401)


@pytest.mark.parametrize("body", [
    b'{"a":NaN}', b'{"a":Infinity}', b'{"a":1e999}', b'{"a":01}', b"{'a':1}",
    b'{"a":1,}', b"{}{}", b"{} x", b"/**/{}", b"{} // x", b'{"a":"\\x41"}',
    b'{"a":"\t"}', b'{"a":"\\u0000"}', b'{"a":"\\ud800"}', b'{"a":"\xc0\x27"}',
    b'{"a":"\xed\xa0\x80"}', b'{"a":"\xf4\x90\x80\x80"}', b'{"a":"\0"}', b"\0",
    b"\xef\xbb\xbf{}", "{}".encode("utf-16"), "{}".encode("utf-32"), b"",
    b'{"a":{"b":1,"b":2}}', b'{"a":' + b"[" * 40 + b"]" * 40 + b"}",
])
@pytest.mark.parametrize("method, path", [
    ("POST", "/register"), ("POST", "/login"), ("POST", "/refresh-token"),
    ("PUT", "/user/me"), ("POST", "/chat/create"), ("POST", "/chat/members"),
    ("POST", "/messages/send"), ("POST", "/messages/read"),
    ("PUT", f"/messages/{uuid.uuid4()}/1"),
])
def test_what_is_no_json_is_refused(kith, bearer, method, path, body):
    answer = kith.request(method, path, data=body, headers=bearer | {
        "Content-Type": "application/json"})
    assert_problem(answer, 400, "malformed")


@pytest.mark.parametrize("operation", MEMBERS)
def test_a_value_of_another_type_is_refused(kith, bearer, operation):
    for value in ([], {}, ["x"], True, False, 0, -1, 2**31, 2**63, 2**64, 0.5,
                  1e308):
        body = dict.fromkeys(MEMBERS[operation], value)
        answer = kith.request(*operation, json=body, headers=bearer)
        assert_problem(answer, 422, "invalid",
                       **dict.fromkeys(body, "wrong_type"))


@pytest.mark.parametrize("query, status", [
    ("limit=2147483648", 422), ("limit=9223372036854775808", 422),
    ("limit=-1", 422), ("limit=1e1", 422), ("limit=+1", 422), ("limit=", 422),
    ("limit=0x1", 422), ("limit=1%00", 400), ("limit=%31&limit=1", 400),
    ("cursor=%C0%27", 400), ("cursor=%00", 400), ("cursor=a&cursor=a", 400),
    ("limit[]=1&Limit=x", 200), ("&&=&limit=%31", 200),
])
def test_a_parameter_has_one_meaning(kith, bearer, query, status):
    answer = kith.get("/sessions?" + query, headers=bearer)
    assert answer.status_code == status


def test_a_query_is_no_body(kith, account):
    mine = account()
    other = login(kith, mine)
    answer = kith.post("/login?email=x&password=x&admin=1",
                       json=mine.credentials)
    assert answer.status_code == 200
    kith.post("/logout?scope=all", headers=mine.bearer)
    assert {s["id"] for s in sessions(kith, other)} >= {other.session}


@pytest.mark.parametrize("key, status", [
    ("~!@ '\"", 201), ("é", 422), ("a\tb", 422), ("\x7f", 422),
])
def test_a_key_is_of_printable_ascii(kith, key, status):
    key = key.encode().decode("latin-1") + str(uuid.uuid4())
    answer = kith.post("/register", json=credentials(),
                       headers={"Idempotency-Key": key})
    assert answer.status_code == status
