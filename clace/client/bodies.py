"""Bodies of answers: JSON is small, and so is what we accept."""

from __future__ import annotations

from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ITransport
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IResponse

from clace.client.transport import LIMIT, too_large
from clace.errors import TooLarge


class _Collector(Protocol):
    """Collects a body, and hangs up on one over the limit."""

    def __init__(self, limit: int, done: Deferred[bytes]) -> None:
        self._limit = limit
        self._done: Deferred[bytes] | None = done
        self._pieces: list[bytes] = []
        self._size = 0

    def dataReceived(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= self._limit:
            self._pieces.append(data)
            return
        self._pieces.clear()
        self._end(Failure(TooLarge(too_large(self._limit))))
        cast("ITransport", self.transport).loseConnection()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        # Without a length or chunks, the end of the connection is the end of the body.
        whole = reason.check(ResponseDone, PotentialDataLoss)
        self._end(b"".join(self._pieces) if whole else reason)

    def _end(self, result: bytes | Failure) -> None:
        done, self._done = self._done, None
        if done:
            done.callback(result)


def collect(response: IResponse, limit: int = LIMIT) -> Deferred[bytes]:
    """The body of an answer, whole.

    ``readBody`` warns on every call with this ``Agent``, and knows no limit.

    :raises TooLarge: if it is over the limit; the rest was not read.
    """
    done: Deferred[bytes] = Deferred()
    response.deliverBody(_Collector(limit, done))
    return done
