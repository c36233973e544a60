"""Frames with a tail, in a stream that is cut anywhere."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.frames import MAX_FRAME, BadFrame, FrameReader, Tailed, framed, framed_before
from tests.test_wire import in_pieces

PLAIN = st.binary(max_size=30)
TAILED = st.tuples(PLAIN, st.binary(max_size=60))
CUTS = st.lists(st.integers(0, 10000), max_size=8)


def encoded(frame):
    if isinstance(frame, bytes):
        return framed(frame)
    body, tail = frame
    return framed_before(len(tail), body) + tail


def whole(frame):
    """A frame as it was sent."""
    return frame if isinstance(frame, bytes) else (frame.body, b"".join(frame.tail))


class TailTests(SynchronousTestCase):
    @given(st.lists(PLAIN | TAILED, max_size=5), CUTS)
    def test_any_frames(self, sent, cuts):
        """Frames with and without tails arrive as they were, however the bytes are cut."""
        frames = FrameReader()
        data = b"".join(map(encoded, sent))
        found = [whole(frame) for piece in in_pieces(data, cuts) for frame in frames.feed(piece)]
        self.assertEqual((found, frames.held), (sent, 0))

    @given(st.lists(PLAIN | TAILED, min_size=1, max_size=5))
    def test_one_by_one(self, sent):
        """Frames that were not taken are given the next time."""
        frames = FrameReader()
        found = [next(frames.feed(b"".join(map(encoded, sent))))]
        while (frame := next(frames.feed(b""), None)) is not None:
            found.append(frame)
        self.assertEqual([whole(frame) for frame in found], sent)

    @given(TAILED, CUTS)
    def test_held(self, sent, cuts):
        """All that has come of a frame is counted until it is complete."""
        frames, came = FrameReader(), 0
        data = encoded(sent)
        for piece in in_pieces(data, cuts)[:-1]:
            came += len(piece)
            if came < len(data):
                self.assertEqual(list(frames.feed(piece)), [])
                self.assertIn(came - frames.held, {0, 8})
        frames.clear()
        self.assertEqual(frames.held, 0)
        self.assertEqual(list(frames.feed(framed(b"next"))), [b"next"])

    def test_large_pieces_are_not_copied(self):
        """What comes of a tail is kept as it came; what comes in crumbs is put together."""
        frames = FrameReader()
        large, crumbs = bytes(100_000), [b"x"] * 5000
        list(frames.feed(framed_before(len(large) * 2 + len(crumbs), b"head")))
        for piece in (large, *crumbs):
            self.assertEqual(list(frames.feed(piece)), [])
        (frame,) = frames.feed(large + framed(b"")[:2])
        self.assertIs(frame.tail[0], large)
        self.assertEqual(len(frame.tail), 2)
        self.assertEqual(frames.held, 2)

    def test_over_the_limit(self):
        """A tail counts; what is too long is refused before its bytes are waited for."""
        for body, tail in ((b"x" * 11, 0), (b"x", 10), (b"", 11)):
            started = framed_before(tail, body)
            for sent in (started, started[:8]):
                frames = FrameReader(lambda: 10)
                self.assertRaises(BadFrame, list, frames.feed(sent))
        self.assertRaises(BadFrame, list, FrameReader(lambda: 10).feed(b"\xff" * 4))
        self.assertRaises(BadFrame, framed_before, MAX_FRAME, b"x")
        (frame,) = FrameReader(lambda: 10).feed(framed_before(9, b"x") + b"y" * 9)
        self.assertEqual(frame, Tailed(b"x", (b"y" * 9,)))

    def test_only(self):
        """A frame by itself needs no buffer; one with a tail, or behind another's, does."""
        self.assertEqual(FrameReader().only(framed(b"a")), b"a")
        for data in (b"", framed(b"a")[:-1], framed(b"a") * 2, framed_before(0, b"a")):
            self.assertIsNone(FrameReader().only(data))
        frames = FrameReader()
        list(frames.feed(framed_before(5, b"a")))
        self.assertIsNone(frames.only(framed(b"a")))
