"""
FCM, APNs and services of Web Push as Kith sees them, on this machine.

They look closely at every request: what breaks a provider's rules is kept in
violations, which a test must find empty.  What they answer is up to the test:

    providers.fcm.then(fcm(503), token=token)       the next push to it
    providers.apns.always(HANG)                     every push, until heal()
"""
import collections
import dataclasses
import re
import secrets
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from aes128gcm import Receiver, base64url, from_base64url, public_key
from answers import apns, document, fcm, webpush
from certificates import Authority, private_pem
from google_accounts import PROJECT, GoogleAccounts
from h2_server import Answer, Server
from provider_rules import (HOUR_S, SKEW_S, Violation, check_apns, check_fcm,
                            check_webpush, demand, fits)

TEAM, KEY_ID, TOPIC = "TEAM123456", "KEY1234567", "org.example.kith"


@dataclasses.dataclass
class Attempt:
    """A push that came, and how it was answered."""
    token: str
    collapse_id: str
    document: dict              # as the device gets it
    headers: dict
    at: float                   # by time.monotonic()
    status: int | str = None

    @property
    def is_silent(self):
        """It has a badge only."""
        data = self.document.get("data", {})
        return self.document.get("kind", data.get("kind", "badge")) == "badge"


class Provider:
    def __init__(self, providers, name):
        self.name, self.providers = name, providers
        self.listener = providers.listen(self.handle)
        self.url = self.listener.url
        self.pushes = collections.defaultdict(list)     # by token
        self.attempts = []
        self.unauthorized = 0
        self.heal()

    def heal(self):
        """All is well again."""
        self.scripts = collections.defaultdict(collections.deque)
        self.lasting = {}
        self.listener.goaway_after = None

    def then(self, *answers, token=None):
        """
        To the next pushes; token None: to any that has no own.  A function
        is called when the push is there, and returns the answer.
        """
        self.scripts[token].extend(answers)

    def always(self, answer, token=None):
        self.lasting[token] = answer

    def answer_to(self, token):
        for name in token, None:
            if self.scripts.get(name):
                return self.scripts[name].popleft()
            if name in self.lasting:
                return self.lasting[name]
        return self.success()

    def handle(self, request):
        try:
            refusal = self.authorize(request)
            if refusal:
                self.unauthorized += 1
                return refusal
            attempt = self.read(request)
        except Violation as violation:
            self.providers.violations.append(
                f"{self.name} {request.path}: {violation}")
            return self.malformed()
        answer = self.answer_to(attempt.token)
        if callable(answer):
            answer = answer()
        attempt.status = answer.status
        self.pushes[attempt.token].append(attempt)
        self.attempts.append(attempt)
        return answer


class Fcm(Provider):
    def device(self):
        """What POST /notifications/devices takes."""
        return {"platform": "fcm", "token": secrets.token_urlsafe(100)}

    def authorize(self, request):
        scheme, _, token = request.headers.get(
            "authorization", "").partition(" ")
        demand(scheme == "Bearer", "no bearer token")
        if not self.providers.google.takes(token):
            return fcm(401)

    def read(self, request):
        demand(request.path == f"/v1/projects/{PROJECT}/messages:send", "path")
        message, collapse_id = check_fcm(request.headers, request.body)
        return Attempt(message["token"], collapse_id, message,
                       request.headers, request.at)

    def success(self):
        return document(200, {
            "name": f"projects/{PROJECT}/messages/{len(self.attempts)}"})

    def malformed(self):
        return fcm(400, "INVALID_ARGUMENT")


class Apns(Provider):
    def __init__(self, providers, name):
        super().__init__(providers, name)
        self.issued = {}        # iat of a provider token that was verified
        self.expired = set()

    def device(self):
        return {"platform": "apns", "token": secrets.token_hex(32),
                "environment": "sandbox" if self.name == "apns-sandbox"
                else "production"}

    def expire(self):
        """All provider tokens that were seen."""
        self.expired |= self.issued.keys()

    def authorize(self, request):
        token = request.headers.get("authorization", "")[len("bearer "):]
        if token not in self.issued:
            self.issued[token] = self.verify(token)
        age_s = time.time() - self.issued[token]
        demand(age_s > -SKEW_S, "iat in the future")
        if token in self.expired or age_s > HOUR_S:
            return apns(403, "ExpiredProviderToken")

    def verify(self, token):
        try:
            fits({"alg": "ES256", "kid": KEY_ID, "typ?": "JWT"},
                 jwt.get_unverified_header(token), "header")
            claims = jwt.decode(token, self.providers.apns_key.public_key(),
                                ["ES256"], options={"verify_iat": False})
        except (jwt.PyJWTError, ValueError) as error:
            raise Violation(f"provider token: {error!r}") from error
        fits({"iss": TEAM, "iat": int}, claims, "claims")
        return claims["iat"]

    def read(self, request):
        path = re.fullmatch("/3/device/([0-9a-f]{64,200})", request.path)
        demand(path, "path")
        payload, collapse_id = check_apns(request.headers, request.body,
                                          TOPIC, time.time())
        return Attempt(path[1], collapse_id, payload, request.headers,
                       request.at)

    def success(self):
        return Answer(200, headers=(("apns-id", secrets.token_hex(16)),))

    def malformed(self):
        return apns(400, "BadMessageId")


