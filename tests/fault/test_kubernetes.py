"""The manifests say what they should, and their pods serve the stack's data."""
import json
import os
import re
import subprocess
import threading
import time

import pytest
import requests
from clusters import USER, Pod, cluster, kustomize, manifests, validator
from stack import ROOT, directory

from kith import Client, Stream, register, wait_until

NAMES = {path.parent.name for path in ROOT.glob("functions/*/*.c")}
WORKERS = {path.parent.name for path in ROOT.glob("functions/*/worker.c")}


# What is written: the base and the overlay of infra/kubernetes.

@pytest.fixture(scope="module")
def written():
    """What manifests has written, and kustomize built of its overlay."""
    with directory() as path:
        manifests(path)
        kustomize(path / "base")
        text, documents = kustomize(path / "overlay")
        (path / "built.yaml").write_text(text)
        yield path, documents


@pytest.fixture(scope="module")
def documents(written):
    return written[1]


def of(documents, kind):
    """By name."""
    return {d["metadata"]["name"]: d for d in documents if d["kind"] == kind}


def pods(documents):
    """Specs of pods, by name."""
    return {name: d["spec"]["template"]["spec"]
            for kind in ("Deployment", "Job")
            for name, d in of(documents, kind).items()}


def containers(documents):
    for name, pod in pods(documents).items():
        for container in pod["containers"]:
            yield name, container


def routes(name):
    """Paths of what everybody may call."""
    flavour = os.environ["STACK_FLAVOUR"]
    described = subprocess.run(
        [ROOT / f"build/{flavour}/bin" / name, "--describe"],
        stdout=subprocess.PIPE, check=True).stdout
    return [route["path"] for route in json.loads(described)["routes"]
            if not route["internal"]]


def test_kubernetes_takes_each_document(written):
    """KEDA's kinds have no schema there: the test below looks at them."""
    path, documents = written
    standard = [d for d in documents if d["apiVersion"] != "keda.sh/v1alpha1"]
    done = subprocess.run(
        [validator(), "--strict", path / "built.yaml"], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(" passed ") == len(standard), done.stdout


def test_each_directory_has_its_objects(documents):
    own = WORKERS - {"stream"}
    deployed = NAMES | {f"{name}-worker" for name in own} | {"relay"}
    for kind in "Deployment", "PodDisruptionBudget":
        assert of(documents, kind).keys() == deployed
    for kind in "HorizontalPodAutoscaler", "Ingress":
        assert of(documents, kind).keys() == NAMES
    assert of(documents, "Service").keys() == NAMES | {"postgres", "kafka"}
    assert of(documents, "NetworkPolicy").keys() == deployed | {
        "default-deny", "names", "metrics", "migrate"}
    scaled = of(documents, "ScaledObject")
    assert scaled.keys() == {f"{name}-worker" for name in own}


def test_workers_scale_by_the_lag_of_their_group(documents):
    specs = pods(documents)
    for name, scaled in of(documents, "ScaledObject").items():
        assert scaled["spec"]["scaleTargetRef"]["name"] == name
        container = scaled["spec"]["scaleTargetRef"]["envSourceContainerName"]
        trigger, = scaled["spec"]["triggers"]
        assert trigger["type"] == "kafka"
        assert trigger["metadata"]["consumerGroup"] == name
        assert trigger["metadata"]["bootstrapServersFromEnv"] in {
            e["name"] for c in specs[name]["containers"]
            if c["name"] == container for e in c["env"]}


def test_selectors_and_ports_meet(documents):
    labels = {name: d["spec"]["template"]["metadata"]["labels"].items()
              for name, d in of(documents, "Deployment").items()}
    specs = pods(documents)
    for name, deployment in of(documents, "Deployment").items():
        assert deployment["spec"]["selector"]["matchLabels"].items() <= \
            labels[name]
    for kind, key in (("PodDisruptionBudget", "selector"),
                      ("NetworkPolicy", "podSelector")):
        for name, d in of(documents, kind).items():
            selector = d["spec"][key].get("matchLabels", {}).items()
            chosen = {n for n in labels if selector <= labels[n]}
            assert chosen == ({name} if name in labels else
                              set() if name == "migrate" else
                              labels.keys()), (kind, name)
    for name in NAMES:
        service = of(documents, "Service")[name]["spec"]
        assert service["selector"].items() <= labels[name]
        ports = {p["name"]: p["containerPort"]
                 for c in specs[name]["containers"]
                 for p in c.get("ports", [])}
        assert ports == {"http": 8080, "metrics": 9090}
        assert [p["targetPort"] for p in service["ports"]] == ["http"]


def test_containers_can_do_little(documents):
    for name, pod in pods(documents).items():
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == USER
        assert pod["securityContext"]["seccompProfile"] == {
            "type": "RuntimeDefault"}
    for name, container in containers(documents):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]}}, name
        for what in "requests", "limits":
            assert container["resources"][what].keys() == {"cpu", "memory"}
        assert re.search(r":(?!latest)[\w.-]+$", container["image"])
        assert name.startswith("migrate-") or container.keys() >= {
            "startupProbe", "readinessProbe", "livenessProbe"}


