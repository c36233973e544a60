"""Requests without resources: one object from the head as it was read to the answer as written.

Twisted's request knows more, which costs more than the rest of most answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Protocol, final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IPushProducer
from twisted.logger import Logger
from twisted.python.failure import Failure

from clace.errors import TooLarge
from clace.interfaces import Pairs, VisitorFollower
from clace.sending import write_now
from clace.units import MEBIBYTE
from clace.web.forwarded import Peer
from clace.web.http1.answering import AnsweredAtOnce, ResponseFields, is_empty
from clace.web.http1.arrival import LEFT, ArrivingRequest
from clace.web.http1.bodies import body_too_large
from clace.web.http1.heads import Head
from clace.web.statuses import PHRASES

if TYPE_CHECKING:
    from clace.web.http1.channel import StrictHTTPChannel

_IN_MEMORY = 100_000
_OK, _RESET_CONTENT = 200, 205
# Of a body, before others have their turn: a quick client takes all that it is given.
_MOST_AT_ONCE = MEBIBYTE
log = Logger()


class SiteRecords(Protocol):
    """The site, which keeps the time and the access log."""

    def seconds(self) -> float: ...
    def date(self) -> bytes: ...
    def peer_of(self, request: Any, /) -> Peer: ...
    def log(self, request: Any, /) -> None: ...


@final
class DirectRequest(ArrivingRequest, AnsweredAtOnce):
    """A request and its answer on a connection.

    Names of Twisted's mean what they mean there; names of headers are asked for in lower case.
    """

    code = 200
    sentLength = 0
    startedWriting = False
    finished = False
    content: IO[bytes] | None = None
    _disconnected = False
    _in_chunks = False
    _is_sized = False
    _at_once = 0
    _unsent_head = b""
    _without_body = False
    _endings: Sequence[Deferred[None]] = ()
    _follower: VisitorFollower | None = None

    def __init__(self, channel: StrictHTTPChannel, site: SiteRecords, head: Head) -> None:
        self.channel: StrictHTTPChannel | None = channel
        self.site = site
        self.method = head.method
        self.uri = head.target
        self.path = head.target.partition(b"?")[0]
        self.clientproto = head.version
        self.requestHeaders = head.headers
        self.authority = head.headers.host
        self.began = site.seconds()
        self.peer: Peer = head.headers.once(site.peer_of, self)
        self.length = head.length
        self.awaits_continue = head.awaits_continue

    def check_length(self) -> None:
        """:raises TooLarge: if a body is announced that is too long to be read as a whole."""
        if self.channel is not None and (self.length or 0) > self.channel.limits.body:
            raise TooLarge(body_too_large(self.channel.limits.body).why)

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
        if status != _OK and is_empty(status):
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
        self._is_sized = fields.has_length
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

    def flush(self) -> None:
        """Write the head of the answer now, if that is still to be done."""
        if self.channel is not None and (head := self._begun()):
            write_now(self.channel.transport, head)

    def finish(self, trailers: Pairs = ()) -> None:
        """End the answer, of which all was written; trailers can only follow chunks."""
        assert self.channel is not None
        rest = self._begun()
        if self._in_chunks:
            rest += b"0\r\n%b\r\n" % b"".join(b"%b: %b\r\n" % pair for pair in trailers)
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
        self._follower = None
        self.site.log(self)
        channel, self.channel = self.channel, None
        assert channel is not None
        channel.requestDone(self)
        if self.content is not None:
            self.content.close()
        for ending in self._endings:
            ending.callback(None)

    # A body, an answer and a protocol that pass through.

    def follow(self, source: VisitorFollower) -> None:
        """Tell ``source`` from now on what the client sends, and when it leaves."""
        self._follower = source

    def pass_body(self, limit: int) -> None:
        """Give the follower the body, piece by piece, ``limit`` bytes at most."""
        if self.channel is not None:
            self.channel.pass_body(limit)

    def hold(self) -> None:
        """Read nothing from the client until ``release``."""
        if self.channel is not None:
            self.channel.hold()

    def release(self) -> None:
        """Read on."""
        if self.channel is not None:
            self.channel.release()

    def inform(self, status: int, lines: bytes) -> None:
        """Write an answer before the answer."""
        if self.channel is not None and not self._unsent_head:
            phrase = PHRASES.get(status, b"Unknown")
            self.channel.transport.write(b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, phrase, lines))

    def cut(self) -> None:
        """Close before the end that chunks or a length promise.

        An answer without either has no such end, and the client is told by a reset.
        """
        channel = self.channel
        if channel is not None:
            channel.unregisterProducer()
            if self._in_chunks or self._is_sized:
                channel.loseConnection()
            else:
                channel.abort()

    def tunnel(self, status: int, lines: bytes) -> None:
        """Change the protocol: what the client sends from now on goes to the follower."""
        assert self.channel is not None
        assert self._follower is not None
        self.code, self.startedWriting = status, True
        self.channel.registerProducer(self._follower, streaming=True)
        self.channel.tunnel(b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, PHRASES[status], lines))

    def tunnelled(self, data: bytes) -> None:
        """Take what came behind the change of the protocol."""
        if self._follower is not None:
            self._follower.tunnelled(data)

    def tunnel_ended(self) -> None:
        """The client sends no more, and may still listen."""
        if self._follower is not None:
            self._follower.tunnel_ended()

    def end_tunnel(self) -> None:
        """Say that nothing more is sent."""
        if self.channel is not None:
            self.channel.end_tunnel()

    def close_tunnel(self) -> None:
        """Close when what was written is sent."""
        if self.channel is not None:
            self.channel.unregisterProducer()
            self.channel.loseConnection()

    # Twisted's streaming.

    def notifyFinish(self) -> Deferred[None]:
        """Fire at the end of the answer; with a failure if the client leaves before."""
        ending: Deferred[None] = Deferred()
        self._endings = (*self._endings, ending)
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
        if self._follower is not None:
            self._follower.body(data)
            return
        assert self.content is not None
        self.content.write(data)

    def body_received(self) -> None:
        if self._follower is not None:
            self._follower.body_ended()
        else:
            super().body_received()

    def connectionLost(self, reason: Failure) -> None:
        """End the request: nobody is there to be answered, or the connection has done it."""
        if not self.startedWriting and not self._is_refused:
            self.code = LEFT
        self.site.log(self)
        self._disconnected = True
        self.channel = None
        if self.content is not None:
            self.content.close()
        endings, self._endings = self._endings, ()
        for ending in endings:
            ending.errback(reason)
        self._body_lost(reason)
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.gone()


class Entrance:
    """A resource that serves some requests without a resource for each."""

    def takes(self, target: bytes) -> bool:
        """Return true for the target of a request that ``serve`` is to serve."""
        raise NotImplementedError

    def serve(self, request: DirectRequest) -> None:
        """Answer the request, now or later."""
        raise NotImplementedError
