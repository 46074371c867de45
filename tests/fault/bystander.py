"""Somebody who asks another function meanwhile, again and again."""
import os
import threading
import time

from kith import Client, register, renew

PAUSE_S = 0.01
TOKEN_S = 300                   # until it gets another; it lasts longer


class Bystander(threading.Thread):
    def __init__(self):
        super().__init__()
        self.client = Client(os.environ["KITH_URL"])
        self.account, self.since = register(self.client), time.monotonic()
        self.answers = []
        self.done = threading.Event()

    def run(self):
        while not self.done.wait(PAUSE_S):
            if time.monotonic() > self.since + TOKEN_S:
                self.account = renew(self.client, self.account)
                self.since = time.monotonic()
            self.answers.append(
                self.client.get("/user/me", headers=self.account.bearer))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join()
        self.client.close()

    @property
    def statuses(self):
        return {answer.status_code for answer in self.answers}

    @property
    def p99_ms(self):
        times = sorted(answer.elapsed for answer in self.answers)
        return round(times[len(times) * 99 // 100].total_seconds() * 1000)
