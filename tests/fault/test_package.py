"""
The Debian package on a server of its own: installed, used, hurt, upgraded under
load, removed.  The tests follow each other; each leaves Kith running.
"""
import pathlib
import re

import pytest

from kith import Client, Events, credentials, login, register, wait_until
from load import Load
from servers import rebuilt, run, server
from stack import ROOT, Stack, directory

EXPOSED = 1.5                   # at most, as systemd-analyze counts
NAMES = sorted(path.parent.name for path in
               ROOT.glob("functions/*/function.conf"))
WORKERS = sorted(path.parent.name + "-worker" for path in
                 ROOT.glob("functions/*/worker.conf"))
SERVICES = [f"kith@{name}.service" for name in NAMES + WORKERS] + [
    "kith-relay.service", "kith-nginx.service"]


@pytest.fixture(scope="module")
def path():
    with directory() as path:
        yield path


@pytest.fixture(scope="module")
def deb(path):
    run("make", "-s", "-j2", "-C", ROOT, "FLAVOUR=release", "programs")
    return pathlib.Path(run(ROOT / "infra/debian/build", "1.0",
                            path / "1.0.deb").strip())


@pytest.fixture(scope="module")
def brokers(path):
    """A Kafka alone: its consumers are others than those of the stack."""
    stack = Stack(path / "kafka")
    try:
        yield run("bash", "-c", """
            root=$1
            . "$root/infra/base.sh"
            . "$root/infra/kafka/kafka.sh"
            find_var
            make_var
            lock
            kafka_start
            kafka_ready >&2
            echo "127.0.0.1:$(<"$VAR/ports/kafka")" """, "kafka", ROOT,
                  env=stack.environment()).split()[-1]
    finally:
        stack.down()


@pytest.fixture(scope="module")
def empty(deb):
    with server(deb) as empty:
        yield empty


@pytest.fixture(scope="module")
def installed(empty, deb):
    """What the installation says; there are no settings yet."""
    return empty.run("dpkg", "-i", empty.has(deb))


@pytest.fixture(scope="module")
def kith(empty, installed, brokers):
    """The server, where Kith runs."""
    empty.psql("CREATE ROLE kith_owner LOGIN CREATEROLE PASSWORD 'secret'",
               "CREATE DATABASE kith OWNER kith_owner TEMPLATE template0"
               " LOCALE 'C.UTF-8'")
    empty.configure(
        DATABASE_URL="postgresql://kith_owner:secret@127.0.0.1:"
                     f"{empty.database_port}/kith",
        KAFKA_BROKERS=brokers, PORT=empty.port, RATE=0,
        INTERNAL_PORT=empty.internal_port)
    empty.run("kith-setup")
    empty.url = f"http://127.0.0.1:{empty.port}"
    empty.internal_url = f"http://127.0.0.1:{empty.internal_port}"
    return empty


@pytest.fixture
def client(kith):
    with Client(kith.url) as client:
        yield client


def works(kith):
    with Client(kith.url) as client:
        return client.post("/register", json=credentials()).status_code == 201


def test_lintian_has_nothing_to_say(deb):
    assert run("lintian", "--allow-root", "--fail-on", "warning,error",
               deb) == ""


def test_without_settings_it_says_what_to_do(installed, empty):
    assert "/etc/kith/kith.conf, then: kith-setup" in installed
    assert not empty.exists("/etc/systemd/system/kith.target.wants")
    code, said = empty.run("kith-setup", check=False)
    assert code == 1 and "set DATABASE_URL" in said


def test_systemd_has_no_complaint_about_the_units(empty, installed):
    assert empty.run("systemd-analyze", "verify", "--man=no", "kith.target",
                     "kith@user.socket", "kith-operator.socket",
                     *SERVICES) == ""