def test_who_ends_has_time_for_it(documents):
    for name, pod in pods(documents).items():
        assert name.startswith("migrate-") or \
            pod["terminationGracePeriodSeconds"] >= 5 + 10 + 5
    for deployment in of(documents, "Deployment").values():
        assert deployment["spec"]["strategy"]["rollingUpdate"][
            "maxUnavailable"] == 0


def mounted(pod):
    """The Secrets that each container has, without kustomize's suffix."""
    volumes = {v["name"]: [s["secret"]["name"] for s in
                           v["projected"]["sources"]]
               if "projected" in v else [v["secret"]["secretName"]]
               for v in pod["volumes"] if "emptyDir" not in v}
    return {c["name"]: {re.sub("-[a-z0-9]{10}$", "", secret)
                        for m in c["volumeMounts"]
                        for secret in volumes.get(m["name"], [])}
            for c in pod["containers"]}


def test_secrets_are_where_they_are_needed(documents):
    signs, pushes = set(), set()
    for name, pod in pods(documents).items():
        for container, secrets in mounted(pod).items():
            if "signing" in secrets:
                signs.add(container)
            if "push" in secrets:
                pushes.add(container)
            if container in ("nginx", "ops") and name != "ops":
                assert secrets == {"keys"}
    assert signs == {"login", "oauth", "register", "session"}
    assert pushes == {"notify-worker"}
    for name, container in containers(documents):
        assert name.startswith("migrate-") or not any(
            "secretRef" in source for source in container["envFrom"])


def test_no_secret_is_in_what_is_kept(documents):
    """Values are in Secrets only, and those are made from files elsewhere."""
    kept = [path for path in (ROOT / "infra/kubernetes").rglob("*")
            if path.is_file()]
    for path in kept:
        assert not re.search(r"(?i)BEGIN .*KEY|^kind: Secret|password: ",
                             path.read_text(), re.MULTILINE), path
    for name, container in containers(documents):
        for variable in container.get("env", []):
            assert not re.search("PASSWORD|SECRET|KEY", variable["name"])


