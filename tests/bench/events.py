"""
events.py COUNT - events a second of the relay alone and of a consumer, beside
which notify-worker looks for what the users asked of others.

So many UserDeleted, of users that nobody is in a chat with, wait in the outbox
when the relay is started, and then in Kafka when chat-worker is, which looks
for the chats of each and notes in its inbox that it did.  The metrics tell how
far they are.
"""
import os
import pathlib
import re
import subprocess
import sys
import time

import psycopg2

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from kith import Client, wait_until

ROOT = pathlib.Path(__file__).parents[2]


def stack(*words):
    subprocess.run([ROOT / "infra/stack", *words], check=True,
                   stdout=subprocess.DEVNULL)


def counted(metrics, name, function, labels=""):
    """Since its pool was started; 0 while it has no worker."""
    text = metrics.get("/metrics").text
    value = {sample: int(number) for sample, number in
             re.findall(r"^kith_(\S+) (\d+)$", text, re.MULTILINE)}
    ready = value.get(f'workers{{function="{function}",state="ready"}}', 0)
    return value[f'{name}{{function="{function}"{labels}}}'] if ready else 0


def rate(metrics, name, function, count, labels=""):
    """A second, of what was counted after the first look that saw any."""
    with subprocess.Popen([ROOT / "infra/stack", "up"],
                          stdout=subprocess.DEVNULL):
        def so_far():
            return counted(metrics, name, function, labels)

        first = wait_until(so_far, 30)
        begin = time.monotonic()
        wait_until(lambda: so_far() >= count, 120)
        return (count - first) / (time.monotonic() - begin)


def main(count):
    with Client(os.environ["KITH_INTERNAL_URL"]) as metrics:
        stack("down", "relay", "chat-worker", "notify-worker")
        with psycopg2.connect(os.environ["DATABASE_URL"]) as connection:
            connection.cursor().execute(
                "INSERT INTO event.outbox (topic, type, key, data)"
                " SELECT 'user.events', 'UserDeleted', id,"
                "	jsonb_build_object('user_id', id)"
                "  FROM (SELECT gen_random_uuid() AS id"
                "	 FROM generate_series(1, %s)) users", [count])
        for title, name, function, aim in [
                ("relay alone", "events_published_total", "relay",
                 " (aim >= 20,000/s)"),
                ("chat-worker", "events_consumed_total",
                 "chat-worker", "")]:
            print(f"{title:34} {rate(metrics, name, function, count):8.0f}/s"
                  f"  of {count}{aim}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
