"""What is broken at random is refused, and breaks nothing."""
import collections
import concurrent.futures
import contextlib
import json
import random
import re
import socket
import struct

import pytest

from kith import credentials, register, wait_until

pytestmark = pytest.mark.usefixtures("seed")

COUNT = 10000
THREADS = 8
TIMEOUT_S = 10
DRAIN_S = 10
REFUSED = {400, 401, 409, 413, 415, 422, 429, 503}

BITS_OF_JSON = [
    b'"', b"\\", b"{", b"[", b"}", b"]", b":", b",", b"\\u0000", b"\\ud800",
    b"\\u202e", b"\0", b"\x7f", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80",
    b"\xef\xbb\xbf", b"\xf4\x8f\xbf\xbf", b"null", b"true", b"-0", b"1e999",
    b"9223372036854775808", b'{"a":' * 33, b"[" * 33, b"x" * 300, b"@", b"'",
]
BEGIN, ABORT, PARAMS, STDIN, GET_VALUES = 1, 2, 4, 5, 9
BITS_OF_FASTCGI = [
    *(struct.pack("!BBHHBx", version, kind, number, length, 0)
      for version, kind, number, length in [
          (1, ABORT, 1, 0), (1, PARAMS, 1, 0), (1, STDIN, 1, 0),
          (1, STDIN, 2, 8), (1, BEGIN, 2, 8), (1, GET_VALUES, 0, 0),
          (1, STDIN, 1, 0xffff), (1, PARAMS, 1, 0xffff), (0, STDIN, 1, 0)]),
    b"\x80\0\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\0", b"\1",
]
BITS_OF_VALUES = [
    b"-1", b"0", b"999999999", b"18446744073709551616", b"1e308", b"nan", b"%",
    b"%00", b"&cursor=%ff", b"&limit=", b"/../", b"\r\nStatus: 299\r\n",
]


def mutated(data, bits):
    """data after one to four accidents."""
    data = bytearray(data)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(data) + 1)
        end = min(len(data), at + random.choice([0, 1, 2, 8, 64]))
        data[at:end] = random.choice([
            b"", data[at:end] * 2, random.choice(bits), random.randbytes(1),
            bytes(byte ^ 1 << random.randrange(8) for byte in data[at:end]),
        ])
    return bytes(data)


def in_threads(call, cases):
    with concurrent.futures.ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(call, cases))


@pytest.fixture
def unharmed(stack):
    """No worker ends meanwhile; each would report a leak at its end."""
    functions = [stack.function(name)
                 for name in ("register", "login", "session")]
    before = [function.workers() for function in functions]
    yield
    assert [function.workers() for function in functions] == before
    assert all(function.reload() for function in functions)
    for function in functions:
        wait_until(lambda: not function.workers("draining"), DRAIN_S)


def test_malformed_bodies(unharmed, kith):
    mine = register(kith)
    bodies = {
        "/register": credentials() | {"password": "1234567", "device": "é"},
        "/login": mine.credentials | {"password": "wrong", "device": None},
        "/refresh-token": {"refresh_token": mine.tokens["refresh_token"]},
        "/logout": {"scope": "others"},
    }
    headers = mine.bearer | {"Content-Type": "application/json"}

    def post(case):
        path, body = case
        answer = kith.post(path, data=body, headers=headers)
        assert answer.ok or answer.json()["status"] == answer.status_code
        return answer.status_code

    cases = [(path, mutated(json.dumps(body).encode(), BITS_OF_JSON))
             for path, body in bodies.items() for _ in range(COUNT // 4)]
    answers = collections.Counter(in_threads(post, cases))
    print(answers)
    assert answers.keys() <= REFUSED | {200, 201, 204}


def record(kind, content, padding=0, request=1):
    return struct.pack("!BBHHBx", 1, kind, request, len(content),
                       padding) + content + bytes(padding)


def pairs(params):
    def length(n):
        return bytes([n]) if n < 128 else struct.pack("!I", n | 1 << 31)
    return b"".join(length(len(name)) + length(len(value)) + name + value
                    for name, value in params.items())


def request(params, body):
    """A FastCGI request that asks for the connection to be kept."""
    return (record(BEGIN, b"\0\1\1\0\0\0\0\0") +
            record(PARAMS, pairs(params)) + record(PARAMS, b"") +
            (record(STDIN, body, 3) if body else b"") + record(STDIN, b""))


def malformed_request(account, method, path, body):
    """As nginx would send it, but for accidents in a value or anywhere."""
    params = {
        b"REQUEST_METHOD": method, b"PATH": path, b"LISTENER": b"public",
        b"QUERY_STRING": b"limit=1", b"ARRIVED": b"9999999999.000",
        b"CONTENT_TYPE": b"application/json", b"REMOTE_ADDR": b"127.0.0.1",
        b"CONTENT_LENGTH": b"%d" % len(body), b"USER_AGENT": b"curl",
        b"AUTHORIZATION": account.bearer["Authorization"].encode(),
        b"TRACEPARENT": b"00-" + b"1" * 32 + b"-" + b"2" * 16 + b"-01",
        b"REQUEST_ID": b"0123456789abcdef" * 2, b"IDEMPOTENCY_KEY": b"x",
    }
    if random.random() < 0.5:
        return mutated(request(params, body), BITS_OF_FASTCGI)
    name = random.choice(list(params))
    params[name] = mutated(params[name], BITS_OF_JSON + BITS_OF_VALUES)
    return request(params, body)


def send(case):
    """What comes back until the worker closes the connection."""
    path, data = case
    answer = b""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(TIMEOUT_S)
        connection.connect(path)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
    return answer


def test_malformed_fastcgi_requests(unharmed, stack, kith):
    mine = register(kith)
    wrong = json.dumps(mine.credentials | {"password": "wrong"}).encode()
    token = json.dumps({"refresh_token": "x"}).encode()
    routes = [
        ("session", b"GET", b"/sessions", b""),
        ("session", b"DELETE", b"/sessions/" + mine.id.encode(), b""),
        ("session", b"POST", b"/refresh-token", token),
        ("login", b"POST", b"/login", wrong),
        ("register", b"POST", b"/register", wrong),
    ]
    cases = [(stack.function(name).socket, malformed_request(mine, *route))
             for name, *route in random.choices(routes, k=COUNT)]
    answers = in_threads(send, cases)
    statuses = collections.Counter(
        int(status) for answer in answers
        for status in re.findall(rb"Status: (\d+)\r\n", answer))
    print(statuses)
    assert statuses.keys() <= REFUSED | {200, 204, 404, 405}
    assert statuses[200] > 0