def test_services_may_do_little(empty, installed):
    """All but the operator, which is fn itself, and root's."""
    for service in SERVICES:
        said = empty.run("systemd-analyze", "security", "--offline=true",
                         "--no-pager", service)
        exposure = re.search(r"exposure level for .*: ([\d.]+)", said)
        assert float(exposure[1]) <= EXPOSED, service


def test_it_answers_and_its_events_reach_kafka(kith, client, brokers):
    with Client(kith.internal_url) as internal:
        assert internal.get("/healthz").ok and internal.get("/readyz").ok
        metrics = internal.get("/metrics").text
    for name in NAMES + WORKERS + ["relay"]:
        assert f'function="{name}"' in metrics, name
    events = Events(brokers)
    account = login(client, register(client))
    assert [event.headers["ce_type"] for event in events.of(account.id, 2)] \
        == ["UserRegistered", "UserLoggedIn"]
    events.close()


def test_links_lead_to_an_address(kith):
    """It listens on all, of which none could be in a link."""
    assert f"PAGE_URL='{kith.url}'" in kith.run("cat",
                                                "/var/lib/kith/environment")


def test_setup_may_be_repeated(kith):
    pids = {name: kith.pid(name) for name in NAMES + WORKERS}
    kith.run("kith-setup")
    assert pids == {name: kith.pid(name) for name in NAMES + WORKERS}


def test_logs_are_in_the_journal(kith):
    release = kith.release("user")
    assert f"release {release}" in kith.run("journalctl", "-u", "kith@user")
    assert f"release {release}" in kith.run("fn", "logs", "user")


def groups(kith, name):
    status = kith.run("cat", f"/proc/{kith.pid(name)}/status")
    gids = re.search(r"^Groups:(.*)$", status, re.MULTILINE)[1].split()
    return kith.run("getent", "group", *gids)


def test_only_who_issues_tokens_may_read_the_keys(kith):
    keys = kith.run("stat", "-c", "%n %a %U:%G", *(
        f"/var/lib/kith/keys/{name}"
        for name in ("signing.pem", "refresh", "vapid.pem", "pgpass")))
    assert re.findall(r"keys/(.*)", keys) == [
        "signing.pem 640 root:kith-signing", "refresh 640 root:kith-signing",
        "vapid.pem 640 root:kith-push", "pgpass 600 root:root"]
    assert {name for name in NAMES + WORKERS
            if "kith-signing" in groups(kith, name)} == {
        "login", "oauth", "register", "session"}
    assert {name for name in NAMES + WORKERS
            if "kith-push" in groups(kith, name)} == {"notify-worker"}


def test_the_operations_page_acts(kith, client):
    """By way of a socket that only ops may open."""
    token = kith.run("fn", "token", "ann", "operations:read operations:write")
    answer = client.post("/ops/scale", json={"name": "user", "workers": "3"},
                         headers={"Authorization": f"Bearer {token.strip()}"})
    assert answer.ok, answer.text
    assert "3/3" in kith.run("fn", "list")
    kith.run("fn", "scale", "user", "2")
    assert "660 root:kith-operator" in kith.run(
        "stat", "-c", "%a %U:%G", "/run/kith/operator.sock")
    assert {name for name in NAMES + WORKERS
            if "kith-operator" in groups(kith, name)} == {"ops"}


def test_keys_that_are_rotated_stay_theirs(kith, client):
    account = register(client)
    for step in "next", "now":
        kith.run("/usr/lib/kith/infra/keys", "/var/lib/kith/keys", "rotate",
                 step)
        kith.run("bash", "-c", "systemctl reload 'kith@*.service'")
    assert "640 root:kith-signing" in kith.run(
        "stat", "-c", "%a %U:%G", "/var/lib/kith/keys/signing.pem")
    assert client.get("/user/me", headers=account.bearer).ok
    assert login(client, account)


def test_a_killed_pool_is_back(kith, client):
    old = kith.pid("session")
    kith.run("kill", "-KILL", old)
    assert works(kith) and register(client)
    new = wait_until(lambda: kith.pid("session"), 20)
    assert new != old


