"""
Access tokens: a right one is accepted, any other is 401.

The tests have the stack's own key: what is refused is what they changed.
"""
import base64
import dataclasses
import json
import os
import pathlib
import socket
import time
import uuid

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from kith import assert_problem, register

ALGORITHMS = jwt.algorithms.get_default_algorithms()
NOW = int(time.time())
HOUR = 3600
PUBLIC_FORMS = {
    "PEM": ("PEM", "SubjectPublicKeyInfo"),
    "DER": ("DER", "SubjectPublicKeyInfo"),
    "point": ("X962", "UncompressedPoint"),
}


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def write(part):
    return json.dumps(part, separators=(",", ":"))


@dataclasses.dataclass
class Forge:
    """A real token, and the key that signed it."""
    token: str
    key: ec.EllipticCurvePrivateKey

    @property
    def header(self):
        return jwt.get_unverified_header(self.token)

    @property
    def claims(self):
        return jwt.decode(self.token, options={"verify_signature": False})

    def sign(self, header=None, claims=None, key=None, algorithm="ES256"):
        """Signed text; without arguments, a right token."""
        text = ".".join(encode((part or write(default)).encode())
                        for part, default in [(header, self.header),
                                              (claims, self.claims)])
        signature = ALGORITHMS[algorithm].sign(text.encode(), key or self.key)
        return f"{text}.{encode(signature)}"

    def change(self, header=None, claims=None, **how):
        """With other members; None takes one away."""
        return self.sign(*(write({k: v for k, v in (old | (new or {})).items()
                                  if v is not None})
                           for old, new in [(self.header, header),
                                            (self.claims, claims)]), **how)


@pytest.fixture(scope="module")
def forge(kith):
    pem = pathlib.Path(os.environ["VAR"], "keys/signing.pem").read_bytes()
    return Forge(register(kith).tokens["access_token"],
                 serialization.load_pem_private_key(pem, None))


def ask(kith, token):
    return kith.get("/sessions", headers={"Authorization": f"Bearer {token}"})


def assert_refused(kith, token):
    answer = ask(kith, token)
    assert_problem(answer, 401, "unauthorized")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_names_issuer_audience_account_and_session(kith, account):
    mine = account()
    keys = jwt.PyJWKSet.from_dict(kith.get("/.well-known/jwks.json").json())
    claims = jwt.decode(mine.tokens["access_token"], keys.keys[0].key,
                        algorithms=["ES256"], issuer="kith", audience="kith")
    lifetime = mine.tokens["expires_in"]
    assert claims == {"iss": "kith", "aud": "kith", "sub": mine.id,
                      "sid": ask(kith, mine.tokens["access_token"])
                             .json()["items"][0]["id"],
                      "iat": claims["exp"] - lifetime, "exp": claims["exp"]}


def test_what_the_key_signed_right_is_accepted(kith, forge):
    assert ask(kith, forge.sign()).status_code == 200


@pytest.mark.parametrize("header", [
    {"typ": "JWT"}, {"typ": "rt+jwt"}, {"typ": None},
    {"alg": "none"}, {"alg": "HS256"}, {"alg": "ES384"}, {"alg": ["ES256"]},
    {"alg": None},
    {"kid": "x" * 16}, {"kid": "../../dev/null"}, {"kid": "' OR 1=1--"},
    {"kid": "\0"}, {"kid": "x" * 1000}, {"kid": None},
    {"crit": ["exp"]}, {"zip": "DEF"}, {"enc": "A256GCM"}, {"b64": False},
    {"x5c": [""]}, {"cty": "JWT"},
], ids=str)
def test_another_header_is_refused(kith, forge, header):
    assert_refused(kith, forge.change(header))


def test_a_header_with_a_member_twice_is_refused(kith, forge):
    twice = '{"alg":"none",' + write(forge.header)[1:]
    assert_refused(kith, forge.sign(twice))


@pytest.mark.parametrize("claims", [
    {"exp": NOW - 61}, {"exp": None}, {"exp": str(NOW + HOUR)}, {"exp": 1e20},
    {"iat": NOW + HOUR}, {"iat": None}, {"nbf": NOW + HOUR},
    {"iss": "kith/"}, {"iss": "https://kith"}, {"iss": None},
    {"aud": "other"}, {"aud": ["kith", "other"]}, {"aud": None},
    {"sub": str(uuid.uuid4())}, {"sub": "me"}, {"sub": None},
    {"sid": str(uuid.uuid4())}, {"sid": "' OR 1=1--"}, {"sid": None},
    {"scope": "notifications:send"}, {"scope": ""}, {"scope": ["a"]},
], ids=str)
def test_other_claims_are_refused(kith, forge, claims):
    assert_refused(kith, forge.change(claims=claims))


def test_a_session_of_another_account_is_refused(kith, account, forge):
    other = account()
    assert_refused(kith, forge.change(claims={"sub": other.id}))
    assert_refused(kith, forge.change(claims={"sid": other.session}))


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", ""])
def test_an_unsigned_token_is_refused(kith, forge, algorithm):
    for typ in "at+jwt", "JWT":
        header = {"alg": algorithm, "typ": typ}
        assert_refused(kith, forge.change(header, algorithm="none"))
    assert_refused(kith, forge.sign(algorithm="none"))


