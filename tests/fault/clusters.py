"""
Pods of the manifests, run by podman on this machine as a node would run them.

podman has no API server and no kubelet, so what these would do is done here:
volumes are directories that hold what their Secrets say, ports are free ones
of this machine, whose network the pods share, and probes are asked by tests.
All else of a pod is as kustomize built it: images, commands, users, limits.

A shell of root in a mount and pid namespace of its own runs podman.  When it
ends, also because this process was killed, nothing is left of the containers.
"""
import base64
import contextlib
import copy
import json
import os
import pathlib
import shutil
import socket
import subprocess
import threading

import psycopg2.extensions
import requests
import yaml

from kith import Client, wait_until
from stack import ROOT, directory, free_port

BUILD = ROOT / "build/kubernetes"
KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5@v5.0.3"  # Go 1.19 builds it
VALIDATE = "kubernetes-validate==1.37.0"
USER = 64077
VERSION = "test"


def as_root(*command):
    return [*([] if os.geteuid() == 0 else ["sudo", "--"]), *command]


def run(*command, **options):
    """Its output; the error is in what pytest shows."""
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options)
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def kustomize(path):
    """The documents that it builds; it is built itself if it is missing."""
    program = BUILD / "bin/kustomize"
    if not program.exists():
        run("go", "install", KUSTOMIZE, env=os.environ | {
            "GOBIN": str(BUILD / "bin"), "GOPATH": str(BUILD / "go"),
            "GOCACHE": str(BUILD / "go/cache"), "GOFLAGS": "-modcacherw",
            "CGO_ENABLED": "0"})
        shutil.rmtree(BUILD / "go")
    built = run(str(program), "build", str(path))
    return built, [doc for doc in yaml.safe_load_all(built) if doc]


def validator():
    """kubernetes-validate; fetched if it is missing."""
    bin = BUILD / "venv/bin"
    if not (bin / "kubernetes-validate").exists():
        run("/usr/bin/python3", "-m", "venv", str(BUILD / "venv"))
        run(str(bin / "pip"), "-q", "install", VALIDATE)
    return str(bin / "kubernetes-validate")


def manifests(path):
    return run(ROOT / "infra/kubernetes/manifests", str(path),
               env=os.environ | {"VERSION": VERSION})


class Forward:
    """A port of this machine that leads to a stack's PostgreSQL."""

    def __init__(self, path):
        self.path = path
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.path)
                for pair in (client, server), (server, client):
                    threading.Thread(target=self.pump, args=pair,
                                     daemon=True).start()

    @staticmethod
    def pump(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for side in source, sink:
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)


