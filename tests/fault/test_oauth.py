"""
Signing in with providers that lie, break and hang: each is refused with its
code, leaves no account, and keeps nobody else waiting.
"""
import concurrent.futures
import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import secrets
import threading
import time

import jwt
import psycopg2
import pytest
from cryptography.hazmat.primitives import serialization

import contract
from certificates import Authority
from idp import (APPLES_KEY, CLIENT_ID, CLIENT_SECRET, EC, OTHER_RSA,
                 REDIRECT_URI, RSA, VERIFIER, Idp, base64url, jwk)
from kith import (Account, Client, Events, assert_problem, at_once, login,
                  register, sessions, wait_until)

AT_A_PROVIDER = 8               # at once: half of the threads
CONNECTIONS = 4                 # to the database
METADATA = "/.well-known/openid-configuration"


def huge(handler):
    handler.answer(200, {"keys": [], "more": "x" * 65536})


def broken(handler):
    handler.answer(500, {"keys": []})


def of_another_type(handler):
    handler.answer(200, handler.server.issuers["typed"].key_set()[1],
                   "text/html")


def redirecting(handler):
    handler.send_response(302)
    handler.send_header("Location",
                        f"{handler.server.base}/one/keys")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def no_keys(handler):
    handler.answer(200, {"key": []})


def hanging(handler):
    handler.server.freed.wait(30)


def of_another_issuer(handler):
    handler.answer(200, handler.server.issuers["one"].metadata()[1])


# What happens when keys, or the metadata, are asked for.
FAULTS = {
    "hangs": ("/keys", hanging),
    "huge": ("/keys", huge),
    "broken": ("/keys", broken),
    "typed": ("/keys", of_another_type),
    "redirects": ("/keys", redirecting),
    "keyless": ("/keys", no_keys),
    "poses": (METADATA, of_another_issuer),
    "unfound": (METADATA, broken),
}


@pytest.fixture(scope="module")
def tls(oauth):
    """Providers that speak TLS, by what is wrong with their certificates."""
    authority = Authority()
    certificates = {
        "certified": (authority, {}),
        "strange": (Authority("Somebody else"), {}),
        "misnamed": (authority, {"hosts": ("id.example",)}),
        "expired": (authority, {"days": -1}),
    }
    idps = {name: Idp(who.issue(oauth.directory / f"{name}.pem", **how))
            for name, (who, how) in certificates.items()}
    yield {name: idp.issuer(name) for name, idp in idps.items()}, \
        oauth.file("ca.pem", authority.pem)
    for idp in idps.values():
        idp.close()


@pytest.fixture(scope="module")
def idp():
    idp = Idp()
    for name, (path, fault) in FAULTS.items():
        idp.issuer(name).does[path] = fault
    yield idp
    idp.close()


@pytest.fixture(scope="module", autouse=True)
def configured(idp, tls, oauth):
    encrypted, ca = tls
    providers = {name: idp.provider(name) for name in [
        "one", "two", "renews", "stuck", "says", "userinfo", *FAULTS]}
    providers["one"]["audiences"] = ["kith-app"]
    providers["trusted"] = idp.provider("trusted", trusts_email=True)
    providers["trusted2"] = idp.provider("trusted2", trusts_email=True)
    providers["github"] = idp.provider("github", preset="github")
    providers["apple"] = idp.apple(oauth)
    for name, issuer in encrypted.items():
        providers[name] = idp.provider("one", issuer=issuer.issuer)
    return oauth.serve(providers, OAUTH_CA=ca)


@pytest.fixture(scope="module")
def kith():
    http = contract.Http()
    with Client(os.environ["KITH_URL"]) as client:
        client.hooks["response"].append(http.check)
        yield client


@pytest.fixture(scope="module")
def database():
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    connection.autocommit = True
    yield connection
    connection.close()


@pytest.fixture
def count(database):
    """count("auth.account"): its rows."""
    def count(table):
        with database.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")
            return cursor.fetchone()[0]
    return count


@pytest.fixture
def nothing_made(count):
    before = count("auth.account"), count("auth.identity")
    yield
    assert (count("auth.account"), count("auth.identity")) == before


