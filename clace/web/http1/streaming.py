"""Bodies that are made while they are sent, no faster than the client reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

LARGEST_PIECE = 128 * 1024


class StreamedAnswer(Protocol):
    """An answer that has begun, and the connection it is written to."""

    @property
    def channel(self) -> Any: ...
    @property
    def clientproto(self) -> bytes: ...
    def write(self, data: bytes, /) -> None: ...
    def notifyFinish(self) -> Deferred[None]: ...
    def registerProducer(self, producer: Any, streaming: bool) -> None: ...  # noqa: FBT001
    def unregisterProducer(self) -> None: ...


@implementer(IPushProducer)
class PacedBody:
    """Writes a stream to a request and waits whenever the client is behind.

    A body may have a method ``at_hand``, which returns the next piece if it is there already.
    """

    def __init__(self, request: StreamedAnswer) -> None:
        self._request = request
        self._gone = False
        self._registered = False
        self._resumed: Deferred[None] | None = None
        self._piece: Deferred[bytes | None] | None = None
        request.notifyFinish().addBoth(self._finished)

    async def send(self, body: AsyncIterator[bytes]) -> None:
        """Send everything in ``body``; end without error when the client leaves.

        What fails in the stream is raised, after the connection was cut if something was written: a
        client must be able to tell a broken answer from a whole one.
        """
        self._request.registerProducer(self, streaming=True)
        self._registered, begun = True, False
        try:
            at_hand = getattr(body, "at_hand", _nothing)
            while (piece := at_hand() or await self._next(body)) is not None and not self._gone:
                begun = True
                self._request.write(piece)
                if self._resumed is not None:
                    await self._resumed
        except BaseException:
            if begun:
                self._cut()
            raise
        finally:
            await close(body)
            self._unregister()

    async def _next(self, body: AsyncIterator[bytes]) -> bytes | None:
        """The next piece; none at the end, and when the client leaves while nothing comes."""
        if self._gone:
            return None
        self._piece = Deferred.fromCoroutine(_piece(body))
        try:
            return await self._piece
        except CancelledError:
            if self._gone:
                return None
            raise
        finally:
            self._piece = None

    def _cut(self) -> None:
        """Close before the end that chunks or a length promise; HTTP/1.0 has no such end, and is
        told by a reset.
        """
        channel = self._request.channel
        if not self._gone and channel is not None:
            self._unregister()
            if self._request.clientproto == b"HTTP/1.0":
                channel.abort()
            else:
                channel.loseConnection()
            self._gone = True

    def _unregister(self) -> None:
        """Unregister, unless the request has ended and forgotten it."""
        if self._registered and self._request.channel is not None:
            self._request.unregisterProducer()
        self._registered = False

    def _finished(self, _: object) -> None:
        self._gone = True
        self.resumeProducing()
        if self._piece is not None:
            self._piece.cancel()

    def pauseProducing(self) -> None:
        if self._resumed is None and not self._gone:
            self._resumed = Deferred()

    def resumeProducing(self) -> None:
        resumed, self._resumed = self._resumed, None
        if resumed is not None:
            resumed.callback(None)

    def stopProducing(self) -> None:
        self._finished(None)


async def write_whole(request: StreamedAnswer, content: bytes) -> None:
    """Write what is there as a whole, no faster than the client reads."""
    if len(content) <= LARGEST_PIECE:
        request.write(content)
    else:
        await PacedBody(request).send(cut(content))


async def cut(content: bytes) -> AsyncIterator[bytes]:
    """Cut a whole into pieces that a slow client can be sent one by one."""
    for start in range(0, len(content), LARGEST_PIECE):
        yield content[start : start + LARGEST_PIECE]


def _nothing() -> None:
    """The part at hand of a body that has to be waited for."""


async def _piece(body: AsyncIterator[bytes]) -> bytes | None:
    try:
        return await body.__anext__()
    except StopAsyncIteration:
        return None


async def close(body: AsyncIterator[bytes]) -> None:
    """Close a body of which nobody wants more."""
    aclose = getattr(body, "aclose", None)
    if aclose is not None:
        await aclose()
