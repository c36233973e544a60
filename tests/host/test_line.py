"""A host's end of the socket."""

import socket

from twisted.trial.unittest import SynchronousTestCase

from clace.host.line import Hangup, Line
from clace.wire import MAX_FRAME, Answer, BadFrame, Frames, LoadFailed, pack, unpack_upward


class LineTests(SynchronousTestCase):
    def setUp(self):
        self.daemon, ours = socket.socketpair()
        self.line = Line(ours)
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
        (body,) = Frames().feed(self.daemon.recv(1000))
        self.assertEqual(unpack_upward(body), LoadFailed("no"))

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