@pytest.fixture
def reasons(configured):
    """Why id_tokens were refused since."""
    with open(configured.log) as log:
        log.seek(0, os.SEEK_END)

        def reasons():
            return [line["message"].removeprefix("an id_token is refused: ")
                    for line in map(json.loads, log)
                    if "id_token" in line["message"]]
        yield reasons


def signed_in(kith, body, status=None):
    """The account of who signs in."""
    answer = kith.post("/oauth", json=body)
    assert answer.status_code in ([status] if status else [200, 201]), \
        answer.text
    return Account(None, None, answer.json())


def nonce(kith):
    answer = kith.post("/oauth/nonce")
    assert answer.status_code == 201
    return answer.json()["nonce"]


def address():
    return f"{secrets.token_hex(8)}@example.org"


def verify(database, account):
    with database.cursor() as cursor:
        cursor.execute("UPDATE auth.account SET email_verified = true"
                       " WHERE id = %s", [account.id])


@contextlib.contextmanager
def database_blocking(statement, *arguments):
    """Yields release(n): who waits for these rows goes on, once n do."""
    with contextlib.closing(
            psycopg2.connect(os.environ["DATABASE_URL"])) as connection:
        cursor = connection.cursor()
        cursor.execute(statement, arguments)

        def waiting():
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return cursor.fetchone()[0]

        def release(n):
            wait_until(lambda: waiting() >= n, 5)
            connection.rollback()
        yield release


# By code.

def test_a_code_signs_in(kith, idp):
    events = Events(os.environ["KAFKA_BROKERS"])
    one, subject, email = idp.issuer("one"), secrets.token_hex(8), address()
    first = signed_in(kith, one.sign_in(sub=subject, email=email) |
                      {"device": "desk"}, 201)
    again = signed_in(kith, one.sign_in(sub=subject), 200)
    assert first.id == again.id
    assert [s["device"] for s in sessions(kith, first)][1] == "desk"
    user = first.tokens["user"]
    assert (user["email"], user["email_verified"]) == (email, False)
    seen = events.of(first.id, 3)
    events.close()
    assert [(e.headers["ce_type"], e.data["method"]) for e in seen] == [
        ("UserRegistered", "one"), ("UserLoggedIn", "one"),
        ("UserLoggedIn", "one")]
    assert [e.data["session_id"] for e in seen[1:]] == [
        first.session, again.session]
    for event in seen:
        contract.Kafka().check(event)


def test_a_new_device_is_told_of_but_the_first(kith, idp):
    one, subject = idp.issuer("one"), secrets.token_hex(8)
    account = signed_in(kith, one.sign_in(sub=subject) | {"device": "a"}, 201)
    signed_in(kith, one.sign_in(sub=subject) | {"device": "b"}, 200)

    def told():
        answer = kith.get("/notifications", headers=account.bearer)
        return [item["body"] for item in answer.json()["items"]]
    body, = wait_until(told, 30)
    assert "b" in body.split()


def test_both_algorithms_sign_in(kith, idp):
    for kid in "rsa", "ec":
        signed_in(kith, idp.issuer("one").sign_in(kid=kid), 201)


@pytest.mark.parametrize("change", [
    {"code": "no-code"},
    {"code_verifier": "e" + VERIFIER[1:]},
])
def test_what_the_provider_refuses_is_refused(kith, idp, nothing_made, change):
    answer = kith.post("/oauth", json=idp.issuer("one").sign_in() | change)
    assert_problem(answer, 401, "invalid_grant")


