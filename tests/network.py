"""
Hosts on a network of their own: each is a process in a network namespace and
with a name of its own, all on one bridge in yet another.  Nothing of it can be
reached from elsewhere, and nothing of it is left when this process has ended.
"""
import os
import subprocess

AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]


class Host:
    def __init__(self, name):
        self.name, self.address = name, None
        self.process = subprocess.Popen(
            [*AS_ROOT, "unshare", "--net", "--uts", "sh", "-ec",
             'hostname "$0"; ip link set lo up; echo $$; exec cat >/dev/null',
             name], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = int(self.process.stdout.readline())

    def as_root(self, *command):
        """A command that runs on this host."""
        return [*AS_ROOT, "nsenter", "--net", "--uts", f"--target={self.pid}",
                "--", *map(str, command)]

    def as_user(self, *command, **environment):
        """The same as who we are, with just this environment."""
        settings = [f"{name}={value}" for name, value in environment.items()]
        user = [] if not AS_ROOT else [
            "setpriv", f"--reuid={os.getuid()}", f"--regid={os.getgid()}",
            "--init-groups"]
        return self.as_root(*user, "env", "-i", *settings, *command)

    def ip(self, words):
        subprocess.run(self.as_root("ip", *words.split()), check=True)

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


class Network:
    def __init__(self):
        self.hosts = []
        self.switch = Host("switch")
        self.switch.ip("link add bridge type bridge")
        self.switch.ip("link set bridge up")

    def close(self):
        for host in [*self.hosts, self.switch]:
            host.close()

    def add(self, name, address):
        """A new host."""
        host = Host(name)
        self.hosts.append(host)
        host.address = address
        self.switch.ip(f"link add {name} type veth"
                       f" peer name eth0 netns {host.pid}")
        self.switch.ip(f"link set {name} up master bridge")
        host.ip(f"addr add {address}/24 dev eth0")
        host.ip("link set eth0 up")
        return host

    def unplug(self, host):
        """It sees that it has no network."""
        host.ip("link set eth0 down")

    def plug(self, host):
        host.ip("link set eth0 up")

    def silence(self, host):
        """What it sends and what is sent to it is lost without a word."""
        self.switch.ip(f"link set {host.name} nomaster")

    def hear(self, host):
        self.switch.ip(f"link set {host.name} master bridge")
