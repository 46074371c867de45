"""
What nginx answers by itself, the page too, and what it adds to every answer.

Raw sockets, since no client library would send most of this.
"""
import http.client
import json
import os
import pathlib
import secrets
import socket
import urllib.parse

import pytest

import contract
from kith import wait_until

HEADERS = {
    "Server": "nginx",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy":
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
}
MAX_BODY = 8192                 # BODY_BYTES of login


class Connection:
    """Bytes to nginx, answers back."""

    def __init__(self, variable="KITH_URL"):
        url = urllib.parse.urlsplit(os.environ[variable])
        self.socket = socket.create_connection((url.hostname, url.port), 10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, request, method="GET"):
        self.socket.sendall(request)
        answer = http.client.HTTPResponse(self.socket, method=method)
        answer.begin()
        answer.text = answer.read().decode()
        return answer

    def is_closed(self):
        return self.socket.recv(1) == b""


def ask(method, path, *headers, body=b"", variable="KITH_URL"):
    head = [f"{method} {path} HTTP/1.1", "Host: kith", *headers, "", ""]
    with Connection(variable) as connection:
        return connection.ask("\r\n".join(head).encode() + body, method)


def assert_headers(answer, **others):
    for name, value in (HEADERS | others).items():
        assert answer.headers.get_all(name) == [value]
    assert len(answer.headers.get_all("Cache-Control")) == 1
    assert len(answer.headers["X-Request-Id"]) == 32
    assert "Location" not in answer.headers


