"""The command line put together: a process of its own, as operators start it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Thread

from twisted.trial.unittest import SynchronousTestCase

import clace
from clace.cli.main import reveal, run_daemon
from clace.config import Location, load
from clace.errors import ClaceError, NoSuchSecret

_LOADED = """
import sys
import clace.cli.main
from clace.cli import app_commands, config_commands, password_command, server_commands
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
_STATUS = b'{"status":"fine","pid":7,"version":"1"}'


class MainTests(SynchronousTestCase):
    def setUp(self):
        # A short path: the name of a UNIX socket may have 107 bytes.
        folder = tempfile.TemporaryDirectory(prefix="clace-")
        self.addCleanup(folder.cleanup)
        self.home = Path(folder.name)
        self.socket = self.home / "run" / "clace.sock"
        self.socket.parent.mkdir()

    def python(self, *arguments):
        """A process with Clace and without a configuration but this home."""
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(clace.__file__).parent.parent),
            "CL_HOME": str(self.home),
        }
        return subprocess.run(
            [sys.executable, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def answer_once(self, body):
        """A server at the home's socket for one request; gives the thread and what it was sent."""
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        listening.bind(str(self.socket))
        listening.listen()
        received = []

        def serve():
            connection, _ = listening.accept()
            with connection:
                received.append(connection.recv(65536))
                head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
                connection.sendall(head + body)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        return thread, received

    def test_asks_a_server(self):
        """The answer comes over the socket, and goes to stdout."""
        thread, received = self.answer_once(_STATUS)
        done = self.python("-m", "clace.cli", "server", "status")
        thread.join(60)
        self.assertEqual((done.stdout, done.stderr, done.returncode), ("fine\n", "", 0))
        self.assertTrue(received[0].startswith(b"GET /_clace/server_status HTTP/1.1\r\n"))

    def test_tells_that_there_is_none(self):
        """A server that is not there is one line and status 1."""
        done = self.python("-m", "clace.cli", "app", "list")
        told = f"error: cannot reach {self.socket}: there is no such socket; is the server running?"
        self.assertEqual((done.stderr, done.returncode), (f"{told}\n", 1))

    def test_imports_no_twisted(self):
        """What needs no server does not wait for Twisted, nor for TLS."""
        loaded = self.python("-c", _LOADED).stdout.split()
        self.assertIn("click", loaded)
        for package in ("twisted", "OpenSSL", "klein", "sqlalchemy"):
            self.assertNotIn(package, loaded)

    def test_tells_what_twistd_does_not_take(self):
        """Arguments that twistd refuses are a refusal, not a page of usage."""
        error = self.assertRaises(ClaceError, run_daemon, ["--nodaemon", "--no-such-option"])
        self.assertIn("no-such-option", error.message)


class RevealTests(SynchronousTestCase):
    def test_reveals(self):
        """Secrets come from the providers of the configuration that need no server."""
        file = Path(self.mktemp()).absolute()
        file.write_text("[secret.env_x]")
        config = load(Location(file.parent, file), {})
        self.patch(os, "environ", {"PASSWORD": "hunter2"})
        self.assertEqual(reveal(config, 'a{{secret_from "env_x" "PASSWORD"}}'), "ahunter2")
        text = '{{secret_from "env_x" "NONE"}}'
        self.assertRaises(NoSuchSecret, reveal, config, text)
