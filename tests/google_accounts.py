"""Where a service account gets access tokens: RFC 7523, as Google has it."""
import collections
import json
import re
import secrets
import time
import urllib.parse

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from answers import document
from certificates import private_pem
from provider_rules import (HOUR_S, SKEW_S, TOKEN_HEADERS, Violation, demand,
                            fits, headers_fit)

PROJECT = "kith-test"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class GoogleAccounts:
    def __init__(self, providers):
        self.providers = providers
        self.listener = providers.listen(self.handle)
        self.uri = self.listener.url + "/token"
        self.key = rsa.generate_private_key(65537, 2048)
        self.key_id = secrets.token_hex(20)
        self.email = f"push@{PROJECT}.iam.gserviceaccount.com"
        self.lifetime_s = HOUR_S
        self.until = {}         # of a token
        self.given_at = 0       # the last one
        self.answers = collections.deque()
        self.asked = 0

    def account(self):
        """The file that Google gives to the account's owner."""
        return json.dumps({
            "type": "service_account", "project_id": PROJECT,
            "private_key_id": self.key_id,
            "private_key": private_pem(self.key).decode(),
            "client_email": self.email, "client_id": "1" * 21,
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": self.uri, "universe_domain": "googleapis.com"})

    def expire(self):
        """All that were given."""
        self.until.clear()

    def handle(self, request):
        self.asked += 1
        try:
            self.check(request)
        except (Violation, ValueError, jwt.PyJWTError) as error:
            self.providers.violations.append(f"token: {error!r}")
            return document(400, {"error": "invalid_grant"})
        if self.answers:
            return self.answers.popleft()
        token = "ya29." + secrets.token_urlsafe(32)
        self.given_at = time.monotonic()
        self.until[token] = self.given_at + self.lifetime_s
        return document(200, {"access_token": token, "token_type": "Bearer",
                              "expires_in": self.lifetime_s})

    def check(self, request):
        demand(request.path == "/token", request.path)
        headers_fit(TOKEN_HEADERS, request.headers)
        form = dict(urllib.parse.parse_qsl(
            request.body.decode(), strict_parsing=True))
        fits({"grant_type": re.escape(GRANT), "assertion": ".+"}, form)
        fits({"alg": "RS256", "typ": "JWT", "kid": self.key_id},
             jwt.get_unverified_header(form["assertion"]), "assertion")
        claims = jwt.decode(form["assertion"], self.key.public_key(),
                            ["RS256"], audience=self.uri, leeway=SKEW_S)
        fits({"iss": re.escape(self.email), "scope": re.escape(SCOPE),
              "aud": str, "iat": int, "exp": int}, claims, "assertion")
        demand(claims["iat"] < claims["exp"] <= claims["iat"] + HOUR_S, "exp")

    def takes(self, token):
        return self.until.get(token, 0) > time.monotonic()
