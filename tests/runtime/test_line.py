"""The daemon's end of the socket to a host."""

import itertools

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from clace.frames import FrameReader
from clace.runtime.hosts.fragments import HeldFrames
from clace.runtime.hosts.line import HostLine
from clace.wire import CallAnswer, HostNote, pack, unpack_downward

SHORT, LONG = 0.003, 0.02


class LineTests(SynchronousTestCase):
    each = 0
    answers = None

    def setUp(self):
        self.clock, self.transport = Clock(), StringTransport()
        self.heard, self.lost = [], []
        self.line = HostLine(self.clock, lambda: 1000, self.hear, self.lost.append, HeldFrames())
        self.line.makeConnection(self.transport)

    def hear(self, note):
        self.heard.append(note.text)
        self.clock.rightNow += self.each
        if self.answers is not None:
            self.line.send(CallAnswer(call=next(self.answers)))
        if note.text == "bye":
            self.line.hang_up()

    def say(self, *texts):
        data = b"".join(pack(HostNote(request=1, text=text)) for text in texts)
        self.line.dataReceived(data)

    def said(self):
        return [unpack_downward(body).call for body in FrameReader().feed(self.transport.value())]

    def tell(self, call):
        """An answer is sent as soon as there is room for it."""

        async def when_there_is_room():
            await self.line.room()
            self.line.send(CallAnswer(call=call))

        return Deferred.fromCoroutine(when_there_is_room())

    def test_turns(self):
        """A host is heard for a short while, and the rest when others had twice as long."""
        for self.each in (SHORT, LONG):
            self.setUp()
            self.say("a", "b")
            self.assertEqual((self.heard, self.transport.producerState), (["a"], "paused"))
            self.clock.advance(1.9 * self.each)
            self.assertEqual(self.heard, ["a"])
            self.clock.advance(0.2 * self.each)
            self.assertEqual(self.heard, ["a", "b"])
            self.clock.advance(3 * self.each)
            self.assertEqual(self.transport.producerState, "producing")

    def test_quick_frames(self):
        """Who takes no time is not paused."""
        self.say(*"abc")
        self.assertEqual((self.heard, self.transport.producerState), ([*"abc"], "producing"))

    def test_answers_together(self):
        """Answers to frames that came together leave together, and no later than a millisecond."""
        for self.each, writes in ((0, [2]), (0.0006, [2]), (0.0011, [1, 1])):
            self.setUp()
            self.answers, written = itertools.count(1), []
            self.transport.write = written.append
            self.say("a", "b")
            sent = [len(list(FrameReader().feed(data))) for data in written]
            self.assertEqual(sent, writes)

    def test_last_words(self):
        """What was to be said before the line is hung up is said."""
        self.answers = itertools.count(1)
        self.say("a", "bye")
        self.assertEqual(self.said(), [1, 2])

    def test_large_frames(self):
        """A large frame is read in large pieces; for all others no more memory is asked for."""
        line = HostLine(self.clock, lambda: 1 << 20, self.hear, self.lost.append, HeldFrames())
        transport = StringTransport()
        line.makeConnection(transport)
        frame = pack(HostNote(request=1, text="x" * 300_000))
        pieces = []
        for data in (frame[:10], frame[10 : 1 << 15], frame[1 << 15 : 1 << 17], frame[1 << 17 :]):
            line.dataReceived(data)
            pieces.append(transport.bufferSize >> 10)
        self.assertEqual((pieces, len(self.heard)), ([64, 64, 128, 64], 1))

    def test_room(self):
        """What a host does not read is not added to; when it reads, it is told one by one."""
        self.successResultOf(self.tell(1))
        outlet = self.transport.producer
        outlet.pauseProducing()
        second, third = self.tell(2), self.tell(3)
        second.addCallback(lambda _: outlet.pauseProducing())
        self.assertEqual(self.said(), [1])
        outlet.resumeProducing()
        self.assertEqual(self.said(), [1, 2])
        self.assertNoResult(third)
        outlet.resumeProducing()
        self.assertEqual(self.said(), [1, 2, 3])

    def test_nobody_reads_any_more(self):
        """Who waits for room goes on when the host is gone; what it says is for nobody."""
        self.transport.producer.pauseProducing()
        waiting = self.tell(1)
        self.line.connectionLost()
        self.successResultOf(waiting)
        self.assertEqual((self.said(), self.lost), ([], [None]))

    def test_hang_up(self):
        """After it was hung up on a host is not heard, whatever it had sent before."""
        self.say("a", "bye", "b")
        self.say("c")
        self.line.hang_up()
        self.assertEqual(self.heard, ["a", "bye"])
        self.assertEqual((self.transport.disconnecting, self.transport.producer), (True, None))
        self.line.connectionLost()
        self.assertEqual(self.lost, [None])

    def test_hang_up_while_it_rests(self):
        """That it had more to say is forgotten."""
        self.each = LONG
        self.say("a", "b")
        self.line.hang_up()
        self.clock.advance(1)
        self.line.connectionLost()
        self.assertEqual((self.heard, self.lost), (["a"], [None]))

    def test_breach(self):
        """Why the line was cut is told once, also if it is found out after a rest."""
        self.each = SHORT
        self.line.dataReceived(pack(HostNote(request=1, text="a")) + b"\xff" * 8)
        self.assertEqual(self.lost, [])
        self.clock.advance(2 * SHORT)
        self.line.connectionLost()
        (breach,) = self.lost
        self.assertIn("over the limit of 1000", breach.message)
        self.assertTrue(self.transport.disconnecting)

    def test_lost_while_it_rests(self):
        """A host that ends while it is not heard leaves nothing behind."""
        self.each = LONG
        self.say("a", "b")
        self.line.connectionLost()
        self.assertEqual(self.clock.getDelayedCalls(), [])
