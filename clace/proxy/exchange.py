"""One request passed on: a visitor on one side, a connection to the other server on the other."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from clace.errors import ClaceError, UpstreamFailed, UpstreamTimedOut
from clace.interfaces import IWorkloadLease, ProxiedRequest, ProxiedVisitor, ProxyLimits
from clace.proxy.answers import AnswerRules
from clace.proxy.connections import UpstreamConnection
from clace.proxy.limits import BadAnswer
from clace.proxy.pools import UpstreamPool
from clace.proxy.producing import VisitorBytes
from clace.proxy.tunnels import Tunnel
from clace.sending import write_now

_CONTINUE, _CONTINUE_SECONDS = 100, 1
_LAST_CHUNK = b"0\r\n\r\n"


def _uncounted(_size: int = 0) -> None:
    """Nobody needs to know."""


_UNCOUNTED: tuple[Callable[[int], None], Callable[[], None]] = (_uncounted, _uncounted)


class ProxyExchange:
    """Sends the request, reads the answer, and has both flow no faster than they are taken.

    ``ended`` fires when the visitor is done with, and fails if it has to be answered by another.
    """

    def __init__(
        self,
        asked: ProxiedRequest,
        visitor: ProxiedVisitor,
        head: bytes,
        rules: AnswerRules,
        pool: UpstreamPool,
        lease: IWorkloadLease | None = None,
    ) -> None:
        self._asked = asked
        self._visitor = visitor
        self._unsent = head
        self._rules = rules
        self._pool = pool
        self._lease = lease
        self._limits: ProxyLimits = pool.limits
        self._connection: UpstreamConnection | None = None
        self._chunked = asked.length is None
        self._body_sent = asked.length == 0
        self._body_asked_for = self._body_sent
        self._body_begun = self._has_begun = False
        self._paused = False
        self.ended: Deferred[None] = Deferred()

    def start(self, connection: UpstreamConnection) -> None:
        """Send the request by this connection."""
        self._connection = connection
        connection.user = self
        self._reader = connection.reader(
            without_body=self._asked.method == b"HEAD", may_upgrade=self._asked.is_upgrade
        )
        if self._body_asked_for or self._asked.awaits_continue:
            self._flush()
            connection.timer.set(self._limits.idle if self._body_sent else _CONTINUE_SECONDS)
        else:
            self._take_body()

    # The visitor calls these.

    def body(self, data: bytes) -> None:
        connection = self._connection
        if connection is None:
            return
        piece = b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data
        head, self._unsent = self._unsent, b""
        if self._body_begun and self._lease is not None:
            self._lease.fed()
        self._body_begun = True
        write_now(connection.transport, head + piece if head else piece)
        self._wait()

    def body_ended(self) -> None:
        self._body_sent = True
        connection = self._connection
        if connection is None:
            return
        if self._chunked:
            self._unsent += _LAST_CHUNK
        self._flush()
        if connection.transport.producer is not None:
            connection.transport.unregisterProducer()
        self._wait()

    def gone(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()
        self._end()

    def pauseProducing(self) -> None:
        self._paused = True
        if self._connection is not None:
            self._connection.timer.set(None)
            self._connection.transport.pauseProducing()

    def resumeProducing(self) -> None:
        self._paused = False
        self._wait()
        if self._connection is not None:
            self._connection.transport.resumeProducing()

    def stopProducing(self) -> None:
        self.gone()

    def tunnelled(self, data: bytes) -> None:
        """Never called: a tunnel follows the visitor in place of this."""

    def tunnel_ended(self) -> None:
        """Never called, as before."""

    # The connection calls these.

    def received(self, data: bytes) -> None:
        self._wait()
        if self._lease is not None:
            self._lease.heard()
        try:
            self._reader.feed(data)
        except BadAnswer as error:
            self._fail(error)
            return
        self._pass_on()

    def read_ended(self) -> None:
        try:
            self._reader.end()
        except BadAnswer as error:
            self._fail(error)
            return
        self._pass_on()

    def lost(self, why: str) -> None:
        if why:
            self._fail(BadAnswer(why))
        else:
            self.read_ended()

    def late(self) -> None:
        assert self._connection is not None
        if not self._body_asked_for:
            # It never said that it wants the body, as many servers do not.
            self._take_body()
            return
        self._fail(UpstreamTimedOut(f"{self._missing} within {self._limits.idle:g} seconds"))

    def _take_body(self) -> None:
        assert self._connection is not None
        self._body_asked_for = True
        self._visitor.take_body()
        connection = self._connection
        if connection is None:
            return
        self._flush()
        self._wait()
        if not self._body_sent:
            connection.transport.registerProducer(VisitorBytes(self._visitor, self._wait), True)

    def _wait(self) -> None:
        """Give the other server its time anew, unless it waits for the visitor."""
        if self._connection is not None and not self._paused:
            self._connection.timer.set(self._limits.idle)

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, b""
        if unsent:
            assert self._connection is not None
            write_now(self._connection.transport, unsent)

    def _pass_on(self) -> None:
        """Give the visitor all that is known now."""
        reader = self._reader
        if reader.interim:
            self._inform()
        if reader.head is None or self._connection is None:
            return
        if reader.switched is not None:
            self._switch(reader.switched)
        elif reader.is_whole:
            self._answer_rest()
        else:
            self._answer_piece()

    def _inform(self) -> None:
        interim, self._reader.interim = self._reader.interim, []
        for head in interim:
            if head.status == _CONTINUE:
                if not self._body_asked_for:
                    self._take_body()
            elif self._visitor.is_modern:
                self._visitor.inform(head.status, self._rules.informing(head.headers))

    def _answer_piece(self) -> None:
        reader, visitor = self._reader, self._visitor
        assert reader.head is not None
        if not self._has_begun:
            self._has_begun = True
            visitor.begin(self._rules.head(reader.head), self)
        if reader.pieces:
            content, reader.pieces = b"".join(reader.pieces), []
            visitor.write(content)
        else:
            visitor.flush()

    def _answer_rest(self) -> None:
        reader, visitor = self._reader, self._visitor
        assert reader.head is not None
        head = None if self._has_begun else self._rules.head(reader.head)
        content, trailers = b"".join(reader.pieces), self._rules.trailers(reader.trailers)
        self._release()  # from here on the reader may be at another answer
        if head is not None and not trailers and self._asked.method != b"HEAD":
            visitor.answer(head, content)
        else:
            if head is not None:
                visitor.begin(head, self)
            if content:
                visitor.write(content)
            if not visitor.is_gone:
                visitor.finish(trailers)
        self._end()

    def _release(self) -> None:
        """Let go of the connection, for others if it can be used again."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._paused:
            connection.transport.resumeProducing()
        if self._body_sent and self._reader.can_be_followed and connection.is_open:
            self._pool.give_back(connection)
        else:
            connection.abort()

    def _switch(self, first: bytes) -> None:
        connection, self._connection = self._connection, None
        assert connection is not None
        assert self._reader.head is not None
        passed, heard = _UNCOUNTED
        if self._lease is not None:
            self._lease.upgraded()
            passed, heard = self._lease.passed, self._lease.heard
        seconds = self._limits.upgrade_idle
        tunnel = Tunnel(self._visitor, connection, seconds, self._end, passed, heard)
        tunnel.begin(self._rules.switching(self._reader.head), first)

    def _fail(self, error: BadAnswer | ClaceError) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()
        if self.ended.called:
            return
        told = (
            UpstreamFailed(f"{self._missing}: {error}") if isinstance(error, BadAnswer) else error
        )
        if self._has_begun:
            self._visitor.cut(told)
            self._end()
        elif self._visitor.is_gone:
            self._end()
        else:
            self.ended.errback(Failure(told))

    @property
    def _missing(self) -> str:
        """Return the beginning of the message for an answer that is not there, or not whole."""
        return f"no {'more of the ' if self._has_begun else ''}answer from {self._pool.upstream}"

    def _end(self) -> None:
        if not self.ended.called:
            self.ended.callback(None)
