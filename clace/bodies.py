"""Bodies of requests that are in memory as a whole."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConsumer
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer


@implementer(IBodyProducer)
class WholeBody:
    """Written at once: unlike ``FileBodyProducer`` it needs no cooperator and no turn."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.length = len(body)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        consumer.write(self._body)
        return succeed(None)

    def pauseProducing(self) -> None:
        """Nothing is left to hold back."""

    def resumeProducing(self) -> None:
        """Nothing is left to send."""

    def stopProducing(self) -> None:
        """Nothing is left to stop."""
