"""
hosts_load.py - people who talk by KITH_URL until standard input ends.

Prints the token of one of them when they begin.  In the end, once all know all
that was said, and it is in the database once, prints as JSON each request,
[begin, end, method, status] by time.monotonic(), and what was counted.  Run by
test_hosts.py on a host of its own.
"""
import asyncio
import contextlib
import dataclasses
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from kith import Client
from pairs import Town
from talk import PAUSE_S, Talk, befriend, open_chat
from test_talk import check_database, check_views, tokens
from wire import Wire

PEOPLE = 16
PATIENCE_S = 40                 # until all streams are back and all is known


class Recorded(Wire):
    requests = []

    async def request(self, method, path, *rest, **headers):
        begin = time.monotonic()
        status, document = await super().request(method, path, *rest,
                                                 **headers)
        self.requests.append((begin, time.monotonic(), method, status))
        return status, document


def open_chats(kith, people):
    """By id: its members, of whom the first two write there.  More than two
    at once are sent away where a function has four threads."""
    chats = {}
    for i in range(0, len(people), 2):
        members = (people[i:] + people)[:4]
        chats[open_chat(kith, members, f"Chat {i}")] = members
    return chats


async def write(speaker, chat, stop):
    while not stop.is_set():
        await speaker.say(chat)


async def read(speaker, stop):
    wire = Recorded(speaker.base)
    while not stop.is_set():
        for path in "/chats", "/user/me", "/notifications":
            status, _ = await speaker.insist(wire, "GET", path)
            assert status == 200, (path, status)
            await asyncio.sleep(PAUSE_S)


async def live(talk):
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    async def talk_until_told():
        speaker = next(iter(talk.speakers.values()))
        print(speaker.token(speaker.person), flush=True)
        await loop.run_in_executor(None, sys.stdin.read)
        stop.set()

    for chat, members in talk.chats.items():
        for person in members[:2]:
            speaker = talk.speakers[person.id]
            speaker.wire = Recorded(speaker.base)
            speaker.talk = lambda *_, s=speaker, c=chat: asyncio.gather(
                write(s, c, stop), read(s, stop))
    await talk.run(0, 1, talk_until_told, PATIENCE_S)


def main():
    base = os.environ["KITH_URL"]
    with Client(base) as kith, contextlib.closing(Town(kith)) as town:
        people = town.people(PEOPLE)
        befriend(town, people, people)
        talk = Talk(base, open_chats(kith, people), tokens(town))
        asyncio.run(live(talk))
        check_database(town, talk)
    check_views(talk)
    json.dump({"requests": Recorded.requests,
               **dataclasses.asdict(talk.counts)}, sys.stdout)


main()