@pytest.mark.parametrize("change, member, code", [
    ({"redirect_uri": REDIRECT_URI + "/"}, "redirect_uri", "not_a_choice"),
    ({"redirect_uri": REDIRECT_URI.replace("https", "http")},
     "redirect_uri", "not_a_choice"),
    ({"redirect_uri": None}, "redirect_uri", "required"),
    ({"code": ""}, "code", "too_short"),
    ({"code": None}, "code", "required"),
    ({"code_verifier": "a" * 42}, "code_verifier", "too_short"),
    ({"code_verifier": "a" * 129}, "code_verifier", "too_long"),
    ({"code_verifier": "+" * 43}, "code_verifier", "not_allowed"),
    ({"code_verifier": None}, "code_verifier", "required"),
    ({"id_token": "e30.e30."}, "id_token", "unknown"),
    ({"iss": "https://other.example"}, "iss", "wrong_issuer"),
    ({"provider": "nobody"}, "provider", "not_a_choice"),
    ({"nonce": ""}, "nonce", "too_short"),
])
def test_a_code_goes_nowhere_with_a_bad_request(kith, idp, nothing_made,
                                                change, member, code):
    one = idp.issuer("one")
    asked = one.asked.count("/token")
    answer = kith.post("/oauth", json=one.sign_in() | change)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": f"/{member}", "code": code}]
    assert one.asked.count("/token") == asked


def test_a_code_is_taken_once(kith, idp):
    body = idp.issuer("one").sign_in()
    signed_in(kith, body, 201)
    assert_problem(kith.post("/oauth", json=body), 401, "invalid_grant")


def test_a_provider_that_says_iss_must_say_it(kith, idp):
    says = idp.issuer("says")
    says.does[METADATA] = lambda handler: handler.answer(
        200, says.metadata()[1] |
        {"authorization_response_iss_parameter_supported": True})
    assert_problem(kith.post("/oauth", json=says.sign_in()), 422, "invalid",
                   iss="required")
    other = says.sign_in() | {"iss": idp.issuer("one").issuer}
    assert_problem(kith.post("/oauth", json=other), 422, "invalid",
                   iss="wrong_issuer")
    assert "/token" not in says.asked
    signed_in(kith, says.sign_in() | {"iss": says.issuer}, 201)


def test_a_nonce_comes_back_with_the_code(kith, idp, reasons):
    one = idp.issuer("one")
    signed_in(kith, one.sign_in(nonce="n") | {"nonce": "n"}, 201)
    for signed, said in [("n", None), (None, "n"), ("n", "m")]:
        answer = kith.post("/oauth", json=one.sign_in(nonce=signed) |
                           {"nonce": said})
        assert_problem(answer, 401, "invalid_token")
    assert reasons() == ["wrong_nonce"] * 3


def test_an_access_token_belongs_to_its_id_token(kith, idp, reasons):
    one = idp.issuer("one")
    digest = hashlib.sha256(b"access").digest()
    code = one.code(access_token="access",
                    id_token=one.sign(at_hash=base64url(digest[:16])))
    signed_in(kith, one.sign_in(code), 201)
    code = one.code(access_token="another",
                    id_token=one.sign(at_hash=base64url(digest[:16])))
    assert_problem(kith.post("/oauth", json=one.sign_in(code)), 401,
                   "invalid_token")
    assert_problem(kith.post("/oauth", json=one.sign_in(one.code())), 401,
                   "invalid_token")
    assert reasons() == ["wrong_at_hash", "none_came"]


def test_an_address_may_be_said_apart(kith, idp, reasons):
    """OpenID Connect Core, 5.3: who it is of is looked at."""
    says = idp.issuer("userinfo")
    says.does[METADATA] = lambda handler: handler.answer(
        200, says.metadata()[1] |
        {"userinfo_endpoint": f"{says.issuer}/userinfo"})
    email, subject = address(), secrets.token_hex(8)
    said = {"sub": subject, "email": email, "email_verified": True}
    says.does["/userinfo"] = lambda handler: handler.answer(200, said)
    account = signed_in(kith, says.sign_in(sub=subject), 201)
    assert account.tokens["user"]["email"] == email
    assert_problem(kith.post("/oauth", json=says.sign_in()), 401,
                   "invalid_token")
    assert reasons() == ["another_user"]
    # Not where the id_token has one, nor for an app's.
    asked = says.asked.count("/userinfo")
    signed_in(kith, says.sign_in(sub=subject, email=email), 200)
    signed_in(kith, by_token(kith, says, sub=subject), 200)
    assert says.asked.count("/userinfo") == asked


