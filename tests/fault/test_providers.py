"""The providers of the push tests: that they refuse what is wrong."""
import contextlib
import json
import socket
import ssl
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (ConnectionTerminated, DataReceived, ResponseReceived,
                       StreamEnded, StreamReset)

from aes128gcm import (HEAD, Receiver, base64url, content_keys,
                       from_base64url, point, public_key)
from answers import apns, page
from certificates import Authority
from google_accounts import GRANT, PROJECT, SCOPE
from h2_server import CLOSE, GOAWAY, HANG, RESET
from providers import KEY_ID, TEAM, TOPIC, Providers

ID = "0123456789abcdef" * 2
DEVICE = "ab" * 32


class Peer:
    """A client of one connection."""

    def __init__(self, listener, authority):
        context = ssl.create_default_context(cadata=authority.pem.decode())
        context.set_alpn_protocols(["h2"])
        self.socket = context.wrap_socket(
            socket.create_connection(("127.0.0.1", listener.port), 2),
            server_hostname="localhost")
        self.h2 = H2Connection(H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.port = listener.port

    def close(self):
        self.socket.close()

    def post(self, path, headers, body):
        """Status and body; a word for what came instead."""
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, [
            (":method", "POST"), (":scheme", "https"), (":path", path),
            (":authority", f"localhost:{self.port}"), *headers.items()])
        self.h2.send_data(stream, body, end_stream=True)
        self.socket.sendall(self.h2.data_to_send())
        status, text = None, b""
        while data := self.socket.recv(65536):
            for event in self.h2.receive_data(data):
                if isinstance(event, ResponseReceived):
                    status = int(dict(event.headers)[":status"])
                elif isinstance(event, DataReceived):
                    text += event.data
                elif isinstance(event, StreamReset):
                    return "reset", b""
                elif isinstance(event, ConnectionTerminated):
                    return "goaway", b""
                elif isinstance(event, StreamEnded):
                    return status, text
            self.socket.sendall(self.h2.data_to_send())
        return "close", b""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    providers = Providers(tmp_path_factory.mktemp("providers"))
    yield providers
    providers.close()


@pytest.fixture
def providers(made):
    yield made
    made.heal()
    made.violations.clear()


def ask(provider, path, headers, body):
    with contextlib.closing(Peer(provider.listener,
                                 provider.providers.authority)) as peer:
        return peer.post(path, headers, body)


def assert_violation(providers, words):
    [violation] = providers.violations
    assert words in violation


# FCM.

def assertion(google, key=None, **claims):
    now = int(time.time())
    return jwt.encode(
        {"iss": google.email, "scope": SCOPE, "aud": google.uri, "iat": now,
         "exp": now + 3600} | claims, key or google.key, "RS256",
        {"kid": google.key_id})


def ask_for_token(google, text, grant=GRANT):
    return ask(google, "/token",
               {"content-type": "application/x-www-form-urlencoded"},
               f"grant_type={grant}&assertion={text}".encode())


def message(**changes):
    return {"token": "device", "notification": {"title": "A", "body": "B"},
            "data": {"kind": "message", "number": "1", "data": "{}"},
            "android": {"collapse_key": ID, "ttl": "60s", "priority": "HIGH",
                        "notification": {"tag": ID,
                                         "notification_count": 1}}} | changes


def push_fcm(providers, value, token=None):
    if token is None:
        status, answer = ask_for_token(providers.google,
                                       assertion(providers.google))
        assert status == 200
        token = json.loads(answer)["access_token"]
    return ask(providers.fcm,
               f"/v1/projects/{PROJECT}/messages:send",
               {"content-type": "application/json",
                "authorization": f"Bearer {token}"},
               json.dumps({"message": value}).encode())


def test_fcm_takes_a_message(providers):
    status, answer = push_fcm(providers, message())
    assert status == 200 and b"messages/" in answer
    push = providers.fcm.pushes["device"][-1]
    assert (push.collapse_id, push.is_silent) == (ID, False)
    silent = message(data={"kind": "badge", "badge": "3"}, android={
        "collapse_key": ID, "ttl": "60s", "priority": "NORMAL"})
    del silent["notification"]
    assert push_fcm(providers, silent)[0] == 200
    assert providers.fcm.pushes["device"][-1].is_silent
    assert providers.violations == []


