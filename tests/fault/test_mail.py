"""
Mails: what they carry through, and that each arrives whatever fails.

The module has a stack of its own that sends to a maildev of its own.
"""
import concurrent.futures
import contextlib
import dataclasses
import email.policy
import os
import secrets
import shutil
import signal
import subprocess

import psycopg2
import pytest

from kith import (Client, assert_problem, at_once, credentials, login, look,
                  register, sessions, wait_until)
from mailbox import Mailbox, Refuser
from pages import hold
from stack import Stack, directory

NEXT = "a brand new tree"
CONF = {                        # of the worker
    "MAIL_FROM": "Кит <kith@example.org>",
    "SMTP_TIMEOUT_MS": 1500,
    "MAIL_LEASE_S": 2,
}


@dataclasses.dataclass
class Post:
    """A stack that sends mails, and where they arrive."""
    stack: Stack
    mailbox: Mailbox
    kith: Client

    def sql(self, statement, *values):
        with psycopg2.connect(self.stack.stack_env["DATABASE_URL"]) as base:
            cursor = base.cursor()
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def forgot(self, address):
        return self.kith.post("/password/forgot", json={"email": address})

    def reset(self, token, password=NEXT):
        return self.kith.post("/password/reset", json={
            "token": token, "password": password})

    def verify(self, token):
        return self.kith.post("/email/verify", json={"token": token})

    def accounts(self, count):
        """Addresses of new accounts without passwords."""
        addresses = [credentials()["email"] for _ in range(count)]
        for address in addresses:
            self.sql("INSERT INTO auth.account (id, email)"
                     " VALUES (gen_random_uuid(), %s)", address)
        return addresses

    def release(self, function, **settings):
        """Another release of it, with these; it runs alone."""
        directory = self.stack.var / "functions" / function
        releases = directory / "releases"
        new = releases / f"like-{secrets.token_hex(4)}"
        shutil.copytree(min(releases.iterdir()), new)       # the first: 2...
        with open(new / "function.conf", "a") as conf:
            conf.writelines(f"{k}={v}\n" for k, v in settings.items())
        link = directory / "current.new"
        link.symlink_to(f"releases/{new.name}")
        link.rename(directory / "current")
        self.pool("--reload", function)
        wait_until(lambda: len(self.workers(function)) == 1, 10)

    def send_to(self, **settings):
        """Mails go to the mailbox, or where these say."""
        self.release("account-worker", **CONF | {
            "SMTP_URL": f"smtp://127.0.0.1:{self.mailbox.port}"} | settings)

    @contextlib.contextmanager
    def requires_verification(self):
        for function in "register", "login":
            self.release(function, EMAIL_VERIFICATION="required")
        try:
            yield
        finally:
            for function in "register", "login":
                self.release(function)

    def hold(self, path):
        """Claims about the page."""
        hold(path, KITH_URL=self.kith.base, MAILBOX=self.mailbox.http.base)

    def pool(self, verb, function):
        return subprocess.run(
            [self.stack.var / "bin/pool", verb,
             self.stack.var / "functions" / function],
            text=True, stdout=subprocess.PIPE).stdout

    def workers(self, function="account-worker"):
        """Pids, those included that leave."""
        rows = [line.split() for line
                in self.pool("--status", function).splitlines()]
        return [int(pid) for _, pid, state, *_ in rows
                if pid != "-" and state != "pool"]

    def log(self):
        return (self.stack.var / "log/account-worker.log").read_text()


@pytest.fixture(scope="module")
def post():
    with directory() as path, Mailbox(path / "mails") as mailbox:
        stack = Stack(path / "stack", RATE="0")
        try:
            stack.up()
            with Client(stack.stack_env["KITH_URL"]) as kith:
                post = Post(stack, mailbox, kith)
                post.send_to()
                yield post
        finally:
            stack.down()
        logs = "".join(log.read_text() for log in (stack.var / "log").iterdir()
                       if log.suffix == ".log")
        assert "Sanitizer" not in logs and "runtime error" not in logs
        assert "@example.org" not in logs


