"""
Every push that is due is attempted, and its provider's answer heeded; what one
provider does delays no other.

The module has a stack of its own, whose providers are tests/providers.py.
"""
import contextlib
import email.utils
import os
import signal
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

import pushes
from answers import (AGAIN, APNS, FCM, GONE, LATER, NO_ANSWER, REFUSED, WEBPUSH,
                     apns, page, webpush)
from certificates import Authority
from h2_server import HANG, Answer
from kith import Events, wait_until
from pushes import TIMEOUT_S, Canary, assert_prompt

TURNS = 3
TABLES = {"fcm": FCM, "apns": APNS, "sandbox": APNS, "webpush": WEBPUSH}


@pytest.fixture(scope="module")
def made():
    with pushes.world() as world:
        yield world


@pytest.fixture
def world(made):
    with made.watched():
        yield made


@pytest.fixture
def providers(world):
    return world.providers


@pytest.fixture
def canary():
    with contextlib.closing(Canary()) as canary:
        yield canary


# What is answered.

@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("action", [GONE, REFUSED])
def test_an_answer_ends_a_push(world, providers, name, action):
    """The device is gone, or is kept and gets the next one."""
    provider, answers = getattr(providers, name), TABLES[name][action]
    devices = world.devices(*[provider] * len(answers))
    for device, answer in zip(devices, answers.values()):
        provider.then(answer, token=device.token)
    world.notify(devices)
    world.wait_for_end(devices)
    kept = world.registered(devices)
    assert {reason for reason, device in zip(answers, devices)
            if (device.id in kept) != (action == REFUSED)} == set()
    world.notify(devices)
    world.wait_for_end(devices)
    count = 2 if action == REFUSED else 1
    assert [len(device.pushes) for device in devices] == [count] * len(devices)


@pytest.mark.parametrize("turn", range(TURNS))
def test_an_answer_or_none_has_a_push_repeated(world, providers, turn):
    """
    With the same collapse id.  A few at a time: who fails again and again is
    asked nothing for a while.
    """
    rows = [(name, reason, answer) for name, table in TABLES.items()
            for reason, answer in [*(table[AGAIN] | NO_ANSWER).items()
                                   ][turn::TURNS]]
    devices = world.devices(*[getattr(providers, name) for name, *_ in rows])
    for device, (_, _, answer) in zip(devices, rows):
        device.provider.then(answer, token=device.token)
    world.notify(devices)
    world.wait_for_end(devices)
    assert [row for row, device in zip(rows, devices)
            if len(device.pushes) < 2 or not device.has_one_id] == []
    assert world.registered(devices) == {device.id for device in devices}


def test_a_push_waits_as_long_as_it_is_told(world, providers):
    """In seconds, or until a date."""
    date = email.utils.formatdate(time.time() + 5, usegmt=True)
    devices = world.devices(providers.origin(), providers.origin())
    for device, value in zip(devices, ["5", date]):
        device.provider.then(Answer(429, headers=(("retry-after", value),)))
    world.notify(devices)
    for device in devices:
        first, second = device.wait_for(2)
        assert 4 <= second.at - first.at < 8


def test_a_device_that_came_anew_survives_what_was_said_before(world,
                                                               providers):
    """APNs says since when a token is no more."""
    [device] = world.devices(providers.apns)
    providers.apns.then(apns(410, "Unregistered", timestamp=1000 * int(
        time.time() - 3600)))
    world.notify([device])
    world.wait_for_end([device])
    assert world.registered([device]) == {device.id}


def test_a_device_that_comes_anew_meanwhile_survives(world, providers):
    """While its push, with the token before, is on its way."""
    origin = providers.origin()
    [device] = world.devices(origin)

    def come_anew():
        world.register(device.person, origin, status=200)
        return webpush(410)

    origin.then(come_anew)
    world.notify([device])
    world.wait_for_end([device])
    assert world.registered([device]) == {device.id}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(world, providers, status):
    origin, other = providers.origin(), providers.origin()
    devices = world.devices(origin)
    origin.always(Answer(status, headers=(
        ("location", other.device()["token"]),)))
    world.notify(devices)
    devices[0].wait_for()
    wait_until(lambda: not any(claimed for _, _, claimed
                               in world.rows(devices)), 5)
    assert other.listener.opened_total == 0
    world.sql("DELETE FROM notify.push WHERE device_id = %s", devices[0].id)


# Nobody else waits.

def test_who_hangs_delays_nobody_else(world, providers, canary):
    """A provider, an origin, and one that does not even open a connection."""
    origin, dead = providers.origin(), providers.origin()
    dead.url = f"https://127.0.0.1:{canary.port}"
    world.warm(providers.apns, origin)
    for provider in providers.apns, origin:
        provider.always(HANG)
    stuck = [*world.bulk(providers.apns, 200), *world.bulk(origin, 200)]
    lost = world.bulk(dead, 50)
    others = world.devices(providers.fcm, providers.sandbox,
                           providers.webpush)
    before = len(providers.apns.attempts)
    world.notify(stuck + lost)

    def are_found_out():
        assert_prompt(world, others)
        return canary.accepted and all(
            some and some[-1].at > some[0].at + TIMEOUT_S for some in (
                providers.apns.attempts[before:], origin.attempts[1:]))

    wait_until(are_found_out, 30)
    for provider in providers.apns, origin:
        provider.heal()
    world.wait_for_end(stuck, 60)
    assert all(device.has_one_id for device in stuck)
    assert len(world.registered(lost)) == len(world.rows(lost)) == 50
    world.sql("DELETE FROM notify.device WHERE session_id = ANY (%s::uuid[])",
              [device.id for device in lost])


