"""Two connections of which each gets what the other sends."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure


class SpliceEnd(Protocol):
    """One of the two: it reads no faster than the other takes, and ends with it."""

    transport: Any
    other: SpliceEnd | None = None

    def join(self, other: SpliceEnd) -> None:
        """Hand over what comes from now on, both ways."""
        self.other, other.other = other, self
        for one, its_source in ((self, other), (other, self)):
            one.transport.registerProducer(its_source.transport, streaming=True)

    def dataReceived(self, data: bytes) -> None:
        if self.other is not None:
            self.other.transport.write(data)

    def connectionLost(self, _reason: Failure = connectionDone) -> None:
        other, self.other = self.other, None
        if other is not None:
            other.other = None
            other.transport.unregisterProducer()
            other.transport.loseConnection()
