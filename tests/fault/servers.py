"""
A server: a Debian of its own where systemd runs, for the package.

It shares this machine's network, and nothing else.  What it is made of is kept
in build/debian-*.tar.  Needs root, or sudo.
"""
import contextlib
import hashlib
import os
import pathlib
import re
import shlex
import subprocess
import tempfile

from kith import wait_until
from stack import ROOT, free_port

AS_ROOT = [] if os.geteuid() == 0 else ["sudo"]
SUITE = "bookworm"
# Some of the kernel that all share, and a port that may be taken.
MASKED = ("nginx", "systemd-modules-load", "systemd-sysctl", "systemd-udevd",
          "systemd-timesyncd", "systemd-networkd")


def run(*command, check=True, **options):
    """What it says, and for check=False its exit code first."""
    done = subprocess.run([*map(str, command)], text=True, timeout=400,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, **options)
    if not check:
        return done.returncode, done.stdout
    assert done.returncode == 0, (command, done.stdout)
    return done.stdout


def as_root(*command, **options):
    return run(*AS_ROOT, *command, **options)


def deb_field(deb, name):
    return run("dpkg-deb", "-f", deb, name).strip()


def make_debian(root, packages):
    """Nothing that a package brings is started there."""
    as_root("debootstrap", "--variant=minbase",
            "--include=systemd,systemd-sysv,dbus,procps", SUITE, root)
    as_root("bash", "-ec", r"""
        policy=$1/usr/sbin/policy-rc.d
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
        chroot "$1" apt-get -qy --no-install-recommends satisfy "$2"
        rm "$policy" "$1"/var/cache/apt/archives/*.deb
        rm -rf "$1"/usr/share/{doc,man,locale} "$1"/var/lib/apt/lists
        """, "make", root, packages)


def debian(root, deb):
    """What the package depends on, as it was fetched first."""
    packages = deb_field(deb, "Depends") + ", postgresql-15, logrotate"
    key = hashlib.sha256((SUITE + packages).encode()).hexdigest()[:12]
    kept = ROOT / f"build/debian-{key}.tar"
    if not kept.exists():
        make_debian(root, packages)
        with open(kept.with_suffix(".new"), "wb") as file:
            subprocess.run([*AS_ROOT, "tar", "-C", root, "-c", "."],
                           stdout=file, check=True)
        kept.with_suffix(".new").rename(kept)
    else:
        as_root("tar", "-C", root, "-xf", kept)


class Server:
    def __init__(self, root):
        self.root = root
        self.port, self.internal_port = free_port(), free_port()
        self.database_port = free_port()
        self.init = None

    def prepare(self, deb):
        debian(self.root, deb)
        for unit in MASKED:
            as_root("ln", "-sfn", "/dev/null",
                    self.root / f"etc/systemd/system/{unit}.service")
        self.write("/etc/postgresql/15/main/conf.d/port.conf",
                   f"port = {self.database_port}\nfsync = off\n")

    def start(self):
        self.init = None
        self.boot = subprocess.Popen(
            [*AS_ROOT, ROOT / "tests/fault/boot", self.root],
            stdin=subprocess.DEVNULL, start_new_session=True)
        self.init = wait_until(self.find_init, 20)
        wait_until(lambda: self.run("systemctl", "is-system-running",
                                    check=False)[1].strip() == "running", 60)

    def stop(self):
        """As if the power had failed."""
        as_root("kill", "-KILL", "--", self.init or -self.boot.pid,
                check=False)
        self.boot.wait(20)

    def find_init(self):
        """The process that is 1 there: systemd, below boot."""
        assert self.boot.poll() is None
        for path in pathlib.Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                status = path.read_text()
                if (re.search(r"^NSpid:\s\d+\s1$", status, re.MULTILINE) and
                        "Name:\tsystemd\n" in status and
                        self.is_below(path.parent.name, self.boot.pid)):
                    return int(path.parent.name)

    def is_below(self, pid, ancestor):
        while int(pid) > 1:
            if int(pid) == ancestor:
                return True
            stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
            pid = stat.rpartition(") ")[2].split()[1]
        return False

    def run(self, *command, **options):
        return as_root("nsenter", "-t", self.init, *"-m -p -u -i -C".split(),
                       "-r", "-w", *command, **options)

    def write(self, path, text):
        as_root("bash", "-c", 'cat >"$1" <<<"$2"', "write",
                f"{self.root}{path}", text)

    def read(self, path):
        return as_root("cat", f"{self.root}{path}")

    def exists(self, path):
        return as_root("bash", "-c", f"compgen -G {shlex.quote(str(self.root))}"
                       f"{path}", check=False)[0] == 0

    def has(self, package):
        """There, too: a path."""
        as_root("cp", package, self.root / "root/kith.deb")
        return "/root/kith.deb"

    def psql(self, *statements):
        self.run("runuser", "-u", "postgres", "--", "psql", "-q",
                 "-p", self.database_port,
                 *(word for s in statements for word in ("-c", s)))

    def configure(self, **settings):
        """Lines of kith.conf."""
        text = self.read("/etc/kith/kith.conf")
        for name, value in settings.items():
            text, n = re.subn(rf"^#?{name}=.*$", f"{name}='{value}'", text,
                              flags=re.MULTILINE)
            if not n:
                text += f"{name}='{value}'\n"
        self.write("/etc/kith/kith.conf", text)

    def pid(self, name):
        """Of a function's pool, there."""
        return int(self.run("systemctl", "show", "-P", "MainPID",
                            f"kith@{name}.service"))

    def release(self, name):
        """The version that serves."""
        for line in self.run("fn", "releases", name).splitlines():
            if line.endswith("serves"):
                return line.split()[0]


@contextlib.contextmanager
def server(deb):
    """One that is up, where the package is not installed yet."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="kith-server.",
                                         dir="/var/tmp"))
    try:
        os.chmod(path, 0o755)
        new = Server(path / "root")
        as_root("mkdir", new.root)
        new.prepare(deb)
        try:
            new.start()
            yield new
        finally:
            new.stop()
    finally:
        as_root("rm", "-rf", "--one-file-system", path)


def rebuilt(deb, version, change):
    """The same package, of another version, with files changed by change()."""
    with tempfile.TemporaryDirectory() as path:
        tree = pathlib.Path(path) / "tree"
        run("dpkg-deb", "-R", deb, tree)
        control = tree / "DEBIAN/control"
        control.write_text(re.sub("(?m)^Version: .*$", f"Version: {version}",
                                  control.read_text()))
        change(tree / "usr/lib/kith")
        new = deb.with_name(f"{version}.deb")
        run("dpkg-deb", "--root-owner-group", "-Zxz", "-z1", "-b", tree, new)
    return new