@pytest.mark.parametrize("changes, words", [
    ({"data": {"kind": "message", "number": 1, "data": "{}"}}, "/number"),
    ({"data": {"kind": "message", "number": "1"}}, "/data"),
    ({"webpush": {}}, "webpush"),
    ({"token": ""}, "/token"),
    ({"notification": {"title": "A", "body": "B" * 4096}}, "bytes"),
    ({"android": {"collapse_key": ID, "ttl": "60", "priority": "HIGH",
                  "notification": {"tag": ID}}}, "/ttl"),
    ({"android": {"collapse_key": ID, "ttl": "60s", "priority": "HIGH",
                  "notification": {"tag": "f" * 32}}}, "tag"),
])
def test_fcm_refuses_a_message(providers, changes, words):
    assert push_fcm(providers, message(**changes))[0] == 400
    assert_violation(providers, words)


def test_fcm_refuses_a_token(providers):
    assert push_fcm(providers, message(), "ya29.unknown")[0] == 401
    providers.google.expire()
    assert providers.violations == []


@pytest.mark.parametrize("claims", [
    {"aud": "https://localhost/token"}, {"exp": 1}, {"iss": "another"},
    {"scope": "email"}, {"exp": int(time.time()) + 10**6}, {"sub": "more"}])
def test_google_refuses_an_assertion(providers, claims):
    google = providers.google
    assert ask_for_token(google, assertion(google, **claims))[0] == 400
    assert len(providers.violations) == 1


# APNs.

def provider_token(providers, age_s=0, key=None, kid=KEY_ID, **claims):
    return jwt.encode({"iss": TEAM, "iat": int(time.time()) - age_s} | claims,
                      key or providers.apns_key, "ES256", {"kid": kid})


def push_apns(providers, token=None, payload=None, **headers):
    payload = payload or {
        "aps": {"alert": {"title": "A", "body": "B"}, "badge": 1,
                "sound": "default", "thread-id": ID},
        "kind": "message", "number": 1, "data": {}}
    headers = {"apns_topic": TOPIC, "apns_push_type": "alert",
               "apns_priority": "10", "apns_collapse_id": ID,
               "apns_expiration": str(int(time.time()) + 60),
               "authorization": f"bearer {token or provider_token(providers)}"
               } | headers
    return ask(providers.apns, f"/3/device/{DEVICE}",
               {name.replace("_", "-"): value
                for name, value in headers.items() if value},
               json.dumps(payload).encode())


def test_apns_takes_a_notification(providers):
    assert push_apns(providers)[0] == 200
    assert not providers.apns.pushes[DEVICE][-1].is_silent
    assert push_apns(providers, payload={
        "aps": {"badge": 1, "content-available": 1}},
        apns_priority="5")[0] == 200
    assert providers.apns.pushes[DEVICE][-1].is_silent
    assert providers.violations == []


@pytest.mark.parametrize("headers", [
    {"apns_topic": "org.example.other"}, {"apns_push_type": None},
    {"apns_push_type": "background"}, {"apns_priority": "5"},
    {"apns_collapse_id": None}, {"apns_expiration": "1"},
    {"apns_expiration": "9999999999"}, {"apns_more": "1"},
    {"payload": {"aps": {"badge": 1, "content-available": 1}}}])
def test_apns_refuses_headers(providers, headers):
    assert push_apns(providers, **headers)[0] == 400
    assert len(providers.violations) == 1


def test_apns_refuses_a_provider_token(providers):
    other = ec.generate_private_key(ec.SECP256R1())
    for wrong in ({"key": other}, {"kid": "OTHER"}, {"iss": "OTHER"},
                  {"exp": 10**10}, {"age_s": -600}):
        assert push_apns(providers, provider_token(providers,
                                                   **wrong))[0] == 400
    assert len(providers.violations) == 5
    status, answer = push_apns(providers, provider_token(providers, 3660))
    assert (status, json.loads(answer)) == (
        403, {"reason": "ExpiredProviderToken"})
    assert len(providers.violations) == 5


# Web Push.

