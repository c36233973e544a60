"""What another server answered: collected within a limit, and as apps receive it."""

from __future__ import annotations

import codecs
import re

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IResponse

from clace.plugins.definition import CallFailed, Document

_CHARSET = re.compile(r";\s*charset=\"?([\w.:-]+)", re.IGNORECASE | re.ASCII)
# Python has codecs too that are no charsets, some of which can be made to eat memory.
_TEXT = re.compile("ascii|utf-(8|16|32)|iso8859|iso2022|cp|gb|big5|euc|shift_jis|johab|koi8|mac-")


class Response(Document, frozen=True, kw_only=True):
    """An answer as apps have it."""

    url: str
    status_code: int
    headers: dict[str, str]
    encoding: str


class Collector(Protocol):
    """The body of one answer, while it arrives."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._chunks: list[bytes] = []
        self._size = 0
        self.complete: Deferred[bytes] = Deferred(lambda _: self._stop())

    def dataReceived(self, data: bytes) -> None:
        self._size += len(data)
        if self.complete.called:
            return
        if self._size > self._limit:
            self._stop()
            self.complete.errback(too_large(self._limit))
        else:
            self._chunks.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.complete.called:
            return
        # Many servers end a body by closing, without having said how long it is.
        if reason.check(ResponseDone, PotentialDataLoss):
            self.complete.callback(b"".join(self._chunks))
        else:
            self.complete.errback(CallFailed("the answer ended before it was complete"))

    def _stop(self) -> None:
        self._chunks.clear()
        if self.transport is not None:
            self.transport.loseConnection()


def abandon(response: IResponse) -> None:
    """Close the connection of an answer whose body nobody wants."""
    nobody = Protocol()
    response.deliverBody(nobody)
    if nobody.transport is not None:
        nobody.transport.loseConnection()


async def collected(response: IResponse, limit: int) -> bytes:
    """The whole body.

    :raises CallFailed: it is over the limit, or cut short.
    """
    if isinstance(response.length, int) and response.length > limit:
        abandon(response)
        raise too_large(limit)
    collector = Collector(limit)
    response.deliverBody(collector)
    return await collector.complete


def too_large(limit: int) -> CallFailed:
    return CallFailed(f"the answer is over the limit of {limit} bytes")


def status_text(response: IResponse) -> str:
    """Why an answer is a failure, if it is one."""
    if 200 <= response.code < 300:  # noqa: PLR2004
        return ""
    phrase = response.phrase.decode("latin-1")
    return (
        f"http request failed with status code {response.code}: {response.code} {phrase}".rstrip()
    )


def value(url: str, response: IResponse, body: bytes) -> Response:
    """The answer for the app."""
    found = {
        name.decode("latin-1"): ",".join(entry.decode("latin-1") for entry in entries)
        for name, entries in response.headers.getAllRawHeaders()
    }
    encoding = _encoding(found.get("Content-Type", ""))
    return Response(
        body=body.decode(encoding, "replace"),
        url=url,
        status_code=response.code,
        headers=found,
        encoding=encoding,
    )


def _encoding(content_type: str) -> str:
    """The charset a body says it is in, if it is one that is known for text."""
    named = _CHARSET.search(content_type)
    try:
        known = named is not None and _TEXT.match(codecs.lookup(named[1]).name)
    except (LookupError, UnicodeError, ValueError):
        known = None
    return named[1].lower() if named is not None and known else "utf-8"
