"""A stack of a test's own, beside the one that the environment names."""
import contextlib
import os
import pathlib
import re
import socket
import subprocess
import tempfile

import requests

from kith import Client, credentials

ROOT = pathlib.Path(__file__).parents[1]
FLAVOUR = os.environ.get("STACK_FLAVOUR", "release")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def processes(directory):
    """What mentions a directory: command lines, and places of work."""
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (path / "cmdline").read_bytes().decode()
            if path.name != str(os.getpid()) and (
                    str(directory) in command or
                    str(directory) in os.readlink(path / "cwd")):
                yield command


class Stack:
    def __init__(self, directory, **settings):
        self.var = directory
        self.port = free_port()
        self.settings = settings

    def environment(self, **settings):
        environment = {
            name: os.environ[name] for name in ("PATH", "HOME", "JAVA_HOME")
            if name in os.environ}
        return environment | {
            "VAR": str(self.var), "PORT": str(self.port),
            "STACK_FLAVOUR": FLAVOUR,
        } | self.settings | settings

    def start(self, *command, program="stack", **settings):
        return subprocess.Popen(
            [ROOT / "infra" / program, *command], text=True,
            env=self.environment(**settings),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, *command, **settings):
        """Its exit code and what it says."""
        process = self.start(*command, **settings)
        output = process.communicate(timeout=120)[0]
        return process.returncode, output

    def fn(self, *command, **settings):
        """The same of infra/fn."""
        return self.run(*command, program="fn", **settings)

    def up(self, **settings):
        code, output = self.run("up", **settings)
        assert code == 0, output
        return output

    def down(self):
        code, output = self.run("down")
        assert code == 0 and "killed" not in output, output

    @property
    def stack_env(self):
        text = (self.var / "stack.env").read_text()
        return dict(re.findall(r"^export (\w+)='(.*)'$", text, re.MULTILINE))

    def pid(self, part):
        return int((self.var / f"run/{part}.pid").read_text().split()[0])

    def pids(self):
        return {path.stem: self.pid(path.stem)
                for path in (self.var / "run").glob("*.pid")}

    def works(self):
        """An account can be made."""
        client = Client(self.stack_env["KITH_URL"])
        with contextlib.suppress(requests.ConnectionError):
            return client.post("/register",
                               json=credentials()).status_code == 201

    def serving(self):
        return (self.var / "functions/session/current").resolve().name


@contextlib.contextmanager
def directory():
    """For root too one that the services' user can reach."""
    with tempfile.TemporaryDirectory(prefix="kith-stack.",
                                     dir="/var/tmp") as path:
        os.chmod(path, 0o755)
        yield pathlib.Path(path)
