"""
search.py [SECONDS [SEED]] - find people among those that people.sql has loaded.

First whether search is right among so many, then how long it takes: 50 requests
a second for SECONDS (60), each when it is due, whether or not those before it
are answered.  Half of them are beginnings of nicknames; in the others, or in
one word of them, something is misspelt.

Of the misspelt with six letters or more it prints how often the one who was
meant was on the first page: that person for a whole nickname, anybody of that
name for a word.

Beside them, as their limit on a busy machine, as many requests go to a null
function.  Where the stack is, the environment says, and how many PEOPLE it has;
TOKENS is a file of tools.c.
"""
import concurrent.futures
import dataclasses
import http.client
import itertools
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
import urllib.parse

RATE = 50
CLIENTS = 32
AIM_MS = 30
WARM_UP = 100
PEOPLE = int(os.environ.get("PEOPLE", 1000000))

# What is found, first and by each of these.
KNOWN = {
    "Zoë Ångström-Ødegård": (
        "zoe angstrom-o", "ZOË ÅNGSTRÖM-Ø", "ｚｏｅ　Ａｎｇｓｔｒｏｍ－ｏｄ",
        "zoe\u0308 a\u030angstro\u0308m-\u00f8", "zoe agnstrom-odegard"),
    "Ёжик Йодович Щукин": ("ежик иодович щ", "ЁЖИК ЙОДОВИЧ", "жик йодович щукин"),
    "ﾔﾏﾀﾞ ﾀﾛｳｻﾏ": ("ヤマダ タロウサマ", "ﾔﾏﾀﾞ ﾀﾛｳ"),
    "STRAẞE Weißgerber": ("strasse weissg", "straße weiß"),
    "100%_sure": ("100%", "100%_", "100%_SURE"),
    "%anna%": ("%", "%a", "%anna%"),
    "_a_n_n_a_": ("_", "_a", "_a_n_n_a_"),
    "\\anna": ("\\", "\\a"),
    "'Pat' \"the Cat\" O'Malley": ("'", "'pat' \"", "’Pat’ \"the Cat\" O’M"),
}
ALONE = ("%", "_", "\\", "'")          # nobody else's name begins so


@dataclasses.dataclass
class Query:
    kind: str                           # prefix, similar or null
    text: str = None
    person: str = None                  # the id or the word to be found, if
    word: str = None                    # it should be
    due: float = 0
    latency_ms: float = 0
    found: bool = False


class Client:
    """Kith as one person sees it; a connection a thread."""

    def __init__(self, url, token):
        self.address = urllib.parse.urlsplit(url).netloc
        self.headers = {"Authorization": f"Bearer {token}"}
        self.local = threading.local()

    def ask(self, method, path, body=None):
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection(
                self.address, timeout=10)
        headers = self.headers | {"Content-Type": "application/json"}
        self.local.connection.request(method, path, body, headers)
        answer = self.local.connection.getresponse()
        document = json.loads(answer.read())
        assert answer.status == 200, (path, document)
        return document

    def search(self, text):
        return self.ask("GET", "/users/search?nickname=" +
                        urllib.parse.quote(text))["items"]

    def rename(self, nickname):
        self.ask("PUT", "/user/me", json.dumps({"nickname": nickname}))


def check(client):
    """How many searches do not find who they should."""
    wrong = 0
    for nickname, texts in KNOWN.items():
        client.rename(nickname)
        for text in texts:
            names = [person["nickname"] for person in client.search(text)]
            if names[:1] != [nickname] or (text in ALONE and len(names) > 1):
                print(f"WRONG: {text!r} finds {names}, not {nickname!r}")
                wrong += 1
    return wrong


def people(count):
    """The id and nickname of some."""
    numbers = ",".join(str(random.randint(1, PEOPLE)) for _ in range(count))
    lines = subprocess.run(
        ["psql", "-XqAtF", "\t", os.environ["DATABASE_URL"], "-c", f"""
         SELECT id, nickname FROM profile.profile
          WHERE id IN (SELECT ('00000000-0000-7000-a000-' ||
                               lpad(i::text, 12, '0'))::uuid
                         FROM unnest('{{{numbers}}}'::integer[]) i)
          ORDER BY md5(id::text)"""],
        check=True, capture_output=True, text=True).stdout.splitlines()
    return [line.split("\t") for line in lines]


