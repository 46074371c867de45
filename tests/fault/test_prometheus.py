"""Alerts and the dashboard speak of what there is, and Prometheus knows it."""
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

from kith import Client, wait_until
from stack import directory, free_port

MONITORING = pathlib.Path(__file__).parents[2] / "infra/monitoring"
SELECTOR = re.compile(r"""(?<!["\w:])(?:(?:kith|nginx)_\w+ | up(?=\{) |
                          function:kith_\w+:\w+)(?:\{[^}]*\})?""", re.X)
VARIABLES = {"$function": ".+", "$__rate_interval": "1m"}


def rules():
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard():
    return json.loads((MONITORING / "grafana.json").read_text())


def asked_by(board):
    """Expressions of the dashboard, and how it names what they find."""
    asked = [(target["expr"], target["legendFormat"])
             for panel in board["panels"] if panel["type"] != "row"
             for target in panel["targets"]]
    asked += [(a["expr"], a["titleFormat"])
              for a in board["annotations"]["list"]]
    for variable, value in VARIABLES.items():
        asked = [(expr.replace(variable, value), name)
                 for expr, name in asked]
    return asked


class Prometheus:
    """As the files set it up, but for who is asked, and how often."""

    def __init__(self, path):
        conf = path / "prometheus.yml"
        shutil.copy(MONITORING / "alerts.yml", path)
        conf.write_text((MONITORING / "prometheus.yml").read_text().replace(
            "127.0.0.1:8081",
            os.environ["KITH_INTERNAL_URL"].removeprefix("http://")
        ).replace("15s", "1s"))
        address = f"127.0.0.1:{free_port()}"
        self.log = path / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={conf}",
                 f"--storage.tsdb.path={path}/data",
                 f"--web.listen-address={address}", "--log.level=warn"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.client = Client(f"http://{address}")

    def is_ready(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.client.get("/-/ready").ok
        except OSError:
            return False

    def get(self, path, **parameters):
        answer = self.client.get(f"/api/v1/{path}", params=parameters)
        assert answer.ok, answer.text
        return answer.json()["data"]

    def find(self, expr):
        """The labels of each series."""
        return [series["metric"]
                for series in self.get("query", query=expr)["result"]]

    def rules(self):
        return [rule for group in self.get("rules")["groups"]
                for rule in group["rules"]]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.client.close()


@pytest.fixture(scope="module")
def prometheus():
    """It has asked a stack, and for its rules, more than once."""
    with directory() as path:
        prometheus = Prometheus(path)
        try:
            wait_until(prometheus.is_ready, 20)
            for last in ("function:kith_threads_busy:ratio",
                         "nginx_connections_waiting"):
                wait_until(lambda: prometheus.find(
                    f"count_over_time({last}[1m]) > 2"), 20)
            yield prometheus
        finally:
            prometheus.close()


def test_every_rule_works(prometheus):
    wait_until(lambda: all(rule["health"] != "unknown"
                           for rule in prometheus.rules()), 10)
    assert {rule["name"]: rule["health"] for rule in prometheus.rules()} == {
        rule.get("alert") or rule["record"]: "ok" for rule in rules()}


def test_what_rules_and_dashboard_select_is_there(prometheus):
    exprs = [rule["expr"] for rule in rules()]
    exprs += [expr for expr, _ in asked_by(dashboard())]
    selected = {s for expr in exprs for s in SELECTOR.findall(expr)}
    assert len(selected) > 40
    assert [s for s in selected if not prometheus.find(s)] == []


def test_what_the_dashboard_asks_has_the_labels_that_it_shows(prometheus):
    for expr, name in asked_by(dashboard()):
        if found := prometheus.find(expr):
            assert set(re.findall(r"{{(\w+)}}", name)) <= found[0].keys(), expr
        else:
            assert re.search(r" > 0$", expr)


def test_panels_have_numbers_and_places_of_their_own():
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = [(x, y) for place in (panel["gridPos"] for panel in panels)
             for x, y in itertools.product(
                 range(place["x"], place["x"] + place["w"]),
                 range(place["y"], place["y"] + place["h"]))]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24


def test_every_alert_is_tried():
    """promtool, in tests/lint/run, tries the cases that are here."""
    cases = yaml.safe_load((MONITORING / "alerts_test.yml").read_text())
    tried = {(case["alertname"], bool(case.get("exp_alerts")))
             for test in cases["tests"] for case in test["alert_rule_test"]}
    alerts = [rule for rule in rules() if "alert" in rule]
    assert tried == {(rule["alert"], fires) for rule in alerts
                     for fires in (False, True)}
    for rule in alerts:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"].keys() == {"summary", "description"}