def test_a_connection_that_ends_now_and_then_loses_nothing(world, providers):
    listener = providers.fcm.listener
    listener.hang_up()
    listener.goaway_after = 50
    before = listener.opened_total
    devices = world.bulk(providers.fcm, 300)
    world.notify(devices)
    world.wait_for_end(devices)
    assert all(device.has_one_id for device in devices)
    assert listener.opened_total >= before + 6


def test_connections_are_few(world, providers):
    """Those of a provider that is asked much share one, or some."""
    listener = providers.sandbox.listener
    listener.hang_up()
    before = listener.opened_total
    devices = world.bulk(providers.sandbox, 500)
    world.notify(devices)
    world.wait_for_end(devices)
    assert listener.opened_total - before <= 4
    assert [len(device.pushes) for device in devices] == [1] * 500


# Our own tokens.

def test_an_access_token_that_expired_is_renewed(world, providers):
    """Once, however many pushes find out.  A new one is not doubted."""
    google = providers.google
    wait_until(lambda: time.monotonic() > google.given_at + 61, 70)
    devices = world.devices(*[providers.fcm] * 20)
    asked = google.asked
    google.expire()
    world.notify(devices)
    world.wait_for_end(devices)
    assert [len(device.pushes) for device in devices] == [1] * 20
    assert google.asked == asked + 1


def test_an_access_token_is_renewed_before_its_end(world, providers):
    google, fcm = providers.google, providers.fcm
    [device] = world.devices(fcm)
    google.lifetime_s = 3
    try:
        world.new_worker()
        before = google.asked, fcm.unauthorized
        for count in range(1, 5):
            asked = google.asked
            world.notify([device])
            device.wait_for(count)
            wait_until(lambda: google.asked > asked, 5)
    finally:
        google.lifetime_s = 3600
    assert google.asked > before[0] and fcm.unauthorized == before[1]


def test_pushes_wait_for_a_token_that_is_not_given(world, providers):
    """Those of FCM only."""
    google = providers.google
    google.answers.extend([HANG, page(502), Answer(200, b"[")])
    world.new_worker()
    waiting = world.devices(*[providers.fcm] * 3)
    others = world.devices(providers.apns, providers.webpush)
    world.notify(waiting)
    assert_prompt(world, others)
    world.wait_for_end(waiting)
    assert [len(device.pushes) for device in waiting] == [1] * 3


def test_a_provider_token_is_made_seldom(world, providers):
    """
    APNs takes a new one every 20 minutes.  Whoever finds fault with one that
    is younger has a clock of its own, and gets no pushes for a while.
    """
    world.new_worker()
    devices = world.devices(*[providers.apns] * 20)
    issued = len(providers.apns.issued)
    world.notify(devices)
    world.wait_for_end(devices)
    assert len(providers.apns.issued) == issued + 1
    providers.apns.expire()
    world.notify(devices)
    world.wait_for_tries(devices)
    assert len(providers.apns.issued) == issued + 1
    world.new_worker()
    world.wait_for_end(devices)
    assert [len(device.pushes) for device in devices] == [2] * 20
    assert len(providers.apns.issued) == issued + 2


@pytest.mark.parametrize("name", ["fcm", "apns", "sandbox"])
def test_a_push_waits_for_an_operator(world, providers, name):
    """As long as it takes; here a new worker stands for what was mended."""
    provider, answers = getattr(providers, name), TABLES[name][LATER]
    world.warm(provider)
    devices = world.devices(*[provider] * len(answers))
    for device, answer in zip(devices, answers.values()):
        provider.then(answer, token=device.token)
    world.notify(devices)
    world.wait_for_tries(devices)
    assert world.registered(devices) == {device.id for device in devices}
    world.new_worker()
    world.make_due(devices)
    world.wait_for_end(devices)
    assert {reason for reason, device in zip(answers, devices)
            if len(device.pushes) != 2 or not device.has_one_id} == set()


# Whom we talk to.