def misspelt(text):
    """With a letter wrong, left out or doubled, or exchanged with the next."""
    letters = [i for i, c in enumerate(text) if c.isalpha()]
    at = random.choice(letters)
    others = [text[i] for i in letters if text[i] != text[at]]
    before, letter, after = text[:at], text[at], text[at + 1:]
    return random.choice((
        before + random.choice(others or [letter]) + after,
        before + after,
        before + letter + letter + after,
        before + after[:1] + letter + after[1:],
    ))


def null(*_):
    return Query("null")


def prefix(_, nickname):
    return Query("prefix", nickname[:random.randint(3, len(nickname))])


def similar(person, nickname):
    word = random.choice(re.findall(r"[^\W\d_]+", nickname) or [nickname])
    if len(word) < 3 or random.random() < 0.5:
        if sum(c.isalpha() for c in nickname) < 6:
            return Query("similar", misspelt(nickname))
        return Query("similar", misspelt(nickname), person=person)
    return Query("similar", misspelt(word), word=word if len(word) >= 6 else None)


def queries(count):
    """Of people with three characters or more; a null one after each."""
    found = [p for p in people(3 * count) if len(p[1]) >= 3]
    kinds = itertools.cycle((prefix, null, similar, null))
    return [kind(*person) for kind, person in zip(kinds, found[:2 * count])]


def answer(client, null_client, query):
    if query.kind == "null":
        null_client.ask("GET", "/healthz")
        items = []
    else:
        items = client.search(query.text)
    query.latency_ms = (time.monotonic() - query.due) * 1000
    query.found = any(
        item["id"] == query.person or
        (query.word and query.word.lower() in item["nickname"].lower())
        for item in items)


def drive(clients, asked):
    """Ask each when it is due."""
    begin = time.monotonic() + 0.1
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as threads:
        answers = []
        for i, query in enumerate(asked):
            query.due = begin + i / RATE / 2
            time.sleep(max(0, query.due - time.monotonic()))
            answers.append(threads.submit(answer, *clients, query))
    return sum(1 for a in answers if a.exception())


def percentile(values, percent):
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def report(title, kind, asked, errors):
    times = [query.latency_ms for query in asked if query.kind == kind]
    print(f"{title:<34} {RATE * len(times) * 2 // len(asked):8d}/s  "
          f"p50 {percentile(times, 50):6.2f} ms  "
          f"p99 {percentile(times, 99):7.2f} ms  max {max(times):6.1f} ms  "
          f"(aim p99 <= {AIM_MS})  {errors} errors")


def report_recall(what, asked):
    print(f"{'misspelt ' + what:<34} "
          f"{100 * sum(q.found for q in asked) / len(asked):6.1f} % "
          f"of {len(asked)} found on the first page")


def main():
    seconds, seed = map(int, sys.argv[1:] + ["60", "1"][len(sys.argv) - 1:])
    random.seed(seed)
    with open(os.environ["TOKENS"], encoding="ascii") as tokens:
        token = tokens.readline().split()[1]
    clients = (Client(os.environ["KITH_URL"], token),
               Client(os.environ["KITH_INTERNAL_URL"], token))
    searches = sum(map(len, KNOWN.values()))
    print(f"{'search is right':<34} {searches - check(clients[0]):8d} "
          f"times of {searches}: case, marks, width, wildcards, quotes")

    drive(clients, queries(WARM_UP))
    asked = queries(RATE * seconds)
    errors = drive(clients, asked)
    report("null function, when due", "null", asked, errors)
    report("search, a beginning", "prefix", asked, errors)
    report("search, misspelt", "similar", asked, errors)
    report_recall("nickname", [query for query in asked if query.person])
    report_recall("word", [query for query in asked if query.word])


main()