# By id_token, which may be forged.

def by_token(kith, issuer, **signed):
    """A body of POST /oauth, by id_token."""
    fresh = nonce(kith)
    return {"provider": issuer.name, "nonce": fresh,
            "id_token": issuer.sign(**{"nonce": fresh} | signed)}


def test_an_id_token_signs_in(kith, idp):
    one, subject = idp.issuer("one"), secrets.token_hex(8)
    first = signed_in(kith, by_token(kith, one, sub=subject, aud="kith-app") |
                      {"nickname": f"Ann {secrets.randbelow(10**9)}"}, 201)
    again = signed_in(kith, by_token(kith, one, sub=subject, kid="ec") |
                      {"nickname": "Another"}, 200)
    assert first.tokens["user"] == again.tokens["user"]
    assert first.tokens["user"]["nickname"].startswith("Ann")
    assert first.tokens["user"]["email"] is None


def test_a_nonce_is_taken_once(kith, idp, reasons):
    body = by_token(kith, idp.issuer("one"))
    answers = at_once(8, lambda: kith.post("/oauth", json=body))
    assert sorted(a.status_code for a in answers) == [201] + [401] * 7
    assert reasons() == ["nonce_not_ours"] * 7


def test_only_our_nonce_is_taken_and_not_for_long(kith, idp, database,
                                                  nothing_made, reasons):
    one = idp.issuer("one")
    body = {"provider": "one", "nonce": "mine",
            "id_token": one.sign(nonce="mine")}
    assert_problem(kith.post("/oauth", json=body), 401, "invalid_token")
    body = by_token(kith, one)
    with database.cursor() as cursor:
        cursor.execute("UPDATE auth.nonce SET created_at ="
                       " created_at - interval '10 minutes'")
    assert_problem(kith.post("/oauth", json=body), 401, "invalid_token")
    assert reasons() == ["nonce_not_ours"] * 2


def test_who_is_refused_with_409_keeps_the_nonce(kith, idp):
    taken = f"Bob {secrets.randbelow(10**9)}"
    register(kith, nickname=taken)
    body = by_token(kith, idp.issuer("one"))
    answer = kith.post("/oauth", json=body | {"nickname": taken})
    assert_problem(answer, 409, "nickname_taken")
    answer = kith.post("/oauth", json=body | {"nickname": " "})
    assert_problem(answer, 422, "invalid", nickname="too_short")
    signed_in(kith, body, 201)


def test_with_a_code_a_nickname_is_a_wish(kith, idp):
    one, name = idp.issuer("one"), f"Ann {secrets.randbelow(10**9)}"
    for wish, had in [(name, name), (name, None), (" ", None)]:
        account = signed_in(kith, one.sign_in() | {"nickname": wish}, 201)
        assert account.tokens["user"]["nickname"] == had


def hs256(issuer, secret, **claims):
    head = {"alg": "HS256", "kid": "rsa"}
    text = ".".join(base64url(json.dumps(part).encode())
                    for part in (head, issuer.claims(**claims)))
    return f"{text}.{base64url(hmac.digest(secret, text.encode(), 'sha256'))}"


def public_pem(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo)


