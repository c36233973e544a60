"""One host as the daemon sees it: nothing that it sends is believed."""

import socket

from msgspec.structs import replace
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import AppBroken, AppCrashed, AppFailed, AppTimedOut, TooLarge
from clace.frames import FrameReader
from clace.interfaces import Caller
from clace.model.app import Demands
from clace.model.failures import Fault
from clace.runtime.hosts.calls import PluginCalls
from clace.runtime.hosts.fork_server import RequestedHost
from clace.runtime.hosts.fragments import HeldFrames
from clace.runtime.hosts.host import AppHost
from clace.runtime.limits import HostLimits
from clace.wire import (
    MEMORY_GONE,
    AnswerHead,
    AppLoaded,
    AskApp,
    BodyChunk,
    CallAnswer,
    CallPlugin,
    HostBounds,
    HostEnded,
    HostNote,
    HostReady,
    LoadApp,
    LoadFailed,
    NextItems,
    RequestFailed,
    pack,
    pack_large,
    unpack_downward,
)
from tests.support.apps import a_request, an_app
from tests.support.plugins import MemoryGate

LIMITS = HostLimits(request_seconds=10, grace_seconds=1)


class FakeForkServer:
    """Remembers who was forked and killed; a killed host ends at once."""

    def __init__(self):
        self.killed = []

    def fork(self, bounds, ended):
        self.bounds, self.ended = bounds, ended
        ours, self.theirs = socket.socketpair()
        return RequestedHost(7, ours)

    def kill(self, host):
        self.killed.append(host)
        ended, self.ended = self.ended, lambda gone: None
        ended(HostEnded(host=host, signal=9))


class FakeReactor(Clock):
    """Gives a connection a transport of the test."""

    def connect(self, connected, line):
        connected.close()
        self.transport = StringTransport()
        self.protocol = line
        line.makeConnection(self.transport)


