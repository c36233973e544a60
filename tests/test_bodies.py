"""Tests for ``clace.bodies``."""

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.iweb import IBodyProducer
from zope.interface.verify import verifyObject

from clace.bodies import WholeBody


class Consumer(list):
    """Keeps what is written."""

    write = list.append


class WholeBodyTests(SynchronousTestCase):
    def test_is_written_at_once(self):
        """The body has its length, arrives whole, and is done."""
        body = WholeBody(b"abc")
        verifyObject(IBodyProducer, body)
        consumer = Consumer()
        self.successResultOf(body.startProducing(consumer))
        self.assertEqual((consumer, body.length), ([b"abc"], 3))
        for ask in (body.pauseProducing, body.resumeProducing, body.stopProducing):
            ask()
        self.assertEqual(consumer, [b"abc"])