@pytest.fixture
def sends_to(post):
    """sends_to(**settings) of the worker, until the test is over."""
    yield post.send_to
    post.send_to()


def test_mails_wait_until_there_is_a_server(post, sends_to):
    waiting, = post.accounts(1)
    sends_to(SMTP_URL="")
    assert post.forgot(waiting).status_code == 202
    assert "mails wait" in post.log()
    sends_to()
    assert len(post.mailbox.wait_for(waiting)) == 1


@pytest.mark.parametrize("wrong", [
    {"SMTP_URL": "http://localhost"}, {"MAIL_FROM": "nobody"},
    {"SMTP_TLS": "maybe"}, {"SMTP_TIMEOUT_MS": "600000"}])
def test_settings_that_are_wrong_end_the_worker(post, wrong):
    var = post.stack.var
    done = subprocess.run(
        [var / "functions/account-worker/current/account-worker"],
        env={"KEYS": str(var / "keys"), "SMTP_URL": "smtp://localhost"} | wrong,
        text=True, stderr=subprocess.PIPE)
    name, = wrong
    assert done.returncode == 100 and name in done.stderr


def test_a_link_resets_the_password_once(post):
    ann = register(post.kith)
    other = login(post.kith, ann)
    for _ in range(6):          # who has forgotten it has tried
        tried = post.kith.post("/login", json={"email": ann.email,
                                               "password": "wrong"})
    assert tried.status_code == 429
    assert post.forgot(ann.email).status_code == 202
    page, token = post.mailbox.link(ann.email)
    assert page == "reset"
    assert post.reset(token).status_code == 204
    assert sessions(post.kith, other) == [] == sessions(post.kith, ann)

    new = login(post.kith, dataclasses.replace(ann, password=NEXT))
    assert new.tokens["user"]["email_verified"]
    assert_problem(post.reset(token), 401, "invalid_token")
    assert_problem(post.kith.post("/login", json=ann.credentials), 401,
                   "invalid_credentials")
    assert "changed" in post.mailbox.wait_for(ann.email, 2)[-1]["subject"]


def test_64_at_once_use_a_link_once(post):
    ann = register(post.kith)
    post.forgot(ann.email)
    _, token = post.mailbox.link(ann.email)

    def tried():
        """Until it isn't sent away."""
        with Client(post.kith.base) as kith:
            own = dataclasses.replace(post, kith=kith)
            answer = None
            def answered():
                nonlocal answer
                answer = own.reset(token)
                return answer.status_code != 503
            wait_until(answered, 60)
            return answer.status_code

    statuses = at_once(64, tried)
    assert sorted(statuses) == [204] + 63 * [401]
    assert post.sql("SELECT credentials FROM auth.account WHERE id = %s",
                    ann.id) == [(1,)]


def test_a_link_verifies_the_address_once(post):
    ann = register(post.kith)
    before = post.kith.get("/user/me", headers=ann.bearer)
    assert post.kith.post("/email/verify", json={},
                          headers=ann.bearer).status_code == 202
    page, token = post.mailbox.link(ann.email)
    assert page == "verify"
    assert post.verify(token).status_code == 204
    assert_problem(post.verify(token), 401, "invalid_token")

    after = post.kith.get("/user/me", headers=ann.bearer)
    assert (before.json()["email_verified"],
            after.json()["email_verified"]) == (False, True)
    assert after.headers["ETag"] != before.headers["ETag"]


