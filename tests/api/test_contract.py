"""
Each operation of api/openapi.yaml, and each event of api/asyncapi.yaml.

The fixtures' clients hold every response against the contract; here stand the
requests that lead to it, and what a schema can't say.
"""
import time
import uuid

import jwt
import pytest

import contract
from kith import (assert_problem, credentials, login, refresh, sessions,
                  wait_until)

POSTS = ["/register", "/login", "/refresh-token"]
GUARDED = [("POST", "/logout"), ("GET", "/sessions"),
           ("DELETE", f"/sessions/{uuid.uuid4()}")]


def test_register_gives_tokens_and_the_profile(kith):
    body = credentials()
    answer = kith.post("/register", json=body | {"device": None})
    user = answer.json()["user"]
    assert answer.status_code == 201
    assert (user["email"], user["email_verified"]) == (body["email"], False)
    assert user["nickname"] is user["about"] is user["avatar"] is None


def test_register_refuses_a_taken_address(kith, account):
    body = credentials() | {"email": account().email.upper()}
    assert_problem(kith.post("/register", json=body), 409, "email_taken")


def test_register_names_every_bad_member(kith):
    body = {"email": "ann", "device": 7, "admin": True}
    assert_problem(kith.post("/register", json=body), 422, "invalid",
                   email="not_an_email", password="required",
                   device="wrong_type", admin="unknown")


@pytest.mark.parametrize("member, longest", [
    ("email", "a@" + ".".join(["b" * 63] * 3 + ["c" * 60])),
    ("password", "\N{GRINNING FACE}" * 256),
    ("device", "\N{CYRILLIC SMALL LETTER ZHE}" * 64),
])
def test_register_counts_up_to_the_limit(kith, database, member, longest):
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM auth.account WHERE email = %s", [longest])
    over = kith.post("/register", json=credentials() | {member: longest + "x"})
    assert_problem(over, 422, "invalid", **{member: "too_long"})
    at = kith.post("/register", json=credentials() | {member: longest})
    assert at.status_code == 201


def test_register_refuses_a_weak_password(kith):
    body = credentials()
    for password, code in [("1234567", "too_short"), ("password", "common"),
                           (f"my {body['email']}", "contains_email")]:
        answer = kith.post("/register", json=body | {"password": password})
        assert_problem(answer, 422, "invalid", password=code)


def test_register_repeats_its_answer_to_the_same_key(kith):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    body = credentials()
    first = kith.post("/register", json=body, headers=key)
    again = kith.post("/register", json=body, headers=key)
    other = kith.post("/register", json=credentials(), headers=key)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert_problem(other, 422, "idempotency_key_reused")


@pytest.mark.parametrize("key", ["k" * 129])
def test_register_refuses_an_odd_key(kith, key):
    answer = kith.post("/register", json=credentials(),
                       headers={"Idempotency-Key": key})
    assert_problem(answer, 422, "idempotency_key_invalid")


def test_login_starts_another_session(kith, account):
    first = account(device="phone")
    second = login(kith, first, device="desk")
    assert second.id == first.id
    assert [(s["device"], s["current"]) for s in sessions(kith, second)] == [
        ("desk", True), ("phone", False)]


def test_login_answers_every_failure_the_same(kith, account):
    known = account().credentials | {"password": "not the password"}
    answers = [kith.post("/login", json=known),
               kith.post("/login", json=credentials())]
    for answer in answers:
        assert_problem(answer, 401, "invalid_credentials")
    known, unknown = [a.json() | {"request_id": ""} for a in answers]
    assert known == unknown


def test_login_makes_an_account_wait_after_5_failures(kith):
    body = credentials()
    answers = [kith.post("/login", json=body) for _ in range(6)]
    assert {a.status_code for a in answers[:5]} == {401}
    assert_problem(answers[5], 429, "too_many_requests")


def test_refresh_gives_new_tokens(kith, account):
    first = account()
    answer = refresh(kith, first)
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != first.tokens["refresh_token"]
    assert answer.json()["user"] == first.tokens["user"]


@pytest.mark.parametrize("token", ["x", "v1.", "v1." + "A" * 50, "é" * 512])
def test_refresh_refuses_what_is_no_token(kith, token):
    answer = kith.post("/refresh-token", json={"refresh_token": token})
    assert_problem(answer, 401, "invalid_token")


def test_logout_ends_this_session(kith, account):
    first = account()
    second = login(kith, first)
    answer = kith.post("/logout", headers=second.bearer)
    assert answer.status_code == 204
    wait_until(lambda: not sessions(kith, second), 1)
    assert [s["id"] for s in sessions(kith, first)] == [first.session]
    assert_problem(refresh(kith, second), 401, "invalid_token")


def test_logout_ends_the_others_or_all(kith, account):
    first = account()
    second = login(kith, first)
    kith.post("/logout", json={"scope": "others"}, headers=second.bearer)
    wait_until(lambda: not sessions(kith, first), 1)
    assert [s["id"] for s in sessions(kith, second)] == [second.session]
    kith.post("/logout", json={"scope": "all"}, headers=second.bearer)
    wait_until(lambda: not sessions(kith, second), 1)


def test_logout_refuses_another_scope(kith, account):
    answer = kith.post("/logout", json={"scope": "none"},
                       headers=account().bearer)
    assert_problem(answer, 422, "invalid", scope="not_a_choice")