NOW = time.time
FORGED = {                      # reason: (issuer, nonce) -> id_token
    "wrong_iss": lambda i, n: i.sign(nonce=n, iss=i.issuer + "/"),
    "wrong_iss ": lambda i, n: i.sign(nonce=n, iss="https://evil.example"),
    "wrong_aud": lambda i, n: i.sign(nonce=n, aud="another"),
    "wrong_aud ": lambda i, n: i.sign(nonce=n, aud=[CLIENT_ID, "another"],
                                      azp=CLIENT_ID),
    "wrong_azp": lambda i, n: i.sign(nonce=n, azp="another"),
    "wrong_nonce": lambda i, n: i.sign(nonce=n[::-1]),
    "wrong_nonce ": lambda i, n: i.sign(nonce=None),
    "expired": lambda i, n: i.sign(nonce=n, exp=int(NOW()) - 61),
    "wrong_time": lambda i, n: i.sign(nonce=n, iat=int(NOW()) + 70),
    "wrong_time ": lambda i, n: i.sign(nonce=n, iat=int(NOW()) - 700),
    "wrong_alg": lambda i, n: jwt.encode(i.claims(nonce=n), None, "none",
                                         {"kid": "rsa"}),
    "wrong_alg ": lambda i, n: hs256(i, CLIENT_SECRET.encode(), nonce=n),
    "wrong_alg  ": lambda i, n: hs256(i, public_pem(RSA), nonce=n),
    "wrong_alg   ": lambda i, n: hs256(i, json.dumps(jwk(RSA, "rsa")).encode(),
                                       nonce=n),
    "wrong_signature": lambda i, n: i.sign(nonce=n, key=OTHER_RSA),
    "wrong_key": lambda i, n: i.sign(nonce=n, key=EC),
    "no_kid": lambda i, n: jwt.encode(i.claims(nonce=n), RSA, "RS256"),
    "header_leads_away": lambda i, n: i.sign(
        nonce=n, header={"jku": f"{i.issuer}/keys"}),
    "malformed": lambda i, n: i.sign(nonce=n) + "\n",
}


@pytest.mark.parametrize("reason", FORGED)
def test_a_forged_id_token_is_refused(kith, idp, nothing_made, reasons, count,
                                      reason):
    fresh = nonce(kith)
    nonces = count("auth.nonce")
    body = {"provider": "one", "nonce": fresh,
            "id_token": FORGED[reason](idp.issuer("one"), fresh)}
    assert_problem(kith.post("/oauth", json=body), 401, "invalid_token")
    assert reasons() == [reason.strip()]
    assert count("auth.nonce") == nonces


@pytest.mark.parametrize("name", ["huge", "broken", "typed", "redirects",
                                  "keyless", "poses", "unfound", "hangs"])
def test_a_provider_that_is_broken_is_away(kith, idp, nothing_made, name):
    begin = time.monotonic()
    answer = kith.post("/oauth", json=by_token(kith, idp.issuer(name)))
    assert_problem(answer, 503, "unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert time.monotonic() - begin < (5 if name == "hangs" else 1)
    # Nobody asks again at once.
    asked = len(idp.issuer(name).asked)
    begin = time.monotonic()
    answer = kith.post("/oauth", json=by_token(kith, idp.issuer(name)))
    assert_problem(answer, 503, "unavailable")
    assert len(idp.issuer(name).asked) == asked
    assert time.monotonic() - begin < 1


def test_a_provider_has_a_certificate(kith, tls, nothing_made):
    encrypted, _ = tls
    for name in "strange", "misnamed", "expired":
        answer = kith.post("/oauth", json=encrypted[name].sign_in())
        assert_problem(answer, 503, "unavailable")
        assert encrypted[name].asked == []


def test_a_certified_provider_signs_in(kith, tls):
    signed_in(kith, tls[0]["certified"].sign_in(), 201)


def test_unknown_kids_have_the_keys_fetched_once_a_minute(kith, idp, reasons):
    renews = idp.issuer("renews")
    signed_in(kith, by_token(kith, renews), 201)
    assert renews.asked.count("/keys") == 1

    renews.keys["new"] = OTHER_RSA              # it is found
    signed_in(kith, by_token(kith, renews, kid="new"), 201)
    assert renews.asked.count("/keys") == 2

    for _ in range(10):
        body = by_token(kith, renews, kid="newer", key=RSA)
        assert_problem(kith.post("/oauth", json=body), 401, "invalid_token")
    assert renews.asked.count("/keys") == 2
    assert reasons() == ["unknown_kid"] * 10
    signed_in(kith, by_token(kith, renews, kid="new"), 201)


# Whose account it is.

def retried(kith, body):
    """The answer when there is room for it."""
    while (answer := kith.post("/oauth", json=body)).status_code == 503:
        time.sleep(0.1)
    return answer


def test_who_comes_second_finds_the_account_of_the_first(kith, idp):
    one, subject, email = idp.issuer("one"), secrets.token_hex(8), address()
    bodies = [by_token(kith, one, sub=subject, email=email)
              for _ in range(CONNECTIONS)]
    with database_blocking("LOCK TABLE auth.identity IN SHARE MODE") as release:
        with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as threads:
            answers = [threads.submit(kith.post, "/oauth", json=body)
                       for body in bodies]
            release(CONNECTIONS)        # none of them has found it
    assert sorted(a.result().status_code for a in answers) == [
        200, 200, 200, 201]


def test_32_first_sign_ins_at_once_make_one_account(kith, idp, database):
    events = Events(os.environ["KAFKA_BROKERS"])
    one, subject, email = idp.issuer("one"), secrets.token_hex(8), address()
    answers = at_once(32, lambda: retried(kith, by_token(
        kith, one, sub=subject, email=email)))
    assert sorted(a.status_code for a in answers) == [200] * 31 + [201]
    user, = {a.json()["user"]["id"] for a in answers}
    seen = events.of(user, 33)
    events.close()
    assert [e.headers["ce_type"] for e in seen] == [
        "UserRegistered"] + ["UserLoggedIn"] * 32
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM auth.account WHERE email = %s",
                       [email])
        assert cursor.fetchone() == (1,)