def test_an_address_is_changed_by_a_link_to_the_new_one(post):
    ann, new = register(post.kith), credentials()["email"]
    answer = post.kith.post("/email", headers=ann.bearer, json={
        "email": new, "password": ann.password})
    assert answer.status_code == 202
    page, token = post.mailbox.link(new)
    assert page == "verify"
    assert post.kith.get("/user/me", headers=ann.bearer).json()[
        "email"] == ann.email
    assert post.verify(token).status_code == 204
    assert_problem(post.verify(token), 401, "invalid_token")

    user = login(post.kith, dataclasses.replace(ann, email=new)).tokens["user"]
    assert (user["email"], user["email_verified"]) == (new, True)
    assert [mail["subject"] for mail in post.mailbox.wait_for(ann.email, 2)] == [
        "Your address is to be changed", "Your address was changed"]


def test_a_changed_password_is_told_in_the_owners_language(post):
    ann = register(post.kith)
    preferences = post.kith.get("/notifications/preferences",
                                headers=ann.bearer).json()
    del preferences["muted_chats"]
    assert post.kith.put("/notifications/preferences", headers=ann.bearer,
                         json=preferences | {"language": "ru"}).ok
    assert post.kith.post("/password", headers=ann.bearer, json={
        "current_password": ann.password,
        "password": NEXT}).status_code == 204
    mail, = post.mailbox.wait_for(ann.email)
    assert mail["subject"] == "Пароль изменён"
    assert "«Забыли пароль?»" in mail["text"]
    assert mail["from"] == [{"address": "kith@example.org", "name": "Кит"}]

    message = email.message_from_string(post.mailbox.source(mail),
                                        policy=email.policy.default)
    assert message["Content-Language"] == "ru"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "выполнен\nвыход" in message.get_content().replace("\r\n", "\n")


def test_a_flood_of_resets_tells_nothing_and_sends_three(post):
    known, = post.accounts(1)
    unknown = credentials()["email"]
    looks = {look(post.forgot(address))
             for _ in range(10) for address in (known, unknown)}
    assert len(looks) == 1
    last, = post.accounts(1)
    post.forgot(last)
    post.mailbox.wait_for(last)         # those before it have come by then
    assert len(post.mailbox.mails(known)) == 3
    assert post.mailbox.mails(unknown) == []
    assert post.sql("SELECT count(*) FROM auth.mail") == [(0,)]


def test_nobody_gets_in_unverified_where_that_is_required(post):
    known, new = register(post.kith), credentials()
    with post.requires_verification():
        name = f"Ann {secrets.randbelow(10**9)}"
        looks = {look(post.kith.post("/register", json=body | {
            "nickname": name})) for body in (new, known.credentials)}
        assert {status for status, *_ in looks} == {202} and len(looks) == 1
        refused = {look(post.kith.post("/login", json=body)) for body in (
            new, known.credentials, credentials())}
        assert {status for status, *_ in refused} == {401}
        assert len(refused) == 1

        page, token = post.mailbox.link(new["email"])
        assert (page, post.verify(token).status_code) == ("verify", 204)
        answer = post.kith.post("/login", json=new)
        assert answer.status_code == 200
        assert answer.json()["user"]["nickname"] == name
        assert post.kith.post("/register", json=new).status_code == 202
        assert post.mailbox.wait_for(new["email"], 2)[-1]["subject"] == (
            "You have an account already")

        # Who was not verified before comes in by the mail that says so.
        page, token = post.mailbox.link(known.email)
        assert (page, post.reset(token).status_code) == ("reset", 204)
        login(post.kith, dataclasses.replace(known, password=NEXT))


def test_the_page_takes_the_links_of_mails(post):
    post.hold("tests/mail/page.test.js")


def test_the_page_says_that_a_link_is_to_be_used_first(post):
    with post.requires_verification():
        post.hold("tests/mail/required.test.js")


def test_every_mail_arrives_once_the_server_is_back(post):
    addresses = post.accounts(5)
    post.mailbox.down()
    try:
        for address in addresses:
            post.forgot(address)
        wait_until(lambda: "server is away" in post.log(), 30)
    finally:
        post.mailbox.up()
    for address in addresses:
        assert len(post.mailbox.wait_for(address, seconds=20)) == 1
    assert "server is well again" in post.log()


