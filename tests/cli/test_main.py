"""The command line put together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import clace
from clace.cli.main import ask, run_daemon
from clace.cli.outside import Ask
from clace.errors import ClaceError

_LOADED = """
import sys
import clace.cli.main
from clace.cli import app_commands, config_commands, password_command, server_commands
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


class MainTests(SynchronousTestCase):
    def test_imports_no_twisted(self):
        """What needs no server does not wait for Twisted, nor for TLS."""
        loaded = subprocess.run(
            [sys.executable, "-c", _LOADED],
            env={**os.environ, "PYTHONPATH": str(Path(clace.__file__).parent.parent)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        self.assertIn("click", loaded)
        for package in ("twisted", "OpenSSL", "klein", "sqlalchemy"):
            self.assertNotIn(package, loaded)

    def test_asks_through_the_client(self):
        """The real way to a server fills the seam."""
        asks: Ask = ask
        self.assertTrue(callable(asks))

    def test_tells_what_twistd_does_not_take(self):
        """Arguments that twistd refuses are a refusal, not a page of usage."""
        error = self.assertRaises(ClaceError, run_daemon, ["--nodaemon", "--no-such-option"])
        self.assertIn("no-such-option", error.message)
