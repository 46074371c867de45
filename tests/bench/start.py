"""start.py PROGRAM - milliseconds from exec to the first answer, median of 30.

The program gets a listening socket as descriptor 0, as from its pool, and is
asked for GET /sessions without a token over FastCGI: 401 needs no database.
"""
import os
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time


def record(kind, content=b""):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def request():
    params = {b"REQUEST_METHOD": b"GET", b"PATH": b"/sessions"}
    pairs = b"".join(bytes([len(k), len(v)]) + k + v
                     for k, v in params.items())
    return (record(1, b"\0\1\0\0\0\0\0\0") + record(4, pairs) + record(4) +
            record(5))


def once(program, path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    client.sendall(request())
    begin = time.perf_counter()
    process = subprocess.Popen([program], stdin=listener,
                               stderr=subprocess.DEVNULL)
    answer = client.recv(65536)
    elapsed = time.perf_counter() - begin
    process.kill()
    process.wait()
    os.unlink(path)
    assert b"Status: 401" in answer, answer
    return elapsed * 1000


with tempfile.TemporaryDirectory() as directory:
    times = [once(sys.argv[1], directory + "/socket") for _ in range(30)]
print(f"{statistics.median(times):.1f}")