def test_every_mail_arrives_though_the_worker_is_killed(post):
    addresses = post.accounts(40)
    def arrived():
        return sum(bool(post.mailbox.mails(a)) for a in addresses)

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda a: requests_post(post, a), addresses))
    for _ in range(3):
        before = arrived()
        wait_until(lambda: arrived() > before or before == 40, 20)
        os.kill(wait_until(post.workers, 10)[0], signal.SIGKILL)
    wait_until(lambda: arrived() == 40, 20)
    wait_until(lambda: post.sql("SELECT count(*) FROM auth.mail") == [(0,)],
               10)
    # What came twice has the same link.
    for address in addresses:
        assert len({mail["text"] for mail
                    in post.mailbox.mails(address)}) == 1


def test_a_mail_under_way_is_sent_again_if_the_worker_is_killed(
        post, sends_to):
    address, = post.accounts(1)
    with Refuser() as refuser:
        refuser.answers[address] = ["hang"]
        sends_to(SMTP_URL=f"smtp://127.0.0.1:{refuser.port}")
        post.forgot(address)
        wait_until(lambda: not refuser.answers[address], 10)
        os.kill(post.workers()[0], signal.SIGKILL)
        wait_until(lambda: refuser.taken == [address], 10)


def requests_post(post, address):
    with Client(post.kith.base) as kith:
        kith.post("/password/forgot", json={"email": address})


def test_what_the_server_refuses_is_given_up_and_keeps_nobody(post, sends_to):
    refused, later, hung, well = post.accounts(4)
    with Refuser() as refuser:
        refuser.answers |= {refused: [550], later: [451], hung: ["hang"]}
        sends_to(SMTP_URL=f"smtp://127.0.0.1:{refuser.port}")
        for address in (refused, later, hung, well):
            post.forgot(address)
        wait_until(lambda: {hung, well} <= set(refuser.taken), 15)
        assert post.sql("SELECT address FROM auth.mail WHERE failed_at"
                        " IS NOT NULL AND tries = 1") == [(refused,)]
        due, = post.sql("SELECT due_at > now() + interval '20 s'"
                        "  FROM auth.mail WHERE address = %s", later)
        assert due == (True,)
        post.sql("UPDATE auth.mail SET due_at = now() WHERE address = %s",
                 later)
        wait_until(lambda: later in refuser.taken, 10)
        assert refused not in refuser.taken
    assert "is given up: status 550" in post.log()
    post.sql("DELETE FROM auth.mail")


def test_a_server_must_prove_who_it_is(post, sends_to):
    address, = post.accounts(1)
    with directory() as path:
        key, certificate = path / "key.pem", path / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", "ec",
                        "-pkeyopt", "ec_paramgen_curve:P-256", "-subj",
                        "/CN=mail", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-keyout", key,
                        "-out", certificate], check=True,
                       stderr=subprocess.DEVNULL)
        os.chmod(key, 0o644)
        with Mailbox(path / "mails", "--incoming-secure", "--incoming-key",
                     key, "--incoming-cert", certificate) as secure:
            url = f"smtps://127.0.0.1:{secure.port}"
            said = post.log().count("server is away")
            sends_to(SMTP_URL=url)
            post.forgot(address)
            wait_until(lambda: post.log().count("server is away") > said, 10)
            assert secure.mails(address) == []
            sends_to(SMTP_URL=url, SMTP_CA=str(certificate))
            secure.wait_for(address)


def test_a_server_without_tls_gets_nothing_that_needs_it(post, sends_to):
    address, = post.accounts(1)
    for settings in ({"SMTP_TLS": "required"}, {"SMTP_USER": "kith"}):
        said = post.log().count("server is away")
        sends_to(**settings)
        post.forgot(address)
        wait_until(lambda: post.log().count("server is away") > said, 10)
        assert post.mailbox.mails(address) == []
    sends_to()
    assert len(post.mailbox.wait_for(address, 2)) == 2
