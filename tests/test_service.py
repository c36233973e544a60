"""Tests for ``clace.service``."""

import gc
import signal
from io import StringIO
from pathlib import Path

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import StoreError
from clace.service import (
    AtStart,
    InOrder,
    OnStop,
    RegularWork,
    SignalService,
    WhenRunning,
    settle_memory,
)


class Part(Service):
    """Notes when it starts and stops; stops when ``stopped`` fires."""

    def __init__(self, name, notes, stopped=None):
        self.setName(name)
        self.notes = notes
        self.stopped = stopped

    def startService(self):
        self.notes.append(f"start {self.name}")

    def stopService(self):
        self.notes.append(f"stop {self.name}")
        return self.stopped


class InOrderTests(SynchronousTestCase):
    def setUp(self):
        self.notes = []
        self.parts = InOrder()

    def add(self, name, stopped=None):
        Part(name, self.notes, stopped).setServiceParent(self.parts)

    def test_stops_one_after_the_other(self):
        """What was started last has stopped wholly before what it stands on begins to."""
        stopped = Deferred()
        self.add("store")
        self.add("listeners", stopped)
        self.parts.startService()
        stopping = self.parts.stopService()
        self.assertEqual(self.notes, ["start store", "start listeners", "stop listeners"])
        stopped.callback(None)
        self.successResultOf(stopping)
        self.assertEqual(self.notes[-1], "stop store")

    def test_a_part_that_fails_keeps_nobody(self):
        """A part that cannot stop is logged, and the others stop."""
        failing = Deferred()
        self.add("store")
        self.add("broken", failing)
        self.parts.startService()
        stopping = self.parts.stopService()
        failing.errback(ValueError("stuck"))
        self.successResultOf(stopping)
        self.assertEqual(self.notes[-1], "stop store")
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)


class MomentTests(SynchronousTestCase):
    def test_on_stop(self):
        """The one thing is awaited."""
        notes = []

        async def stop():
            notes.append("done")

        self.successResultOf(OnStop(stop).stopService())
        self.assertEqual(notes, ["done"])

    def test_at_start_refuses_in_one_line(self):
        """A refusal ends the process with its text, not with a traceback."""

        def refuse():
            raise StoreError("cannot list the apps")

        def stumble():
            Path("/dev/null/x").mkdir()

        for start, told in (
            (refuse, "error: cannot list the apps\n"),
            (stumble, "error: cannot start: /dev/null/x: not a directory\n"),
        ):
            stderr = StringIO()
            ended = self.assertRaises(SystemExit, AtStart(start, stderr).startService)
            self.assertEqual((ended.code, stderr.getvalue()), (told.rstrip(), told))

    def test_when_running(self):
        """Nothing happens before the reactor runs."""
        reactor = MemoryReactorClock()
        notes = []
        WhenRunning(reactor, lambda: notes.append("begun")).startService()
        self.assertEqual(notes, [])
        reactor.run()
        self.assertEqual(notes, ["begun"])


class SignalReactor(MemoryReactorClock):
    """Has the one way into the reactor that is safe in a signal handler."""

    def callFromThread(self, action, *arguments):
        self.callLater(0, action, *arguments)


class SignalTests(SynchronousTestCase):
    def test_signals(self):
        """Each signal does its own thing, in the reactor's own time, and is in the log."""
        reactor = SignalReactor()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        notes = []
        SignalService(
            reactor, lambda: notes.append("stop"), lambda: notes.append("again")
        ).startService()
        reactor.run()
        for number in (signal.SIGHUP, signal.SIGTERM):
            signal.raise_signal(number)
        with capturedLogs() as logged:
            reactor.advance(0)
        self.assertEqual(notes, ["again", "stop"])
        self.assertEqual(
            [formatEvent(event) for event in logged], ["Received SIGHUP", "Received SIGTERM"]
        )


class MemoryTests(SynchronousTestCase):
    def test_settled_objects_are_left_alone(self):
        """What there is now is not looked at by the collector any more."""
        threshold = gc.get_threshold()
        self.addCleanup(gc.set_threshold, *threshold)
        self.addCleanup(gc.unfreeze)
        settle_memory()
        self.assertGreater(gc.get_freeze_count(), 0)


class RegularWorkTests(SynchronousTestCase):
    def start(self, work):
        clock = Clock()
        regular = RegularWork(clock, work, seconds=10, problem="Nothing done")
        regular.startService()
        return clock, regular

    def test_again(self):
        """Work is done after each pause, also when it failed, which is logged."""
        done = []

        async def work():
            done.append(clock.seconds())
            raise ValueError

        clock, regular = self.start(work)
        self.assertEqual(done, [])
        clock.pump([10, 10])
        self.assertEqual(done, [10, 20])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 2)
        self.successResultOf(regular.stopService())
        clock.advance(100)
        self.assertEqual(done, [10, 20])

    def test_stop_waits(self):
        """A stop fires when the work that is under way has ended."""
        end = Deferred()

        async def work():
            await end

        clock, regular = self.start(work)
        clock.advance(10)
        stopped = regular.stopService()
        self.assertNoResult(stopped)
        end.callback(None)
        self.successResultOf(stopped)
