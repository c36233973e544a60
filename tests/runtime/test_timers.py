"""Many timers for one of the reactor's."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.runtime.hosts.timers import Timers

ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("call"), st.sampled_from((0, 1, 2.5, 60))),
        st.tuples(st.just("cancel"), st.integers(0, 20)),
        st.tuples(st.just("wait"), st.sampled_from((0.5, 1, 7, 100))),
    ),
    max_size=40,
)


class TimersTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.timers = Timers(self.clock)
        self.called = []

    @given(ACTIONS)
    def test_as_a_clock(self, actions):
        """Calls come when those of the clock itself would, and those that are cancelled do not."""
        one, other = Clock(), Clock()
        self.assertEqual(self.play(one, one, actions), self.play(other, Timers(other), actions))

    def play(self, clock, timers, actions):
        """The calls that came with each wait, and the timers that are left."""
        made, called, waits = [], [], []
        for number, (action, value) in enumerate([*actions, ("wait", 30)]):
            if action == "call":
                made.append(timers.callLater(value, called.append, number))
            elif action == "wait":
                clock.advance(value)
                waits.append(sorted(called))
            elif value < len(made) and made[value].active():
                made[value].cancel()
        return waits, [timer.active() for timer in made]

    def test_one_call_of_the_clock(self):
        """However many timers there are, the clock has one call, and none when they are over."""
        for seconds in (5, 3, 3, 9):
            for _ in range(10):
                self.timers.callLater(seconds, self.called.append, seconds)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.clock.pump([1] * 9)
        self.assertEqual(self.called, [3] * 20 + [5] * 10 + [9] * 10)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_cancelled(self):
        """Timers that are cancelled are not kept."""
        for _ in range(1000):
            self.timers.callLater(60, self.called.append, 1).cancel()
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.clock.advance(60)
        self.assertEqual((self.called, self.clock.getDelayedCalls()), ([], []))

    def test_failures(self):
        """A call that fails keeps none of the others from being made."""
        self.timers.callLater(1, lambda: 1 / 0)
        self.timers.callLater(1, self.called.append, 2)
        self.assertRaises(ZeroDivisionError, self.clock.advance, 1)
        self.clock.advance(0)
        self.assertEqual(self.called, [2])

    def test_calls_from_calls(self):
        """A call can make others, and cancel them."""
        other = self.timers.callLater(1, self.called.append, "other")
        self.timers.callLater(0.5, other.cancel)
        self.timers.callLater(2, self.timers.callLater, 0.5, self.called.append, "later")
        self.clock.pump([0.5] * 5)
        self.assertEqual(self.called, ["later"])

    def test_stopped(self):
        """After the end no call comes, and none is left with the clock."""
        self.timers.callLater(1, self.called.append, 1)
        self.timers.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
