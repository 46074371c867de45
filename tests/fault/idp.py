"""
OpenID providers, and a GitHub, that do what a test says: many issuers on one
port, each by its path.
"""
import base64
import hashlib
import html
import http.server
import json
import secrets
import ssl
import threading
import time
import urllib.parse

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CLIENT_ID, CLIENT_SECRET = "kith-web", "a secret: with + and %"
REDIRECT_URI = "https://kith.example/signed-in"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
RSA = rsa.generate_private_key(65537, 2048)
OTHER_RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
APPLES_KEY = ec.generate_private_key(ec.SECP256R1())    # of its clients


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def challenge(verifier):
    return base64url(hashlib.sha256(verifier.encode()).digest())


def jwk(key, kid):
    """The public half of a private key."""
    name = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    algorithm = jwt.algorithms.get_default_algorithms()[name]
    public = json.loads(algorithm.to_jwk(key.public_key()))
    public.pop("key_ops", None)
    return public | {"kid": kid}


class Issuer:
    """One provider: what it publishes, signs, and was asked for."""

    def __init__(self, base, name):
        self.name = name
        self.issuer = f"{base}/{name}"
        self.keys = {"rsa": RSA, "ec": EC}
        self.codes = {}
        self.asked = []                 # paths, below the issuer's
        self.does = {}                  # path: what to do instead
        self.authorizations = []        # of the token endpoint
        self.forms = []
        self.tokens = {}                # GitHub's: (user, emails)

    def claims(self, **changes):
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": secrets.token_hex(8),
                  "aud": CLIENT_ID, "iat": now, "exp": now + 300} | changes
        return {k: v for k, v in claims.items() if v is not None}

    def sign(self, kid="rsa", key=None, header=None, **claims):
        key = key or self.keys[kid]
        alg = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        return jwt.encode(self.claims(**claims), key, alg,
                          {"kid": kid} | (header or {}))

    def code(self, verifier=VERIFIER, redirect_uri=REDIRECT_URI,
             client_id=CLIENT_ID, **answer):
        """What a browser comes back with; answer is the token endpoint's."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = (challenge(verifier), redirect_uri, client_id,
                            answer)
        return code

    def sign_in(self, code=None, **claims):
        """A body of POST /oauth, by code."""
        code = code or self.code(id_token=self.sign(**claims))
        return {"provider": self.name, "code": code,
                "code_verifier": VERIFIER, "redirect_uri": REDIRECT_URI}

    # What it answers: status, document.

    def metadata(self):
        return 200, {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys"}

    def authorize(self, asked):
        """A page that posts its code at once, as Apple's does."""
        assert asked["response_mode"] == "form_post"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = (asked["code_challenge"], asked["redirect_uri"],
                            asked["client_id"], {"id_token": self.sign()})
        name = {"firstName": "Ann", "lastName": str(secrets.randbelow(10**9))}
        answer = {"state": asked["state"], "code": code,
                  "user": json.dumps({"name": name})}
        inputs = "".join(
            f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
            for name, value in answer.items())
        return (f'<form method="post" action="{asked["redirect_uri"]}">'
                f"{inputs}</form><script>document.forms[0].submit()</script>")

    def key_set(self):
        return 200, {"keys": [jwk(k, kid) for kid, k in self.keys.items()]}

    def take_code(self, form):
        expected = self.codes.pop(form["code"], None)
        given = (challenge(form["code_verifier"]), form["redirect_uri"],
                 form["client_id"])
        if form["grant_type"] != "authorization_code" or \
                not expected or expected[:3] != given:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": secrets.token_hex(8),
                     "token_type": "Bearer"} | expected[3]

    def take_github_code(self, form):
        status, answer = self.take_code(form)
        if status == 400:
            return 200, {"error": "bad_verification_code"}
        self.tokens[answer["access_token"]] = answer["user"], answer["emails"]
        return 200, {"access_token": answer["access_token"]}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def find(self):
        """The issuer, and the path below it."""
        _, name, *rest = self.path.split("?")[0].split("/")
        issuer = self.server.issuers[name]
        path = "/" + "/".join(rest)
        issuer.asked.append(path)
        return issuer, path

    def answer(self, status, document, kind="application/json"):
        body = document if isinstance(document, bytes) \
            else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        issuer, path = self.find()
        if path in issuer.does:
            return issuer.does[path](self)
        if path == "/.well-known/openid-configuration":
            return self.answer(*issuer.metadata())
        if path == "/keys":
            return self.answer(*issuer.key_set())
        if path == "/authorize":
            asked = urllib.parse.parse_qsl(self.path.partition("?")[2])
            return self.answer(200, issuer.authorize(dict(asked)).encode(),
                               "text/html")
        token = self.headers["Authorization"].removeprefix("Bearer ")
        user, emails = issuer.tokens[token]
        self.answer(200, user if path == "/api/v3/user" else emails)

    def do_POST(self):
        issuer, path = self.find()
        form = dict(urllib.parse.parse_qsl(self.rfile.read(
            int(self.headers["Content-Length"])).decode()))
        issuer.forms.append(form)
        if path in issuer.does:
            return issuer.does[path](self)
        if path == "/token":
            self.answer(*issuer.take_code(self.authenticate(form)))
        else:
            assert path == "/login/oauth/access_token"
            assert form["client_secret"] == CLIENT_SECRET
            self.answer(*issuer.take_github_code(form))

    def authenticate(self, form):
        """RFC 6749, 2.3.1, or the form; then with client_id."""
        if "Authorization" in self.headers:
            assert "client_id" not in form and "client_secret" not in form
            pair = base64.b64decode(
                self.headers["Authorization"].removeprefix("Basic ")).decode()
            form["client_id"], secret = map(urllib.parse.unquote_plus,
                                            pair.split(":"))
            assert secret == CLIENT_SECRET
        return form


class Idp(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, certificate=None):
        """certificate: a file with its key, for TLS."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server_port}"
        if certificate:
            self.base = f"https://localhost:{self.server_port}"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False)
        self.issuers = {}
        self.freed = threading.Event()      # who hangs goes on
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """Of a connection that the other side gave up."""

    def issuer(self, name):
        return self.issuers.setdefault(name, Issuer(self.base, name))

    def close(self):
        self.freed.set()
        self.shutdown()
        self.server_close()

    def provider(self, name, **more):
        """Its configuration."""
        return {"issuer": self.issuer(name).issuer, "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "redirect_uris": [REDIRECT_URI]} | more

    def apple(self, oauth, **more):
        """That of one which is like Apple."""
        key = APPLES_KEY.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption())
        provider = self.provider(
            "apple", preset="apple", team_id="TEAM", key_id="KEY",
            key_file=oauth.file("apple.pem", key), **more)
        del provider["client_secret"]
        return provider
