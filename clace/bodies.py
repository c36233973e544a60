"""Bodies that are in memory as a whole: of requests, and of answers up to a limit."""

from __future__ import annotations

from typing import cast

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConsumer, IPushProducer, ITransport
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IBodyProducer, IResponse
from zope.interface import implementer

from clace.errors import TooLarge

# Without a length or chunks, the end of the connection is the end of the body.
_WHOLE = (ResponseDone, PotentialDataLoss)


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


class _Collector(Protocol):
    """Collects a body, and hangs up on one over the limit."""

    def __init__(self, limit: int, refusal: str, done: Deferred[bytes]) -> None:
        self._limit = limit
        self._refusal = refusal
        self._done: Deferred[bytes] | None = done
        self._pieces: list[bytes] = []
        self._size = 0

    def dataReceived(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= self._limit:
            self._pieces.append(data)
            return
        self._pieces.clear()
        self._end(Failure(TooLarge(self._refusal)))
        cast("ITransport", self.transport).loseConnection()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        whole = reason.check(*_WHOLE)
        self._end(b"".join(self._pieces) if whole else reason)

    def _end(self, result: bytes | Failure) -> None:
        done, self._done = self._done, None
        if done:
            done.callback(result)


def collected(response: IResponse, limit: int, refusal: str) -> Deferred[bytes]:
    """The body of an answer, whole.

    ``readBody`` warns on every call with this ``Agent``, and knows no limit.

    :raises TooLarge: if it is over the limit, with the text ``refusal``; the rest was not read.
    """
    done: Deferred[bytes] = Deferred()
    response.deliverBody(_Collector(limit, refusal, done))
    return done


class ArrivingBody(Protocol):
    """A body of any size, piece by piece; the server waits while nobody takes one."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._waiting: Deferred[None] | None = None
        self._end: Failure | None = None

    async def next(self) -> bytes:
        """Return what has come, or nothing at the end.

        :raises Exception: what broke the connection in the middle of the body.
        """
        while not self._pieces and self._end is None:
            self._waiting = Deferred()
            await self._waiting
        piece = b"".join(self._pieces)
        self._pieces.clear()
        if piece:
            if self._end is None:
                cast("IPushProducer", self.transport).resumeProducing()
            return piece
        if self._end and not self._end.check(*_WHOLE):
            self._end.raiseException()
        return b""

    def abandon(self) -> None:
        """Close the connection, unless the body has ended."""
        if self._end is None and self.transport is not None:
            self.transport.loseConnection()

    def dataReceived(self, data: bytes) -> None:
        self._pieces.append(data)
        cast("IPushProducer", self.transport).pauseProducing()
        self._wake()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self._end = reason
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting:
            waiting.callback(None)
