"""Requests without resources: one object from the head as it was read to the answer as written.

Twisted's request knows more, which costs more than the rest of most answers.
"""

from __future__ import annotations

from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IPushProducer
from twisted.logger import Logger
from twisted.python.failure import Failure

from clace.sending import write_now
from clace.web.forwarded import Peer
from clace.web.http1.answering import AnsweredAtOnce, ResponseFields, is_empty
from clace.web.http1.arrival import LEFT, ArrivingRequest
from clace.web.http1.heads import Head
from clace.web.statuses import PHRASES

if TYPE_CHECKING:
    from clace.web.http1.channel import StrictHTTPChannel

_IN_MEMORY = 100_000
_RESET_CONTENT = 205
# Of a body, before others have their turn: a quick client takes all that it is given.
_MOST_AT_ONCE = 1 << 20
log = Logger()


class SiteRecords(Protocol):
    """The site, which keeps the time and the access log."""

    def seconds(self) -> float: ...
    def date(self) -> bytes: ...
    def peer_of(self, request: Any, /) -> Peer: ...
    def log(self, request: Any, /) -> None: ...


class DirectRequest(ArrivingRequest, AnsweredAtOnce):
    """A request and its answer on a connection.

    Names of Twisted's mean what they mean there; names of headers are asked for in lower case.
    """

    def __init__(self, channel: StrictHTTPChannel, site: SiteRecords, head: Head) -> None:
        self.channel: StrictHTTPChannel | None = channel
        self.site = site
        self.method = head.method
        self.uri = head.target
        self.path = head.target.partition(b"?")[0]
        self.clientproto = head.version
        self.requestHeaders = head.headers
        self.authority = head.headers.host
        self.content: IO[bytes] | None = None
        self.began = site.seconds()
        self.peer: Peer = head.headers.once(site.peer_of, self)
        self.code = 200
        self.sentLength = 0
        self.startedWriting = False
        self.finished = False
        self._disconnected = False
        self._in_chunks = False
        self._at_once = 0
        self._unsent_head = b""
        self._without_body = False
        self._endings: list[Deferred[None]] = []

    def getHeader(self, name: str) -> str | None:
        """Return the last value of a header."""
        return self.requestHeaders.get(name.encode())

    def getClientAddress(self) -> IAddress:
        assert self.channel is not None
        return self.channel.getPeer()

    def getHost(self) -> IAddress:
        assert self.channel is not None
        return self.channel.getHost()

    def isSecure(self) -> bool:
        return self.channel is not None and self.channel.isSecure()

    @property
    def is_gone(self) -> bool:
        """Return true if nothing may be written any more."""
        return self._disconnected or self.finished

    def setResponseCode(self, code: int) -> None:
        self.code = code

    # The answer, whole or in pieces.

    def answer(self, status: int, fields: ResponseFields, body: bytes) -> None:
        """Write the whole answer as one, and finish."""
        assert self.channel is not None
        self.code = status
        self.startedWriting = True
        length = b"Content-Length: %d\r\n" % len(body)
        if is_empty(status):
            # Of one of them a client does not know that nothing follows.
            length = b"Content-Length: 0\r\n" if status == _RESET_CONTENT else b""
            body = b""
        elif self.method == b"HEAD":
            body = b""
        self.sentLength = len(body)
        self.channel.answer(self._head(fields, length), body)
        self._end()

    def begin(self, status: int, fields: ResponseFields) -> None:
        """Have status and headers written with the first piece of the body, or by ``finish``.

        A body that fails before can still be answered for.
        """
        self.code = status
        framing = b""
        self._without_body = self.method == b"HEAD" or is_empty(status)
        if status == _RESET_CONTENT:
            framing = b"Content-Length: 0\r\n"
        elif not self._without_body and not fields.has_length and self.clientproto == b"HTTP/1.1":
            framing = b"Transfer-Encoding: chunked\r\n"
            self._in_chunks = True
        self._unsent_head = self._head(fields, framing)

    def _head(self, fields: ResponseFields, framing: bytes) -> bytes:
        return b"%b %d %b\r\nDate: %b\r\n%b%b" % (
            self.clientproto,
            self.code,
            PHRASES.get(self.code, b"Unknown"),
            self.site.date(),
            fields.lines,
            framing,
        )

    def write(self, data: bytes) -> None:
        """Write a piece of the body, unless the answer has none or the client has left."""
        if self.channel is None or self._without_body or not data:
            return
        head = self._begun()
        self.sentLength += len(data)
        if self._in_chunks:
            self.channel.writeSequence((b"%b%x\r\n" % (head, len(data)), data, b"\r\n"))
        elif head:
            write_now(self.channel.transport, head + data)
        elif self._at_once + len(data) <= _MOST_AT_ONCE:
            self._at_once += len(data)
            write_now(self.channel.transport, data)
        else:
            self._at_once = 0
            self.channel.write(data)

    def finish(self) -> None:
        """End the answer, of which all was written."""
        assert self.channel is not None
        rest = self._begun() + (b"0\r\n\r\n" if self._in_chunks else b"")
        if rest:
            self.channel.write(rest)
        self._end()

    def _begun(self) -> bytes:
        """The head if it is still to be written, which it has to be now."""
        head, self._unsent_head = self._unsent_head, b""
        if not head:
            return b""
        assert self.channel is not None
        self.startedWriting = True
        return self.channel.begun(head)

    def _end(self) -> None:
        self.finished = True
        self.site.log(self)
        channel, self.channel = self.channel, None
        assert channel is not None
        channel.requestDone(self)
        self._close()
        for ending in self._endings:
            ending.callback(None)

    # Twisted's streaming.

    def notifyFinish(self) -> Deferred[None]:
        """Fire at the end of the answer; with a failure if the client leaves before."""
        ending: Deferred[None] = Deferred()
        self._endings.append(ending)
        return ending

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:  # noqa: FBT001
        if self.channel is not None:
            self.channel.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        if self.channel is not None:
            self.channel.unregisterProducer()

    # The connection calls these.

    def gotLength(self, length: int | None) -> None:
        is_small = length is not None and length < _IN_MEMORY
        self.content = BytesIO() if is_small else TemporaryFile()  # noqa: SIM115 - closed at the end

    def handleContentChunk(self, data: bytes) -> None:
        assert self.content is not None
        self.content.write(data)

    def connectionLost(self, reason: Failure) -> None:
        """End the request: nobody is there to be answered, or the connection has done it."""
        if not self.startedWriting and not self._is_refused:
            self.code = LEFT
        self.site.log(self)
        self._disconnected = True
        self.channel = None
        self._close()
        endings, self._endings = self._endings, []
        for ending in endings:
            ending.errback(reason)
        self._body_lost(reason)

    def _close(self) -> None:
        if self.content is not None:
            self.content.close()


class Entrance:
    """A resource that serves some requests without a resource for each."""

    def takes(self, target: bytes) -> bool:
        """Return true for the target of a request that ``serve`` is to serve."""
        raise NotImplementedError

    def serve(self, request: DirectRequest) -> None:
        """Answer the request, now or later."""
        raise NotImplementedError
