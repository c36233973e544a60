"""The state of one request."""

from twisted.trial.unittest import SynchronousTestCase

from clace.host.faults import ImpossibleCall
from clace.host.requests.exchange import AceCalls, HandlerExchange
from clace.host.requests.slices import Slices
from clace.starlark import Failure
from clace.wire import CallAnswer
from tests.support.hosted import FakeDaemon

CALL = ("exec.in", "run", (1,), {"a": 2})
FAILED = CallAnswer(call=1, error="broken", error_code=3)


class ExchangeTests(SynchronousTestCase):
    def made(self, *answers):
        self.daemon = FakeDaemon(*answers)
        return HandlerExchange(self.daemon, 60, Slices())

    def test_call(self):
        """A call is numbered, its answer has all that there is of it."""
        response = self.made(CallAnswer(call=1, value=[1])).call(*CALL)
        self.assertEqual((response.number, response.value(), response.code()), (0, [1], 0))
        self.assertEqual(self.daemon.calls, [CALL])

    def test_outputs(self):
        """An output of a program is taken apart here, at the cost of the app."""
        for data, shape, value in (
            (b"a\nb\n", "lines", ["a", "b"]),
            (b'{"a": 1}', "json", [{"a": 1}]),
            (b"1\n2\n", "json_lines", [1, 2]),
        ):
            response = self.made(CallAnswer(call=1, value=data, shape=shape)).call(*CALL)
            self.assertEqual((response.value(), response.error()), (value, None))

    def test_malformed_output(self):
        """An output that is no JSON is an error that the app may handle, or has to look at."""
        exchange = self.made(CallAnswer(call=1, value=b"{", shape="json"))
        response = exchange.call(*CALL)
        self.assertRaises(ImpossibleCall, exchange.close, failed=False)
        self.assertIn("error parsing the output as JSON", response.error())
        self.assertEqual(response.code(), 1)
        self.assertRaises(Failure, response.value)

    def test_unseen_failure(self):
        """A failure that was not looked at stops the next call, and the end."""
        exchange = self.made(FAILED)
        exchange.call(*CALL)
        error = self.assertRaises(Failure, exchange.call, *CALL)
        self.assertEqual(error.message, "previous plugin call failed: broken")
        self.assertRaises(ImpossibleCall, exchange.close, failed=False)

    def test_error_handler_begins_anew(self):
        """A failure that was told is not told again to what handles it."""
        for failed in (False, True):
            exchange = self.made(FAILED, CallAnswer(call=2, value="x"))
            exchange.call(*CALL)
            if failed:
                exchange.close(failed=True)
            else:
                self.assertRaises(ImpossibleCall, exchange.close, failed=False)
            self.assertEqual(exchange.call(*CALL).value(), "x")
            exchange.close(failed=False)

    def test_first_failure_is_kept(self):
        """A second failure that is looked at does not hide the first."""
        exchange = self.made(FAILED)
        exchange.call(*CALL)
        exchange.output(None, "another").error()
        error = self.assertRaises(ImpossibleCall, exchange.close, failed=False)
        self.assertEqual(str(error), "broken")

    def test_seen_failure(self):
        """One that was looked at is over."""
        exchange = self.made(FAILED, FAILED)
        self.assertFalse(exchange.call(*CALL))
        second = exchange.call(*CALL)
        self.assertRaises(ImpossibleCall, exchange.close, failed=False)
        second.error()
        exchange.close(failed=False)

    def test_items(self):
        """A stream gives its items until there are no more."""
        exchange = self.made(CallAnswer(call=1, stream=4))
        self.daemon.items = [
            CallAnswer(call=2, value=[1, 2], more=True),
            CallAnswer(call=3, value=None, more=True),
            CallAnswer(call=4, value=[3]),
        ]
        response = exchange.call(*CALL)
        self.assertTrue(response.is_stream)
        self.assertEqual(list(response.iterate()), [1, 2, 3])

    def test_failing_items(self):
        """A stream that fails is not taken for one that ended."""
        exchange = self.made(CallAnswer(call=1, stream=4))
        response = exchange.call(*CALL)
        self.daemon.items = [CallAnswer(call=2, value=[1], more=True), FAILED]
        items = iter(response.iterate())
        self.assertEqual(next(items), 1)
        self.assertRaises(Failure, next, items)

    def test_time(self):
        """A request has its seconds, and can get them again."""
        exchange = HandlerExchange(FakeDaemon(), 0, Slices())
        self.assertEqual(exchange.seconds_left, 0)
        longer = self.made()
        before = longer.deadline
        longer.more_time()
        self.assertGreaterEqual(longer.deadline, before)
        self.assertGreater(longer.seconds_left, 0)


class DoorTests(SynchronousTestCase):
    def test_without_a_request(self):
        """While nothing is asked only settings and printing work."""
        said = []
        door = AceCalls({"a": 1}, {}, said.append)
        self.assertEqual(door.config("a", 2), 1)
        door.print("hello")
        self.assertRaises(Failure, door.plugin("exec.in", "run"), 1)
        self.assertEqual(said, ["hello"])

    def test_with_a_request(self):
        """What is called meanwhile belongs to the request."""
        door = AceCalls({}, {}, lambda _text: None)
        daemon = FakeDaemon(CallAnswer(call=1))
        call = door.plugin("exec.in", "run")
        before = door.open(HandlerExchange(daemon, 60, Slices()))
        try:
            call(1, a=2)
            door.print("hello")
        finally:
            door.close(before)
        self.assertEqual((daemon.calls, daemon.said), ([CALL], ["hello"]))
        self.assertRaises(Failure, call, 1)
