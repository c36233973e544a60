"""Frames that are not complete, of all hosts together."""

import struct

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from clace.runtime.hosts.fragments import HeldFrames
from clace.runtime.hosts.line import HostLine
from clace.wire import HostNote, pack

LONGEST, MOST = 1000, 2000


class HeldFramesTests(SynchronousTestCase):
    def setUp(self):
        self.held, self.heard, self.lost = HeldFrames(MOST), [], {}

    def line(self, name):
        line = HostLine(
            Clock(),
            lambda: LONGEST,
            self.heard.append,
            lambda breach: self.lost.setdefault(name, breach),
            self.held,
        )
        line.makeConnection(StringTransport())
        return line

    def begin(self, name, size):
        """A host that begins a frame, says some of it, and waits."""
        line = self.line(name)
        line.dataReceived(struct.pack(">I", LONGEST) + bytes(size - 4))
        return line

    def test_largest_is_ended(self):
        """Over the limit the host that holds most is ended, and the one that came last is heard."""
        self.begin("first", 700)
        self.begin("second", 900)
        self.begin("honest", 500)
        self.assertEqual([*self.lost], ["second"])
        self.assertIn("900 bytes", self.lost["second"].message)
        self.assertIn("2000 allowed", self.lost["second"].message)

    def test_own_share(self):
        """Who goes over the limit by holding most is ended itself."""
        self.begin("first", 600)
        self.begin("second", 600)
        self.begin("third", 900)
        self.assertEqual([*self.lost], ["third"])

    def test_complete_frames_are_not_held(self):
        """A frame that is complete counts no more, nor does a host that is gone."""
        self.begin("first", 900)
        line = self.begin("second", 900)
        line.connectionLost()
        talker = self.line("talker")
        for _ in range(10):
            talker.dataReceived(pack(HostNote(request=1, text="x" * 500)))
        self.assertEqual(len(self.heard), 10)
        self.begin("third", 900)
        self.assertEqual([*self.lost], ["second"])
        self.assertIsNone(self.lost["second"])

    def test_byte_by_byte(self):
        """Hosts that say a little at a time are counted the same."""
        lines = [self.begin(name, 500) for name in ("a", "b", "c", "d")]
        lines[2].dataReceived(b"x")
        self.assertEqual([*self.lost], ["c"])
        for line in (lines[0], lines[1], lines[3]):
            line.dataReceived(bytes(100))
        self.assertEqual([*self.lost], ["c"])
