"""
Signing in with an OpenID provider that is not ours, npm's oidc-provider, which
is certified: from its page to Kith's tokens, without a browser and with one.
"""
import base64
import hashlib
import json
import os
import pathlib
import re
import secrets
import subprocess
import urllib.parse

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from idp import Idp
from kith import Client, assert_problem
from pages import hold

ROOT = pathlib.Path(__file__).parents[2]
START = """
. tests/node.sh
find_node >&2
find_packages tests/oidc >&2
cd build/oidc
exec node ../../tests/oidc/serve.mjs "$0"
"""
ONE, TWO = "https://kith.example/one", "https://kith.example/two"
PAGE = os.environ["KITH_URL"]


def private_jwk(key, alg, kid):
    algorithm = jwt.algorithms.get_default_algorithms()[alg]
    members = json.loads(algorithm.to_jwk(key))
    members.pop("key_ops", None)
    return members | {"alg": alg, "kid": kid, "use": "sig"}


@pytest.fixture(scope="module")
def issuer():
    keys = [private_jwk(rsa.generate_private_key(65537, 2048), "RS256", "r"),
            private_jwk(ec.generate_private_key(ec.SECP256R1()), "ES256", "e")]
    process = subprocess.Popen(["bash", "-euc", START, json.dumps(keys)],
                               cwd=ROOT, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    yield process.stdout.readline().strip()
    process.terminate()
    process.wait(10)
    process.stdout.close()


@pytest.fixture(scope="module")
def idp():
    idp = Idp()
    yield idp
    idp.close()


@pytest.fixture(scope="module", autouse=True)
def configured(issuer, idp, oauth):
    def provider(client_id, **more):
        return {"issuer": issuer, "client_id": client_id,
                "client_secret": f"{client_id}'s secret: + and %",
                "redirect_uris": [ONE, TWO, f"{PAGE}/"]} | more

    return oauth.serve({
        "certified": provider("kith", title="Elm"),
        "apple": idp.apple(oauth, title="Fir",
                           redirect_uris=[f"{PAGE}/oauth/callback"]),
        "elliptic": provider("elliptic", trusts_email=True),
        "secretless": provider("kith", client_secret="another")})


@pytest.fixture(scope="module")
def kith():
    with Client(os.environ["KITH_URL"]) as client:
        yield client


class Browser(requests.Session):
    """Somebody in front of the provider's pages."""

    def __init__(self, provider, name):
        super().__init__()
        self.trust_env = False
        self.provider = provider
        self.name = name
        self.verifier = secrets.token_urlsafe(48)

    def follow(self, url, **form):
        """Where a form, or a page, leads to."""
        answer = self.request("POST" if form else "GET", url, data=form,
                              allow_redirects=False, timeout=10)
        if answer.status_code in (302, 303):
            return urllib.parse.urljoin(url, answer.headers["Location"])
        assert answer.ok, answer.text
        prompt, = set(re.findall(r'name="prompt" value="(\w+)"', answer.text))
        return self.follow(url, prompt=prompt, login=self.name, password="-")

    def sign_in(self, redirect_uri=ONE, **more):
        """A body of POST /oauth, as the page would send it."""
        state = secrets.token_hex(8)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        url = self.provider["authorization_endpoint"] + "?" + \
            urllib.parse.urlencode({
                "client_id": self.provider["client_id"],
                "scope": self.provider["scope"], "response_type": "code",
                "redirect_uri": redirect_uri, "state": state,
                "code_challenge_method": "S256", "code_challenge":
                base64.urlsafe_b64encode(digest).decode().rstrip("=")} | more)
        while not url.startswith(redirect_uri):
            url = self.follow(url)
        answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        assert answer["state"] == state
        return {"provider": self.provider["provider"], "code": answer["code"],
                "iss": answer["iss"], "code_verifier": self.verifier,
                "redirect_uri": redirect_uri}


@pytest.fixture
def browser(kith):
    """browser(name, provider): one at the provider."""
    items = kith.get("/oauth/providers").json()["items"]
    found = {item["provider"]: item for item in items}

    def browser(name=None, provider="certified"):
        return Browser(found[provider], name or secrets.token_hex(8))
    return browser


def test_who_signs_in_there_is_signed_in_here(kith, browser):
    ann = browser()
    first = kith.post("/oauth", json=ann.sign_in())
    assert first.status_code == 201, first.text
    user = first.json()["user"]
    assert user["email"] == f"{ann.name}@example.org"
    assert user["email_verified"] is False          # nobody trusts it so far
    again = kith.post("/oauth", json=ann.sign_in(TWO))
    elsewhere = kith.post("/oauth", json=browser(ann.name).sign_in())
    for answer in again, elsewhere:
        assert answer.status_code == 200
        assert answer.json()["user"] == user


@pytest.mark.parametrize("prefix", ["", "un"])
def test_es256_and_a_secret_in_the_form_serve_as_well(kith, browser, prefix):
    name = prefix + secrets.token_hex(8)
    answer = kith.post("/oauth",
                       json=browser(name, "elliptic").sign_in())
    assert answer.status_code == 201
    assert answer.json()["user"]["email_verified"] is (prefix == "")


def test_a_nonce_comes_back(kith, browser):
    ann = browser()
    body = ann.sign_in(nonce="mine") | {"nonce": "mine"}
    assert kith.post("/oauth", json=body).status_code == 201
    body = ann.sign_in(nonce="mine") | {"nonce": "another"}
    assert_problem(kith.post("/oauth", json=body), 401, "invalid_token")


def test_a_code_is_not_taken_twice(kith, browser):
    body = browser().sign_in()
    assert kith.post("/oauth", json=body).status_code == 201
    assert_problem(kith.post("/oauth", json=body), 401, "invalid_grant")


@pytest.mark.parametrize("change", [
    {"code_verifier": secrets.token_urlsafe(48)},
    {"redirect_uri": TWO},
    {"code": secrets.token_urlsafe(32)},
    {"provider": "elliptic"},
])
def test_a_code_is_taken_only_with_what_it_was_given_for(kith, browser,
                                                         change):
    body = browser().sign_in() | change
    assert_problem(kith.post("/oauth", json=body), 401, "invalid_grant")


def test_a_code_of_another_client_is_refused(kith, browser):
    stranger = browser()
    stranger.provider = stranger.provider | {"client_id": "other"}
    assert_problem(kith.post("/oauth", json=stranger.sign_in()), 401,
                   "invalid_grant")


def test_a_wrong_secret_is_our_fault(kith, browser):
    body = browser(provider="secretless").sign_in()
    assert_problem(kith.post("/oauth", json=body), 503, "unavailable")


def test_an_answer_that_does_not_say_iss_is_refused(kith, browser):
    body = browser().sign_in()
    del body["iss"]
    assert_problem(kith.post("/oauth", json=body), 422, "invalid",
                   iss="required")


def test_the_page_signs_in_and_links(issuer, idp):
    hold("tests/oidc/page.test.js", ISSUER=issuer, POSTER=idp.base)
