"""A host's end of the socket."""

import socket
import threading

from twisted.trial.unittest import SynchronousTestCase

from clace.frames import MAX_FRAME, BadFrame, FrameReader
from clace.host.requests.line import DaemonGone, DaemonLine
from clace.wire import AnswerHead, CallAnswer, HostNote, LoadFailed, pack, unpack_upward


class LineTests(SynchronousTestCase):
    def setUp(self):
        self.daemon, ours = socket.socketpair()
        self.now = 0.0
        self.line = DaemonLine(ours, lambda: self.now)
        self.addCleanup(self.daemon.close)
        self.addCleanup(ours.close)

    def test_receives(self):
        """Frames are received one after the other."""
        messages = [CallAnswer(call=1, value="x" * 100_000), CallAnswer(call=2)]
        for message in messages:
            self.daemon.sendall(pack(message))
        self.assertEqual([self.line.receive(), self.line.receive()], messages)

    def test_sends(self):
        """A message is sent as one frame."""
        self.line.send(LoadFailed("no"))
        self.line.flush()
        (body,) = FrameReader().feed(self.daemon.recv(1000))
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
        self.daemon.sendall(pack(CallAnswer(call=1)) + pack(CallAnswer(call=2)))
        self.line.receive()
        self.line.send(LoadFailed("a"))
        self.line.receive()
        self.line.send(LoadFailed("b"))
        self.assertEqual((self.waiting(), self.line.holds_back()), (b"", True))
        self.assertIsNone(self.line.receive(wait=False))
        self.assertEqual(self.waiting(), pack(LoadFailed("a")) + pack(LoadFailed("b")))
        self.assertFalse(self.line.holds_back())

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

    def test_sends_large_bodies(self):
        """A large body follows its head, and both what was said before."""
        head = AnswerHead(id=1, status=200)
        bodies = (bytes(range(256)) * 1000, "ascii" * 60_000, b"x" * (1 << 17))
        received, frames = [], FrameReader()

        def receive():
            while len(received) < 2 * len(bodies):
                received.extend(frames.feed(self.daemon.recv(1 << 16)))

        reader = threading.Thread(target=receive)
        reader.start()
        for body in bodies:
            self.line.send(HostNote(request=1, text="before"))
            self.line.send_large(head, body)
        reader.join(10)
        self.assertEqual(
            [unpack_upward(one) for one in received[::2]], [HostNote(request=1, text="before")] * 3
        )
        for one, body in zip(received[1::2], bodies, strict=True):
            large = unpack_upward(one)
            self.assertEqual(large.head, head)
            sent = body.encode() if isinstance(body, str) else body
            self.assertEqual(b"".join(large.body), sent)

    def test_too_large_to_send(self):
        """Of a body over the limit nothing is sent."""
        self.assertRaises(
            BadFrame, self.line.send_large, AnswerHead(id=1, status=200), bytes(MAX_FRAME)
        )
        self.daemon.setblocking(False)
        self.assertRaises(BlockingIOError, self.daemon.recv, 1)

    def test_hangup(self):
        """The end is told, also in the middle of a frame."""
        self.daemon.sendall(pack(CallAnswer(call=1))[:-1])
        self.daemon.close()
        self.assertRaises(DaemonGone, self.line.receive)

    def test_too_long(self):
        """A frame over the limit is not waited for."""
        self.daemon.sendall((MAX_FRAME + 1).to_bytes(4, "big"))
        self.assertRaises(DaemonGone, self.line.receive)

    def test_rubbish(self):
        """What is no message is refused."""
        self.daemon.sendall((1).to_bytes(4, "big") + b"\xff")
        self.assertRaises(BadFrame, self.line.receive)
