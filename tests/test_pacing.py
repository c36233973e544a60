"""The pace of outputs: a program that writes without end waits, and the reactor does not."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.pacing import Pace


class PaceTests(SynchronousTestCase):
    def setUp(self):
        self.clock, self.taken, self.is_over = Clock(), [], False
        self.pace = Pace(self.clock, self.taken.append, lambda: self.is_over)

    def hand_on(self, data):
        return Deferred.fromCoroutine(self.pace.hand_on(data))

    def lines(self):
        return b"".join(self.taken).count(b"\n")

    def test_long_lines(self):
        """Of long lines a mebibyte is taken in a second, and the next one a second later."""
        self.successResultOf(self.hand_on(b"x" * ((1 << 20) - 1)))
        waiting = self.hand_on(b"x")
        self.assertNoResult(waiting)
        self.clock.advance(1)
        self.successResultOf(waiting)
        self.successResultOf(self.hand_on(b"x" * 1000))

    def test_empty_lines(self):
        """Of lines without a text not many are taken at once, nor more than 17,000 in a second."""
        waiting = self.hand_on(b"\n" * 65536)
        self.assertLessEqual(max(map(len, self.taken)), 1024)
        self.assertLess(self.lines(), 17_500)
        for _ in range(4):
            self.assertNoResult(waiting)
            before = self.lines()
            self.clock.advance(1)
            self.assertLess(self.lines() - before, 17_500)
        self.successResultOf(waiting)
        self.assertEqual(self.lines(), 65536)

    def test_rest(self):
        """What a program has left is taken without a wait."""
        self.is_over = True
        self.successResultOf(self.hand_on(b"\n" * 65536))
        self.assertEqual(self.lines(), 65536)

    @given(st.lists(st.sampled_from([b"\n" * 1023, b"\n", b"a", b"\r\n"]), max_size=12))
    def test_nothing_is_lost(self, parts):
        """What comes out is what was handed on, in its order."""
        data, taken = b"".join(parts), []
        self.successResultOf(Deferred.fromCoroutine(Pace(Clock(), taken.append).hand_on(data)))
        self.assertEqual((b"".join(taken), b"" in taken), (data, False))
