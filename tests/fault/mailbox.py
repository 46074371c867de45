"""Mail servers for tests: maildev, and one that refuses what it is told to."""
import collections
import contextlib
import re
import socketserver
import subprocess
import threading

import requests

from kith import Client, wait_until
from stack import ROOT, free_port


class Mailbox:
    """maildev: down() and up() again, at the same port; it forgets all."""

    def __init__(self, directory, *options):
        self.directory = directory
        self.options = options
        self.port, self.web_port = free_port(), free_port()
        self.http = Client(f"http://127.0.0.1:{self.web_port}")
        self.process = None

    def __enter__(self):
        self.up()
        return self

    def __exit__(self, *_):
        self.down()

    def answers(self):
        with contextlib.suppress(requests.ConnectionError):
            return self.http.get("/api/email").ok

    def up(self):
        self.process = subprocess.Popen(
            [ROOT / "tests/mail/run", "--ip", "127.0.0.1",
             "--web-ip", "127.0.0.1", "--smtp", str(self.port),
             "--web", str(self.web_port), "--mail-directory", self.directory,
             *self.options], stdout=subprocess.DEVNULL)
        wait_until(self.answers, 60)        # it may have to be fetched

    def down(self):
        self.process.kill()         # it would wait for its clients
        self.process.wait(10)

    def mails(self, address):
        """All that came to it, oldest first."""
        return sorted((mail for mail in self.http.get("/api/email").json()
                       if mail["to"][0]["address"] == address),
                      key=lambda mail: mail["time"])

    def wait_for(self, address, count=1, seconds=10):
        wait_until(lambda: len(self.mails(address)) >= count, seconds)
        return self.mails(address)

    def link(self, address, count=1):
        """Page and token of the newest, once so many have come."""
        text = self.wait_for(address, count)[-1]["text"]
        return re.search(r"^\S+#/(reset|verify)/(\S+)$", text,
                         re.MULTILINE).groups()

    def source(self, mail):
        return self.http.get(f"/api/email/{mail['id']}/source").text


class Refuser:
    """
    Answers RCPT TO and what follows as told: answers[address] is a list of
    statuses, the next one each time, "hang" for none; 250 when it is empty.
    """

    def __init__(self):
        self.answers = collections.defaultdict(list)
        self.taken = []             # addresses
        refuser = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError):
                    self.wfile.write(b"220 refuser\r\n")
                    refuser.serve(self.rfile, self.wfile)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def serve(self, lines, out):
        address = None
        for line in lines:
            verb = line.decode().rstrip("\r\n").upper()
            answer = "250 fine"
            if verb.startswith("RCPT TO:"):
                address = line.decode().split("<")[1].split(">")[0]
                if self.answers[address]:
                    answer = f"{self.answers[address].pop(0)} as told"
            elif verb == "DATA":
                out.write(b"354 go on\r\n")
                while lines.readline() != b".\r\n":
                    pass
                self.taken.append(address)
            elif verb == "QUIT":
                out.write(b"221 bye\r\n")
                return
            if not answer.startswith("hang"):
                out.write(answer.encode() + b"\r\n")