def with_address(kith, idp, name, email, verified=True, **claims):
    """The answer to who signs in with an address."""
    return kith.post("/oauth", json=by_token(
        kith, idp.issuer(name), email=email, email_verified=verified,
        **claims))


def test_an_address_joins_only_if_both_sides_have_proved_it(kith, idp,
                                                            database):
    account = register(kith)
    for name, verified in [("one", True), ("one", False), ("trusted", True),
                           ("trusted", False)]:
        answer = with_address(kith, idp, name, account.email.upper(), verified)
        assert_problem(answer, 409, "link_required")

    verify(database, account)
    for name, verified in [("one", True), ("trusted", False),
                           ("trusted", "false")]:
        answer = with_address(kith, idp, name, account.email, verified)
        assert_problem(answer, 409, "link_required")

    answer = with_address(kith, idp, "trusted", account.email.upper(),
                          sub="her" + account.id)
    assert answer.status_code == 200
    assert answer.json()["user"]["id"] == account.id
    # From now on it is hers by its subject, whatever its address.
    answer = with_address(kith, idp, "trusted", address(),
                          sub="her" + account.id)
    assert answer.json()["user"]["id"] == account.id
    login(kith, account)


def test_a_trusted_address_is_proved(kith, idp):
    email = address()
    first = with_address(kith, idp, "trusted", email)
    assert first.status_code == 201
    assert first.json()["user"]["email_verified"] is True
    second = with_address(kith, idp, "trusted2", email)
    assert second.status_code == 200
    assert second.json()["user"]["id"] == first.json()["user"]["id"]


def test_an_address_that_nobody_proved_is_of_who_came_first(kith, idp):
    email = address()
    first = with_address(kith, idp, "one", email)
    second = with_address(kith, idp, "two", email)
    assert [a.status_code for a in (first, second)] == [201, 201]
    assert first.json()["user"]["email"] == email
    assert second.json()["user"]["email"] is None
    assert second.json()["user"]["id"] != first.json()["user"]["id"]
    assert_problem(with_address(kith, idp, "trusted", email), 409,
                   "link_required")


def test_the_same_subject_elsewhere_is_another(kith, idp):
    subject = secrets.token_hex(8)
    ids = {signed_in(kith, idp.issuer(name).sign_in(sub=subject), 201).id
           for name in ("one", "two")}
    assert len(ids) == 2


# Linking.

def identities(kith, account):
    answer = kith.get("/identities", headers=account.bearer)
    assert answer.status_code == 200
    return answer.json()["items"]


def link(kith, account, body):
    return kith.post("/identities", json=body, headers=account.bearer)


def unlink(kith, account, identity):
    return kith.delete(f"/identities/{identity['id']}",
                       headers=account.bearer)


def mails(database, account):
    with database.cursor() as cursor:
        cursor.execute("SELECT template FROM auth.mail WHERE account_id = %s",
                       [account.id])
        return [template for template, in cursor]