class Node:
    """Root's shell, its podman, and the storage of its images."""

    def __init__(self, path):
        self.path = path
        for name, text in self.configuration():
            (path / name).write_text(text)
        (path / "root").mkdir()
        self.shell = subprocess.Popen(
            as_root("unshare", "--mount", "--pid", "--fork", "--kill-child",
                    "--propagation", "unchanged",
                    ROOT / "tests/fault/node", path),
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.shell.stdout.readline() == "ready\n"

    def configuration(self):
        limits = [min(int(run("bash", "-c", f"ulimit -H{flag}").replace(
            "unlimited", "1048576")), most)
                  for flag, most in (("n", 1048576), ("u", 16384))]
        yield "containers.conf", f"""
[containers]
default_ulimits = ["nofile={limits[0]}:{limits[0]}",
                   "nproc={limits[1]}:{limits[1]}"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
lock_type = "file"
static_dir = "{self.path}/libpod"
tmp_dir = "{self.path}/tmp"
"""
        kind = run("stat", "-f", "-c", "%T", str(self.path)).strip()
        known = "overlay" in pathlib.Path("/proc/filesystems").read_text()
        yield "storage.conf", f"""
[storage]
driver = "{'overlay' if known and kind != 'overlayfs' else 'vfs'}"
graphroot = "{self.path}/graph"
runroot = "{self.path}/run"
"""

    def close(self):
        self.shell.stdin.close()
        self.shell.wait(60)
        run(*as_root("rm", "-rf", "--one-file-system",
                     *[str(path) for path in self.path.iterdir()]))

    def call(self, *command):
        """Exit code and output of a command of root's."""
        line = " ".join("'" + str(word).replace("'", r"'\''") + "'"
                        for word in command)
        self.shell.stdin.write(line + "\n")
        self.shell.stdin.flush()
        code = int(self.shell.stdout.readline())
        return code, (self.path / "output").read_text()

    def run(self, *command):
        code, output = self.call(*command)
        assert code == 0, output[-4000:]
        return output


def secret_files(volume, secrets):
    """Name and content of what a volume of Secrets has."""
    sources = [s["secret"] for s in volume["projected"]["sources"]] \
        if "projected" in volume else [volume["secret"]]
    for source in sources:
        data = secrets.get(source.get("secretName") or source["name"])
        assert data is not None or source.get("optional"), source
        items = source.get("items") or [
            {"key": key, "path": key} for key in data or {}]
        for item in items:
            yield item["path"], base64.b64decode(data[item["key"]])


class Pod:
    """A pod of a Deployment or Job, beside others of the same."""

    def __init__(self, node, documents, name, number=0):
        self.node = node
        self.name = f"{name}-{number}"
        self.port, self.internal_port = free_port(), free_port()
        owner = next(d for d in documents
                     if d["kind"] in ("Deployment", "Job") and
                     d["metadata"]["name"] in (name, f"{name}-{VERSION}"))
        self.spec = copy.deepcopy(owner["spec"]["template"]["spec"])
        self.containers = copy.deepcopy(self.spec["containers"])
        self.place(documents)
        path = node.path / f"{self.name}.yaml"
        path.write_text(yaml.safe_dump_all([
            *[d for d in documents if d["kind"] == "ConfigMap"],
            {"apiVersion": "v1", "kind": "Pod",
             "metadata": {"name": self.name}, "spec": self.spec}]))
        node.run("podman", "play", "kube", path)

    def place(self, documents):
        """Give it what a node would."""
        secrets = {d["metadata"]["name"]: d["data"] for d in documents
                   if d["kind"] == "Secret"}
        self.spec["hostNetwork"] = True
        self.spec.pop("topologySpreadConstraints", None)
        for volume in self.spec["volumes"]:
            self.make_volume(volume, secrets)
        for container in self.spec["containers"]:
            container["env"] = container.get("env", []) + [
                {"name": "PUBLIC", "value": str(self.port)},
                {"name": "INTERNAL", "value": str(self.internal_port)}]
            container["env"] += [
                {"name": name, "value": base64.b64decode(value).decode()}
                for source in container["envFrom"] if "secretRef" in source
                for name, value in
                secrets[source["secretRef"]["name"]].items()]
            container["envFrom"] = [source for source in container["envFrom"]
                                    if "configMapRef" in source]
            container.pop("ports", None)
            for probe in "startupProbe", "readinessProbe", "livenessProbe":
                container.pop(probe, None)
            if os.environ["STACK_FLAVOUR"] != "release":    # sanitizers
                container["resources"]["limits"]["memory"] = "2Gi"

    def make_volume(self, volume, secrets):
        path = self.node.path / "volumes" / self.name / volume["name"]
        self.node.run("mkdir", "-p", path)
        if "emptyDir" in volume:
            self.node.run("chown", f"root:{USER}", path)
            self.node.run("chmod", "2777", path)
        else:
            for name, data in secret_files(volume, secrets):
                source = self.node.path / "secret"
                source.write_bytes(data)
                self.node.run("install", "-m", "440", "-g", str(USER), source,
                              path / name)
        for kind in "emptyDir", "secret", "projected":
            volume.pop(kind, None)
        volume["hostPath"] = {"path": str(path), "type": "Directory"}

    def container(self, name):
        return f"{self.name}-{name}"

    def exec(self, name, *command):
        """As the container's user in its namespaces; not by podman, since runc
        takes the root of the mount namespace, which is not that of a chroot.
        """
        pid = self.node.run("podman", "inspect", "--format", "{{.State.Pid}}",
                            self.container(name)).strip()
        return self.node.call(
            "nsenter", "--target", pid, "--mount", "--pid", "--root", "--wd",
            f"--setuid={USER}", f"--setgid={USER}", *command)

    def logs(self):
        return "\n".join(self.node.call("podman", "logs",
                                        self.container(c["name"]))[1]
                         for c in self.containers)

    def passes(self, container, probe):
        """Whether it does now."""
        if "exec" in probe:
            return self.exec(container, *probe["exec"]["command"])[0] == 0
        assert probe["httpGet"]["port"] == "metrics"
        with contextlib.suppress(requests.RequestException):
            return self.internal().get(probe["httpGet"]["path"]).ok

    def wait_until_ready(self, seconds=60):
        for container in self.containers:
            for probe in "startupProbe", "readinessProbe", "livenessProbe":
                try:
                    wait_until(lambda: self.passes(container["name"],
                                                   container[probe]), seconds)
                except AssertionError:
                    raise AssertionError(self.logs()) from None
        return self

    def client(self):
        return Client(f"http://127.0.0.1:{self.port}")

    def internal(self):
        return Client(f"http://127.0.0.1:{self.internal_port}")

    def metrics(self):
        return self.internal().get("/metrics").text

    def exit_codes(self):
        """Of the containers; None while one runs."""
        return [json.loads(self.node.run(
            "podman", "inspect", "--format",
            "{{if .State.Running}}null{{else}}{{.State.ExitCode}}{{end}}",
            self.container(c["name"]))) for c in self.containers]

    def stop(self):
        """As a node does, which gives it its grace period."""
        self.node.run("podman", "pod", "stop", "-t",
                      self.spec["terminationGracePeriodSeconds"], self.name)


def overlay(path, database_port):
    """The example's, with the secrets and addresses of the stack."""
    shutil.copytree(path / "overlay", path / "stack")
    var = pathlib.Path(os.environ["VAR"])
    url = psycopg2.extensions.parse_dsn(os.environ["DATABASE_URL"])
    secrets = path / "stack/secrets"
    for file in (secrets / "keys").iterdir():
        shutil.copy(var / "keys" / file.name, file)
    (secrets / "database.env").write_text("".join(
        "=".join(line.split(":")[3:]) + "\n"
        for line in (var / "keys/pgpass").read_text().splitlines()))
    (secrets / "owner.env").write_text(
        f"DATABASE_URL=postgresql://{url['user']}:{url['password']}"
        f"@127.0.0.1:{database_port}/{url['dbname']}\n")
    file = path / "stack/kustomization.yaml"
    kustomization = yaml.safe_load(file.read_text())
    kustomization["images"][0]["newName"] = "localhost/kith"
    kustomization["configMapGenerator"] = [
        {"name": "settings", "behavior": "merge", "literals": [
            f"DATABASE_URL=postgresql://127.0.0.1:{database_port}"
            f"/{url['dbname']}", "RATE=0", "MEMORY_MB=0",
            "TRUSTED_PROXIES=127.0.0.1"]},
        {"name": "kafka", "behavior": "merge", "literals": [
            f"KAFKA_BROKERS={os.environ['KAFKA_BROKERS']}"]}]
    file.write_text(yaml.safe_dump(kustomization))
    return kustomize(path / "stack")[1]


@contextlib.contextmanager
def cluster(written):
    """A node, and the documents of an overlay for the stack.

    written is where manifests has written the example's.
    """
    host = psycopg2.extensions.parse_dsn(os.environ["DATABASE_URL"])["host"]
    forward = Forward(f"{host}/.s.PGSQL.5432")
    BUILD.mkdir(parents=True, exist_ok=True)
    with directory() as path:
        node = Node(path)
        try:
            documents = overlay(written, forward.port)
            node.run("env", f"STACK_FLAVOUR={os.environ['STACK_FLAVOUR']}",
                     f"VERSION={VERSION}", ROOT / "infra/kubernetes/image")
            yield node, documents
        finally:
            node.close()
            forward.close()