@pytest.mark.parametrize("form", PUBLIC_FORMS)
def test_the_public_key_is_no_secret(kith, forge, form):
    encoding, layout = PUBLIC_FORMS[form]
    secret = forge.key.public_key().public_bytes(
        serialization.Encoding[encoding], serialization.PublicFormat[layout])
    for algorithm in "HS256", "ES256":
        assert_refused(kith, forge.change({"alg": algorithm}, key=secret,
                                          algorithm="HS256"))


def test_the_published_keys_are_no_secret(kith, forge):
    text = kith.get("/.well-known/jwks.json").content
    for secret in text, write(json.loads(text)["keys"][0]).encode():
        assert_refused(kith, forge.change({"alg": "HS256"}, key=secret,
                                          algorithm="HS256"))


@pytest.mark.parametrize("key, algorithm", [
    (ec.generate_private_key(ec.SECP256R1()), "ES256"),
    (ec.generate_private_key(ec.SECP384R1()), "ES384"),
    (rsa.generate_private_key(65537, 2048), "RS256"),
], ids=["ES256", "ES384", "RS256"])
def test_another_key_is_refused(kith, forge, key, algorithm):
    assert_refused(kith, forge.sign(key=key, algorithm=algorithm))
    assert_refused(kith, forge.change({"alg": algorithm}, key=key,
                                      algorithm=algorithm))


def test_a_key_that_the_token_brings_is_not_asked_for(kith, forge):
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "kid": "own",
           "x": encode(point.x.to_bytes(32, "big")),
           "y": encode(point.y.to_bytes(32, "big"))}
    with socket.create_server(("127.0.0.1", 0)) as canary:
        url = "http://127.0.0.1:%d/" % canary.getsockname()[1]
        for header in [{"jwk": jwk}, {"jwk": jwk, "kid": "own"},
                       {"jku": url, "kid": "own"}, {"x5u": url}]:
            assert_refused(kith, forge.change(header, key=key))
        canary.setblocking(False)
        with pytest.raises(BlockingIOError):
            canary.accept()


def spare_bits(token):
    """The same bytes to a decoder that ignores what the last bits are."""
    return token[:-1] + chr(ord(token[-1]) + 1)     # of A, Q, g or w


@pytest.mark.parametrize("change", [
    lambda t: "", lambda t: "..", lambda t: t[:-1], lambda t: t[1:],
    lambda t: t.rpartition(".")[0], lambda t: t.rpartition(".")[0] + ".",
    lambda t: t + "=", lambda t: t + "==", lambda t: t + "\t",
    lambda t: t + "\x0b", lambda t: t + "%0A", lambda t: t + " x",
    lambda t: t + ".", lambda t: t + ".x", lambda t: t + ".x.x",
    lambda t: "." + t, lambda t: t + "," + t, lambda t: '"%s"' % t,
    lambda t: "Bearer " + t, lambda t: t.replace(".", "=."), spare_bits,
    lambda t: write(dict(zip(["protected", "payload", "signature"],
                             t.split(".")))),
    lambda t: t + "." * 4096, lambda t: "é" + t,
])
def test_another_form_is_refused(kith, forge, change):
    changed = change(forge.token).encode().decode("latin-1")
    answer = ask(kith, changed)
    assert_problem(answer, 401, "unauthorized")


def test_a_change_of_any_character_is_refused(kith, forge):
    token = forge.token
    accepted = [
        i for i, c in enumerate(token)
        if ask(kith, f"{token[:i]}{'A' if c != 'A' else 'B'}{token[i + 1:]}")
        .status_code != 401]
    assert accepted == []


def test_a_refresh_token_is_no_access_token(kith, account):
    tokens = account().tokens
    assert_refused(kith, tokens["refresh_token"])
    answer = kith.post("/refresh-token", json={
        "refresh_token": tokens["access_token"]})
    assert_problem(answer, 401, "invalid_token")


def test_the_token_of_a_deleted_account_is_refused(kith, account, database):
    mine = account()
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM auth.account WHERE id = %s", [mine.id])
    assert_refused(kith, mine.tokens["access_token"])
    answer = kith.post("/refresh-token", json={
        "refresh_token": mine.tokens["refresh_token"]})
    assert_problem(answer, 401, "invalid_token")


@pytest.mark.parametrize("place", ["params", "data", "cookies", "json"])
def test_a_token_counts_in_its_header_only(kith, forge, place):
    answer = kith.request("GET", "/sessions",
                          **{place: {"access_token": forge.token}})
    assert_problem(answer, 401, "unauthorized")
    assert "error" not in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("scheme, status", [
    ("bearer", 200), ("BEARER", 200),
    ("Basic", 401), ("Token", 401), ("", 401), ("Bearer:", 401),
    ("Bearer x, Bearer", 401),
])
def test_its_scheme_is_bearer(kith, forge, scheme, status):
    authorization = f"{scheme} {forge.token}".lstrip()
    answer = kith.get("/sessions", headers={"Authorization": authorization})
    assert answer.status_code == status
