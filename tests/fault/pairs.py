"""
Pairs of people who act on each other, over many connections at once, and what
may have come of it by the table of a pair's states.
"""
import asyncio
import collections
import functools
import json
import os
import pathlib
import re
import time
import urllib.parse
from collections import namedtuple

import jwt
import psycopg2
from cryptography.hazmat.primitives import serialization

CONNECTIONS = 64
REVERSED = slice(None, None, -1)
LOST = 0                        # instead of a status: no answer came
SENT, ACCEPTED, DECLINED, REQUEST_REMOVED, SUBSCRIPTION_REMOVED = (
    "SubscriptionRequestSent", "SubscriptionRequestAccepted",
    "SubscriptionRequestDeclined", "SubscriptionRemoved requested",
    "SubscriptionRemoved accepted")

# What changes a pair: action, both states before and after, as the one who
# acts sees them, and the event.
TABLE = [
    ("request", "none",     "none",     "outgoing", "incoming", SENT),
    ("request", "none",     "outgoing", "accepted", "accepted", ACCEPTED),
    ("request", "none",     "blocked",  "outgoing", "blocked",  None),
    ("request", "outgoing", "none",     "outgoing", "incoming", SENT),
    ("request", "incoming", "outgoing", "accepted", "accepted", ACCEPTED),
    ("accept",  "incoming", "outgoing", "accepted", "accepted", ACCEPTED),
    ("decline", "incoming", "outgoing", "none",     "none",     DECLINED),
    ("remove",  "outgoing", "none",     "none",     "none",     None),
    ("remove",  "outgoing", "incoming", "none",     "none",
     REQUEST_REMOVED),
    ("remove",  "outgoing", "blocked",  "none",     "blocked",  None),
    ("remove",  "accepted", "accepted", "none",     "none",
     SUBSCRIPTION_REMOVED),
    ("block",   "none",     "none",     "blocked",  "none",     None),
    ("block",   "none",     "outgoing", "blocked",  "outgoing", None),
    ("block",   "none",     "blocked",  "blocked",  "blocked",  None),
    ("block",   "outgoing", "none",     "blocked",  "none",     None),
    ("block",   "outgoing", "incoming", "blocked",  "none",
     REQUEST_REMOVED),
    ("block",   "outgoing", "blocked",  "blocked",  "blocked",  None),
    ("block",   "incoming", "outgoing", "blocked",  "outgoing", None),
    ("block",   "accepted", "accepted", "blocked",  "none",
     SUBSCRIPTION_REMOVED),
    ("unblock", "blocked",  "none",     "none",     "none",     None),
    ("unblock", "blocked",  "outgoing", "none",     "outgoing", None),
    ("unblock", "blocked",  "blocked",  "none",     "blocked",  None),
]

# Of each action, what is answered: a change, and all else.  However short the
# wait after a decline is: who asks at the same moment has to wait.
CHANGED = {"request": 201, "accept": 200, "decline": 204, "remove": 204,
           "block": 201, "unblock": 204, "leave": 204}
UNCHANGED = {"request": {200, 409, 429}, "accept": {200, 409},
             "decline": {409}, "remove": {404}, "block": {200},
             "unblock": {404}, "leave": set()}

Person = namedtuple("Person", "id token")
Move = namedtuple("Move", "actor action")       # the actor is an id
Event = namedtuple("Event", "actor what")
Answer = namedtuple("Answer", "move status")


def is_documented(answer):
    action = answer.move.action
    return answer.status in UNCHANGED[action] | {CHANGED[action]}


class Pair:
    """Two people; states are a tuple in the order of their ids."""

    def __init__(self, *people):
        self.ids = tuple(sorted(person.id for person in people))
        self.key = ":".join(self.ids)

    def seen_by(self, person, mine, theirs):
        """States."""
        return (mine, theirs) if person.id == self.ids[0] else (theirs, mine)

    @functools.cached_property
    def steps(self):
        """By states: moves, events and the states after them."""
        steps = collections.defaultdict(list)
        for action, *before, my_next, their_next, event in TABLE:
            for actor, order in zip(self.ids, [slice(None), REVERSED]):
                steps[tuple(before[order])].append((
                    Move(actor, action), event and Event(actor, event),
                    (my_next, their_next)[order]))
        return steps

    def quietly(self, states):
        """What some states become without an event."""
        found, new = set(states), list(states)
        while new:
            for _, event, after in self.steps[new.pop()]:
                if event is None and after not in found:
                    found.add(after)
                    new.append(after)
        return found

    def outcomes(self, start, events):
        """In what states a pair can be after just these events."""
        states = self.quietly({start})
        for event in events:
            states = self.quietly({
                after for state in states
                for _, announced, after in self.steps[state]
                if announced == event})
        return states

    def has_path(self, start, events, end, changes):
        """
        Whether a path goes from start to end with these events, on which each
        move of changes is made just so often (None: any number of times).
        """
        @functools.cache
        def goes_on(states, events, left):
            if (states, events) == (end, ()) and not any(n for _, n in left):
                return True
            return any(
                goes_on(after, events[bool(event):],
                        tuple((m, n - 1 if n and m == move else n)
                              for m, n in left))
                for move, event, after in self.steps[states]
                if dict(left).get(move, 0) != 0
                and event in (None, *events[:1]))

        return goes_on(start, events, tuple(changes.items()))