def encrypt(receiver, text, salt=bytes(16)):
    key = ec.generate_private_key(ec.SECP256R1())
    secret = key.exchange(ec.ECDH(), public_key(receiver.point))
    cek, nonce = content_keys(secret, receiver.auth, salt, receiver.point,
                              point(key))
    return HEAD.pack(salt, 4096, 65, point(key)) + AESGCM(cek).encrypt(
        nonce, text + b"\2", None)


def push_webpush(providers, device, key, claims=(), body=None, **headers):
    providers.vapid = base64url(point(key))
    document = {"kind": "login", "number": 1, "title": "A", "body": "B",
                "data": {}, "unread": 1, "tag": ID}
    path = device["token"].removeprefix(providers.webpush.url)
    token = jwt.encode({"aud": providers.webpush.url, "sub": "mailto:a@b.org",
                        "exp": int(time.time()) + 3600} | dict(claims),
                       key, "ES256")
    headers = {"ttl": "60", "topic": ID, "urgency": "high",
               "content_encoding": "aes128gcm",
               "content_type": "application/octet-stream",
               "authorization": f"vapid t={token}, k={providers.vapid}"
               } | headers
    return ask(
        providers.webpush, path,
        {name.replace("_", "-"): value for name, value in headers.items()},
        body or encrypt(providers.webpush.receivers[path],
                        json.dumps(document).encode()))


@pytest.fixture(scope="module")
def vapid():
    return ec.generate_private_key(ec.SECP256R1())


def test_webpush_takes_a_message(providers, vapid):
    device = providers.webpush.device()
    assert push_webpush(providers, device, vapid)[0] == 201
    [push] = providers.webpush.pushes[device["token"]]
    assert push.document["title"] == "A" and not push.is_silent
    assert providers.violations == []


@pytest.mark.parametrize("wrong", [
    {"claims": {"aud": "https://localhost"}}, {"claims": {"exp": 1}},
    {"claims": {"exp": int(time.time()) + 2 * 86400}},
    {"claims": {"sub": "me"}}, {"ttl": "soon"}, {"topic": "f" * 33},
    {"topic": "f" * 32}, {"content_encoding": "aesgcm"}, {"body": b"x" * 200},
    {"authorization": "WebPush x"}])
def test_webpush_refuses_a_message(providers, vapid, wrong):
    device = providers.webpush.device()
    assert push_webpush(providers, device, vapid, **wrong)[0] == 400
    assert len(providers.violations) == 1


def test_the_example_of_rfc_8291_is_decrypted():
    """Its appendix A."""
    receiver = Receiver()
    receiver.key = ec.derive_private_key(int.from_bytes(from_base64url(
        "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big"),
        ec.SECP256R1())
    receiver.point = point(receiver.key)
    receiver.auth = from_base64url("BTBZMqHH6r4Tts7J_aSIgg")
    assert receiver.decrypt(from_base64url(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )) == b"When I grow up, I want to be a watermelon"


# What they answer.

def test_answers_are_those_of_the_script(providers):
    scripted = [apns(410, "Unregistered", timestamp=1), apns(429, "x", 7),
                page(502), RESET, GOAWAY, CLOSE]
    providers.apns.then(*scripted, token=DEVICE)
    providers.apns.always(apns(500, "InternalServerError"))
    got = [push_apns(providers)[0] for _ in range(7)]
    assert got == [410, 429, 502, "reset", "goaway", "close", 500]
    assert [p.status for p in providers.apns.attempts[-7:]] == got
    providers.apns.heal()
    assert push_apns(providers)[0] == 200
    providers.apns.always(HANG)
    with pytest.raises(socket.timeout):
        push_apns(providers)


def test_a_listener_presents_what_it_is_told(providers, tmp_path):
    listener = providers.apns.listener
    trusted = providers.authority
    for certificate, words in [
            (Authority().issue(tmp_path / "1"), "signature|issuer"),
            (trusted.issue(tmp_path / "2", ["example.org"]), "match|valid for"),
            (trusted.issue(tmp_path / "3", days=-1), "expired")]:
        listener.present(certificate)
        with pytest.raises(ssl.SSLCertVerificationError, match=words):
            Peer(listener, trusted)
    listener.present(providers.certificate)
    Peer(listener, trusted).close()
