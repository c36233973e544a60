"""The relay into a container's network, as the program that it is."""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import mkdtemp

from twisted.trial.unittest import SynchronousTestCase

from clace.containers import relay

LARGE = bytes(range(256)) * 8192


class RelayTests(SynchronousTestCase):
    def setUp(self):
        self.path = Path(mkdtemp(dir="/tmp")) / "relay"
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        port = self.listener.getsockname()[1]
        command = (sys.executable, "-I", "-S", relay.__file__, str(self.path), str(port))
        self.process = subprocess.Popen(command)
        self.addCleanup(self.end)
        limit = time.monotonic() + 20
        while not self.path.exists() and time.monotonic() < limit:
            time.sleep(0.02)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.path.unlink(missing_ok=True)
        self.path.parent.rmdir()

    def connect(self):
        one = socket.socket(socket.AF_UNIX)
        one.settimeout(20)
        one.connect(str(self.path))
        self.addCleanup(one.close)
        return one

    def echo(self):
        """Send back all that comes, and then the end."""
        taken, _ = self.listener.accept()
        with taken:
            received = b"".join(iter(lambda: taken.recv(65536), b""))
            taken.sendall(received)

    def test_both_ways_and_ends(self):
        """What is sent arrives whole, and each end is passed on by itself."""
        threading.Thread(target=self.echo, daemon=True).start()
        ours = self.connect()
        ours.sendall(LARGE)
        ours.shutdown(socket.SHUT_WR)
        self.assertEqual(b"".join(iter(lambda: ours.recv(65536), b"")), LARGE)

    def test_nothing_listens(self):
        """A connection that cannot be passed on is closed."""
        self.listener.close()
        with self.connect() as ours, contextlib.suppress(ConnectionResetError):
            self.assertEqual(ours.recv(1), b"")

    def test_only_for_its_user(self):
        """Nobody else can connect, whatever the folder lets in."""
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
