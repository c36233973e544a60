"""The state of one request."""

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from clace.host.exchange import Door, Exchange, host_call
from clace.host.faults import Refused
from clace.wire import Answer
from tests.support.hosted import FakeDaemon

CALL = '["exec.in", "run", [1], {"a": 2}]'
FAILED = Answer(call=1, error="broken", error_code=3)


class ExchangeTests(SynchronousTestCase):
    def made(self, *answers):
        self.daemon = FakeDaemon(*answers)
        return Exchange(self.daemon, seconds=60)

    def call(self, exchange):
        return msgspec.json.decode(exchange.call(CALL))

    def test_call(self):
        """A call is numbered, its answer told with all that there is of it."""
        answer = self.call(self.made(Answer(call=1, value=[1])))
        self.assertEqual(
            answer,
            {"number": 0, "value": [1], "error": "", "error_code": 0, "is_stream": False},
        )
        self.assertEqual(self.daemon.calls, [("exec.in", "run", (1,), {"a": 2})])

    def test_unseen_failure(self):
        """A failure that was not looked at stops the next call, and the end."""
        exchange = self.made(FAILED)
        self.call(exchange)
        error = self.assertRaises(Refused, exchange.call, CALL)
        self.assertEqual(str(error), "previous plugin call failed: broken")
        self.assertRaises(Refused, exchange.close, failed=False)

    def test_error_handler_begins_anew(self):
        """A failure that was told is not told again to what handles it."""
        for failed in (False, True):
            exchange = self.made(FAILED, Answer(call=2, value="x"))
            self.call(exchange)
            if failed:
                exchange.close(failed=True)
            else:
                self.assertRaises(Refused, exchange.close, failed=False)
            self.assertEqual(self.call(exchange)["value"], "x")
            exchange.close(failed=False)

    def test_first_failure_is_kept(self):
        """A second failure that is looked at does not hide the first."""
        exchange = self.made(FAILED)
        self.call(exchange)
        exchange.output("another")
        exchange.handled("1")
        error = self.assertRaises(Refused, exchange.close, failed=False)
        self.assertEqual(str(error), "broken")

    def test_seen_failure(self):
        """One that was looked at is over."""
        exchange = self.made(FAILED, FAILED)
        self.call(exchange)
        exchange.handled("0")
        self.call(exchange)
        exchange.handled("0")
        self.assertRaises(Refused, exchange.close, failed=False)
        exchange.handled("1")
        exchange.close(failed=False)

    def test_items(self):
        """A stream gives its items until there are no more."""
        exchange = self.made(Answer(call=1, stream=4))
        self.daemon.items = [
            Answer(call=2, value=[1, 2], more=True),
            Answer(call=3, value=None, more=True),
            Answer(call=4, value=[3]),
        ]
        self.assertTrue(self.call(exchange)["is_stream"])
        self.assertEqual(list(exchange.items(0)), [1, 2, 3])

    def test_failing_items(self):
        """A stream that fails is not taken for one that ended."""
        exchange = self.made(Answer(call=1, stream=4))
        self.call(exchange)
        self.daemon.items = [Answer(call=2, value=[1], more=True), FAILED]
        items = exchange.items(0)
        self.assertEqual(next(items), 1)
        self.assertRaises(Refused, next, items)

    def test_time(self):
        """A request has its seconds, and gets them again for each item of a stream."""
        exchange = Exchange(FakeDaemon(), seconds=0)
        self.assertTrue(exchange.expired())
        self.assertEqual(exchange.seconds_left, 0)
        self.assertFalse(self.made().expired())

    def test_steps_aside(self):
        """A request that takes long lets others go on, once."""
        exchange = self.made()
        exchange.expired()
        self.assertEqual(self.daemon.aside, 0)
        exchange._patience = 0
        exchange.expired()
        exchange.expired()
        self.assertEqual(self.daemon.aside, 1)


class DoorTests(SynchronousTestCase):
    def test_without_a_request(self):
        """While nothing is asked only settings and printing work."""
        said = []
        door = Door({"a": 1}, {}, said.append)
        with door.open():
            self.assertEqual(host_call("config", '["a", 2]'), "1")
            host_call("print", "hello")
            self.assertRaises(Refused, host_call, "call", CALL)
        self.assertEqual(said, ["hello"])
        self.assertRaises(Refused, host_call, "config", '["a", 2]')

    def test_with_a_request(self):
        """What is called meanwhile belongs to the request."""
        door = Door({}, {}, lambda _text: None)
        daemon = FakeDaemon(Answer(call=1))
        with door.open(Exchange(daemon, seconds=60)):
            host_call("call", CALL)
            host_call("print", "hello")
        self.assertEqual((len(daemon.calls), daemon.said), (1, ["hello"]))
        self.assertRaises(Refused, host_call, "call", CALL)
