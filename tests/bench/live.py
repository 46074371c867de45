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
import os
import pathlib
import re
import sys
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from wire import Wire, stream

URL = os.environ["KITH_URL"]
SESSIONS = 5                    # of an account, next to each other in TOKENS
PAIRS = 50                      # of bench.sql, from 0 here
CONNECTIONS = 32                # for sending
WARM_UP_S = 2
PATIENCE_S = 10


def tokens(count, step):
    """Of every step-th session."""
    with open(os.environ["TOKENS"]) as lines:
        return [line.split()[1] for i, line in enumerate(lines)
                if i < count * step and i % step == 0]


async def listen(token, opened, on_message):
    async with stream(URL, token) as (status, events):
        assert status == 200, status
        async for event in events:
            if event.name == "resync":
                opened.set()
            elif event.name == "message":
                on_message(event.data)
    raise EOFError("a stream ended")


async def open_streams(tokens, on_message):
    """Tasks, once all are open."""
    opened = [asyncio.Event() for _ in tokens]
    tasks = [asyncio.create_task(listen(token, event, on_message))
             for token, event in zip(tokens, opened)]
    for event in opened:
        await asyncio.wait_for(event.wait(), PATIENCE_S)
    return tasks


class Latency:
    def __init__(self):
        self.tokens = tokens(2 * PAIRS, SESSIONS)
        self.queue = asyncio.Queue()
        self.due = {}           # by client id: when a message was to be sent
        self.seconds = []       # from then until it came, by when it was due

    def arrive(self, message):
        due = self.due.pop(message["client_id"])
        self.seconds.append((due, time.monotonic() - due))

    async def send(self):
        wire = Wire(URL)
        while True:
            pair, client_id = await self.queue.get()
            status, answer = await wire.request(
                "POST", "/messages/send", self.tokens[2 * pair], {
                    "chat_id": f"00000000-0000-8000-a000-{pair + 1:012}",
                    "client_id": client_id,
                    "text": "What do you say to a walk before it gets dark?"})
            assert status == 201, (status, answer)

    async def run(self, rate, seconds):
        tasks = await open_streams(self.tokens[1::2], self.arrive)
        tasks += [asyncio.create_task(self.send()) for _ in range(CONNECTIONS)]
        begin = time.monotonic()
        for i in range(rate * (seconds + WARM_UP_S)):
            due = begin + i / rate
            await asyncio.sleep(max(0, due - time.monotonic()))
            client_id = str(uuid.uuid4())
            self.due[client_id] = due
            self.queue.put_nowait((i % PAIRS, client_id))
        end = time.monotonic() + PATIENCE_S
        while self.due and time.monotonic() < end:
            await asyncio.sleep(0.05)
        for task in tasks:
            if task.done():
                task.result()
            task.cancel()
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
    tasks = await open_streams(tokens(count, 1), print)
    each = (private_bytes(pid) - before) / count
    for task in tasks:
        task.cancel()
    print(f"{'an idle stream in the gateway':34} {each:8.0f} bytes, of {count}"
          " (aim <= 4096)")


if sys.argv[1] == "latency":
    latency(int(sys.argv[2]), int(sys.argv[3]))
else:
    asyncio.run(idle(int(sys.argv[2]), sys.argv[3]))
