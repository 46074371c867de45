"""Fixtures: a running stack.  Every response is held against the contract."""
import functools
import os
import pathlib
import sys

import psycopg2
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
pytest.register_assert_rewrite("contract", "kith")

import contract
from kith import Client, Events, register


@pytest.fixture(scope="session")
def http():
    return contract.Http()


def client(variable, http):
    client = Client(os.environ[variable])
    client.hooks["response"].append(http.check)
    return client


@pytest.fixture(scope="session")
def kith(http):
    """A client of the public address."""
    with client("KITH_URL", http) as kith:
        yield kith


@pytest.fixture(scope="session")
def internal(http):
    """A client of the internal listener."""
    with client("KITH_INTERNAL_URL", http) as internal:
        yield internal


@pytest.fixture
def account(kith):
    """account(): registers a new one, kith.Account."""
    return functools.partial(register, kith)


@pytest.fixture
def database():
    """A connection as the owner; each statement is a transaction."""
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    connection.autocommit = True
    yield connection
    connection.close()


@pytest.fixture
def kafka():
    """The events from now on, kith.Events."""
    events = Events(os.environ["KAFKA_BROKERS"])
    yield events
    events.close()


@pytest.fixture
def user_events():
    """The events of user.events from now on, kith.Events."""
    events = Events(os.environ["KAFKA_BROKERS"], "user.events")
    yield events
    events.close()


@pytest.fixture
def live_events():
    """The events of live.events from now on, kith.Events."""
    events = Events(os.environ["KAFKA_BROKERS"], "live.events")
    yield events
    events.close()
