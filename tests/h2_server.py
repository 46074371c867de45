"""
HTTP/2 over TLS on ports of the loopback addresses, by asyncio in a thread.

A handler takes a Request and gives an Answer.  It runs in that thread, one
request after the other.
"""
import asyncio
import contextlib
import dataclasses
import math
import socket
import ssl
import threading
import time

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (ConnectionTerminated, DataReceived, RequestReceived,
                       StreamEnded, StreamReset)
from h2.exceptions import (ProtocolError, StreamClosedError,
                           StreamIDTooLowError)
from h2.settings import SettingCodes

STREAMS = 1000                  # at once in a connection
LEAVE_S = 1                     # after GOAWAY


@dataclasses.dataclass
class Request:
    headers: dict               # by name; a repeated one's values by ", "
    body: bytes
    at: float                   # by time.monotonic()

    @property
    def method(self):
        return self.headers[":method"]

    @property
    def path(self):
        return self.headers[":path"]


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int | str           # a word: what is done instead
    body: bytes = b""
    headers: tuple = ()         # (name, value)


HANG = Answer("hang")           # never an answer
RESET = Answer("reset")         # RST_STREAM
GOAWAY = Answer("goaway")       # the request was not looked at; closed
CLOSE = Answer("close")         # in the midst of it


class Connection(asyncio.Protocol):
    def __init__(self, listener):
        self.listener = listener
        self.streams = {}       # what came of them: headers, body
        self.requests = 0
        self.ended = False
        self.h2 = H2Connection(H2Configuration(
            client_side=False, header_encoding="utf-8",
            validate_outbound_headers=False,
            normalize_outbound_headers=False))

    def connection_made(self, transport):
        self.transport = transport
        self.listener.opened(self)
        self.h2.initiate_connection()
        self.h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: STREAMS})
        self.flush()

    def connection_lost(self, _):
        self.ended = True
        self.listener.connections.discard(self)

    def data_received(self, data):
        if self.ended:
            return
        try:
            for event in self.h2.receive_data(data):
                # A client may have reset what it sent just before.
                with contextlib.suppress(StreamClosedError,
                                         StreamIDTooLowError):
                    self.take(event)
        except ProtocolError as error:
            self.listener.failed(error)
            self.end()
        self.flush()

    def take(self, event):
        if self.ended:
            return
        if isinstance(event, RequestReceived):
            headers = {}
            for name, value in event.headers:
                headers[name] = (f"{headers[name]}, {value}"
                                 if name in headers else value)
            self.streams[event.stream_id] = headers, bytearray()
        elif isinstance(event, DataReceived):
            self.streams[event.stream_id][1].extend(event.data)
            self.h2.acknowledge_received_data(event.flow_controlled_length,
                                              event.stream_id)
        elif isinstance(event, StreamEnded):
            self.serve(event.stream_id)
        elif isinstance(event, StreamReset):
            self.streams.pop(event.stream_id, None)
        elif isinstance(event, ConnectionTerminated):
            self.end()

    def serve(self, stream):
        headers, body = self.streams.pop(stream)
        self.requests += 1
        self.answer(stream, self.listener.answer(
            Request(headers, bytes(body), time.monotonic())))
        if self.requests >= (self.listener.goaway_after or math.inf):
            self.go_away(stream)

    def answer(self, stream, answer):
        if answer == RESET:
            self.h2.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)
        elif answer == GOAWAY:
            self.go_away(stream - 2)
        elif answer == CLOSE:
            self.ended = True
            self.transport.abort()
        elif answer != HANG:
            self.h2.send_headers(
                stream, [(":status", str(answer.status)), *answer.headers])
            size = self.h2.max_outbound_frame_size
            for i in range(0, len(answer.body), size):
                self.h2.send_data(stream, answer.body[i:i + size])
            self.h2.end_stream(stream)

    def go_away(self, last_stream):
        """Later streams are not looked at.  The client has time to leave."""
        if not self.ended:
            self.h2.close_connection(ErrorCodes.NO_ERROR,
                                     last_stream_id=max(0, last_stream))
            self.flush()
            self.ended = True
            self.listener.server.loop.call_later(LEAVE_S, self.transport.close)

    def end(self):
        self.flush()
        self.ended = True
        self.transport.close()

    def flush(self):
        if not self.ended and (data := self.h2.data_to_send()):
            self.transport.write(data)


class Listener:
    """A port: https://localhost:PORT, and the same at 127.0.0.1 and ::1."""

    def __init__(self, server, handler, certificate):
        self.server, self.handler = server, handler
        self.connections = set()
        self.opened_total = 0
        self.requests = 0
        self.goaway_after = None        # so many requests of a connection
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_alpn_protocols(["h2"])
        self.present(certificate)
        self.sockets = sockets_of_a_port()
        self.port = self.sockets[0].getsockname()[1]

    async def start(self):
        loop = asyncio.get_running_loop()
        self.servers = [await loop.create_server(
            lambda: Connection(self), sock=s, ssl=self.context, backlog=1000)
            for s in self.sockets]

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    def present(self, certificate):
        """From now on, to new connections."""
        self.context.load_cert_chain(certificate)

    def hang_up(self):
        """On all that are connected."""
        def abort():
            for connection in list(self.connections):
                connection.transport.abort()
        self.server.call(abort)

    def opened(self, connection):
        self.connections.add(connection)
        self.opened_total += 1

    def answer(self, request):
        self.requests += 1
        try:
            return self.handler(request)
        except Exception as error:      # a bug of the test, to be seen there
            self.failed(error)
            return RESET

    def failed(self, error):
        self.server.errors.append(f"{self.url}: {error!r}")


class Server:
    """The thread of listeners."""

    def __init__(self):
        self.errors, self.listeners = [], []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever,
                                       daemon=True)
        self.thread.start()

    def listen(self, handler, certificate):
        listener = Listener(self, handler, certificate)
        asyncio.run_coroutine_threadsafe(listener.start(),
                                         self.loop).result(10)
        self.listeners.append(listener)
        return listener

    def call(self, function):
        """In the thread, and done when this returns."""
        async def call():
            return function()
        return asyncio.run_coroutine_threadsafe(call(), self.loop).result(10)

    def close(self):
        asyncio.run_coroutine_threadsafe(self.end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    async def end(self):
        for listener in self.listeners:
            for server in listener.servers:
                server.close()
            for connection in list(listener.connections):
                connection.transport.abort()
        handshakes = asyncio.all_tasks() - {asyncio.current_task()}
        for task in handshakes:
            task.cancel()
        await asyncio.gather(*handshakes, return_exceptions=True)


def sockets_of_a_port():
    """Of one free port: for IPv4, and for IPv6 where there is any."""
    for _ in range(10):
        sockets = [socket.create_server(("127.0.0.1", 0), backlog=1000)]
        port = sockets[0].getsockname()[1]
        with contextlib.suppress(OSError):
            sockets.append(socket.create_server(
                ("::1", port), family=socket.AF_INET6, backlog=1000))
            break
    return sockets