def assert_problem(answer, status, code):
    problem = json.loads(answer.text)
    assert (answer.status, problem["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert problem["status"] == status
    assert problem["type"] == f"/problems/{code}"
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    document = contract.Http()
    document.validate(document.root["components"]["schemas"]["Problem"],
                      problem)
    assert_headers(answer)


def text(*lines, body=""):
    return "\r\n".join([*lines, "", body]).encode()


def post(*lines, body=""):
    return text("POST /login HTTP/1.1", "Host: a", *lines, body=body)


BAD = {
    "no request": (b"GARBAGE\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
    "bad escape": (text("GET /%zz HTTP/1.1", "Host: a"), 400),
    "NUL": (text("GET /%00 HTTP/1.1", "Host: a"), 400),
    "above the root": (text("GET /../x HTTP/1.1", "Host: a"), 400),
    "proxy": (text("CONNECT a:443 HTTP/1.1", "Host: a"), 400),
    "no host": (text("GET /login HTTP/1.1"), 400),
    "two hosts": (text("GET /login HTTP/1.1", "Host: a", "Host: b"), 400),
    "folded": (text("GET /login HTTP/1.1", "Host: a", "A: b", " c"), 400),
    "HTTP/2.0": (text("GET /login HTTP/2.0", "Host: a"), 505),
    "two framings": (post("Content-Length: 1", "Transfer-Encoding: chunked",
                          body="0\r\n\r\n"), 400),
    "two lengths": (post("Content-Length: 1", "Content-Length: 1", body="a"),
                    400),
    "negative length": (post("Content-Length: -1"), 400),
    "unknown framing": (post("Transfer-Encoding: xchunked",
                             body="0\r\n\r\n"), 400),
    "bad chunk": (post("Transfer-Encoding: chunked", body="x\r\n"), 400),
    "long path": (text("GET /" + 9000 * "a" + " HTTP/1.1", "Host: a"), 414),
    "long header": (text("GET / HTTP/1.1", "Host: a", "A: " + 9000 * "a"),
                    431),
    "many headers": (text("GET / HTTP/1.1", "Host: a",
                          *2000 * ["A: " + 30 * "a"]), 431),
}


@pytest.mark.parametrize("name", BAD)
def test_it_refuses_what_is_not_http_and_closes(name):
    request, status = BAD[name]
    with Connection() as connection:
        assert_problem(connection.ask(request), status,
                       "too_large" if status in (414, 431) else "malformed")
        assert connection.is_closed()


def test_it_reads_no_request_behind_a_refused_one():
    smuggled = text("GET /.well-known/jwks.json HTTP/1.1", "Host: a")
    with Connection() as connection:
        answer = connection.ask(BAD["two framings"][0] + smuggled)
        assert answer.status == 400
        assert connection.is_closed()


@pytest.mark.parametrize("path", [
    "/nope", "/login/", "/login/x.css", "/sessions/a/b", "/problem",
    "/.git/config", "/nginx.conf", "/stack.env", "/a/..%2fstack.env",
    "/.well-known/", "/keys/signing.pem", "/.well-known/../keys/signing.pem",
    "/healthz", "/readyz", "/metrics", "/index.html", "/web", "/web/",
    "/web/views", "/web/views/", "/web/nope.js", "/web/package.json",
    "/web/package-lock.json",
])
def test_what_is_not_there_is_404(path):
    assert_problem(ask("GET", path), 404, "not_found")


def test_the_internal_listener_has_only_internal_routes(internal):
    assert internal.get("/healthz").status_code == 200
    for path in ("/", "/web/app.js", "/sw.js", "/sessions", "/openapi.yaml",
                 "/.well-known/jwks.json"):
        assert_problem(ask("GET", path, variable="KITH_INTERNAL_URL"),
                       404, "not_found")


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PUT", "FOO"])
def test_a_method_that_is_not_there_is_405(method):
    for path, allow in [("/login", "POST"),
                        ("/", "GET, HEAD"),
                        ("/web/app.js", "GET, HEAD"),
                        ("/sw.js", "GET, HEAD"),
                        ("/openapi.yaml", "GET, HEAD"),
                        ("/.well-known/jwks.json", "GET, HEAD")]:
        answer = ask(method, path)
        assert answer.headers.get_all("Allow") == [allow]
        assert_problem(answer, 405, "method_not_allowed")
    assert_problem(ask(method, "/nope"), 404, "not_found")


@pytest.mark.parametrize("length, status", [(MAX_BODY, 400),
                                            (MAX_BODY + 1, 413)])
def test_a_body_has_its_functions_limit(length, status):
    body = length * b"a"
    answer = ask("POST", "/login", "Content-Type: application/json",
                 f"Content-Length: {length}", body=body)
    chunked = ask("POST", "/login", "Content-Type: application/json",
                  "Transfer-Encoding: chunked",
                  body=b"%x\r\n%b\r\n0\r\n\r\n" % (length, body))
    assert answer.status == chunked.status == status


def test_a_body_over_the_limit_is_not_read():
    answer = ask("POST", "/login", f"Content-Length: {1 << 30}")
    assert_problem(answer, 413, "too_large")


@pytest.mark.parametrize("encoding", ["gzip", "identity", "0"])
def test_an_encoded_body_is_refused(encoding):
    answer = ask("POST", "/login", "Content-Type: application/json",
                 f"Content-Encoding: {encoding}", "Content-Length: 2",
                 body=b"{}")
    assert_problem(answer, 415, "unsupported_media_type")


def test_the_headers_are_on_every_answer():
    for method, path, status in [("GET", "/sessions", 401),
                                 ("POST", "/login", 415),
                                 ("GET", "/openapi.yaml", 200),
                                 ("HEAD", "/asyncapi.yaml", 200)]:
        answer = ask(method, path)
        assert answer.status == status
        assert_headers(answer)


def test_the_documents_are_those_of_api(kith):
    for name in "openapi.yaml", "asyncapi.yaml":
        answer = kith.get("/" + name)
        assert answer.text == (contract.API / name).read_text()
        assert answer.headers["Content-Type"] == "application/yaml"


def test_only_the_keys_may_be_cached(kith):
    answer = kith.get("/.well-known/jwks.json")
    assert answer.headers["Cache-Control"] == "max-age=3600"
    again = ask("GET", "/.well-known/jwks.json",
                f"If-None-Match: {answer.headers['ETag']}")
    assert again.status == 304
    assert kith.get("/openapi.yaml").headers["Cache-Control"] == "no-store"


WEB = contract.API.parent / "web"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' blob:; worker-src 'self'; "
    "base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'")


def assert_file(path, file, content_type, policy):
    answer = ask("GET", path)
    assert answer.status == 200
    assert answer.text == (WEB / file).read_text()
    again = ask("GET", path, f"If-None-Match: {answer.headers['ETag']}")
    assert again.status == 304
    head = ask("HEAD", path)
    assert head.headers["Content-Length"] == answer.headers["Content-Length"]
    for each in answer, again, head:
        assert_headers(each, **{"Content-Security-Policy": policy})
        assert each.headers["Cache-Control"] == "no-cache"
    for each in answer, head:
        assert each.headers["Content-Type"] == content_type


@pytest.mark.parametrize("path, file, content_type", [
    ("/", "index.html", "text/html; charset=utf-8"),
    ("/web/app.js", "app.js", "text/javascript; charset=utf-8"),
    ("/web/views/chat.js", "views/chat.js", "text/javascript; charset=utf-8"),
    ("/web/lib/preact.mjs", "lib/preact.mjs",
     "text/javascript; charset=utf-8"),
    ("/web/style/base.css", "style/base.css", "text/css; charset=utf-8"),
    ("/web/icon.svg", "icon.svg", "image/svg+xml"),
])
def test_the_page_is_what_web_holds(path, file, content_type):
    assert_file(path, file, content_type, PAGE_POLICY)


def test_the_service_worker_may_load_nothing():
    assert_file("/sw.js", "sw.js", "text/javascript; charset=utf-8",
                HEADERS["Content-Security-Policy"])


def test_a_client_can_not_forge_what_a_proxy_says(kith, account):
    forged = {name: "203.0.113.9" for name in (
        "X-Forwarded-For", "X-Real-IP", "Forwarded", "Remote_Addr",
        "REMOTE-ADDR", "X-User-Id", "Proxy")}
    kith.headers.update(forged | {"X-Request-Id": "forged"})
    try:
        mine = account()
        answer = kith.get("/sessions", headers=mine.bearer)
    finally:
        for name in *forged, "X-Request-Id":
            del kith.headers[name]
    assert [s["address"] for s in answer.json()["items"]] == ["127.0.0.1"]
    assert answer.headers["X-Request-Id"] != "forged"


def test_the_log_has_neither_query_nor_token():
    canary = secrets.token_hex(16)
    answer = ask("GET", f"/sessions?access_token={canary}",
                 f"Authorization: Bearer {canary}", f"Referer: /{canary}",
                 'User-Agent: "\\\x1b[31m')
    log = pathlib.Path(os.environ["VAR"], "log/access.log")
    line = wait_until(lambda: next(
        (line for line in log.read_text().splitlines()
         if answer.headers["X-Request-Id"] in line), None), 5)
    assert canary not in line and json.loads(line)["path"] == "/sessions"
    assert canary not in log.with_name("nginx.log").read_text()
    assert canary not in log.with_name("session.log").read_text()
