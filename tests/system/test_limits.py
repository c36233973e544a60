"""Limits for clients, on a real server: connections, open files, and slow readers."""

import contextlib
import re
import signal
import socket
import time
from pathlib import Path

from tests.support.daemon import FOREGROUND
from tests.support.siege import APPS, OPEN, connections
from tests.system.cases import DaemonTestCase

CONFIG = """
[http.limits]
max_connections_per_address = 10
stall_secs = 2
"""
HARD_LIMIT = 400


class LimitTests(DaemonTestCase):
    def connect(self, daemon, scheme="http", address="127.0.0.1"):
        connection = socket.socket()
        self.addCleanup(connection.close)
        connection.settimeout(20)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.bind((address, 0))
        connection.connect(("127.0.0.1", daemon.ports[scheme]))
        return connection

    def upload(self, daemon, address):
        """A connection in the middle of a request."""
        connection = self.connect(daemon, address=address)
        head = f"POST {OPEN}/take HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        connection.sendall(head.encode() + b"Content-Length: 1000\r\n\r\n")
        return connection, connection.recv(1024)

    def open_app(self, daemon):
        daemon.install(self.source(APPS[OPEN]), OPEN, auth="none", approve=True)

    def test_connections_of_an_address(self):
        """An address that has all its connections in use gets no more, and others do."""
        daemon = self.make_daemon(CONFIG).start()
        self.open_app(daemon)
        for _ in range(10):
            self.assertIn(b" 100 ", self.upload(daemon, "127.3.0.1")[1])
        refused = self.connect(daemon, address="127.3.0.1").recv(1024)
        self.assertTrue(refused.startswith(b"HTTP/1.1 503 "), refused)
        self.assertIn(b" 100 ", self.upload(daemon, "127.3.0.2")[1])
        self.assertEqual(daemon.get("/_clace/health").status, 200)

    def test_connections_that_wait(self):
        """Many connections at once wait for their turn, and need not try again."""
        daemon = self.make_daemon().start()
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            began = time.monotonic()
            for _ in range(200):
                self.connect(daemon)
            self.assertLess(time.monotonic() - began, 1)
        finally:
            daemon.process.send_signal(signal.SIGCONT)
        self.assertEqual(daemon.get("/_clace/health").status, 200)

    def test_open_files(self):
        """The soft limit is raised; connections beyond the files leave the admin socket free."""
        limited = ("prlimit", f"--nofile=256:{HARD_LIMIT}", *FOREGROUND)
        daemon = self.make_daemon().start(*limited)
        told = Path(f"/proc/{daemon.process.pid}/limits").read_text("ascii")
        self.assertRegex(told, rf"Max open files\s+{HARD_LIMIT}\s+{HARD_LIMIT}\s")
        for number in range(HARD_LIMIT):
            self.connect(daemon, address=f"127.3.0.{number % 100 + 1}")
        self.assertEqual(daemon.admin("GET", "/_clace/apps").status, 200)
        self.assertEqual(daemon.get("/_clace/health").status, 200)
        self.assertLess(connections(daemon.process.pid), HARD_LIMIT - 150)

    def test_too_few_files(self):
        """A server that could serve nobody says so in a line."""
        code, said = self.make_daemon().refusal("prlimit", "--nofile=200:200", *FOREGROUND)
        self.assertEqual(code, 1)
        self.assertRegex(said, re.compile(r"\Aerror: only 200 files may be open.*\n\Z"))

    def test_readers(self):
        """Who reads slowly is served, who stops reading is ended, over TLS as without."""
        daemon = self.make_daemon(CONFIG).start()
        self.open_app(daemon)
        asked = f"GET {OPEN}/static/large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        stopped, slow = self.connect(daemon), self.connect(daemon)
        for connection in (stopped, slow):
            connection.sendall(asked)
        slow.recv(1024)
        both, began = connections(daemon.process.pid), time.monotonic()
        while time.monotonic() - began < 6:
            slow.recv(1024)
            time.sleep(0.05)
        self.assertEqual(connections(daemon.process.pid), both - 1)
        self.assertTrue(slow.recv(1024))
        slow.close()
        pending = daemon.begin("GET", f"{OPEN}/static/large.bin", scheme="https", login=None)
        with contextlib.closing(pending.connection):
            self.wait_until("it is ended", lambda: connections(daemon.process.pid) <= both - 2)