class WebPush(Provider):
    """The push service of a browser's vendor; a token is an endpoint."""

    def __init__(self, providers, name):
        super().__init__(providers, name)
        self.receivers = {}     # by path
        self.verified = {}      # claims of a VAPID token

    def device(self, receiver=None):
        receiver = receiver or Receiver()
        path = "/push/" + secrets.token_urlsafe(24)
        self.receivers[path] = receiver
        return {"platform": "webpush", "token": self.url + path,
                "p256dh": base64url(receiver.point),
                "auth": base64url(receiver.auth)}

    def authorize(self, request):
        found = re.fullmatch(r"vapid t=([\w.-]+), ?k=([\w-]+)",
                             request.headers.get("authorization", ""))
        demand(found, f"no vapid: {request.headers.get('authorization')!r}")
        demand(found[2] == self.providers.vapid, "another's VAPID key")
        if found[1] not in self.verified:
            self.verified[found[1]] = self.verify(*found.groups())
        left_s = self.verified[found[1]]["exp"] - time.time()
        demand(0 < left_s <= 24 * HOUR_S, f"exp in {left_s} s")

    def verify(self, token, key):
        try:
            fits({"alg": "ES256", "typ": "JWT"},
                 jwt.get_unverified_header(token), "header")
            claims = jwt.decode(token, public_key(from_base64url(key)),
                                ["ES256"], audience=self.url)
        except (jwt.PyJWTError, ValueError) as error:
            raise Violation(f"VAPID token: {error!r}") from error
        fits({"aud": str, "exp": int, "iat?": int,
              "sub": "(mailto:|https:).+"}, claims, "claims")
        return claims

    def read(self, request):
        demand(request.path in self.receivers, "nobody's path")
        document, topic = check_webpush(
            request.headers, self.receivers[request.path], request.body)
        return Attempt(self.url + request.path, topic, document,
                       request.headers, request.at)

    def success(self):
        return Answer(201, headers=(("location", self.url + "/sent"),))

    def malformed(self):
        return webpush(400)


class Providers:
    """All of them, and the files that Kith reads, in a directory."""

    def __init__(self, directory):
        self.directory = directory
        self.authority = Authority()
        self.certificate = self.authority.issue(directory / "server.pem")
        self.server = Server()
        self.violations = self.server.errors
        self.vapid = None       # the key that the stack signs with
        self.apns_key = ec.generate_private_key(ec.SECP256R1())
        self.google = GoogleAccounts(self)
        self.fcm = Fcm(self, "fcm")
        self.apns = Apns(self, "apns")
        self.sandbox = Apns(self, "apns-sandbox")
        self.webpush = WebPush(self, "webpush")
        self.origins = [self.webpush]
        (directory / "ca.pem").write_bytes(self.authority.pem)
        (directory / "account.json").write_text(self.google.account())
        (directory / "apns.p8").write_bytes(private_pem(self.apns_key))

    def listen(self, handler):
        return self.server.listen(handler, self.certificate)

    def origin(self):
        """Another service of Web Push."""
        self.origins.append(WebPush(self, f"webpush-{len(self.origins)}"))
        return self.origins[-1]

    def close(self):
        self.server.close()

    @property
    def settings(self):
        """Of a stack."""
        return {
            "FCM_ACCOUNT": str(self.directory / "account.json"),
            "FCM_URL": self.fcm.url,
            "APNS_KEY": str(self.directory / "apns.p8"),
            "APNS_KEY_ID": KEY_ID, "APNS_TEAM_ID": TEAM, "APNS_TOPIC": TOPIC,
            "APNS_URL": self.apns.url, "APNS_SANDBOX_URL": self.sandbox.url,
            "PUSH_CA": str(self.directory / "ca.pem"),
            "PUSH_PRIVATE": "allowed"}

    @property
    def all(self):
        return [self.fcm, self.apns, self.sandbox, *self.origins]

    def heal(self):
        for provider in self.all:
            provider.heal()
        self.google.answers.clear()
