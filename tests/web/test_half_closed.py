"""Tests for ``clace.web.http1.half_closed``."""

import socket

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.web.http1.half_closed import HalfClosedWatch


class Transport:
    """A transport over one end of a pair of sockets."""

    def __init__(self, handle):
        self.getHandle = lambda: handle


class WatchTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.left = []
        ours, self.theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(self.theirs.close)
        self.watch = HalfClosedWatch(
            self.clock, Transport(ours), lambda: False, lambda: self.left.append(True)
        )

    def test_only_sends_no_more(self):
        """On a UNIX socket nothing says what a client takes; one that is there is waited for."""
        self.theirs.shutdown(socket.SHUT_WR)
        self.clock.pump([1] * 60)
        self.assertEqual(self.left, [])
        self.watch.cancel()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_has_closed(self):
        """One that has closed it is seen to be gone."""
        self.theirs.close()
        self.clock.advance(1)
        self.assertEqual((self.left, self.clock.getDelayedCalls()), ([True], []))
