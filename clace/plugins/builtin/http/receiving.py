"""Bodies of answers, received no sooner than they are wanted: whole, or line by line."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IResponse

from clace.plugins.builtin.http.deadlines import in_time
from clace.plugins.kit import CallFailed, Lines


class ReceivedBody(Protocol):
    """The body of one answer; its server has to wait while nobody reads."""

    transport: Any  # that of a body can be paused

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._chunks: list[bytes] = []
        self._end: Failure | None = None
        self._waiting: Deferred[None] | None = None

    @classmethod
    def of(cls, response: IResponse, limit: int) -> ReceivedBody:
        """:raises CallFailed: if it is said to be over the limit."""
        if isinstance(response.length, int) and response.length > limit:
            raise _too_large(limit)
        body = cls(limit)
        response.deliverBody(body)
        body.transport.pauseProducing()
        return body

    async def read(self) -> bytes:
        """Return the next bytes, waiting for them; empty at the end.

        :raises CallFailed: if it is over the limit, or cut short.
        """
        if not (self._chunks or self._end or self._size > self._limit):
            self._waiting = Deferred()
            self.transport.resumeProducing()
            await self._waiting
        if self._size > self._limit:
            raise _too_large(self._limit)
        data = b"".join(self._chunks)
        self._chunks.clear()
        # Many servers end a body by closing, without having said how long it is.
        if not data and self._end and not self._end.check(ResponseDone, PotentialDataLoss):
            raise CallFailed("the answer ended before it was complete")
        return data

    def dataReceived(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= self._limit:
            self._chunks.append(data)
        self.transport.pauseProducing()
        self._wake()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._end = reason
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(None)


class LineItems:
    """A body as a stream of its lines; ``close`` ends its connection."""

    def __init__(
        self,
        body: ReceivedBody,
        encoding: str,
        clock: IReactorTime,
        silence: float,
        close: Callable[[], None],
    ) -> None:
        self._body = body
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._lines = Lines()
        self._clock = clock
        self._silence = silence
        self._close = close

    async def next(self) -> tuple[tuple[str, ...], bool]:
        """:raises CallFailed: if nothing comes for too long, or the body breaks off."""
        while True:
            data = await self._read()
            text = self._decoder.decode(data, final=not data)
            lines = [*self._lines.feed(text.encode("utf-8", "replace"))]
            if not data:
                lines += self._lines.end()
            if lines or not data:
                return tuple(lines), bool(data)

    async def close(self) -> None:
        self._close()

    async def _read(self) -> bytes:
        told = f"nothing came of the answer for {self._silence:g} seconds"
        return await in_time(self._clock, self._body.read(), self._silence, told)


def abandon(response: IResponse) -> None:
    """Close the connection of an answer whose body nobody wants."""
    nobody = Protocol()
    response.deliverBody(nobody)
    if nobody.transport is not None:
        nobody.transport.loseConnection()


async def collected(response: IResponse, limit: int) -> bytes:
    """The whole body.

    :raises CallFailed: if it is over the limit, or cut short.
    """
    body = ReceivedBody.of(response, limit)
    chunks = []
    while data := await body.read():
        chunks.append(data)
    return b"".join(chunks)


def _too_large(limit: int) -> CallFailed:
    return CallFailed(f"the answer is over the limit of {limit} bytes")