class HostTests(SynchronousTestCase):
    def setUp(self):
        self.reactor, self.fork_server = FakeReactor(), FakeForkServer()
        self.host = AppHost(
            self.reactor, self.reactor.connect, self.fork_server, LIMITS, HeldFrames()
        )
        self.gate = MemoryGate(
            {("fs.in", "list"): lambda *_: "listed", ("slow.in", "wait"): lambda *_: Deferred()}
        )
        self.notes, self.done = [], []
        self.addCleanup(self.close)

    def close(self):
        self.fork_server.theirs.close()

    def reached(self, limit, _told):
        self.fail(f"no plugin came upon {limit}")

    def refused(self, function, _why):
        self.fail(f"{function} was refused")

    def say(self, *messages):
        """What the host sends."""
        self.reactor.protocol.dataReceived(b"".join(map(pack, messages)))

    def heard(self):
        """What was sent to the host since last asked."""
        data = self.reactor.transport.value()
        self.reactor.transport.clear()
        return [unpack_downward(body) for body in FrameReader().feed(data)]

    def start(self):
        loading = self.deferred(
            self.host.load(LoadApp(sources={}), HostBounds(), self.notes.append)
        )
        self.say(AppLoaded(name="A", demands=Demands()))
        self.successResultOf(loading)
        self.heard()

    def ask(self, request=a_request()):  # noqa: B008 - it is frozen
        calls = PluginCalls(self.gate, Caller(app=an_app()), self.reached, self.refused)
        asking = self.host.ask(request, calls, self.notes.append, lambda: self.done.append(True))
        return self.deferred(asking)

    def deferred(self, coroutine):
        return ensureDeferred(coroutine)

    def assert_ended_for(self, asked, text):
        """The host was killed, and what it was asked fails with a breach of the protocol."""
        error = self.failureResultOf(asked, AppCrashed).value
        self.assertIn(text, error.message)
        self.assertEqual(self.fork_server.killed, [7])
        self.assertFalse(self.host.alive)
        self.flushLoggedErrors()

    def test_too_large_a_request(self):
        """It is refused, and the host and who else waits for it know nothing of it."""
        self.start()
        other = self.ask()
        self.heard()
        large = replace(a_request(), form={"a": ["x" * (64 << 20)]})
        self.failureResultOf(self.ask(large), TooLarge)
        self.assertEqual((self.heard(), self.done, self.host.busy), ([], [True], 1))
        self.reactor.advance(LIMITS.request_seconds - 1)
        self.say(AnswerHead(id=1, status=200, body=b"x"))
        self.successResultOf(other)
        self.reactor.advance(2 * LIMITS.request_seconds)
        self.assertEqual((self.fork_server.killed, self.host.busy), ([], 0))

    def test_load(self):
        """The first frame is the app; its answer tells what the app is."""
        loading = self.deferred(
            self.host.load(LoadApp(sources={}), HostBounds(), self.notes.append)
        )
        self.assertIsInstance(self.heard()[0], LoadApp)
        self.say(HostNote(request=0, text="hi"), AppLoaded(name="A", demands=Demands()))
        self.assertEqual(self.successResultOf(loading).name, "A")
        self.assertEqual([note.text for note in self.notes], ["hi"])

    def test_load_fails(self):
        """An app that does not load is told as broken."""
        loading = self.deferred(
            self.host.load(LoadApp(sources={}), HostBounds(), self.notes.append)
        )
        self.say(LoadFailed("app.star:1:1: no"))
        self.assertEqual(self.failureResultOf(loading, AppBroken).value.message, "app.star:1:1: no")

    def test_limits_of_a_load(self):
        """A load that took too much says of which limit."""
        for code, limit in (("app_timed_out", "load_time"), ("app_crashed", "memory")):
            self.reactor, self.fork_server = FakeReactor(), FakeForkServer()
            self.host = AppHost(
                self.reactor, self.reactor.connect, self.fork_server, LIMITS, HeldFrames()
            )
            loading = self.deferred(
                self.host.load(LoadApp(sources={}), HostBounds(), self.notes.append)
            )
            self.say(LoadFailed("too much", code))
            self.assertEqual(self.failureResultOf(loading, AppBroken).value.limit, limit)
            self.close()

    def test_load_late(self):
        """An app that does not finish loading is killed."""
        loading = self.deferred(
            self.host.load(LoadApp(sources={}, load_seconds=3), HostBounds(), self.notes.append)
        )
        self.reactor.advance(3.9)
        self.assertNoResult(loading)
        self.reactor.advance(0.2)
        self.assertIn("3 seconds", self.failureResultOf(loading, AppBroken).value.message)
        self.assertEqual(self.fork_server.killed, [7])

    def test_answer(self):
        """A request goes down and its answer comes back; then it is over."""
        self.start()
        asked = self.ask()
        (ask,) = self.heard()
        self.assertEqual((type(ask), self.host.busy), (AskApp, 1))
        self.say(AnswerHead(id=ask.id, status=201, body=b"made"))
        answer = self.successResultOf(asked)
        self.assertEqual((answer.status, answer.body), (201, b"made"))
        self.assertEqual((self.host.busy, self.done), (0, [True]))
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_answers_out_of_order(self):
        """Each answer finds its request."""
        self.start()
        first, second = self.ask(), self.ask()
        one, two = self.heard()
        self.say(AnswerHead(id=two.id, status=202), AnswerHead(id=one.id, status=201))
        statuses = [self.successResultOf(asked).status for asked in (first, second)]
        self.assertEqual(statuses, [201, 202])

    def test_call(self):
        """A plugin call is answered by the gate."""
        self.start()
        asked = self.ask()
        (ask,) = self.heard()
        self.say(CallPlugin(call=1, request=ask.id, plugin="fs.in", function="list"))
        self.assertEqual(self.heard(), [CallAnswer(call=1, value="listed")])
        self.say(RequestFailed(id=ask.id, message="no"))
        self.failureResultOf(asked, AppFailed)
        self.assertTrue(self.gate.scopes[0].ended)

    def test_long_faults(self):
        """What a host says of a failure is cut, whether the app answered it or not."""
        self.start()
        answered, failed = self.ask(), self.ask()
        one, two = self.heard()
        fault = Fault(message="x" * 500_000, place="y" * 500_000, route="z" * 500_000)
        self.say(AnswerHead(id=one.id, status=200, fault=fault))
        told = self.successResultOf(answered).fault
        self.assertLess(len(told.message) + len(told.place) + len(told.route), 5000)
        self.say(RequestFailed(id=two.id, message="x" * 500_000, place="y" * 500_000))
        error = self.failureResultOf(failed, AppFailed).value
        self.assertLess(len(error.message) + len(error.place), 5000)

    def test_forged_request(self):
        """A frame for a request that is not in progress ends the host."""
        for message in (
            AnswerHead(id=99, status=200),
            BodyChunk(id=99),
            RequestFailed(id=99, message=""),
            CallPlugin(call=1, request=99, plugin="fs.in", function="list"),
            NextItems(call=1, request=99, stream=1),
            HostNote(request=99, text="x"),
            HostNote(request=0, text="x"),
        ):
            self.setUp()
            self.start()
            asked = self.ask()
            self.say(message)
            self.assert_ended_for(asked, "not in progress")
            self.assertEqual(self.gate.calls, [])

    def test_call_after_the_answer(self):
        """No call can be made for a request that was answered."""
        self.start()
        answered, asked = self.ask(), self.ask()
        one, _two = self.heard()
        self.say(AnswerHead(id=one.id, status=200))
        self.successResultOf(answered)
        self.say(CallPlugin(call=1, request=one.id, plugin="fs.in", function="list"))
        self.assert_ended_for(asked, "not in progress")

    def test_unknown_stream(self):
        """A stream that nobody opened is refused."""
        self.start()
        self.ask()
        (ask,) = self.heard()
        self.say(NextItems(call=1, request=ask.id, stream=4))
        self.assertTrue(self.heard()[0].refused)

    def test_breaches(self):
        """Frames that do not fit what came before end the host."""
        for messages, text in (
            ([BodyChunk(id=1, body=b"x")], "without its head"),
            (
                [AnswerHead(id=1, status=200, last=False), AnswerHead(id=1, status=200)],
                "second head",
            ),
            (
                [CallPlugin(call=1, request=1, plugin="fs.in", function="list")] * 2,
                "was made before",
            ),
            (
                [CallPlugin(call=n, request=1, plugin="slow.in", function="wait") for n in (1, 2)],
                "before the one before was answered",
            ),
            ([AppLoaded(name="B", demands=Demands())], "not asked for"),
            ([AnswerHead(id=1, status=99)], "status"),
            ([AnswerHead(id=1, status=1000, last=False)], "status"),
            ([HostReady(walls={"a": ""})] * 2, "twice"),
            ([HostReady(walls={})] * 2, "twice"),
            ([AnswerHead(id=1, status=200, headers=(("Content-Length", "1"),))], "the header"),
        ):
            self.setUp()
            self.start()
            first, asked = self.ask(), self.ask()
            self.say(*messages)
            self.assert_ended_for(asked, text)
            first.addErrback(lambda _: None)

    def test_rubbish(self):
        """Bytes that are no frame end the host, and no more of them are read."""
        for data in (b"\xff" * 8, (3).to_bytes(4, "big") + b"abc", pack(AskApp(1, a_request()))):
            self.setUp()
            self.start()
            asked = self.ask()
            self.reactor.protocol.dataReceived(data)
            self.assert_ended_for(asked, "broke the protocol")

    def test_calls_of_a_request(self):
        """A request that makes too many calls is told so, and fails for that limit."""
        self.host = AppHost(
            self.reactor,
            self.reactor.connect,
            self.fork_server,
            HostLimits(plugin_calls=2),
            HeldFrames(),
        )
        self.start()
        asked = self.ask()
        self.say(
            *(CallPlugin(call=n, request=1, plugin="fs.in", function="list") for n in (1, 2, 3))
        )
        answers = [message for message in self.heard() if isinstance(message, CallAnswer)]
        self.assertEqual([answer.refused for answer in answers], [False, False, True])
        self.assertIn("may make 2 calls", answers[2].error)
        self.say(RequestFailed(id=1, message=answers[2].error))
        self.assertEqual(self.failureResultOf(asked, AppFailed).value.limit, "plugin_calls")

    def test_size_of_an_answer(self):
        """An answer over the limit is not passed on."""
        self.host = AppHost(
            self.reactor,
            self.reactor.connect,
            self.fork_server,
            HostLimits(response_mb=1),
            HeldFrames(),
        )
        self.start()
        asked = self.ask()
        self.say(AnswerHead(id=1, status=200, body=bytes((1 << 20) + 1)))
        self.assertEqual(self.failureResultOf(asked, AppFailed).value.limit, "response_size")

    def test_large_answer(self):
        """An answer whose body comes behind its head is given in the pieces in which it came."""
        self.start()
        asked = self.ask()
        pieces = [bytes([number]) * 100_000 for number in range(3)]
        head = AnswerHead(id=1, status=201, headers=(("ETag", "a"),))
        for data in (pack_large(head, 300_000), *pieces[:2]):
            self.reactor.protocol.dataReceived(data)
        self.assertNoResult(asked)
        self.reactor.protocol.dataReceived(pieces[2])
        answer = self.successResultOf(asked)
        self.assertEqual(answer.status, 201)
        self.assertEqual(answer.headers, (("ETag", "a"), ("Content-Length", "300000")))
        self.assertEqual([answer.body.at_hand() for _ in range(4)], [*pieces, None])
        self.assertEqual(self.done, [True])

    def test_size_of_a_large_answer(self):
        """A body behind its head is held to the same limit, and to that of frames."""
        limits = HostLimits(response_mb=1)
        self.host = AppHost(
            self.reactor, self.reactor.connect, self.fork_server, limits, HeldFrames()
        )
        self.start()
        asked, other = self.ask(), self.ask()
        size = (1 << 20) + 1
        self.reactor.protocol.dataReceived(
            pack_large(AnswerHead(id=1, status=200), size) + bytes(size)
        )
        self.assertEqual(self.failureResultOf(asked, AppFailed).value.limit, "response_size")
        self.reactor.protocol.dataReceived(b"\x80\0\0\1\xff\xff\xff\xff")
        self.assert_ended_for(other, "over the limit")

    def test_talks_without_end(self):
        """A host whose frames take the daemon's time is not read for a while."""
        self.start()
        asked = self.ask()
        calls = PluginCalls(self.gate, Caller(app=an_app()), self.reached, self.refused)
        slow = self.deferred(
            self.host.ask(a_request(), calls, lambda _: self.reactor.advance(0.01), lambda: None)
        )
        self.say(HostNote(request=2, text="x"))
        self.assertEqual(self.reactor.transport.producerState, "paused")
        self.reactor.advance(0.02)
        self.assertEqual(self.reactor.transport.producerState, "producing")
        self.assertNoResult(asked)
        self.assertNoResult(slow)

    def test_frames_that_nobody_waits_for(self):
        """While a host is asked nothing it cannot send much; what answers may be large."""
        self.start()
        large = (3 << 20).to_bytes(4, "big")
        asked = self.ask()
        self.reactor.protocol.dataReceived(large)
        self.assertNoResult(asked)
        self.setUp()
        self.start()
        self.reactor.protocol.dataReceived(large)
        self.assertEqual(self.fork_server.killed, [7])
        self.flushLoggedErrors()

    def test_does_not_read(self):
        """No answer and no request is added to those that a host has not read."""
        self.start()
        first = self.ask()
        self.reactor.transport.producer.pauseProducing()
        second = self.ask()
        self.say(CallPlugin(call=1, request=1, plugin="fs.in", function="list"))
        self.assertEqual([type(message) for message in self.heard()], [AskApp])
        self.reactor.transport.producer.resumeProducing()
        self.assertEqual([type(message) for message in self.heard()], [AskApp, CallAnswer])
        self.assertNoResult(first)
        self.assertNoResult(second)

    def test_answers_without_reading(self):
        """What a host was not asked yet it cannot answer, though it could guess the number."""
        self.start()
        first = self.ask()
        self.reactor.transport.producer.pauseProducing()
        asked = self.ask()
        first.addErrback(lambda _: None)
        self.say(AnswerHead(id=2, status=200))
        self.assert_ended_for(asked, "not in progress")

    def test_calls_without_reading(self):
        """A host that calls again before it has read the answer is ended."""
        self.start()
        asked = self.ask()
        self.reactor.transport.producer.pauseProducing()
        self.say(*(CallPlugin(call=n, request=1, plugin="fs.in", function="list") for n in (1, 2)))
        self.assert_ended_for(asked, "before the one before was answered")

    def test_late(self):
        """A host that does not answer in its time is killed."""
        self.start()
        asked, other = self.ask(), self.ask()
        self.reactor.pump([10, 0.9])
        self.assertNoResult(asked)
        self.reactor.advance(0.2)
        self.failureResultOf(asked, AppTimedOut)
        self.failureResultOf(other, AppTimedOut)
        self.assertEqual(self.fork_server.killed, [7])

    def test_late_for_a_plugin(self):
        """A host that waits for a plugin is told in time, and can say that it is late."""
        self.start()
        asked, other = self.ask(), self.ask()
        self.say(CallPlugin(call=1, request=1, plugin="slow.in", function="wait"))
        self.reactor.advance(10)
        self.assertTrue(self.gate.scopes[0].ended)
        self.say(RequestFailed(id=1, message="the request has ended"), AnswerHead(id=2, status=200))
        error = self.failureResultOf(asked, AppTimedOut).value
        self.assertEqual(error.limit, "request_time")
        self.assertIn("within 10 seconds", error.message)
        self.successResultOf(other)
        self.assertEqual((self.fork_server.killed, self.reactor.getDelayedCalls()), ([], []))

    def test_death(self):
        """How a process ended is told to those who waited for it."""
        for gone, text in (
            (HostEnded(host=7, signal=6), "out of memory (limit 512 MB)"),
            (HostEnded(host=7, signal=11), "used up"),
            (HostEnded(host=7, signal=24), "processor time"),
            (HostEnded(host=7, signal=15), "by signal 15"),
            (HostEnded(host=7, status=1), "with status 1"),
            (HostEnded(host=7, status=MEMORY_GONE), "out of memory (limit 512 MB)"),
        ):
            self.setUp()
            self.start()
            asked = self.ask()
            self.fork_server.ended(gone)
            self.assertIn(text, self.failureResultOf(asked, AppCrashed).value.message)
            self.assertFalse(self.host.alive)

    def test_death_while_loading(self):
        """A process that dies while it loads its app leaves the app broken."""
        loading = self.deferred(
            self.host.load(LoadApp(sources={}), HostBounds(), self.notes.append)
        )
        self.fork_server.ended(HostEnded(host=7, signal=6))
        self.failureResultOf(loading, AppBroken)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_asked_after_its_end(self):
        """A host that has ended cannot be asked."""
        self.start()
        self.fork_server.ended(HostEnded(host=7, status=0))
        self.failureResultOf(self.ask(), AppCrashed)
        self.assertEqual(self.done, [True])

    def test_panic(self):
        """An interpreter that has lost its footing is not asked again."""
        self.start()
        asked, other = self.ask(), self.ask()
        self.say(RequestFailed(id=1, message="out of memory", code="app_crashed"))
        self.failureResultOf(asked, AppCrashed)
        self.failureResultOf(other, AppCrashed)
        self.assertEqual(self.fork_server.killed, [7])

    def test_retire(self):
        """A retired host is asked no more, and hung up on when its last request is answered."""
        self.start()
        asked = self.ask()
        (ask,) = self.heard()
        self.host.retire()
        self.assertFalse(self.host.alive)
        self.assertFalse(self.reactor.transport.disconnecting)
        self.say(AnswerHead(id=ask.id, status=200))
        self.successResultOf(asked)
        self.assertTrue(self.reactor.transport.disconnecting)

    def test_does_not_end(self):
        """A host that lives on after it was hung up on is killed."""
        self.start()
        self.host.retire()
        self.reactor.protocol.connectionLost()
        self.reactor.advance(0.9)
        self.assertEqual(self.fork_server.killed, [])
        self.reactor.advance(0.2)
        self.assertEqual(self.fork_server.killed, [7])

    def test_stream(self):
        """A body in pieces is passed on as it comes."""
        self.start()
        asked = self.ask()
        self.say(AnswerHead(id=1, status=200, last=False))
        body = self.successResultOf(asked).body
        first = self.deferred(body.__anext__())
        self.assertNoResult(first)
        self.say(BodyChunk(id=1, body=b"one"), BodyChunk(id=1, body=b"two", last=True))
        self.assertEqual(self.successResultOf(first), b"one")
        self.assertEqual(self.successResultOf(self.deferred(body.__anext__())), b"two")
        self.failureResultOf(self.deferred(body.__anext__()), StopAsyncIteration)
        self.assertEqual(self.host.busy, 0)

    def test_stream_waits_for_its_consumer(self):
        """A producer is asked for more when what it sent was taken; nobody is late meanwhile."""
        self.gate.streams[1] = ["a", "b"]
        self.gate.functions["fs.in", "open"] = lambda: 1
        self.start()
        asked = self.ask()
        self.say(
            CallPlugin(call=1, request=1, plugin="fs.in", function="open"),
            AnswerHead(id=1, status=200, last=False),
            BodyChunk(id=1, body=b"one"),
            NextItems(call=2, request=1, stream=1),
        )
        self.heard()
        self.reactor.advance(100)
        self.assertEqual(self.heard(), [])
        body = self.successResultOf(asked).body
        self.successResultOf(self.deferred(body.__anext__()))
        self.assertNoResult(self.deferred(body.__anext__()))
        self.assertEqual(self.heard(), [CallAnswer(call=2, value=["a"], more=True)])

    def test_results_that_no_host_can_be_told(self):
        """They are refused, and the host may make its next call; nobody waits in vain."""
        for item in (10**30, "\udcff", object(), "x" * (64 << 20)):
            self.setUp()
            self.gate.streams[1] = [item]
            self.gate.functions["fs.in", "odd"] = lambda item=item: item
            self.gate.functions["fs.in", "open"] = lambda: 1
            self.start()
            self.ask()
            self.heard()
            self.say(CallPlugin(call=1, request=1, plugin="fs.in", function="odd"))
            self.say(CallPlugin(call=2, request=1, plugin="fs.in", function="open"))
            self.say(NextItems(call=3, request=1, stream=1))
            odd, _opened, page = self.heard()
            for answer in (odd, page):
                self.assertTrue(answer.refused)
                self.assertIn("a result that no app can receive", answer.error)
            self.close()

    def test_pages_before_the_answer(self):
        """However many pages it asks for, a host has to begin its answer in time."""
        self.gate.streams[1] = [Exception("no")] * 100
        self.gate.functions["fs.in", "open"] = lambda: 1
        self.start()
        asked = self.ask()
        self.say(CallPlugin(call=1, request=1, plugin="fs.in", function="open"))
        for number in range(2, 12):
            self.reactor.advance(1)
            self.say(NextItems(call=number, request=1, stream=1))
        self.assertNoResult(asked)
        self.reactor.advance(1.1)
        self.failureResultOf(asked, AppTimedOut)

    def begin_stream(self):
        """The body of an answer whose stream has pages without end."""
        self.gate.streams[1] = ["x"] * 1000
        self.gate.functions["fs.in", "open"] = lambda: 1
        self.start()
        asked = self.ask()
        self.say(
            CallPlugin(call=1, request=1, plugin="fs.in", function="open"),
            AnswerHead(id=1, status=200, last=False),
        )
        return self.successResultOf(asked).body

    def test_drips(self):
        """Pieces do not buy a host time."""
        body = self.begin_stream()
        for _ in range(10):
            self.reactor.advance(1)
            self.say(BodyChunk(id=1, body=b"x"))
        self.assertEqual(self.fork_server.killed, [])
        self.reactor.advance(1.1)
        self.assertEqual(self.fork_server.killed, [7])
        pieces = [self.successResultOf(self.deferred(body.__anext__())) for _ in range(10)]
        self.assertEqual(pieces, [b"x"] * 10)
        self.failureResultOf(self.deferred(body.__anext__()), AppTimedOut)

    def test_pages_of_a_stream(self):
        """For each page a host gets a second more, so that a long stream may take long."""
        self.begin_stream()
        for number in range(2, 102):
            self.reactor.advance(0.9)
            self.say(NextItems(call=number, request=1, stream=1))
        self.assertEqual(self.fork_server.killed, [])
        for number in range(102, 112):
            self.reactor.advance(2.9)
            if self.fork_server.killed:
                break
            self.say(NextItems(call=number, request=1, stream=1))
        self.assertEqual(number, 107)

    def test_consumer_leaves_a_silent_producer(self):
        """A page that does not come is not waited for when nobody wants it any more."""
        body = self.begin_stream()
        self.say(NextItems(call=2, request=1, stream=1))
        self.heard()
        self.successResultOf(self.deferred(body.aclose()))
        self.assertTrue(self.gate.scopes[0].ended)
        self.reactor.pump([10, 1.1])
        self.assertEqual(self.fork_server.killed, [7])

    def test_consumer_leaves(self):
        """When its consumer has left, a producer is told that there is nobody."""
        self.gate.functions["fs.in", "open"] = lambda: 1
        self.start()
        asked = self.ask()
        self.say(
            CallPlugin(call=1, request=1, plugin="fs.in", function="open"),
            AnswerHead(id=1, status=200, last=False),
            BodyChunk(id=1, body=b"one"),
            NextItems(call=2, request=1, stream=1),
        )
        self.heard()
        body = self.successResultOf(asked).body
        self.successResultOf(self.deferred(body.aclose()))
        (answer,) = self.heard()
        self.assertEqual((answer.refused, answer.error), (True, "the client has gone"))

    def test_caller_leaves(self):
        """Who stops waiting for an answer does not stop the work, nor leave its plugins open."""
        self.gate.functions["fs.in", "open"] = lambda: 1
        self.start()
        asked = self.ask()
        self.say(CallPlugin(call=1, request=1, plugin="fs.in", function="open"))
        asked.addErrback(lambda _: None)
        asked.cancel()
        self.say(AnswerHead(id=1, status=200))
        self.assertTrue(self.gate.scopes[0].ended)
        self.assertEqual((self.host.busy, self.done), (0, [True]))