def test_sessions_come_in_pages(kith, account):
    first = account()
    second = login(kith, first)
    seen, cursor = [], None
    while cursor or not seen:
        page = kith.get("/sessions", headers=first.bearer,
                        params={"limit": 1, "cursor": cursor}).json()
        seen += [s["id"] for s in page["items"]]
        cursor = page["next"]
    assert seen == [second.session, first.session]


@pytest.mark.parametrize("query, code", [
    ("limit=0", "out_of_range"), ("limit=101", "out_of_range"),
    ("limit=x", "out_of_range"), ("cursor=x", "not_a_cursor"),
])
def test_sessions_refuses_a_bad_parameter(kith, account, query, code):
    answer = kith.get(f"/sessions?{query}", headers=account().bearer)
    assert_problem(answer, 422, "invalid", **{query.split("=")[0]: code})


def test_sessions_refuses_a_parameter_twice(kith, account):
    answer = kith.get("/sessions?limit=1&limit=2", headers=account().bearer)
    assert_problem(answer, 400, "malformed")


def test_a_session_of_ones_own_can_be_ended(kith, account):
    first = account()
    second = login(kith, first)
    path = f"/sessions/{second.session}"
    assert kith.delete(path, headers=first.bearer).status_code == 204
    wait_until(lambda: not sessions(kith, second), 1)
    assert_problem(kith.delete(path, headers=first.bearer), 404, "not_found")


def test_a_session_of_somebody_else_is_not_there(kith, account):
    victim = account()
    answer = kith.delete(f"/sessions/{victim.session}",
                         headers=account().bearer)
    assert_problem(answer, 404, "not_found")
    assert [s["id"] for s in sessions(kith, victim)] == [victim.session]


@pytest.mark.parametrize("method, path", GUARDED)
def test_without_a_valid_token_it_is_401(kith, method, path):
    answer = kith.request(method, path)
    assert_problem(answer, 401, "unauthorized")
    answer = kith.request(method, path, headers={"Authorization": "Bearer x"})
    assert_problem(answer, 401, "unauthorized")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("path", POSTS)
def test_a_body_must_be_small_json(kith, path):
    def send(body, media="application/json"):
        return kith.post(path, body, headers={"Content-Type": media})

    assert_problem(send("{}", "text/plain"), 415, "unsupported_media_type")
    assert_problem(send("{"), 400, "malformed")
    assert_problem(send('{"device":"a","device":"b"}'), 400, "malformed")
    assert_problem(send(b'{"email":"\xc0"}'), 400, "malformed")
    assert_problem(send("[" * 33), 400, "malformed")
    assert_problem(send(" " * 65537), 413, "too_large")
    assert_problem(send("[]"), 422, "invalid", **{"": "wrong_type"})


def test_another_method_is_405_with_the_ones_there_are(kith, internal, http):
    for path, item in http.root["paths"].items():
        client = internal if "servers" in item else kith
        answer = client.patch(path.replace("{id}", str(uuid.uuid4()))
                                  .replace("{seq}", "1"))
        assert_problem(answer, 405, "method_not_allowed")
        allowed = set(answer.headers["Allow"].lower().split(", "))
        assert allowed - {"head"} == item.keys() & {"get", "put", "post",
                                                    "delete"}


def test_another_path_is_404(kith):
    for path in ["/web", "/register/", "/openapi", "/sessions/x"]:
        assert_problem(kith.get(path), 404, "not_found")


def test_access_tokens_verify_with_the_published_keys(kith, account):
    keys = jwt.PyJWKSet.from_dict(kith.get("/.well-known/jwks.json").json())
    token = account().tokens["access_token"]
    header = jwt.get_unverified_header(token)
    key, = [k.key for k in keys.keys if k.key_id == header["kid"]]
    claims = jwt.decode(token, key, algorithms=["ES256"],
                        options={"verify_aud": False})
    assert header["typ"] == "at+jwt"
    assert claims["iat"] <= time.time() < claims["exp"]


@pytest.mark.parametrize("name", ["openapi.yaml", "asyncapi.yaml"])
def test_the_documents_are_served(kith, name):
    assert kith.get(f"/{name}").content == (contract.API / name).read_bytes()


def test_get_answers_head(kith, internal):
    assert kith.head("/openapi.yaml").status_code == 200
    assert internal.head("/healthz").status_code == 200


def test_operators_ask_on_the_internal_listener(internal):
    assert internal.get("/healthz").status_code == 200
    assert internal.get("/readyz").status_code == 200
    assert "kith_requests_total{" in internal.get("/metrics").text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_the_public_address_does_not_answer_them(kith, path):
    assert_problem(kith.get(path), 404, "not_found")


def test_registering_and_logging_in_are_events_in_order(kith, account, kafka):
    trace = uuid.uuid4().hex
    first = account()
    second = kith.post("/login", json=first.credentials, headers={
        "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}).json()
    registered, logged_in = kafka.of(first.id, 2)
    for event in registered, logged_in:
        contract.Kafka().check(event)
    assert registered.data == {"user_id": first.id, "method": "password"}
    assert logged_in.data["user_id"] == second["user"]["id"] == first.id
    assert logged_in.headers["ce_type"] == "UserLoggedIn"
    assert logged_in.headers["traceparent"].split("-")[1] == trace
