"""Tests for ``clace.testing.bench``."""

import sys
from unittest import TestResult

from twisted.trial.runner import TestLoader
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import BadRequest, PluginRefused
from clace.plugins.kit import CallFailed, Function, Plugin
from clace.testing import PluginBench
from tests.support.plugin_contract import Echo, EchoPlugin
from tests.support.plugin_packages import EXAMPLE


class BenchTests(SynchronousTestCase):
    def setUp(self):
        self.echo = EchoPlugin()
        self.bench = PluginBench(self.echo.plugin)

    def failing(self, kind, *args, **kwargs):
        return self.failureResultOf(self.bench.call(*args, **kwargs), kind).value

    def test_value(self):
        """A call gives the function's value, of reading functions and of others."""
        self.assertEqual(self.successResultOf(self.bench.call("echo.in.echo", "a", loud=True)), "A")
        self.assertEqual(self.successResultOf(self.bench.call("echo.in.say", "a")), 1)

    def test_stream(self):
        """A stream is read to its end and closed."""
        self.assertEqual(self.successResultOf(self.bench.call("echo.in.count", 5)), [0, 1, 2, 3, 4])
        self.assertEqual([opened.closed for opened in self.echo.opened], [1])

    def test_failures(self):
        """An error of the function keeps its code; what apps may not ask is refused."""
        failed = self.failing(CallFailed, "echo.in.fail", "no")
        self.assertEqual((failed.message, failed.error_code), ("no", 7))
        self.failing(BadRequest, "echo.in.echo", 3)
        self.failing(BadRequest, "echo.in.none")
        self.failing(PluginRefused, "none.in.echo", "a")

    def test_caller(self):
        """The function is told who calls, and from which app."""
        callers = []

        async def note(invocation, _given):
            callers.append((invocation.caller.user_id, str(invocation.caller.app)))

        plugin = Plugin("note.in", {"note": Function(Echo, note, is_read=True)})
        bench = PluginBench(plugin, user="bob", path="/x")
        self.successResultOf(bench.call("note.in.note", "a"))
        self.assertEqual(callers, [("bob", "/x")])

    def test_left_open(self):
        """What a call should have closed is told."""

        async def closed():
            pass

        async def leave(invocation, _given):
            invocation.defer("row", closed, strict=True)

        plugin = Plugin("open.in", {"leave": Function(Echo, leave, is_read=True)})
        error = self.failureResultOf(PluginBench(plugin).call("open.in.leave", "a"), PluginRefused)
        self.assertIn("left open: ", error.value.message)

    def test_example(self):
        """The tests of the plugin in the documentation pass."""
        sys.path.insert(0, str(EXAMPLE))
        self.addCleanup(sys.path.remove, str(EXAMPLE))
        result = TestResult()
        TestLoader().loadByName("test_clace_greet").run(result)
        self.assertEqual((result.testsRun, result.errors, result.failures), (2, [], []))
