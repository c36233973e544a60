"""The command line put together: a process of its own, as operators start it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event

from twisted.trial.unittest import SynchronousTestCase

import clace
from clace.cli.main import reveal, run_daemon
from clace.config import Location, load
from clace.errors import ClaceError, NoSuchSecret
from tests.support.local_servers import answering, listen, socket_folder

# Runs a command, then tells on stderr what was imported for it.
_LOADED = """
import sys
from clace.cli.main import main
try:
    main()
finally:
    kept = lambda name: name if "admin_api" in name else name.partition(".")[0]
    print(*sorted(set(map(kept, sys.modules))), file=sys.stderr)
"""
_SERVER_SIDE = {"twisted", "zope", "OpenSSL", "cryptography", "klein", "sqlalchemy", "alembic"}
_SLOW = {"msgspec", "httptools", "bracex", "tomllib", "json", "socket"}
_NOUNS = "clace.admin_api."
_STATUS = b'{"status":"fine","pid":7,"version":"1"}'


class MainTests(SynchronousTestCase):
    def setUp(self):
        self.home = socket_folder(self)
        self.socket = self.home / "run" / "clace.sock"
        self.socket.parent.mkdir()
        self.received = []

    def start(self, *arguments, environ=None):
        """A process with Clace and without a configuration but this home."""
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(Path(clace.__file__).parent.parent),
                "CL_HOME": str(self.home),
                **(environ or {}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.wait, 60)
        self.addCleanup(process.kill)
        return process

    def python(self, *arguments, environ=None):
        """What came of such a process."""
        process = self.start(*arguments, environ=environ)
        stdout, stderr = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)

    def answer(self, body):
        """Start a server at the home's socket."""
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        listen(self, self.socket, answering(head + body, self.received))

    def loaded(self, *arguments, environ=None):
        """The packages that were imported for a command, and what it printed."""
        done = self.python("-c", _LOADED, *arguments, environ=environ)
        self.assertEqual(done.returncode, 0)
        return set(done.stderr.split()), done.stdout

    def test_asks_a_server(self):
        """The answer comes over the socket, and goes to stdout."""
        self.answer(_STATUS)
        done = self.python("-m", "clace.cli", "server", "status")
        self.assertEqual((done.stdout, done.stderr, done.returncode), ("fine\n", "", 0))
        self.assertIn(b"GET /_clace/server_status HTTP/1.1\r\n", self.received[0])

    def test_tells_that_there_is_none(self):
        """A server that is not there is one line and status 1."""
        done = self.python("-m", "clace.cli", "app", "list")
        told = f"error: cannot reach {self.socket}: there is no such socket; is the server running?"
        self.assertEqual((done.stderr, done.returncode), (f"{told}\n", 1))

    def test_is_interrupted(self):
        """A signal ends a command that waits for its server, with a line and status 1."""
        for number in (signal.SIGINT, signal.SIGTERM):
            asked, over = Event(), Event()

            def wait(connection, asked=asked, over=over):
                connection.recv(65536)
                asked.set()
                over.wait(60)

            self.socket.unlink(missing_ok=True)
            listen(self, self.socket, wait)
            self.addCleanup(over.set)
            process = self.start("-m", "clace.cli", "server", "status")
            self.assertTrue(asked.wait(60))
            process.send_signal(number)
            stdout, stderr = process.communicate(timeout=60)
            told = (stdout, stderr, process.returncode)
            self.assertEqual(told, ("", "error: interrupted\n", 1))

    def test_imports_little_for_help(self):
        """Help and completion of commands read no configuration and ask no server."""
        for arguments in (("--help",), ("app", "list", "--help")):
            packages, stdout = self.loaded(*arguments)
            self.assertIn("Usage: clace", stdout)
            self.assertEqual(packages & (_SERVER_SIDE | _SLOW), set())
        completing = {
            "_CLACE_COMPLETE": "bash_complete",
            "COMP_WORDS": "clace app l",
            "COMP_CWORD": "2",
        }
        packages, stdout = self.loaded(environ=completing)
        self.assertEqual(stdout, "plain,list\nplain,logs\n")
        self.assertEqual(packages & (_SERVER_SIDE | _SLOW), set())

    def test_imports_what_a_socket_needs(self):
        """A command that asks over the socket waits for no Twisted, no TLS and no database."""
        self.answer(b'{"apps":[]}')
        packages, stdout = self.loaded("app", "list")
        self.assertEqual(stdout, "Name                           Type   Ver Auth    AppPath\n")
        self.assertIn("httptools", packages)
        self.assertEqual(packages & _SERVER_SIDE, set())
        # Globs are the server's business, and without a file there is no TOML.
        self.assertEqual(packages & {"bracex", "tomllib", "toml", "tomlkit"}, set())

    def test_imports_the_noun_it_needs(self):
        """Of the admin API a command waits for its own operations, not for all there are."""
        for command, nouns in (
            (("app", "list"), ["apps", "changes", "operation"]),
            (("secret", "list"), ["operation", "secrets"]),
            (("server", "status"), ["operation", "server"]),
        ):
            self.setUp()
            self.answer(b"{}")
            packages, _stdout = self.loaded(*command)
            found = sorted(name[len(_NOUNS) :] for name in packages if name.startswith(_NOUNS))
            self.assertEqual(found, nouns, command)

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
