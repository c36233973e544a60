"""The queue in front of a busy app."""

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import AppBusy
from clace.runtime.admission_queue import AdmissionQueue


class AdmissionQueueTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.admission = AdmissionQueue(self.clock, 2, 2, 10)

    def enter(self):
        return Deferred.fromCoroutine(self.admission.enter())

    def test_in_turn(self):
        """Who comes first is let in first, as many at a time as there is room."""
        entered = [self.enter() for _ in range(4)]
        self.assertEqual([one.called for one in entered], [True, True, False, False])
        self.admission.leave()
        self.assertEqual([one.called for one in entered], [True, True, True, False])
        self.admission.leave()
        self.successResultOf(entered[3])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_full(self):
        """Who finds the queue full is told at once."""
        for _ in range(4):
            self.enter()
        self.failureResultOf(self.enter(), AppBusy)

    def test_deadline(self):
        """Whose turn does not come in time is told so, and is not let in later."""
        entered = [self.enter() for _ in range(3)]
        self.clock.advance(10)
        self.failureResultOf(entered[2], AppBusy)
        self.admission.leave()
        self.successResultOf(self.enter())

    def test_wider(self):
        """When more may be in, those who wait are let in, as many as there is room for."""
        entered = [self.enter() for _ in range(4)]
        self.admission.change(3, 1, 5)
        self.assertEqual([one.called for one in entered], [True, True, True, False])
        self.failureResultOf(self.enter(), AppBusy)

    def test_narrower(self):
        """When fewer may be in, nobody is let in until so many have left."""
        entered = [self.enter() for _ in range(3)]
        self.admission.change(1, 2, 10)
        self.admission.leave()
        self.assertFalse(entered[2].called)
        self.admission.leave()
        self.successResultOf(entered[2])

    def test_leaving_the_queue(self):
        """Who stops waiting takes nobody's turn."""
        entered = [self.enter() for _ in range(4)]
        entered[2].cancel()
        self.failureResultOf(entered[2], CancelledError)
        self.admission.leave()
        self.successResultOf(entered[3])

    def test_bytes(self):
        """What requests bring with them is bounded together; a large one alone is let in."""
        admission = AdmissionQueue(self.clock, 5, 5, 10, most_bytes=100)

        def enter(size):
            return Deferred.fromCoroutine(admission.enter(size))

        self.assertTrue(enter(500).called)
        waiting = [enter(60), enter(60), enter(10)]
        self.assertEqual([one.called for one in waiting], [False, False, False])
        admission.leave(500)
        self.assertEqual([one.called for one in waiting], [True, False, False])
        admission.leave(60)
        self.assertEqual([one.called for one in waiting], [True, True, True])

    def test_when_to_come_back(self):
        """Who is sent away is told when to ask again."""
        for _ in range(4):
            self.enter()
        self.assertEqual(self.failureResultOf(self.enter(), AppBusy).value.retry_after, 1)
