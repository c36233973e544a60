"""One connection, strict about what a request is."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus
from typing import Any

from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from zope.interface import implementer

from clace.sending import write_now
from clace.web.http1.arrival import LEFT
from clace.web.http1.bodies import NO_BODY, ChunkedBody, RequestBody, SizedBody, body_too_large
from clace.web.http1.half_closed import HalfClosedWatch
from clace.web.http1.heads import Head, HeadReader, find_head
from clace.web.http1.limits import RefusedRequest
from clace.web.http1.ownership import ChannelOwner
from clace.web.http1.passing import PassingChannel
from clace.web.http1.phases import ANSWER, BODY, CLOSED, HEAD, IDLE, TUNNEL, ConnectionPhase
from clace.web.http1.refusals import as_error, encoded

_SENT_AHEAD = 16 * 1024
log = Logger()


@implementer(IHalfCloseableProtocol)
class StrictHTTPChannel(PassingChannel):
    """A connection that takes one well-formed request after the other, within ``limits``.

    Writing, back-pressure and addresses are the stock channel's; reading is not. Whatever cannot
    be read in exactly one way ends the connection with an answer that says so.

    A request is handed over as soon as its head is there. Its body is read when ``take_body`` asks
    for it; who answers without costs the client its connection, unless the body has come already.
    """

    factory: ChannelOwner

    def __init__(self) -> None:
        super().__init__()
        self._reader: HeadReader | None = None
        self._head: Head | None = None
        self._body: RequestBody | None = None
        self._advancing = False
        self._body_until = 0.0
        self._half_closed: HalfClosedWatch | None = None

    # Twisted calls these.

    def connectionMade(self) -> None:
        super().connectionMade()
        self.setTimeout(self.limits.head_seconds)
        self.factory.opened(self)
        # A proxy may name others in front of the first bytes: only then they are known for good.
        self._peer = self._own_address = None

    def dataReceived(self, data: bytes) -> None:
        if self._phase is CLOSED:
            self._is_silent = False
            return
        if self._phase is TUNNEL:
            self.requests[-1].tunnelled(data)
            return
        self._received += data
        if self._phase is not ANSWER or self._passes:
            self._advance()
        if len(self._received) > _SENT_AHEAD:
            self._hold_back()

    def requestDone(self, request: Any) -> None:
        self.requests.remove(request)
        self._handlingRequest = False
        if self._passes or self._is_held:
            self._end_passing()
        if self._is_held_back:
            self._go_on_reading()
        if self._phase is not ANSWER:
            return
        if self.awaits_body:
            self._linger()
        elif self.persistent:
            self._head = self._body = None
            self._enter(IDLE)
            if self._received or self._half_closed is not None:
                self._advance()
        else:
            self.loseConnection()

    def timeoutConnection(self) -> None:
        if self._phase is CLOSED:
            self._flush()
        elif self._waitingForTransport:
            self._look_at_client(self._watch_client)
        elif self._phase is HEAD or self._phase is BODY or self._passes:
            self._refuse(RefusedRequest(408, "the request did not arrive in time"))
        else:
            self.loseConnection()

    def readConnectionLost(self) -> None:
        """Answer what the client asked before it said that it sends no more; then close."""
        if self._phase is IDLE and not self._received and not self._waitingForTransport:
            # The usual end. If it does not take what it is still sent, that is seen later.
            self.loseConnection()
            return
        if self._phase is TUNNEL:
            self.requests[-1].tunnel_ended()
            return
        self._tell_unfinished()
        if self._half_closed is None:
            self._half_closed = HalfClosedWatch(
                self.site.reactor,
                self.transport,
                lambda: bool(self._waitingForTransport),
                self.loseConnection,
            )
        self._advance()
        if self._passes:
            self.loseConnection()

    def writeConnectionLost(self) -> None:
        """Never called: we close both halves at once."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._tell_unfinished()
        self._phase = CLOSED
        super().connectionLost(reason)
        self._timer.cancel()
        if self._half_closed is not None:
            self._half_closed.cancel()
            self._half_closed = None
        self._received.clear()
        self.factory.closed(self)

    def pauseProducing(self) -> None:
        super().pauseProducing()
        if self._phase is ANSWER or self._phase is IDLE or self._phase is TUNNEL:
            self._watch_client()

    def resumeProducing(self) -> None:
        # Times first: an answer that goes on may at once be ahead of its client again. A body
        # that passes through gets its own when it is read on, which it is not while it is held.
        if self._phase is ANSWER or self._phase is TUNNEL:
            self.setTimeout(None)
        elif self._phase is IDLE:
            self.setTimeout(self.limits.idle_seconds)
        super().resumeProducing()
        self._advance()

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Headers) -> None:
        if self.awaits_body:
            self._pass_over_body()
        if not self.persistent:
            headers.setRawHeaders(b"Connection", [b"close"])
        lines = [
            b"%b: %b\r\n" % (name, value)
            for name, values in headers.getAllRawHeaders()
            for value in values
        ]
        self.transport.write(b"%b %b %b\r\n%b\r\n" % (version, code, reason, b"".join(lines)))

    def answer(self, head: bytes, body: bytes) -> None:
        """Write a whole answer, whose ``head`` lacks only what this connection adds to it."""
        write_now(self.transport, b"%b%b\r\n%b" % (head, self._closing(), body))

    def begun(self, head: bytes) -> bytes:
        """Return such a head as it has to be written now, before the first piece of a body."""
        return b"%b%b\r\n" % (head, self._closing())

    def _closing(self) -> bytes:
        if self.awaits_body and not self._passes:
            self._pass_over_body()
        return b"" if self.persistent else b"Connection: close\r\n"

    # Requests and the site call these.

    @property
    def awaits_body(self) -> bool:
        """Return true if some of the body of the request at hand was not read yet."""
        return self._body is not None and not self._body.finished

    def take_body(self) -> None:
        """Read the body of the request at hand, and tell the request when it is whole."""
        assert self._head is not None
        if self._head.length is not None and self._head.length > self.limits.body:
            self._refuse(body_too_large(self.limits.body))
            return
        self.requests[-1].gotLength(self._head.length)
        self._handlingRequest = False
        if self._is_held_back:
            self._go_on_reading()
        if self._head.awaits_continue and not self._received:
            self._send100Continue()
        self._phase = BODY
        self._begin_body()
        self._advance()

    @property
    def busy(self) -> bool:
        """Return true while a request is on its way in or being answered."""
        return self._phase is BODY or self._phase is ANSWER

    def _tell_unfinished(self) -> None:
        """Log a client that left in the middle of a head."""
        if self._phase is HEAD:
            self.factory.refused(self, LEFT, None)

    def retire(self) -> None:
        """Take no more requests: close now, or after the one in flight."""
        self.persistent = False
        if not self.busy:
            self.loseConnection()

    # Reading.

    def _advance(self) -> None:
        """Read as many requests as were received, each after the answer to the one before."""
        if self._advancing:
            return
        self._advancing = True
        try:
            while self._step():
                pass
        except RefusedRequest as refused:
            self._refuse(refused)
        except Exception:  # noqa: BLE001 - our own fault must not leave the connection open
            log.failure("Connection failed")
            self.abort()
        finally:
            self._advancing = False
        if self._half_closed is not None and not self._owes_answers:
            self.loseConnection()

    @property
    def _owes_answers(self) -> bool:
        """Return true while a request is answered, or others that have come wait for that."""
        waits = bool(self._waitingForTransport and self._received)
        return self._phase is ANSWER or (self._phase is IDLE and waits)

    def _step(self) -> bool:
        if self._phase is BODY:
            return self._take_body()
        if self._passes:
            return not self._is_held and self._take_body()
        if self._phase is ANSWER or self._phase is CLOSED or self._phase is TUNNEL:
            return False
        # A client that does not read its answers gets no more of them.
        return bool(self._received) and not self._waitingForTransport and self._take_head()

    def _take_head(self) -> bool:
        place = find_head(self._received, self.limits)
        if place is None:
            if self._phase is IDLE:
                self._enter(HEAD)
            return False
        start, end = place
        if self._reader is None:
            self._reader = HeadReader(self.limits)
        head = self._reader.read(bytes(self._received[start:end]))
        del self._received[:end]
        self._begin(head)
        # Most are not answered yet, or nothing has come behind them.
        return self._passes or (self._phase is not ANSWER and bool(self._received))

    def _begin(self, head: Head) -> None:
        self._head = head
        if head.length == 0:
            self._body = NO_BODY
        elif head.length is None:
            self._body = ChunkedBody(self.limits.body)
        elif head.length > self.limits.body and not self.site.may_pass(head):
            raise body_too_large(self.limits.body)
        else:
            self._body = SizedBody(head.length)
        self.persistent = head.persistent
        request = self.site.begin(self, head)
        self.requests.append(request)
        self._enter(ANSWER)
        self._handlingRequest = True
        self.site.serve(request, head)

    def _take_body(self) -> bool:
        assert self._body is not None
        data = self._body.take(self._received)
        if data:
            self.requests[-1].handleContentChunk(data)
            if not self.requests:
                return True  # whoever took it has ended the request; others may have come behind
        if self._body.finished:
            if self._passes:
                self._passes = False
                self.setTimeout(None)
            else:
                self._enter(ANSWER)
                self._handlingRequest = True
            self.requests[-1].body_received()
            return True
        self._allow_body(len(data))
        return False

    def _begin_body(self) -> None:
        self._body_until = self.site.reactor.seconds() + self.limits.body_seconds
        self._allow_body(0)

    def _allow_body(self, arrived: int) -> None:
        """Extend the deadline of a body by what arrived of it, and not too far ahead."""
        now = self.site.reactor.seconds()
        until = self._body_until + arrived / self.limits.rate
        ahead = max(self.limits.body_seconds, self.limits.idle_seconds)
        self._body_until = min(until, now + ahead)
        self.setTimeout(self._body_until - now)

    def _pass_over_body(self) -> None:
        """Drop what has come of a body that nobody wanted; if that is not all, it is the last."""
        assert self._body is not None
        with suppress(RefusedRequest):  # which does not finish it
            self._body.take(self._received)
        if not self._body.finished:
            self.persistent = False

    def _hold_back(self) -> None:
        """Let a client that sends ahead of its answers wait, and not fill our memory."""
        if self._phase is ANSWER or self._waitingForTransport:
            self._is_held_back = True
            self._networkProducer.pauseProducing()

    def _go_on_reading(self) -> None:
        if not self._waitingForTransport:
            self._is_held_back = False
            self._networkProducer.resumeProducing()

    # Times and endings.

    def _enter(self, phase: ConnectionPhase) -> None:
        """Enter ``phase`` and start its timeout."""
        self._phase = phase
        if phase is ANSWER:
            self._timer.set(None)
            self.factory.busy(self)
        elif phase is HEAD:
            self._timer.set(self.limits.head_seconds)
        else:
            self.factory.idle(self)
            if self._waitingForTransport:
                self._watch_client()
            else:
                self._timer.set(self.limits.idle_seconds)

    def _refuse(self, refused: RefusedRequest) -> None:
        request = self.requests.pop() if self.requests else None
        if request is not None and request.startedWriting:
            self.requests.append(request)
            self.abort()
            return
        self.transport.write(encoded(refused, self.site.reactor.seconds(), self._head))
        if request is None:
            self.factory.refused(self, refused.status, self._head)
        too_large = refused.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        if too_large or (request and refused.status != HTTPStatus.REQUEST_TIMEOUT):
            self._linger()
        else:
            self.loseConnection()
        if request is not None:
            request.refused(refused.status, as_error(refused))
