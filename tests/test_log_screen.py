"""Tests for ``clace.log_screen``."""

from io import StringIO

from twisted.logger import Logger, LogPublisher, textFileLogObserver
from twisted.python.log import FileLogObserver
from twisted.trial.unittest import SynchronousTestCase

from clace.log_screen import LogScreen

HOSTILE = "a\x1b]0;x\x07\x9bb\u202ec"
SPELLED = "a\\x1b]0;x\\x07\\x9bb\\u202ec"


class ScreenTests(SynchronousTestCase):
    def setUp(self):
        self.stream = StringIO()
        self.publisher = LogPublisher(textFileLogObserver(self.stream))
        self.log = Logger("here", observer=self.publisher)
        self.screen = LogScreen(self.publisher)
        self.screen.startService()

    def said(self):
        text, _ = self.stream.getvalue(), self.stream.truncate(0)
        self.stream.seek(0)
        return text

    def test_spells_out(self):
        """What an app prints drives no terminal that shows the log of twistd."""
        self.log.warn("{text}", text=HOSTILE)  # noqa: G010 - Twisted's name for it
        said = self.said()
        self.assertTrue(said.endswith(f" [here#warn] {SPELLED}\n"), said)

    def test_tracebacks(self):
        """Errors keep their traceback, in which there may be such text as well."""
        try:
            {}[HOSTILE + "\n"]
        except KeyError:
            self.log.failure("It failed")
        said = self.said()
        self.assertIn("It failed\n\tTraceback", said)
        self.assertIn("KeyError: 'a\\x1b]0;x", said)
        self.assertTrue(all(line.expandtabs().isprintable() for line in said.splitlines()))

    def test_legacy_observers(self):
        """Observers of Twisted's older log are told as well."""
        publisher, stream = LogPublisher(), StringIO()
        publisher.addObserver(textFileLogObserver(stream))
        older = FileLogObserver(stream)
        publisher.addObserver(lambda event: older.emit(legacy(event)))
        LogScreen(publisher).startService()
        Logger("here", observer=publisher).info("{text}", text=HOSTILE)
        self.assertEqual(stream.getvalue().count(SPELLED), 2)

    def test_only_while_it_runs(self):
        """After the end observers are as they were."""
        self.screen.stopService()
        self.log.info("{text}", text=HOSTILE)
        self.assertIn(HOSTILE, self.said())


def legacy(event):
    return {"time": event["log_time"], "message": (event["text"],), "system": "-", "isError": 0}
