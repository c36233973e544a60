"""The reactor's events, handed on."""

import socket
import subprocess
import sys

from twisted.internet.error import ConnectionDone
from twisted.trial.unittest import SynchronousTestCase

from clace.epoll import PlainEPollReactor


class Listener:
    """A descriptor with something to read, until it is lost."""

    def __init__(self, reactor, on_read):
        self._socket, self._other = socket.socketpair()
        self._other.send(b"x")
        self._on_read = on_read
        self.lost = []
        reactor.addReader(self)

    def fileno(self):
        return self._socket.fileno()

    def logPrefix(self):
        raise AssertionError("nobody asks for the name of a connection")

    def doRead(self):
        return self._on_read()

    def connectionLost(self, reason):
        self.lost.append(reason)
        self.close()

    def close(self):
        self._socket.close()
        self._other.close()


class PlainEPollReactorTests(SynchronousTestCase):
    def setUp(self):
        self.reactor = PlainEPollReactor()
        self.listeners = []

    def tearDown(self):
        self.reactor.removeAll()
        self.reactor._poller.close()
        for listener in self.listeners:
            listener.close()

    def listener(self, on_read):
        self.listeners.append(Listener(self.reactor, on_read))
        return self.listeners[-1]

    def test_a_fault_ends_one(self):
        """A descriptor whose reading fails is lost with the reason; others are read."""
        read = []
        broken = self.listener(lambda: 1 / 0)
        others = [self.listener(lambda: read.append(1)) for _ in range(2)]
        self.reactor.doIteration(0)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual([reason.type for reason in broken.lost], [ZeroDivisionError])
        self.assertEqual(read, [1, 1])
        self.assertEqual([other.lost for other in others], [[], []])

    def test_a_fault_at_the_end(self):
        """A descriptor that fails even when it is told of its end costs the others nothing."""
        read = []
        broken = self.listener(ConnectionDone)
        broken.connectionLost = lambda _reason: 1 / 0
        for _ in range(2):
            self.listener(lambda: read.append(1))
        self.reactor.doIteration(0)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(read, [1, 1])

    def test_an_event_of_a_descriptor_that_is_gone(self):
        """Who is removed by an event before its own is not read."""
        read = []
        both = []

        def only_one():
            read.append(1)
            for listener in both:
                self.reactor.removeReader(listener)

        both += [self.listener(only_one) for _ in range(2)]
        self.reactor.doIteration(0)
        self.assertEqual(read, [1])


class InstallTests(SynchronousTestCase):
    def reactor_after(self, *before):
        """The name of the reactor's class after a command line of ``twistd clace`` was read."""
        lines = (
            *before,
            "from clace.tap import Options",
            "Options().parseOptions([])",
            "from twisted.internet import reactor",
            "print(type(reactor).__name__)",
        )
        done = subprocess.run(
            [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def test_is_the_reactor_of_the_server(self):
        """``twistd clace`` runs in it."""
        self.assertEqual(self.reactor_after(), "PlainEPollReactor")

    def test_leaves_another_choice(self):
        """A reactor that ``twistd --reactor`` names stays."""
        chosen = "from twisted.internet import pollreactor; pollreactor.install()"
        self.assertEqual(self.reactor_after(chosen), "PollReactor")
