"""Pipes that are read on demand."""

import os

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from clace.processes.pipes import Pipe


class PipeTests(SynchronousTestCase):
    def setUp(self):
        self.reactor = MemoryReactorClock()
        descriptor, self.writer = os.pipe()
        self.pipe = Pipe(self.reactor, descriptor)
        self.addCleanup(self.pipe.close)

    def turn(self):
        """What the reactor does when there is something to read."""
        for reader in list(self.reactor.getReaders()):
            failure = reader.doRead()
            if failure:
                self.reactor.removeReader(reader)
                reader.connectionLost(failure)

    def read(self):
        return Deferred.fromCoroutine(self.pipe.read())

    def test_on_demand(self):
        """Nothing is read before it is asked for, nor after it came."""
        os.write(self.writer, b"abc")
        self.assertEqual(self.reactor.getReaders(), [])
        reading = self.read()
        self.turn()
        self.assertEqual(self.successResultOf(reading), b"abc")
        self.assertEqual(self.reactor.getReaders(), [])
        os.close(self.writer)

    def test_end(self):
        """The end is told as no bytes, as often as asked."""
        os.close(self.writer)
        reading = self.read()
        self.turn()
        self.assertEqual(self.successResultOf(reading), b"")
        self.assertEqual(self.successResultOf(self.pipe.read()), b"")

    def test_waits(self):
        """A read waits while there is nothing."""
        reading = self.read()
        self.turn()
        self.assertNoResult(reading)
        os.close(self.writer)
        self.turn()
        self.successResultOf(reading)

    def test_close(self):
        """Closing ends a read that waits, and the writer learns of it."""
        reading = self.read()
        self.pipe.close()
        self.pipe.close()
        self.assertEqual(self.successResultOf(reading), b"")
        with self.assertRaises(BrokenPipeError):
            os.write(self.writer, b"x")
        os.close(self.writer)

    def test_cancel(self):
        """A read that is cancelled takes nothing away."""
        reading = self.read()
        reading.cancel()
        self.failureResultOf(reading, CancelledError)
        self.assertEqual(self.reactor.getReaders(), [])
        os.write(self.writer, b"abc")
        reading = self.read()
        self.turn()
        self.assertEqual(self.successResultOf(reading), b"abc")
        os.close(self.writer)
