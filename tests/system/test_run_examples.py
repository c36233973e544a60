"""``make run``'s program: real URLs, and no word of success for another server's."""

import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.daemon import ROOT
from tests.system.cases import DaemonTestCase

PORTS = {"CL_HTTP_PORT": "0", "CL_HTTPS_PORT": "-1"}


class RunExamplesTests(DaemonTestCase):
    def setUp(self):
        # A short path: the name of a UNIX socket may have 107 bytes.
        folder = tempfile.TemporaryDirectory(prefix="clace-", dir="/tmp")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_examples(self, **environ):
        command = subprocess.Popen(
            [sys.executable, "-m", "examples.run"],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **PORTS, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(command.communicate)
        self.addCleanup(command.terminate)
        return command

    def served(self, command):
        """What it prints until it is ready, without twistd's log."""
        lines = []
        for line in command.stdout:
            if not re.match(r"\d{4}-", line):
                lines.append(line)
            if line.startswith("Ctrl-C"):
                return lines
        raise AssertionError(f"{lines} {command.stderr.read()}")

    def test_runs(self):
        """Each app is told before it is installed, and where it really is; a second run installs
        nothing; SIGTERM ends it and its server in good order.
        """
        first = self.run_examples()
        lines = self.served(first)
        self.assertTrue(lines[0].startswith("Installing /hello from "), lines)
        urls = [line.strip() for line in lines if line.startswith("  http")]
        self.assertEqual(len(urls), 4, lines)
        (told,) = (line.strip() for line in lines if line.startswith("  export "))
        listing = ["sh", "-c", f"{told}; clace app list --format jsonl"]
        listed = subprocess.run(listing, capture_output=True, text=True, check=True)
        self.assertEqual(listed.stdout.count("\n"), 4)
        url = urlsplit(urls[0])
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=20)
        self.addCleanup(connection.close)
        connection.request("GET", url.path)
        self.assertEqual(connection.getresponse().status, 401)
        self.assertEqual((self.folder / ".clace/admin_password").stat().st_mode & 0o777, 0o600)
        self.assertEqual((self.folder / ".clace/clace.toml").stat().st_mode & 0o777, 0o600)

        second = self.run_examples()
        said, complained = second.communicate(timeout=60)
        self.assertNotEqual(second.returncode, 0)
        self.assertNotIn("Apps are served at", said)
        self.assertIn("another server already running", complained)
        self.assertIn(" server stop\n", complained)

        first.send_signal(signal.SIGTERM)
        self.assertEqual(first.wait(30), 0)
        self.assertFalse((self.folder / ".clace/run/clace.sock").exists())
        third = self.run_examples()
        self.assertFalse([line for line in self.served(third) if line.startswith("Installing")])

    def test_notices_that_its_server_fails(self):
        """A server that does not start is no success, whatever else answers."""
        command = self.run_examples(CL_HTTP_PORT="many")
        said, complained = command.communicate(timeout=60)
        self.assertNotEqual(command.returncode, 0)
        self.assertIn("CL_HTTP_PORT", complained)
        self.assertNotIn("Apps are served at", said)
