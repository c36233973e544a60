"""Who writes next."""

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.builtin.store.links import NotRun
from clace.plugins.builtin.store.writers import StoreWriters
from clace.plugins.kit.definition import CallFailed


class WritersTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.begun = []
        self.writers = self.make(1, 3)

    def make(self, lanes, together):
        return StoreWriters(self.clock, 30, lanes, together, self.perform)

    def perform(self, works):
        self.begun.append((works, Deferred()))
        return self.begun[-1][1]

    def write(self, owner, name, *, small=True):
        return Deferred.fromCoroutine(self.writers.write(owner, name, small=small))

    def take(self, owner):
        return Deferred.fromCoroutine(self.writers.take(owner))

    def end(self, *outcomes):
        """The oldest works that are being done are done."""
        works, done = self.begun.pop(0)
        done.callback(list(outcomes or works))
        return works

    def groups(self):
        """What is done, group by group, until nothing is left."""
        found = []
        while self.begun:
            found.append("".join(self.end()))
        return found

    def test_alone(self):
        """Work that need not wait is done at once."""
        work = self.write("a", "1")
        self.assertEqual(self.end(), ["1"])
        self.assertEqual(self.successResultOf(work), "1")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_together(self):
        """What comes meanwhile is done together, so much at most; each gets its own result."""
        self.write("a", "1")
        works = [self.write(owner, name) for owner, name in ("a2", "b3", "a4", "c5")]
        self.assertEqual(self.groups(), ["1", "235", "4"])
        self.assertEqual([self.successResultOf(work) for work in works], [*"2345"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_owners_in_turn(self):
        """Between two groups of an owner who wants much, each of the others has one."""
        self.write("a", "1")
        for number in "23456":
            self.write("a", number)
        self.write("b", "x")
        self.write("c", "y")
        self.assertEqual(self.groups(), ["1", "2xy", "345", "6"])

    def test_large_alone(self):
        """What is not small is done alone, and nothing small waits for it in a group."""
        self.write("a", "1")
        self.write("a", "L", small=False)
        self.write("b", "2")
        self.write("c", "3")
        self.assertEqual(self.groups(), ["1", "L", "23"])

    def test_transactions(self):
        """Who has the connection for a transaction keeps it until he gives it back."""
        turn = self.successResultOf(self.take("a"))
        work, other = self.write("b", "1"), self.take("c")
        self.assertEqual(self.begun, [])
        turn.done()
        self.assertNoResult(other)
        self.assertEqual(self.groups(), ["1"])
        self.successResultOf(work)
        self.successResultOf(other).done()
        self.write("d", "2")
        self.assertEqual(self.groups(), ["2"])

    def test_lent_turns(self):
        """Who has a turn is told that others wait, and may lend it; then he is the next, while
        others of his app wait until he gives it back.
        """
        turn, told = self.successResultOf(self.take("a")), []
        turn.is_wanted = lambda: told.append(True)
        self.write("a", "own")
        self.assertEqual(told, [])
        self.write("b", "1")
        self.write("c", "2")
        self.assertEqual(len(told), 2)
        turn.lend()
        self.assertEqual([works for works, _done in self.begun], [["1", "2"]])
        self.write("d", "3")
        back = Deferred.fromCoroutine(turn.back())
        self.assertEqual(self.end(), ["1", "2"])
        self.successResultOf(back)
        self.assertEqual((self.begun, len(told)), ([], 3))
        turn.done()
        self.assertEqual(self.groups(), ["own3"])

    def test_lent_for_good(self):
        """A turn that was lent and is given up is nobody's."""
        turn = self.successResultOf(self.take("a"))
        turn.lend()
        self.write("a", "own")
        self.assertEqual(self.begun, [])
        turn.done()
        self.assertEqual(self.groups(), ["own"])
        self.write("a", "2")
        self.write("b", "3")
        self.assertEqual(self.groups(), ["2", "3"])

    def test_lanes(self):
        """Several owners write at once where the database can do that; one of them only once."""
        self.writers = self.make(2, 1)
        for owner, name in ("a1", "a2", "b3", "c4"):
            self.write(owner, name)
        self.assertEqual([works for works, _done in self.begun], [["1"], ["3"]])
        self.end()
        self.assertEqual([works for works, _done in self.begun], [["3"], ["2"]])
        self.assertEqual(self.groups(), ["3", "2", "4"])

    def test_failures(self):
        """Each work fails by itself, and all that were done together if nothing was kept."""
        self.write("a", "1")
        works = [self.write("a", name) for name in "23"]
        self.end()
        self.end(Failure(CallFailed("no")), "3")
        self.failureResultOf(works[0], CallFailed)
        self.assertEqual(self.successResultOf(works[1]), "3")
        self.write("a", "4")
        works = [self.write("a", name) for name in "56"]
        self.end()
        self.begun.pop(0)[1].errback(ZeroDivisionError())
        for work in works:
            self.failureResultOf(work, ZeroDivisionError)
        self.successResultOf(self.take("a"))

    def test_not_run(self):
        """What was left is done next, unless nobody waits for it any more."""
        self.write("a", "1")
        works = [self.write(owner, name) for owner, name in ("a2", "b3", "a4")]
        self.end()
        works[1].cancel()
        self.failureResultOf(works[1], CancelledError)
        self.end("2", NotRun, NotRun)
        self.assertEqual(self.groups(), ["4"])
        self.assertEqual([self.successResultOf(works[n]) for n in (0, 2)], ["2", "4"])

    def test_waits_so_long(self):
        """Who waits for too long is told that others are writing; what has begun goes on."""
        running = self.write("a", "1")
        waiting = [self.write("a", "2"), self.take("b")]
        self.clock.advance(30)
        for one in waiting:
            failure = self.failureResultOf(one, CallFailed)
            self.assertEqual(failure.value.message, "the store is busy, others are using it")
        self.assertNoResult(running)
        self.assertEqual(self.groups(), ["1"])

    def test_gone(self):
        """Who gives up leaves the queue; what he began is done, and then others have their turn."""
        running, waiting, other = (self.write("a", name) for name in "123")
        running.cancel()
        waiting.cancel()
        self.assertEqual(self.groups(), ["1", "3"])
        self.successResultOf(other)
        for one in (running, waiting):
            self.failureResultOf(one, CancelledError)
        self.assertEqual(self.clock.getDelayedCalls(), [])
