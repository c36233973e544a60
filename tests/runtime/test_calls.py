"""Plugin calls taken to the gate."""

from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import AppFailed, BadRequest, PluginRefused, StoreError
from clace.interfaces import Caller, PluginAnswer
from clace.runtime.hosts.calls import PluginCalls
from clace.wire import CallAnswer, CallPlugin, NextItems
from tests.support.apps import an_app
from tests.support.plugins import MemoryGate


class CallTests(SynchronousTestCase):
    def setUp(self):
        self.gate = MemoryGate()
        self.reached = []
        self.refused = []
        self.calls = PluginCalls(
            self.gate,
            Caller(app=an_app(), request_id="rid_1"),
            lambda *told: self.reached.append(told),
            lambda *told: self.refused.append(told),
        )

    def call(self, outcome):
        def function(*_args, **_kwargs):
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        self.gate.functions["fs.in", "list"] = function
        asked = CallPlugin(call=3, request=1, plugin="fs.in", function="list", args=(1,))
        return self.successResultOf(self.calls.call(asked))

    def test_answers(self):
        """What the plugin answers is told under the number of the call."""
        self.assertEqual(self.call([1]), CallAnswer(call=3, value=[1]))
        self.assertEqual(
            self.call(PluginAnswer(error="no", error_code=4)),
            CallAnswer(call=3, error="no", error_code=4),
        )
        self.assertEqual(self.call(PluginAnswer(stream=6)), CallAnswer(call=3, stream=6))

    def test_limits(self):
        """A limit that a plugin came upon is told once, however often the app tries."""
        for _ in range(3):
            answer = self.call(PluginAnswer(error="full", error_code=1, limit="store_size"))
            self.assertEqual(answer.error, "full")
        self.assertEqual(self.reached, [("store_size", "full")])

    def test_refusals(self):
        """What may not be called ends the handler; what failed is the app's to handle."""
        for error, refused in ((BadRequest("bad"), True), (StoreError("down"), False)):
            answer = self.call(error)
            self.assertEqual((answer.error, answer.refused), (error.message, refused))

    def test_told_of_refusals(self):
        """A call that is not approved is told, with what was called; other errors are not."""
        self.call(BadRequest("bad"))
        self.assertEqual((self.refused, self.calls.was_refused), ([], False))
        self.call(PluginRefused("not permitted"))
        self.assertEqual(self.refused, [("fs.in.list", "not permitted")])
        self.assertTrue(self.calls.was_refused)

    def test_fault(self):
        """A fault of a plugin is logged with its app, and nothing of it told to the app."""
        lines = []
        globalLogPublisher.addObserver(lines.append)
        self.addCleanup(globalLogPublisher.removeObserver, lines.append)
        answer = self.call(ValueError("secret"))
        self.assertEqual((answer.error, answer.refused), ("the plugin failed", True))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        (line,) = [line for line in lines if "log_failure" in line]
        self.assertEqual((line["app"], line["request_id"]), (str(an_app()), "rid_1"))

    def test_streams(self):
        """The items of a stream, and its failure, are told."""
        self.call(1)
        self.gate.streams[2] = ["a", AppFailed("lost")]
        self.assertEqual(
            self.successResultOf(self.calls.next(NextItems(call=4, request=1, stream=2))),
            CallAnswer(call=4, value=["a"], more=True),
        )
        answer = self.successResultOf(self.calls.next(NextItems(call=5, request=1, stream=2)))
        self.assertEqual((answer.error, answer.refused), ("lost", True))

    def test_one_scope(self):
        """All calls of a request are in one scope, begun with the first and ended once."""
        self.call(1)
        self.call(2)
        self.gate.leaks = ["fs.in:x"]
        self.assertEqual(self.successResultOf(self.calls.end()), ("fs.in:x",))
        self.assertEqual(self.successResultOf(self.calls.end()), ())
        self.assertEqual(len(self.gate.scopes), 1)

    def test_no_scope(self):
        """A request that calls nothing needs none."""
        self.assertEqual(self.successResultOf(self.calls.end()), ())
        self.assertEqual(self.gate.scopes, [])

    def test_after_the_end(self):
        """Once a request is over nothing is called for it."""
        self.successResultOf(self.calls.end())
        self.assertTrue(self.call(1).refused)
        self.assertEqual(self.gate.scopes, [])
