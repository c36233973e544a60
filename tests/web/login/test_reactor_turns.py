"""Work in turns of the reactor."""

from twisted.trial.unittest import SynchronousTestCase

from clace.web.login.reactor_turns import ReactorTurns


class TurnedReactor:
    """A reactor by hand: what is called later is called in the next turn, and work takes time."""

    def __init__(self):
        self.now = 0.0
        self.later = []

    def seconds(self):
        return self.now

    def callLater(self, _seconds, what):
        self.later.append(what)

    def turn(self):
        due, self.later = self.later, []
        for what in due:
            what()


class ReactorTurnsTests(SynchronousTestCase):
    def setUp(self):
        self.reactor = TurnedReactor()
        self.turns = ReactorTurns(self.reactor, 1.0)
        self.done = []

    def work(self, name, seconds):
        def act():
            self.reactor.now += seconds
            self.done.append(name)

        return act

    def test_at_once(self):
        """Work is done at once as long as its turn has time left."""
        for name in "abc":
            self.turns.take(self.work(name, 0.3))
        self.assertEqual(self.done, ["a", "b", "c"])

    def test_later(self):
        """What comes when the time is used up waits for later turns, each with time of its own."""
        for name in "abcde":
            self.turns.take(self.work(name, 0.6))
        self.assertEqual(self.done, ["a", "b"])
        self.reactor.turn()
        self.assertEqual(self.done, ["a", "b", "c", "d"])
        self.reactor.turn()
        self.assertEqual(self.done, ["a", "b", "c", "d", "e"])

    def test_order(self):
        """Nothing overtakes what waits, even if a new turn would have time for it."""
        self.turns.take(self.work("a", 2))
        self.turns.take(self.work("b", 2))
        self.turns.take(lambda: self.done.append("c"))
        self.reactor.turn()
        self.turns.take(lambda: self.done.append("d"))
        self.assertEqual(self.done, ["a", "b"])
        self.reactor.turn()
        self.assertEqual(self.done, ["a", "b", "c", "d"])

    def test_idle(self):
        """When nothing waits, no timer is left."""
        self.turns.take(self.work("a", 2))
        self.reactor.turn()
        self.assertEqual(self.reactor.later, [])