def test_who_calls_out_may_and_nobody_else(documents):
    outside = {}
    for name, policy in of(documents, "NetworkPolicy").items():
        ports = {p["port"] for rule in policy["spec"].get("egress", [])
                 for p in rule["ports"]} - {53}
        outside[name] = ports
    kafka = {name for name, ports in outside.items() if 9092 in ports}
    assert kafka == {"relay", "stream", "account-worker", "chat-worker",
                     "notify-worker"}
    assert {name: ports for name, ports in outside.items()
            if ports - {5432, 9092}} == {
        "oauth": {5432, 443}, "notify-worker": {5432, 9092, 443},
        "account-worker": {5432, 9092, 25, 465, 587}}
    assert of(documents, "NetworkPolicy")["default-deny"]["spec"] == {
        "podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def led_to(ingresses, path):
    """The services to whom the longest match leads; exact ones are longer."""
    found = {}
    for ingress in ingresses:
        for rule in ingress["spec"]["rules"]:
            for p in rule["http"]["paths"]:
                exact = p["pathType"] == "Exact"
                if path == p["path"] or not exact and path.startswith(
                        p["path"].rstrip("/") + "/"):
                    found.setdefault((exact, len(p["path"])), []).append(
                        p["backend"]["service"]["name"])
    return found[max(found)]


def test_each_route_is_led_to_its_function(documents):
    ingresses = of(documents, "Ingress").values()
    for name in NAMES - {"ops"}:
        for path in routes(name):
            path = re.sub("{[a-z]+}", "0190b4c2", path)
            assert led_to(ingresses, path) == [name], path
    for path in "/", "/web/app.js", "/.well-known/jwks.json", "/nowhere":
        assert led_to(ingresses, path) == ["ops"]


# What runs: by podman, on the stack's PostgreSQL and Kafka.

@pytest.fixture(scope="module")
def node(written):
    with cluster(written[0]) as (node, documents):
        yield node, documents


@pytest.fixture(scope="module")
def pod(node):
    """pod(NAME, NUMBER): one that is ready; made once."""
    made = {}

    def pod(name, number=0):
        if (name, number) not in made:
            made[name, number] = Pod(*node, name, number)
        return made[name, number].wait_until_ready()

    return pod


def test_the_job_brings_the_database_up_to_date(node):
    job = Pod(*node, "migrate")
    wait_until(lambda: job.exit_codes() != [None], 60)
    assert job.exit_codes() == [0], job.logs()


def test_an_account_is_made_and_read_through_pods(pod):
    made = register(pod("register").client())
    answer = pod("user").client().get("/user/me", headers=made.bearer)
    assert answer.json()["id"] == made.id
    assert pod("user").client().get("/chats").status_code == 404
    assert pod("user").client().get("/metrics").status_code == 404


def test_nginx_knows_clients_behind_the_ingress(pod):
    user = pod("user")
    answer = user.client().get("/user/me", headers={
        "X-Forwarded-For": "203.0.113.9, 203.0.113.7"})
    assert answer.status_code == 401
    wait_until(lambda: '"address":"203.0.113.7"' in user.logs(), 10)
    assert '"address":"203.0.113.9"' not in user.logs()


def test_metrics_are_those_of_the_pod(pod):
    text = pod("user").metrics()
    assert set(re.findall(r'kith_threads_busy{function="(.+)"}', text)) == {
        "user", "ops"}


def test_a_container_can_do_little(pod):
    user = pod("user")
    for container in "user", "ops", "nginx":
        code, output = user.exec(container, "touch", "/usr/lib/kith/x")
        assert code != 0 and "Read-only file system" in output
        status = user.exec(container, "cat", "/proc/1/status")[1]
        assert re.search(r"^CapBnd:\s0+$", status, re.MULTILINE)
        assert re.search(rf"^Uid:\s{USER}\s", status, re.MULTILINE)
        assert re.search(r"^Seccomp:\s2$", status, re.MULTILINE)
        for tool in "gcc", "cc", "apt-get", "curl":
            assert user.exec(container, "sh", "-c",
                             f"command -v {tool}")[0] != 0
    assert user.exec("user", "ls", "/etc/kith/keys/signing.pem")[0] != 0
    assert user.exec("nginx", "ls", "/etc/kith/database")[0] != 0


def test_events_pass_through_pods(stack, pod, kafka):
    """The stack's own relay and worker are down meanwhile."""
    relay, worker = pod("relay"), pod("chat-worker")
    assert stack.run("down", "relay", "chat-worker")[0] == 0

    def consumed():
        count = re.search(r'kith_events_consumed_total'
                          r'{function="chat-worker"} (\d+)', worker.metrics())
        return int(count[1])

    before = consumed()
    made = register(pod("register").client())
    event = kafka.of(made.id, 1)[0]
    assert event.headers["ce_type"] == "UserRegistered"
    answer = Client(os.environ["KITH_URL"]).request(
        "DELETE", "/user/me", headers=made.bearer,
        json={"password": made.password})
    assert answer.ok, answer.text
    wait_until(lambda: consumed() > before, 30)
    relay.stop()
    assert set(relay.exit_codes()) == {0}


def test_a_stream_comes_through_its_pod(pod, kith):
    """What another's function and worker, outside, have to tell."""
    ann, bob = register(pod("register").client()), register(kith)
    with Stream(pod("stream").client().base, ann) as stream:
        assert stream.status == 200
        answer = kith.post("/subscriptions/request", headers=bob.bearer,
                           json={"user_id": ann.id})
        assert answer.ok, answer.text
        stream.wait_for("notification", seconds=30)


class Clients:
    """Threads that ask one of the endpoints, as an Ingress would lead them."""

    def __init__(self, endpoints, account, count=4):
        self.endpoints = endpoints
        self.account = account
        self.good, self.bad = 0, []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.live, args=(i,))
                        for i in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def live(self, turn):
        while not self.ended.is_set():
            turn += 1
            endpoint = self.endpoints[turn % len(self.endpoints)]
            try:
                answer = endpoint.get("/user/me", headers=self.account.bearer)
                assert answer.status_code == 200, answer.status_code
                self.good += 1
            except (requests.RequestException, AssertionError) as error:
                self.bad.append((time.monotonic(), repr(error)))


def test_a_pod_ends_without_losing_a_request(pod):
    """As in a rolling update: its endpoint goes after it was told to end."""
    ann = register(pod("register").client())
    old, new = pod("user"), pod("user", 1)
    endpoints = [old.client(), new.client()]
    with Clients(endpoints, ann) as clients:
        wait_until(lambda: clients.good > 200, 30)
        stop = threading.Thread(target=old.stop)
        stop.start()
        before = clients.good
        wait_until(lambda: clients.good > before + 200, 30)
        endpoints.remove(endpoints[0])
        stop.join()
        before = clients.good
        wait_until(lambda: clients.good > before + 200, 30)
    assert clients.bad == []
    assert set(old.exit_codes()) == {0}
    with pytest.raises(requests.ConnectionError):
        old.client().get("/user/me")
