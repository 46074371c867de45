"""Threads under the thread sanitizer: functions of that build in the stack."""
import os
import pathlib
import subprocess
import sys
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from kith import Client, login, refresh, register, renew, sessions

CLIENTS, ROUNDS = 4, 20


def deploy(name, flavour):
    subprocess.run([ROOT / "infra/fn", "deploy", name, "--force"],
                   check=True, timeout=60,
                   env={**os.environ, "STACK_FLAVOUR": flavour})


@pytest.fixture
def sanitized():
    for name in ("session", "login"):
        deploy(name, "tsan")
    yield
    for name in ("session", "login"):
        deploy(name, "test")


def use(errors):
    """A client's life: logs in, lists, refreshes, comes back late, leaves."""
    try:
        with Client(os.environ["KITH_URL"]) as client:
            account = login(client, register(client))
            for _ in range(ROUNDS):
                account = renew(client, account)
                assert refresh(client, account).status_code == 200
                assert len(sessions(client, account)) == 2
            assert client.post("/logout", json={"scope": "all"},
                               headers=account.bearer).status_code == 204
    except Exception as error:
        errors.append(error)


def test_no_data_race_under_load_and_deploys(sanitized):
    errors = []
    threads = [threading.Thread(target=use, args=(errors,))
               for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    deploy("session", "tsan")
    for thread in threads:
        thread.join()
    assert not errors

    # The drained generation has reported by now; deploying waits for it.
    logs = pathlib.Path(os.environ["VAR"], "log")
    for name in ("session", "login"):
        assert "ThreadSanitizer" not in (logs / f"{name}.log").read_text()