def test_a_wrong_certificate_is_sent_nothing(world, providers, tmp_path):
    """Another authority's, another host's, an expired one's: all for later."""
    certificates = [
        Authority().issue(tmp_path / "1"),
        providers.authority.issue(tmp_path / "2", ["example.org"]),
        providers.authority.issue(tmp_path / "3", days=-1)]
    origins = [providers.origin() for _ in certificates]
    impostors = [*origins, providers.sandbox, providers.google]
    for impostor, certificate in zip(impostors, certificates * 2):
        impostor.listener.present(certificate)
        impostor.listener.hang_up()
    before = [impostor.listener.requests for impostor in impostors]
    told = world.logged("no access token")
    world.new_worker()
    devices = world.devices(*origins, providers.sandbox)
    of_fcm = world.devices(providers.fcm)
    world.notify(devices + of_fcm)
    world.wait_for_tries(devices)
    wait_until(lambda: world.logged("no access token") > told, 10)
    assert before == [impostor.listener.requests for impostor in impostors]
    for impostor in impostors:
        impostor.listener.present(providers.certificate)
    world.wait_for_end(devices + of_fcm, 60)
    assert [len(device.pushes) for device in devices + of_fcm] == [1] * 5


# Whatever dies.

SENDS, EACH = 10, 1000
KILLS = [0.1, 0.25, 0.4, 0.55, 0.7, 0.85]       # when so many are attempted


def kill_kafka(world):
    os.kill(world.stack.pid("kafka"), signal.SIGKILL)
    world.stack.up()


def sent_events(events, users):
    """By event id: (user, number) of each NotificationSent."""
    return {e.headers["ce_id"]: (e.key, e.data["number"])
            for e in events.read() if e.key in users
            and e.headers["ce_type"] == "NotificationSent"}


def ten_thousand(world):
    providers = world.providers
    origins = [providers.origin() for _ in range(4)]
    return [device for provider, count in [
        (providers.fcm, 4000), (providers.apns, 3000),
        (providers.sandbox, 1000), *[(origin, 500) for origin in origins]]
        for device in world.bulk(provider, count)]


def test_ten_thousand_pushes_survive_kills(world, providers, capsys):
    """Attempted at least once, always with the id of the notification."""
    devices = ten_thousand(world)
    events = Events(world.brokers, "notification.events")
    begin = time.monotonic()

    def attempts():
        return sum(len(device.pushes) for device in devices)

    with ThreadPoolExecutor(2) as threads:
        sends = [threads.submit(world.notify, devices[i:i + EACH])
                 for i in range(0, SENDS * EACH, EACH)]
        for i, share in enumerate(KILLS):
            wait_until(lambda: attempts() >= share * SENDS * EACH, 60)
            world.kill_workers()
            if i % 3 == 1:
                kill_kafka(world)
        for send in sends:
            send.result()
    world.wait_for_end(devices, 60)
    seconds = time.monotonic() - begin

    ids = {user: id.replace("-", "") for user, id in world.sql(
        "SELECT user_id::text, collapse_id::text FROM notify.notification"
        " WHERE user_id = ANY (%s::uuid[])", [d.person.id for d in devices])}
    wrong = [d for d in devices if {p.collapse_id for p in d.pushes} !=
             {ids[d.person.id]}]
    assert wrong == []
    users = {device.person.id for device in devices}
    wait_until(lambda: len(sent_events(events, users)) >= len(devices), 30)
    assert sorted(sent_events(events, users).values()) == sorted(
        (user, 1) for user in users)
    events.close()
    with capsys.disabled():
        print(f"\n{len(devices)} pushes in {seconds:.1f} s, {attempts()}"
              f" attempts, {len(KILLS)} kills")


# Whom we don't talk to.

PRIVATE = [
    "https://127.0.0.1:{}/x", "https://[::1]:{}/x", "https://localhost:{}/x",
    "https://localhost.:{}/x", "https://127.1:{}/x", "https://2130706433:{}/x",
    "https://0x7f.0.0.1:{}/x", "https://0177.0.0.1:{}/x", "https://0:{}/x",
    "https://0.0.0.0:{}/x", "https://[::]:{}/x",
    "https://[::ffff:127.0.0.1]:{}/x", "https://[::ffff:7f00:1]:{}/x",
    "https://example.org@127.0.0.1:{}/x", "https://169.254.169.254/x",
    "http://127.0.0.1:{}/x", "http://localhost:{}/x", "ftp://127.0.0.1:{}/x",
    "gopher://127.0.0.1:{}/x", "HTTP://127.0.0.1:{}/x", "file:///etc/passwd",
    "dict://127.0.0.1:{}/x", "//127.0.0.1:{}/x"]


def test_an_endpoint_on_a_network_of_ours_is_never_reached(world, providers,
                                                           canary):
    """
    Whatever came into the database, without PUSH_PRIVATE; the worker is left
    so.  That the canary can be reached, test_who_hangs_... shows.
    """
    inward = providers.origin()
    urls = (url.format(canary.port) + "?" + uuid.uuid4().hex
            for url in PRIVATE)
    inward.device = lambda made=inward.device: made() | {"token": next(urls)}
    world.restart_worker(PUSH_PRIVATE="refused")
    devices = world.bulk(inward, len(PRIVATE))
    world.notify(devices)
    wait_until(lambda: all(tries and not claimed for _, tries, claimed
                           in world.rows(devices)), 20)
    assert_prompt(world, world.devices(providers.fcm, providers.apns))
    assert canary.accepted == []
