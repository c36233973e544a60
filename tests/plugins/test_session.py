"""The plugin calls of one request: limits, cancelling, faults."""

from msgspec import Struct
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import AppFailed, BadRequest, InternalError, PluginRefused
from clace.interfaces import Caller
from clace.model.app import Permission
from clace.plugins.gate.gate import PluginGate
from clace.plugins.gate.session import CallLimits
from clace.plugins.kit.definition import (
    CallFailed,
    Document,
    Function,
    ItemStream,
    NoParameters,
    Plugin,
)
from tests.support.plugin_contract import EVERYTHING, Counting, EchoPlugin, app, call


class Stuck(Counting):
    async def next(self):
        await Deferred()


class Row(Struct, frozen=True):
    name: str


class Page(Document, frozen=True, kw_only=True):
    url: str


class ScopeTests(SynchronousTestCase):
    def begin(self, function=None, **limits):
        functions = {"do": Function(NoParameters, function, is_read=True)}
        gate = PluginGate([EchoPlugin().plugin, Plugin("x.in", functions)], CallLimits(**limits))
        its_app = app(*EVERYTHING, Permission("x.in", "do"), loads=("echo.in", "x.in"))
        return gate.begin(Caller(app=its_app, request_id="rid"))

    def do(self, scope):
        return Deferred.fromCoroutine(scope.call(call("do", plugin="x.in")))

    def test_shapes(self):
        """An answer tells what its value is for the app beside what JSON can say."""
        for value, plain, shape in (
            ({"a": Row("b")}, {"a": Row("b")}, ""),
            ([], [], ""),
            (Row("a"), {"name": "a"}, "struct"),
            ([Row("a"), Row("b")], [{"name": "a"}, {"name": "b"}], "struct"),
            (Page("text", url="u"), {"body": "text", "url": "u"}, "document"),
        ):

            async def give(invocation, given, value=value):
                return value

            answer = self.successResultOf(self.do(self.begin(give)))
            self.assertEqual((answer.value, answer.shape), (plain, shape))

    def test_failures(self):
        """A failure is an answer, with its code and the limit that it is about."""

        async def fail(invocation, given):
            raise CallFailed("full", 3, "store_size")

        answer = self.successResultOf(self.do(self.begin(fail)))
        self.assertEqual((answer.error, answer.error_code, answer.limit), ("full", 3, "store_size"))

    def test_a_function_knows_its_call(self):
        """A function is told who calls, by which name and with which arguments."""
        seen = []

        async def look(invocation, given):
            seen.append(invocation)

        scope = self.begin(look)
        self.successResultOf(self.do(scope))
        (invocation,) = seen
        self.assertEqual(invocation.caller.request_id, "rid")
        self.assertEqual((invocation.plugin, invocation.function), ("x.in", "do"))
        self.assertEqual(invocation.args, ())
        self.assertEqual(invocation.grants, (Permission("x.in", "do"),))

    def test_shape_of_a_stream(self):
        """A stream says what its items are for the app."""

        async def do(invocation, given):
            return ItemStream("rows", Counting(None), shape="document")

        self.assertEqual(self.successResultOf(self.do(self.begin(do))).shape, "document")

    def test_at_once(self):
        """A host that was taken over cannot make many calls at the same time."""
        waiting = Deferred()

        async def wait(invocation, given):
            await waiting

        scope = self.begin(wait, at_once=2)
        calls = [self.do(scope), self.do(scope)]
        self.failureResultOf(self.do(scope), PluginRefused)
        waiting.callback(None)
        for one in calls:
            self.successResultOf(one)
        self.successResultOf(self.do(scope))

    def test_streams(self):
        """One request has only so many streams open; ended ones do not count."""
        scope = self.begin(streams=2)
        first = self.successResultOf(scope.call(call("count", 1))).stream
        self.successResultOf(scope.call(call("count", 1)))
        self.successResultOf(scope.next(first))
        self.successResultOf(scope.call(call("count", 1)))
        refused = self.failureResultOf(scope.call(call("count", 1)), PluginRefused).value
        self.assertIn("has more than 2 streams open", refused.message)
        self.assertEqual(len(self.successResultOf(scope.end())), 2)

    def test_late_stream(self):
        """A stream that is opened although its request has ended is closed at once."""
        opened, late = Counting(None), Deferred(lambda deferred: deferred.callback(None))

        async def do(invocation, given):
            await late
            return ItemStream("late", opened)

        scope = self.begin(do)
        running = self.do(scope)
        self.successResultOf(scope.end())
        self.failureResultOf(running, PluginRefused)
        self.assertEqual(opened.closed, 1)

    def test_size(self):
        """A result over the limit is an error for the app, not a frame too large to send."""
        answer = self.successResultOf(self.begin(answer_bytes=99).call(call("echo", "a" * 100)))
        self.assertIn("over the limit of 99", answer.error)
        self.assertIsNone(answer.value)
        whole = self.successResultOf(self.begin(answer_bytes=100).call(call("echo", "a" * 98)))
        self.assertEqual((whole.value, whole.error), ("a" * 98, ""))

    def test_unspeakable(self):
        """A result that cannot be sent to a host is an error for the app."""

        async def do(invocation, given):
            return 1 << 70

        self.assertIn("no app can receive", self.successResultOf(self.do(self.begin(do))).error)

    def test_fault(self):
        """A fault in a plugin is logged whole and told as nothing but a fault."""

        async def do(invocation, given):
            raise ZeroDivisionError("secret")

        answer = self.successResultOf(self.do(self.begin(do)))
        self.assertEqual((answer.error, answer.error_code), ("internal error in x.in.do", 1))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_fault_says_where(self):
        """The log has the call, the app and the request of a fault."""

        async def do(invocation, given):
            raise ZeroDivisionError

        with capturedLogs() as events:
            self.successResultOf(self.do(self.begin(do)))
        self.flushLoggedErrors(ZeroDivisionError)
        (event,) = (event for event in events if event.get("log_failure"))
        text = event["log_format"].format(**event)
        self.assertEqual(text, f"Fault in x.in.do for {app()}, request rid")

    def test_refusal_of_another_room(self):
        """Any refusal with a text for users is an error that the app may read."""

        async def do(invocation, given):
            raise InternalError("the threads have stopped")

        answer = self.successResultOf(self.do(self.begin(do)))
        self.assertEqual(answer.error, "the threads have stopped")

    def test_end_cancels(self):
        """The end of a request cancels what it still does."""
        cancelled = []

        async def do(invocation, given):
            await Deferred(cancelled.append)

        scope = self.begin(do)
        running = self.do(scope)
        self.successResultOf(scope.end())
        self.failureResultOf(running, PluginRefused)
        self.assertEqual(len(cancelled), 1)

    def test_fails_at_the_end(self):
        """What goes wrong because the request has ended is no fault of the plugin's."""

        async def do(invocation, given):
            try:
                await Deferred()
            finally:
                raise ZeroDivisionError

        scope = self.begin(do)
        running = self.do(scope)
        self.successResultOf(scope.end())
        self.failureResultOf(running, PluginRefused)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_caller_cancels(self):
        """A caller that stops waiting cancels the call and nothing else."""

        async def do(invocation, given):
            await Deferred()

        scope = self.begin(do)
        running = self.do(scope)
        running.cancel()
        self.failureResultOf(running, CancelledError)
        self.assertEqual(self.successResultOf(scope.call(call("echo", "a"))).value, "a")

    def test_deferred_resources(self):
        """What a function defers is named after its plugin and closed at the end."""
        closed = []

        async def close():
            closed.append(True)

        async def do(invocation, given):
            return invocation.defer("cursor", close, strict=True)

        scope = self.begin(do)
        self.assertEqual(self.successResultOf(self.do(scope)).value, "x.in:cursor")
        self.assertEqual(self.successResultOf(scope.end()), ("x.in:cursor",))
        self.assertEqual(closed, [True])

    def test_one_reader(self):
        """A stream that is being read cannot be read at the same time; the end frees it."""

        async def do(invocation, given):
            return ItemStream("stuck", Stuck(None))

        scope = self.begin(do)
        stream = self.successResultOf(self.do(scope)).stream
        reading = Deferred.fromCoroutine(scope.next(stream))
        busy = self.failureResultOf(scope.next(stream), BadRequest).value
        self.assertEqual(busy.message, f"there is no stream {stream} to read from")
        self.assertEqual(self.successResultOf(scope.end()), ("x.in:stuck",))
        self.failureResultOf(reading, PluginRefused)

    def test_fault_in_stream(self):
        """A fault of a producer is logged, ends the stream, and is told as a fault."""

        class Broken(Counting):
            async def next(self):
                raise ZeroDivisionError

        async def do(invocation, given):
            return ItemStream("broken", Broken(None))

        scope = self.begin(do)
        stream = self.successResultOf(self.do(scope)).stream
        failure = self.failureResultOf(scope.next(stream), AppFailed)
        self.assertEqual(failure.value.message, "internal error in x.in:broken")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.successResultOf(scope.end()), ())