def test_settings_are_loaded_by_setup(kith):
    """Here: a database that needs no network."""
    kith.run("sed", "-i", "1i local kith all scram-sha-256",
             "/etc/postgresql/15/main/pg_hba.conf")
    kith.run("systemctl", "reload", "postgresql@15-main")
    assert "AF_INET" in kith.run("systemctl", "show", "-P",
                                 "RestrictAddressFamilies", "kith@user")
    kith.configure(DATABASE_URL="postgresql://kith_owner:secret@/kith?host="
                                "/var/run/postgresql&port="
                                f"{kith.database_port}")
    kith.run("kith-setup")
    assert "AF_UNIX\n" == kith.run("systemctl", "show", "-P",
                                   "RestrictAddressFamilies", "kith@user")
    assert works(kith)


def test_it_is_back_when_the_machine_is(kith):
    kith.stop()
    kith.start()
    wait_until(lambda: kith.run("fn", "status", check=False)[0] == 0, 30)
    assert works(kith)


def append(path, data):
    with open(path, "ab") as file:
        file.write(data)


def change(tree):
    """Another session, and another pool."""
    append(tree / "bin/session", b"\0")
    append(tree / "bin/pool", b"\0")
    append(tree / "functions/session/function.conf", b"PROCESSES=3\n")


def test_an_upgrade_loses_no_request(kith, deb):
    new = kith.has(rebuilt(deb, "2.0", change))
    pids = {name: kith.pid(name) for name in NAMES + WORKERS}
    old = {name: kith.release(name) for name in ("session", "user")}
    with Load(kith.url, 4, ["refresh", "login"]) as load:
        load.wait_for(5)
        kith.run("dpkg", "-i", new)
        load.wait_for(5)
    assert load.failed == []
    assert pids == {name: kith.pid(name) for name in NAMES + WORKERS}
    assert kith.release("session") != old["session"]
    assert kith.release("user") == old["user"]
    for pid in pids.values():
        kith.run("cmp", f"/proc/{pid}/exe", "/usr/lib/kith/bin/pool")


def spoil(tree):
    (tree / "bin/user").write_text("#!/bin/sh\nexit 100\n")
    change(tree)


def test_a_bad_release_is_said_and_not_taken(kith, deb):
    old = kith.release("user")
    code, said = kith.run("dpkg", "-i", kith.has(rebuilt(deb, "3.0", spoil)),
                          check=False)
    assert code != 0 and f"{old} serves" in said
    assert kith.release("user") == old and works(kith)
    kith.run("dpkg", "-i", kith.has(rebuilt(deb, "4.0", change)))
    assert kith.release("user") == old and works(kith)


def kiths(kith):
    """Units that are loaded, and processes."""
    units = kith.run("systemctl", "list-units", "--all", "--no-legend",
                     "kith*")
    return units + kith.run("ps", "-o", "args=", "-u", "kith",
                            check=False)[1]


def test_remove_keeps_what_is_the_owners_and_purge_nothing(kith, client, deb):
    account = register(client)
    kith.run("dpkg", "-r", "kith")
    assert kiths(kith) == ""
    assert kith.exists("/var/lib/kith/keys/signing.pem")
    assert kith.exists("/etc/kith/kith.conf")
    assert not kith.exists("/run/kith")

    kith.run("dpkg", "-i", kith.has(deb))
    assert login(client, account)

    kith.run("dpkg", "-P", "kith")
    left = kith.run("find", "/etc", "/usr", "/var", "/run", "-xdev", "-path",
                    "/var/lib/postgresql", "-prune", "-o", "-name", "*kith*",
                    "-print")
    assert left == ""
    for group in "kith", "kith-signing", "kith-push", "kith-operator":
        assert kith.run("getent", "group", group, check=False)[0] == 2
    assert kith.run("getent", "passwd", "kith", check=False)[0] == 2
