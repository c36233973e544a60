"""What a server in the foreground shows of Twisted's log."""

from __future__ import annotations

import io
import sys

from twisted.logger import ILogObserver, LogLevel, LogPublisher
from twisted.python.reflect import namedAny
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.cli.server_commands import daemon_arguments


class QuietTests(SynchronousTestCase):
    def shown(self, logger):
        """What of one line of each level gets to the terminal."""
        stream = io.StringIO()
        self.patch(sys, "__stderr__", stream)
        named = next(a for a in daemon_arguments(None, {}, logger) if a.startswith("--logger="))
        observer = namedAny(named.removeprefix("--logger="))()
        verifyObject(ILogObserver, observer)
        publisher = LogPublisher(observer)
        for level in (LogLevel.info, LogLevel.warn, LogLevel.error, LogLevel.critical):
            publisher(
                {"log_level": level, "log_format": level.name, "log_namespace": "x", "log_time": 0}
            )
        return [line.rpartition("] ")[2] for line in stream.getvalue().splitlines()]

    def test_shows_errors(self):
        """Errors are shown, and nothing else."""
        self.assertEqual(self.shown("errors"), ["error", "critical"])

    def test_shows_nothing(self):
        """Nothing is shown where the server shows it itself."""
        self.assertEqual(self.shown("nothing"), [])
