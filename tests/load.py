"""
Load: people who register, log in and refresh tokens, each in a thread.

They are good clients: what was lost or unavailable they ask again, with the
same Idempotency-Key or token, until it goes well.
"""
import concurrent.futures
import dataclasses
import itertools
import threading
import time
import uuid

import requests

from kith import Account, Client, credentials, wait_until

GOOD = {"register": 201, "login": 200, "refresh": 200}
LOST = 0                        # instead of a status: no answer came
AGAIN = {LOST, 502, 503, 504}
PATIENCE_S = 60
PAUSE_S = 0.02                  # before something is asked again


@dataclasses.dataclass
class Answer:
    what: str
    begin: float                # by time.monotonic(), as end
    end: float
    status: int
    headers: dict

    @property
    def good(self):
        return self.status == GOOD[self.what]

    @property
    def seconds(self):
        return self.end - self.begin


class Person:
    def __init__(self, base, acts):
        self.client = Client(base)
        self.acts = acts
        self.answers = []
        self.accounts = []      # with their last tokens
        self.events = {}        # by user: type and session of each

    def live(self, stop):
        self.register()
        for act in itertools.cycle(self.acts):
            if stop.is_set():
                return
            getattr(self, act)()

    def register(self):
        account = credentials()
        tokens = self.insist("register", "/register", account,
                             {"Idempotency-Key": str(uuid.uuid4())})
        self.accounts.append(Account(*account.values(), tokens))
        self.events[tokens["user"]["id"]] = [("UserRegistered", None)]

    def login(self):
        account = self.accounts[-1]
        account.tokens = self.insist("login", "/login", account.credentials)
        self.events[account.id].append(("UserLoggedIn", account.session))

    def refresh(self):
        account = self.accounts[-1]
        account.tokens = self.insist("refresh", "/refresh-token", {
            "refresh_token": account.tokens["refresh_token"]})

    def insist(self, what, path, body, headers=None):
        """The good answer's document, whatever comes before it."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer, document = self.ask(what, path, body, headers)
            self.answers.append(answer)
            if answer.good:
                return document
            assert answer.status in AGAIN, (answer, document)
            assert time.monotonic() < deadline, (answer, document)
            time.sleep(PAUSE_S)

    def ask(self, what, path, body, headers):
        begin = time.monotonic()
        try:
            answer = self.client.post(path, json=body, headers=headers)
        except requests.RequestException as error:
            return Answer(what, begin, time.monotonic(), LOST, {}), error
        return (Answer(what, begin, time.monotonic(), answer.status_code,
                       answer.headers), answer.json())


class Load:
    """So many people; they live for as long as a with statement."""

    def __init__(self, base, count, acts):
        self.people = [Person(base, acts) for _ in range(count)]
        self.acts = set(acts)
        self.stop = threading.Event()

    def __enter__(self):
        self.threads = concurrent.futures.ThreadPoolExecutor(len(self.people))
        self.lives = [self.threads.submit(person.live, self.stop)
                      for person in self.people]
        return self

    def __exit__(self, *_):
        self.stop.set()
        for life in self.lives:
            life.result()

    @property
    def answers(self):
        return [a for person in self.people for a in list(person.answers)]

    @property
    def failed(self):
        return [a for a in self.answers if not a.good]

    @property
    def accounts(self):
        return [a for person in self.people for a in person.accounts]

    @property
    def events(self):
        return {user: events for person in self.people
                for user, events in person.events.items()}

    def wait_for(self, count, seconds=30):
        """Until each act, begun from now on, went well so often."""
        since = time.monotonic()
        wait_until(lambda: all(
            sum(a.good and a.what == act and a.begin > since
                for a in self.answers) >= count for act in self.acts), seconds)
