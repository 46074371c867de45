"""A chat in which everybody writes at once keeps nobody else from writing."""
import asyncio
import contextlib
import os
import random
import time
import uuid

import pytest

from kith import Client, wait_until
from pairs import Town
from talk import befriend, open_chat
from wire import Wire

MEMBERS = 256
EACH = 8                        # messages of each of them
NOTIFIED_S = 240                # half a million notifications
CALM_PAIRS = 4
CALM_PAUSE_S = 0.02
ALONE_S = 3


class Sender:
    def __init__(self, person, chat):
        self.person, self.chat = person, chat
        self.wire = Wire(os.environ["KITH_URL"])
        self.seqs = []
        self.refused = 0
        self.seconds = []

    async def send(self):
        """The status."""
        begin = time.monotonic()
        status, message = await self.wire.request(
            "POST", "/messages/send", self.person.token, {
                "chat_id": self.chat, "client_id": str(uuid.uuid4()),
                "text": "Happy New Year!"})
        self.seconds.append(time.monotonic() - begin)
        if status == 201:
            self.seqs.append(message["seq"])
        return status

    async def insist(self, count):
        """As clients do that are told to come again a little later."""
        while len(self.seqs) < count:
            status = await self.send()
            assert status in (201, 503), status
            if status == 503:
                self.refused += 1
                await asyncio.sleep(random.uniform(0.2, 1))

    async def go_on(self, until):
        while not until.is_set():
            assert await self.send() == 201
            await asyncio.sleep(CALM_PAUSE_S)


def p99(senders):
    seconds = sorted(s for sender in senders for s in sender.seconds)
    return seconds[len(seconds) * 99 // 100]


async def race(calm, hot):
    """p99 of the calm, alone and beside the hot."""
    until = asyncio.Event()
    going_on = asyncio.gather(*(sender.go_on(until) for sender in calm))
    await asyncio.sleep(ALONE_S)
    alone = p99(calm)
    for sender in calm:
        sender.seconds.clear()
    await asyncio.gather(*(sender.insist(EACH) for sender in hot))
    until.set()
    await going_on
    return alone, p99(calm)


@pytest.fixture
def notified(stack):
    """Afterwards all are, and those of the next test don't wait for these."""
    yield
    with Client(os.environ["KITH_INTERNAL_URL"]) as internal:
        wait_until(lambda: 'consumer_lag{function="notify-worker"} 0\n' in
                   internal.get("/metrics").text, NOTIFIED_S)


@pytest.mark.usefixtures("seed", "notified")
def test_a_hot_chat_keeps_nobody_from_another(stack, kith, capsys):
    with contextlib.closing(Town(kith)) as town:
        people = town.people(MEMBERS + 2 * CALM_PAIRS)
        befriend(town, people[:1], people)
        befriend(town, people[MEMBERS:], people[MEMBERS:])
    chat = open_chat(kith, people[:MEMBERS], "Everybody")
    hot = [Sender(person, chat) for person in people[:MEMBERS]]
    calm = [Sender(one, open_chat(kith, [one, other])) for one, other in
            zip(people[MEMBERS::2], people[MEMBERS + 1::2])]

    alone, beside = asyncio.run(race(calm, hot))

    assert sorted(seq for sender in hot for seq in sender.seqs) == list(
        range(1, MEMBERS * EACH + 1))
    for sender in calm:
        assert sender.seqs == list(range(1, len(sender.seqs) + 1))
    with capsys.disabled():
        print(f"\nhot chat: {sum(sender.refused for sender in hot)} of "
              f"{MEMBERS * EACH} were told to come later; p99 of others "
              f"{alone * 1000:.0f} ms alone, {beside * 1000:.0f} ms beside it")
