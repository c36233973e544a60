"""A host's end of the socket."""

import socket

from twisted.trial.unittest import SynchronousTestCase

from clace.host.line import Hangup, Line
from clace.wire import MAX_FRAME, Answer, BadFrame, Frames, LoadFailed, pack, unpack_upward


class LineTests(SynchronousTestCase):
    def setUp(self):
        self.daemon, ours = socket.socketpair()
        self.now = 0.0
        self.line = Line(ours, lambda: self.now)
        self.addCleanup(self.daemon.close)
        self.addCleanup(ours.close)

    def test_receives(self):
        """Frames are received one after the other."""
        messages = [Answer(call=1, value="x" * 100_000), Answer(call=2)]
        for message in messages:
            self.daemon.sendall(pack(message))
        self.assertEqual([self.line.receive(), self.line.receive()], messages)

    def test_sends(self):
        """A message is sent as one frame."""
        self.line.send(LoadFailed("no"))
        self.line.flush()
        (body,) = Frames().feed(self.daemon.recv(1000))
        self.assertEqual(unpack_upward(body), LoadFailed("no"))

    def waiting(self):
        """The bytes that have arrived."""
        self.daemon.setblocking(False)
        try:
            return self.daemon.recv(1 << 20)
        except BlockingIOError:
            return b""

    def test_sends_together(self):
        """Small messages leave together, before the line waits for others."""
        self.daemon.sendall(pack(Answer(call=1)) + pack(Answer(call=2)))
        self.line.receive()
        self.line.send(LoadFailed("a"))
        self.line.receive()
        self.line.send(LoadFailed("b"))
        self.assertEqual((self.waiting(), self.line.holds_back), (b"", True))
        self.assertIsNone(self.line.receive(wait=False))
        self.assertEqual(self.waiting(), pack(LoadFailed("a")) + pack(LoadFailed("b")))
        self.assertFalse(self.line.holds_back)

    def test_sends_much(self):
        """What is much is not held back, nor what was said before it."""
        messages = LoadFailed("a"), LoadFailed("x" * 70_000)
        for message in messages:
            self.line.send(message)
        self.assertEqual(self.waiting(), b"".join(map(pack, messages)))

    def test_sends_late(self):
        """What waits for longer than a millisecond is sent, what has just come is not."""
        self.line.send(LoadFailed("a"))
        for self.now, sent in ((0.0009, b""), (0.0011, pack(LoadFailed("a")))):
            self.line.flush_late()
            self.assertEqual(self.waiting(), sent)

    def test_hangup(self):
        """The end is told, also in the middle of a frame."""
        self.daemon.sendall(pack(Answer(call=1))[:-1])
        self.daemon.close()
        self.assertRaises(Hangup, self.line.receive)

    def test_too_long(self):
        """A frame over the limit is not waited for."""
        self.daemon.sendall((MAX_FRAME + 1).to_bytes(4, "big"))
        self.assertRaises(Hangup, self.line.receive)

    def test_rubbish(self):
        """What is no message is refused."""
        self.daemon.sendall((1).to_bytes(4, "big") + b"\xff")
        self.assertRaises(BadFrame, self.line.receive)
