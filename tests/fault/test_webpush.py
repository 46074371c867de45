"""
Pushes by a service of Web Push that is not ours: npm's web-push-testing, which
decrypts what a browser would, by HTTP/1.1.
"""
import json
import pathlib
import subprocess

import pytest
import requests

import pushes
from kith import wait_until

ROOT = pathlib.Path(__file__).parents[2]
START = """
. tests/node.sh
find_node >&2
find_packages tests/webpush >&2
cd build/webpush
exec node ../../tests/webpush/serve.cjs "$0"
"""


class Browser:
    """Subscriptions of a push service that runs as long as this is open."""

    def __init__(self, providers):
        self.ca = providers.directory / "ca.pem"
        self.process = subprocess.Popen(
            ["bash", "-euc", START, providers.certificate], cwd=ROOT,
            text=True, stdout=subprocess.PIPE)
        self.url = f"https://localhost:{int(self.process.stdout.readline())}/"

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()

    def ask(self, path, **form):
        answer = requests.post(self.url + path, data=form, verify=self.ca,
                               timeout=10)
        assert answer.ok, answer.text
        return answer

    def subscribe(self, key):
        """As PushManager.subscribe(): endpoint, keys and clientHash."""
        return self.ask("subscribe", userVisibleOnly="true",
                        applicationServerKey=key).json()["data"]

    def messages(self, subscription):
        """What the service worker was given."""
        answer = self.ask("get-notifications",
                          clientHash=subscription["clientHash"])
        return [json.loads(text)
                for text in answer.json()["data"]["messages"]]

    def unsubscribe(self, subscription):
        self.ask("expire-subscription/" + subscription["clientHash"])


@pytest.fixture(scope="module")
def world():
    with pushes.world() as world:
        yield world


@pytest.fixture
def browser(world):
    browser = Browser(world.providers)
    yield browser
    browser.close()


def register(world, person, subscription):
    return world.ask(person, "POST", "/notifications/devices", 201, {
        "platform": "webpush", "token": subscription["endpoint"],
        **subscription["keys"]})


def devices(world, person):
    return world.ask(person, "GET", "/notifications/devices", 200)["items"]


def test_a_browser_reads_its_pushes_until_it_unsubscribes(world, browser):
    key = world.providers.vapid
    people = world.people(2)
    subscriptions = [browser.subscribe(key) for _ in people]
    for person, subscription in zip(people, subscriptions):
        register(world, person, subscription)
    send = dict(user_ids=[person.id for person in people], title="Привет",
                body="\U0001f600" * 200, data={"a": "b"})
    world.ask(world.service, "POST", "/notifications/send", 202, send)
    for subscription in subscriptions:
        [message] = wait_until(lambda: browser.messages(subscription), 10)
        assert (message["kind"], message["number"], message["unread"]) == (
            "service", 1, 1)
        assert (message["title"], message["body"], message["data"]) == (
            "Привет", "\U0001f600" * 200, {"a": "b"})

    gone, kept = people
    browser.unsubscribe(subscriptions[0])
    world.ask(world.service, "POST", "/notifications/send", 202,
              send | {"title": "Again"})
    wait_until(lambda: not devices(world, gone), 10)
    assert wait_until(lambda: browser.messages(subscriptions[1])[1:],
                      10)[0]["title"] == "Again"
    assert len(devices(world, kept)) == 1
    assert len(browser.messages(subscriptions[0])) == 1


def test_one_that_subscribed_for_another_key_is_not_reached(world, browser):
    """The service refuses our signature, and the device is of no use."""
    other = ("BEl62iUYgUivxIkv69yViEuiBIa-Ib9-SkvMeAtA3LFgDzkrxZJjSgSnfckjBJuB"
             "kr3qBUYIHBQFLXYp5Nksh8U")
    person = world.person()
    subscription = browser.subscribe(other)
    device = register(world, person, subscription)
    world.ask(world.service, "POST", "/notifications/send", 202, {
        "user_ids": [person.id], "title": "Title"})
    wait_until(lambda: not world.sql(
        "SELECT 1 FROM notify.push WHERE device_id = %s", device["id"]), 10)
    assert browser.messages(subscription) == []