class Town:
    """People made in bulk, and what the database knows of them."""

    def __init__(self, kith):
        pem = pathlib.Path(os.environ["VAR"], "keys/signing.pem").read_bytes()
        self.key = serialization.load_pem_private_key(pem, None)
        self.kid = kith.get("/.well-known/jwks.json").json()["keys"][0]["kid"]
        self.connection = psycopg2.connect(os.environ["DATABASE_URL"])
        self.connection.autocommit = True
        self.keeper = self.keep_events()
        self.begin = self.sql("SELECT coalesce(max(id), 0)"
                              " FROM event.outbox")[0][0]

    def close(self):
        self.keeper.close()
        self.connection.close()

    def keep_events(self):
        """No slot of the outbox is emptied while somebody reads it."""
        keeper = psycopg2.connect(os.environ["DATABASE_URL"])
        with keeper.cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = 0")
            cursor.execute("LOCK TABLE event.outbox IN ACCESS SHARE MODE")
        return keeper

    def sql(self, statement, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def commit_at_ease(self, at_ease):
        """Whether commits of new connections don't wait for the disk."""
        self.sql("ALTER DATABASE " + self.connection.info.dbname +
                 (" SET synchronous_commit = off" if at_ease else
                  " RESET synchronous_commit"))

    def deadlocks(self):
        """How many there have been."""
        return self.sql("SELECT deadlocks FROM pg_stat_database"
                        " WHERE datname = current_database()")[0][0]

    def people(self, count):
        rows = self.sql(
            "WITH account AS ("
            "	INSERT INTO auth.account (id, email)"
            "	SELECT gen_random_uuid(), gen_random_uuid() || '@example.org'"
            "	  FROM generate_series(1, %s) RETURNING id"
            ") INSERT INTO auth.session (id, account_id, device, address,"
            "	idle_expires_at, expires_at)"
            " SELECT gen_random_uuid(), id, 'test', '127.0.0.1',"
            "	now() + interval '1 day', now() + interval '1 day'"
            "  FROM account RETURNING account_id, id", count)
        return [Person(user, self.token(user, session))
                for user, session in rows]

    def token(self, user, session):
        now = int(time.time())
        return jwt.encode({"iss": "kith", "aud": "kith", "sub": user,
                           "sid": session, "iat": now, "exp": now + 600},
                          self.key, "ES256", {"kid": self.kid,
                                              "typ": "at+jwt"})

    def set_states(self, pair, states):
        """Since long ago."""
        for ids, state in zip([pair.ids, pair.ids[::-1]], states):
            self.sql("INSERT INTO social.subscription (user_id, other_id,"
                     " state, since) VALUES (%s, %s, %s, '2020-01-01')",
                     *ids, state)

    def states(self, pair):
        rows = dict(self.sql(
            "SELECT user_id, state FROM social.subscription"
            " WHERE (user_id, other_id) IN ((%s, %s), (%s, %s))",
            *pair.ids, *pair.ids[::-1]))
        return tuple(rows.get(id, "none") for id in pair.ids)

    def events(self, pair):
        """Since the town began, in order."""
        return tuple(Event(user, what) for user, what in self.sql(
            "SELECT data->>'user_id', concat_ws(' ', type, data->>'was')"
            "  FROM event.outbox WHERE id > %s AND key = %s ORDER BY id",
            self.begin, pair.key))


def request_of(person, action, other):
    """A request as bytes."""
    line, body = {
        "leave": ("DELETE /user/me", ""),
        "remove": (f"DELETE /subscriptions/remove?user_id={other.id}", ""),
        "unblock": (f"DELETE /subscriptions/block?user_id={other.id}", ""),
    }.get(action, (f"POST /subscriptions/{action}",
                   json.dumps({"user_id": other.id})))
    return (f"{line} HTTP/1.1\r\nHost: kith\r\n"
            f"Authorization: Bearer {person.token}\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


class Connection:
    """One to nginx, kept alive."""

    def __init__(self):
        self.url = urllib.parse.urlsplit(os.environ["KITH_URL"])
        self.reader = self.writer = None

    def close(self):
        if self.writer:
            self.writer.close()
        self.writer = None

    async def status(self):
        """Of the answer, which is read to its end."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        await self.reader.readexactly(int(length[1]) if length else 0)
        if re.search(rb"(?i)\r\nconnection: close", head):
            self.close()
        return int(head.split()[1])

    async def act(self, person, action, other):
        move, request = (Move(person.id, action),
                         request_of(person, action, other))
        try:
            if not self.writer:
                self.reader, self.writer = await asyncio.open_connection(
                    self.url.hostname, self.url.port)
            self.writer.write(request)
            return Answer(move, await self.status())
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return Answer(move, LOST)


class Crowd:
    """Connections that act for as long as a with statement."""

    def __init__(self):
        self.connections = [Connection() for _ in range(CONNECTIONS)]

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        for connection in self.connections:
            connection.close()

    async def at_once(self, acts):
        """acts: of each connection, (person, action, other)."""
        return await asyncio.gather(*[
            connection.act(*act)
            for connection, act in zip(self.connections, acts)])

    async def one_by_one(self, acts):
        """Any number, each by the next connection that is free."""
        async def work(connection):
            return [await connection.act(*act) for act in acts]

        acts = iter(acts)
        answers = await asyncio.gather(*map(work, self.connections))
        return [answer for some in answers for answer in some]