def test_identities_are_linked_and_unlinked(kith, idp, database):
    account, subject = register(kith), secrets.token_hex(8)
    one = idp.issuer("one")
    made = link(kith, account, one.sign_in(sub=subject, email="a@b.example"))
    again = link(kith, account, by_token(kith, one, sub=subject))
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json() == again.json()
    assert mails(database, account) == ["linked"]       # the owner is told
    assert identities(kith, account) == [made.json()]
    assert (made.json()["provider"], made.json()["email"]) == (
        "one", "a@b.example")
    assert signed_in(kith, one.sign_in(sub=subject), 200).id == account.id
    export = kith.get("/user/me/export", headers=account.bearer).json()
    assert [i["subject"] for i in export["identities"]] == [subject]

    other = register(kith)
    assert_problem(link(kith, other, one.sign_in(sub=subject)), 409,
                   "identity_taken")
    assert unlink(kith, other, made.json()).status_code == 404
    assert unlink(kith, account, made.json()).status_code == 204
    assert identities(kith, account) == []
    assert link(kith, other, one.sign_in(sub=subject)).status_code == 201


def test_a_forged_token_links_nothing(kith, idp):
    account = register(kith)
    body = by_token(kith, idp.issuer("one"), key=OTHER_RSA)
    assert_problem(link(kith, account, body), 401, "invalid_token")
    assert_problem(kith.post("/identities", json=by_token(
        kith, idp.issuer("one"))), 401, "unauthorized")
    assert identities(kith, account) == []


def test_linking_at_once_links_once(kith, idp):
    one, subject = idp.issuer("one"), secrets.token_hex(8)
    accounts = [register(kith) for _ in range(4)]
    answers = at_once(8, lambda: link(
        kith, accounts[secrets.randbelow(4)], one.sign_in(sub=subject)))
    assert {a.status_code for a in answers} <= {200, 201, 409, 503}
    assert [a.status_code for a in answers].count(201) == 1
    assert sum(len(identities(kith, a)) for a in accounts) == 1


def test_the_last_way_in_stays_even_at_once(kith, idp):
    account = signed_in(kith, idp.issuer("one").sign_in(), 201)
    link(kith, account, idp.issuer("two").sign_in())
    left = identities(kith, account)
    with database_blocking(
            "SELECT FROM auth.identity WHERE account_id = %s FOR UPDATE",
            account.id) as release:
        with concurrent.futures.ThreadPoolExecutor(2) as threads:
            answers = [threads.submit(unlink, kith, account, i) for i in left]
            release(2)
    assert sorted(a.result().status_code for a in answers) == [204, 409]
    last, = identities(kith, account)
    assert_problem(unlink(kith, account, last), 409, "last_way_in")


def test_who_has_no_password_leaves_by_signing_in_again(kith, idp, database,
                                                        count):
    one, subject = idp.issuer("one"), secrets.token_hex(8)
    account = signed_in(kith, one.sign_in(sub=subject), 201)
    with database.cursor() as cursor:
        cursor.execute("UPDATE auth.session SET created_at = created_at"
                       " - interval '11 minutes' WHERE id = %s",
                       [account.session])
    answer = kith.delete("/user/me", headers=account.bearer)
    assert_problem(answer, 403, "sign_in_again")
    account = signed_in(kith, one.sign_in(sub=subject), 200)
    before = count("auth.identity")
    assert kith.delete("/user/me", headers=account.bearer).status_code == 204
    assert count("auth.identity") == before - 1
    assert signed_in(kith, one.sign_in(sub=subject), 201).id != account.id


# Apple and GitHub.

