"""Whatever a host sends, the daemon either takes it or ends the host; it never fails itself."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import ensureDeferred
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ClaceError
from clace.frames import framed_before
from clace.interfaces import Caller
from clace.model.app import Demands
from clace.runtime.hosts.calls import PluginCalls
from clace.runtime.hosts.fragments import HeldFrames
from clace.runtime.hosts.host import AppHost
from clace.runtime.limits import HostLimits
from clace.wire import AppLoaded, HostBounds, HostReady, LoadApp, pack
from tests.runtime.test_host import FakeForkServer, FakeReactor
from tests.support.apps import a_request, an_app
from tests.support.plugins import MemoryGate
from tests.test_wire import DOWNWARD, UPWARD

MUTATIONS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4)


class Daemon:
    """A host with two requests in flight, and what came of them."""

    def __init__(self):
        self.reactor, self.fork_server = FakeReactor(), FakeForkServer()
        self.host = AppHost(
            self.reactor, self.reactor.connect, self.fork_server, HostLimits(), HeldFrames()
        )
        self.begin(self.host.load(LoadApp(sources={}), HostBounds(), lambda _: None))
        self.hear(pack(HostReady(walls={"a": ""})) + pack(AppLoaded(name="A", demands=Demands())))
        for _ in range(2):
            calls = PluginCalls(
                MemoryGate(), Caller(app=an_app()), lambda *_told: None, lambda *_told: None
            )
            self.begin(self.host.ask(a_request(), calls, lambda _: None, lambda: None))

    def begin(self, coroutine):
        ensureDeferred(coroutine).addErrback(lambda failure: failure.trap(ClaceError))

    def hear(self, data):
        self.reactor.protocol.dataReceived(data)

    def let_read(self, reads):
        """The host reads what it is told, or does not, from now on."""
        outlet = self.reactor.transport.producer
        if outlet is not None:
            (outlet.resumeProducing if reads else outlet.pauseProducing)()

    def close(self):
        self.fork_server.theirs.close()


class FuzzTests(SynchronousTestCase):
    def hear(self, *pieces):
        """A host sends this; it lives on, or it was killed and is not heard any more."""
        daemon = Daemon()
        try:
            for piece in pieces:
                daemon.hear(piece)
            self.assert_ends(daemon)
        finally:
            daemon.close()
            self.flushLoggedErrors()

    def assert_ends(self, daemon):
        self.assertEqual(daemon.host.alive, not daemon.fork_server.killed)
        daemon.reactor.pump([1000, 1000])
        self.assertFalse(daemon.host.busy)

    @given(st.lists(st.binary(max_size=200), max_size=5))
    @settings(deadline=None, max_examples=100)
    def test_bytes(self, pieces):
        """Bytes that mean nothing."""
        self.hear(*pieces)

    @given(st.binary(max_size=300))
    @settings(deadline=None, max_examples=200)
    def test_bodies(self, body):
        """Frames whose bodies mean nothing."""
        self.hear(len(body).to_bytes(4, "big") + body)

    @given(st.lists(st.tuples(UPWARD, st.binary(max_size=20)), max_size=4), MUTATIONS)
    @settings(deadline=None, max_examples=200)
    def test_tails(self, messages, mutations):
        """Frames with a tail that may not be theirs, and in which bytes were changed."""
        data = bytearray()
        for message, tail in messages:
            data += framed_before(len(tail), pack(message)[4:]) + tail
        for place, value in mutations if data else ():
            data[place % len(data)] = value
        middle = len(data) // 2
        self.hear(bytes(data[:middle]), bytes(data[middle:]))

    @given(UPWARD, MUTATIONS)
    @settings(deadline=None, max_examples=200)
    def test_mutations(self, message, mutations):
        """Frames in which bytes were changed."""
        frame = bytearray(pack(message))
        for place, value in mutations:
            frame[place % len(frame)] = value
        self.hear(bytes(frame))

    @given(st.lists(UPWARD, max_size=8))
    @settings(deadline=None, max_examples=100)
    def test_sequences(self, messages):
        """Frames that are right each by itself, in any order, and cut anywhere."""
        data = b"".join(map(pack, messages))
        middle = len(data) // 2
        self.hear(data[:middle], data[middle:])

    @given(st.lists(UPWARD | DOWNWARD, max_size=5))
    @settings(deadline=None, max_examples=100)
    def test_directions(self, messages):
        """Frames of which some are of the wrong direction; no one after such a frame counts."""
        self.hear(*map(pack, messages))

    @given(st.lists(UPWARD, max_size=6), st.lists(st.booleans(), min_size=6, max_size=6))
    @settings(deadline=None, max_examples=100)
    def test_unread(self, messages, reads):
        """Frames of a host that now and then does not read what it is told."""
        daemon = Daemon()
        try:
            for message, does_read in zip(messages, reads, strict=False):
                daemon.let_read(does_read)
                daemon.hear(pack(message))
            self.assert_ends(daemon)
        finally:
            daemon.close()
            self.flushLoggedErrors()

    @given(st.lists(UPWARD, max_size=8))
    @settings(deadline=None, max_examples=100)
    def test_neighbours(self, messages):
        """Nothing that a host sends is taken for another's."""
        daemon, other = Daemon(), Daemon()
        try:
            for message in messages:
                daemon.hear(pack(message))
            self.assertEqual((other.host.alive, other.host.busy), (True, 2))
        finally:
            daemon.close()
            other.close()
            self.flushLoggedErrors()
