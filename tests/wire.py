"""
HTTP and event streams for very many clients at once, by asyncio.

A request that gets no answer has the status LOST: it may have been carried out.
"""
import asyncio
import contextlib
import dataclasses
import json
import urllib.parse

LOST = 0                        # instead of a status: no answer came
TIMEOUT_S = 10
ERRORS = (OSError, EOFError, TimeoutError, asyncio.TimeoutError, ValueError)


def address_of(base):
    parts = urllib.parse.urlsplit(base)
    return parts.hostname, parts.port


def head(method, path, token, headers):
    lines = [f"Host: kith", f"Authorization: Bearer {token}",
             *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([f"{method} {path}", *lines, "", ""]).encode()


async def read_head(reader):
    """Status and headers, by lower-case name."""
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    return int(status.split()[1]), {
        name.lower(): value for name, value in
        (line.split(": ", 1) for line in lines if line)}


class Wire:
    """One connection, made anew when it is lost."""

    def __init__(self, base):
        self.address = address_of(base)
        self.reader = self.writer = None

    def close(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None

    async def request(self, method, path, token, body=None, **headers):
        """Status and document (None: no JSON)."""
        try:
            return await asyncio.wait_for(
                self.exchange(method, path, token, body, headers), TIMEOUT_S)
        except ERRORS:
            self.close()
            return LOST, None

    async def exchange(self, method, path, token, body, headers):
        if not self.writer:
            self.reader, self.writer = await asyncio.open_connection(
                *self.address)
        data = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            headers = headers | {"Content-Type": "application/json",
                                 "Content-Length": len(data)}
        self.writer.write(head(method, f"{path} HTTP/1.1", token, headers)
                          + data)
        status, got = await read_head(self.reader)
        text = await self.reader.readexactly(int(got.get("content-length", 0)))
        if got.get("connection") == "close":
            self.close()
        return status, json.loads(text) if text else None


@dataclasses.dataclass
class Event:
    name: str
    id: str                     # None: it has none
    data: dict


@contextlib.asynccontextmanager
async def stream(base, token, last_id=None):
    """
    Status and events of GET /stream; the events end with the connection.
    HTTP/1.0, so that they come as they are, without chunks.
    """
    reader, writer = await asyncio.open_connection(*address_of(base))
    headers = {"Last-Event-ID": last_id} if last_id else {}
    try:
        writer.write(head("GET", "/stream HTTP/1.0", token, headers))
        status, _ = await asyncio.wait_for(read_head(reader), TIMEOUT_S)
        yield status, events_of(reader)
    finally:
        writer.close()


async def events_of(reader):
    while True:
        try:
            block = (await reader.readuntil(b"\n\n")).decode()
        except (OSError, asyncio.IncompleteReadError):
            return
        fields = dict(line.split(": ", 1) for line in block.splitlines()
                      if line and not line.startswith(":"))
        if fields:
            yield Event(fields["event"], fields.get("id"),
                        json.loads(fields["data"]))