def test_apple_is_shown_a_secret_that_we_sign(kith, idp):
    apple = idp.issuer("apple")
    email = f"{secrets.token_hex(8)}@privaterelay.appleid.com"
    body = apple.sign_in(email=email, email_verified="true",
                         is_private_email="true")
    account = signed_in(kith, body, 201)
    assert account.tokens["user"]["email"] == email
    assert account.tokens["user"]["email_verified"] is True
    form = apple.forms[-1]
    assert form["client_id"] == CLIENT_ID
    secret = jwt.decode(form["client_secret"], APPLES_KEY.public_key(),
                        ["ES256"], audience=apple.issuer)
    assert jwt.get_unverified_header(form["client_secret"])["kid"] == "KEY"
    assert (secret["iss"], secret["sub"]) == ("TEAM", CLIENT_ID)
    assert secret["exp"] - secret["iat"] <= 600


def test_github_says_who_one_is(kith, idp):
    github, number = idp.issuer("github"), secrets.randbelow(2**31) + 1

    def sign_in(*emails, user=number):
        return github.sign_in(github.code(
            user={"id": user, "login": "ann"}, emails=[
                {"email": e, "primary": p, "verified": v}
                for e, p, v in emails]))

    email = address()
    first = signed_in(kith, sign_in((address(), False, True),
                                    (email, True, True)), 201)
    assert first.tokens["user"]["email"] == email
    assert first.tokens["user"]["email_verified"] is False
    assert signed_in(kith, sign_in(), 200).id == first.id
    other = signed_in(kith, sign_in((address(), True, False),
                                    user=number + 1), 201)
    assert other.tokens["user"]["email"] is None

    body = sign_in() | {"code": "used"}
    assert_problem(kith.post("/oauth", json=body), 401, "invalid_grant")
    answer = kith.post("/oauth", json=sign_in(user="7"))
    assert_problem(answer, 503, "unavailable")
    answer = kith.post("/oauth", json={"provider": "github", "nonce": "n",
                                       "id_token": "e30.e30."})
    assert_problem(answer, 422, "invalid", id_token="unknown")


def test_providers_are_listed_but_for_who_is_away(kith, idp):
    items = kith.get("/oauth/providers").json()["items"]
    found = {item["provider"]: item for item in items}
    assert not {"poses", "unfound"} & found.keys()
    assert {"one", "two", "apple", "github"} <= found.keys()
    assert found["one"] == {
        "provider": "one", "title": "one", "client_id": CLIENT_ID,
        "authorization_endpoint": f"{idp.issuer('one').issuer}/authorize",
        "scope": "openid email", "response_mode": None}
    assert found["apple"]["response_mode"] == "form_post"
    assert found["github"]["title"] == "GitHub"


def test_a_wrong_file_is_not_taken(kith, oauth, configured):
    serves = configured.current()
    path = oauth.file("wrong.json", b'{"A": {}}')
    with pytest.raises(AssertionError):
        configured.release("wrong", OAUTH_PROVIDERS=path)
    configured.make_current(serves)
    assert f"{path}: A: its name" in pathlib.Path(configured.log).read_text()
    assert kith.get("/oauth/providers").json()["items"]


# A provider that hangs.

def quickest_but_one(call, times=20):
    """The longest but one of so many calls."""
    def timed():
        begin = time.monotonic()
        call()
        return time.monotonic() - begin
    return sorted(timed() for _ in range(times))[-2]


def test_a_provider_that_hangs_keeps_only_its_own_waiting(kith, idp):
    stuck, one, account = idp.issuer("stuck"), idp.issuer("one"), register(kith)
    subject = secrets.token_hex(8)
    signed_in(kith, stuck.sign_in(), 201)
    signed_in(kith, one.sign_in(sub=subject), 201)
    stuck.does["/token"] = hanging
    ends, answers = [], []

    def ask():
        with Client(os.environ["KITH_URL"]) as client:
            while not ends:
                answers.append(client.post("/oauth", json=stuck.sign_in()))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: stuck.asked.count("/token") > AT_A_PROVIDER, 5)
        assert quickest_but_one(lambda: sessions(kith, account)) < 0.5
        assert quickest_but_one(
            lambda: signed_in(kith, one.sign_in(sub=subject), 200)) < 0.5
    finally:
        ends.append(True)
        for thread in threads:
            thread.join(10)
    assert {a.status_code for a in answers} == {503}
    assert max(a.elapsed.total_seconds() for a in answers) < 5
