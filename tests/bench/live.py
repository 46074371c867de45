"""
live.py latency RATE SECONDS | idle COUNT PID - what streams take.

latency: people send RATE messages a second to the other one of their pair, when
each is due, whether or not those before it are answered.  Printed is how long
it takes from there until the message has come by the other's stream.

idle: COUNT people open a stream.  Printed is by how many bytes each makes the
private memory of process PID, the gateway, grow.

Where the stack is the environment says; TOKENS is a file of tools.c.
"""
import asyncio
import collections
import os
import pathlib
import re
import sys
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from wire import address_of, stream

URL = os.environ["KITH_URL"]
SESSIONS = 5                    # of an account, next to each other in TOKENS
PAIRS = 200                     # of bench.sql, from 0 here
CONNECTIONS = 32                # for sending
WARM_UP_S = 2
PATIENCE_S = 10
CLIENT_ID = re.compile(rb'"client_id":"([^"]+)"')


def tokens(count, step):
    """Of every step-th session."""
    with open(os.environ["TOKENS"]) as lines:
        return [line.split()[1] for i, line in enumerate(lines)
                if i < count * step and i % step == 0]


async def listen(token, opened):
    async with stream(URL, token) as (status, events):
        assert status == 200, status
        async for event in events:
            if event.name == "resync":
                opened.set()


class Listener(asyncio.Protocol):
    """A stream, of which only what is needed is looked at: it is cheap."""

    def __init__(self, token, measured):
        self.token, self.measured = token, measured
        self.opened = asyncio.get_running_loop().create_future()
        self.rest = b""

    def connection_made(self, transport):
        transport.write(f"GET /stream HTTP/1.0\r\nAuthorization: Bearer "
                        f"{self.token}\r\n\r\n".encode())

    def data_received(self, data):
        *events, self.rest = (self.rest + data).split(b"\n\n")
        for event in events:
            if b"event: resync" in event:
                self.opened.set_result(None)
            elif found := CLIENT_ID.search(event):
                self.measured.arrive(found[1])


class Sender(asyncio.Protocol):
    """A connection, which takes part in the sending while it is free."""

    def __init__(self, measured):
        self.measured = measured

    def connection_made(self, transport):
        self.transport = transport
        self.measured.free.append(self)

    def send(self, request):
        self.transport.write(request)

    def data_received(self, data):
        """What doesn't begin an answer is the rest of one."""
        if data.startswith(b"HTTP/1.1"):
            assert data.startswith(b"HTTP/1.1 201"), data
            self.measured.is_free(self)


class Latency:
    def __init__(self):
        self.tokens = tokens(2 * PAIRS, SESSIONS)
        self.free = []          # senders
        self.waiting = collections.deque()
        self.due = {}           # by client id: when a message was to be sent
        self.seconds = []       # from then until it came, by when it was due

    def arrive(self, client_id):
        due = self.due.pop(client_id)
        self.seconds.append((due, time.monotonic() - due))

    def is_free(self, sender):
        if self.waiting:
            sender.send(self.waiting.popleft())
        else:
            self.free.append(sender)

    def request(self, pair, client_id):
        body = (f'{{"chat_id":"00000000-0000-8000-a000-{pair + 1:012}",'
                f'"client_id":"{client_id}","text":"What do you say to a'
                ' walk before it gets dark?"}')
        return (f"POST /messages/send HTTP/1.1\r\nHost: kith\r\n"
                f"Authorization: Bearer {self.tokens[2 * pair]}\r\n"
                f"Content-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}").encode()

    def send(self, due, pair):
        client_id = str(uuid.uuid4())
        self.due[client_id.encode()] = due
        self.waiting.append(self.request(pair, client_id))
        if self.free:
            self.is_free(self.free.pop())

    async def connect(self):
        loop = asyncio.get_running_loop()
        host, port = address_of(URL)
        opened = []
        for token in self.tokens[1::2]:
            _, listener = await loop.create_connection(
                lambda token=token: Listener(token, self), host, port)
            opened.append(listener.opened)
        for _ in range(CONNECTIONS):
            await loop.create_connection(lambda: Sender(self), host, port)
        await asyncio.wait_for(asyncio.gather(*opened), PATIENCE_S)

    async def run(self, rate, seconds):
        await self.connect()
        begin = time.monotonic()
        for i in range(rate * (seconds + WARM_UP_S)):
            due = begin + i / rate
            if due > time.monotonic():
                await asyncio.sleep(due - time.monotonic())
            self.send(due, i % PAIRS)
        end = time.monotonic() + PATIENCE_S
        while self.due and time.monotonic() < end:
            await asyncio.sleep(0.05)
        return sorted(took for due, took in self.seconds
                      if due > begin + WARM_UP_S)


def latency(rate, seconds):
    measured = Latency()
    took = asyncio.run(measured.run(rate, seconds))
    print(f"{'send to the other side (stream)':34} {rate:8}/s  "
          f"p50 {took[len(took) // 2] * 1000:6.2f} ms  "
          f"p99 {took[len(took) * 99 // 100] * 1000:7.2f} ms  "
          f"(aim p50 <= 8, p99 <= 40)  {len(measured.due)} lost")


def private_bytes(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * sum(map(int, re.findall(r"Private_\w+: +(\d+)", text)))


async def idle(count, pid):
    before = private_bytes(pid)
    opened = [asyncio.Event() for _ in range(count)]
    tasks = [asyncio.create_task(listen(token, event))
             for token, event in zip(tokens(count, 1), opened)]
    for event in opened:
        await asyncio.wait_for(event.wait(), PATIENCE_S)
    each = (private_bytes(pid) - before) / count
    for task in tasks:
        task.cancel()
    print(f"{'an idle stream in the gateway':34} {each:8.0f} bytes, of {count}"
          " (aim <= 4096)")


if sys.argv[1] == "latency":
    latency(int(sys.argv[2]), int(sys.argv[3]))
else:
    asyncio.run(idle(int(sys.argv[2]), sys.argv[3]))
