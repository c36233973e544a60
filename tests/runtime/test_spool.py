"""Contents too large for memory."""

import gc
import os
from random import Random
from tempfile import TemporaryFile

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from clace.runtime.spool import SpooledContent
from tests.support.threads import at_once

DATA = Random(3).randbytes(5000)
PLACES = st.integers(0, len(DATA))


def spooled():
    file = TemporaryFile()  # noqa: SIM115 - it is closed with the content
    file.write(DATA)
    file.flush()
    return SpooledContent(file, len(DATA), at_once)


class SpoolTests(SynchronousTestCase):
    def read(self, body, *, at_hand):
        """All pieces, those that are at hand without waiting or not."""
        pieces = []

        async def read():
            while piece := (at_hand and body.at_hand()) or await anext(body, b""):
                pieces.append(piece)

        self.successResultOf(Deferred.fromCoroutine(read()))
        return pieces

    @given(st.tuples(PLACES, PLACES).map(sorted), st.integers(1, 6000), st.booleans())
    def test_any_part(self, places, piece, at_hand):
        """Any part is read in small pieces, from the memory of the system or from the disk."""
        start, end = places
        content = spooled()
        self.assertEqual(content.size, len(DATA))
        pieces = self.read(content.sent(start, end, piece), at_hand=at_hand)
        self.assertEqual(b"".join(pieces), DATA[start:end])
        self.assertLessEqual(max(map(len, pieces), default=0), piece)

    def test_readers_do_not_disturb_each_other(self):
        """Two who read at the same time get all bytes both."""
        content = spooled()
        one, other = (content.sent(0, len(DATA), 1000) for _ in range(2))
        self.successResultOf(Deferred.fromCoroutine(anext(one)))
        self.assertEqual(b"".join(self.read(other, at_hand=False)), DATA)
        self.assertEqual(b"".join(self.read(one, at_hand=False)), DATA[1000:])

    def test_goes_with_the_last_reader(self):
        """The file is open for as long as somebody reads it, and has no name."""
        content = spooled()
        descriptor = content._descriptor
        self.assertEqual(os.fstat(descriptor).st_nlink, 0)
        reader = content.sent(0, 10, 10)
        del content
        gc.collect()
        self.assertEqual(self.read(reader, at_hand=False), [DATA[:10]])
        del reader
        gc.collect()
        self.assertRaises(OSError, os.fstat, descriptor)

    def test_cut_short(self):
        """A file that somebody has cut fails instead of ending early."""
        content = spooled()
        os.truncate(content._descriptor, 10)
        reader = content.sent(0, 20, 20)
        self.assertEqual(self.successResultOf(Deferred.fromCoroutine(anext(reader))), DATA[:10])
        self.failureResultOf(Deferred.fromCoroutine(anext(reader)), EOFError)
