"""Connections to other servers, each used for one request after the other."""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any, Protocol

from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol, IReactorTime
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from clace.proxy.reading import AnswerReader
from clace.timer import RestartableTimer

_READ_AT_ONCE = 128 * 1024


class ConnectionUser(Protocol):
    """The exchange that a connection is used for."""

    def received(self, data: bytes) -> None:
        """Take what the other server sends."""

    def read_ended(self) -> None:
        """The other server sends no more, and may still listen."""

    def lost(self, why: str) -> None:
        """The connection is gone; ``why`` is empty if it ended in good order."""

    def late(self) -> None:
        """The time that was set is up."""


@implementer(IHalfCloseableProtocol)
class UpstreamConnection(TwistedProtocol):
    """A connection; ``left`` is called with it when it is gone.

    Whatever arrives while nobody uses it ends it: an answer to nothing.
    """

    transport: Any

    def __init__(self, clock: IReactorTime, left: Callable[[UpstreamConnection], None]) -> None:
        self._left = left
        self.user: ConnectionUser | None = None
        self.timer = RestartableTimer(clock, self._late)
        self.is_open = False
        self._read_ended = False
        self._poll: select.poll | None = None
        self._reader: AnswerReader | None = None

    def reader(self, *, without_body: bool, may_upgrade: bool) -> AnswerReader:
        """The reader for the next answer. One is kept, for it costs as much as most answers."""
        if self._reader is None or not self._reader.can_go_on:
            self._reader = AnswerReader()
        self._reader.begin(without_body=without_body, may_upgrade=may_upgrade)
        return self._reader

    def connectionMade(self) -> None:
        self.is_open = True
        self.transport.bufferSize = _READ_AT_ONCE
        if hasattr(self.transport, "setTcpNoDelay"):
            self.transport.setTcpNoDelay(True)

    def dataReceived(self, data: bytes) -> None:
        if self.user is None:
            self.abort()
        else:
            self.user.received(data)

    def readConnectionLost(self) -> None:
        """The other server has closed its half; most mean both, some do not after an upgrade."""
        self._read_ended = True
        if self.user is None:
            self.abort()
        else:
            self.user.read_ended()

    def writeConnectionLost(self) -> None:
        """Never called but after ``end_writing``."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.is_open = False
        self.timer.cancel()
        user, self.user = self.user, None
        self._left(self)
        if user is not None:
            user.lost("" if self._read_ended else _reason(reason))
        if self._reader is not None:
            self._reader.close()

    def end_writing(self) -> None:
        """Say that nothing more is sent, where the transport can say it."""
        end = getattr(self.transport, "loseWriteConnection", None)
        if end is not None and self.is_open:
            end()

    def close(self) -> None:
        """Close when what was written is sent; nobody is told."""
        self.user = None
        self.timer.set(None)
        if self.is_open:
            self.transport.loseConnection()

    def abort(self) -> None:
        """Close now; nobody is told."""
        self.user = None
        if self.is_open:
            self.transport.abortConnection()

    @property
    def is_fresh(self) -> bool:
        """Return true if the kernel has nothing to say of it: no bytes, no end, no error."""
        if not self.is_open:
            return False
        try:
            if self._poll is None:
                self._poll = select.poll()
                self._poll.register(self.transport.fileno(), select.POLLIN | select.POLLRDHUP)
            return not self._poll.poll(0)
        except (AttributeError, OSError, ValueError):
            return self.is_open

    def _late(self) -> None:
        if self.user is None:
            self.abort()
        else:
            self.user.late()


def _reason(reason: Failure) -> str:
    """Why a connection was lost; empty if it ended in good order."""
    if reason.check(ConnectionDone):
        return ""
    if reason.check(VerificationError):
        return "its certificate is for another name"
    value: Any = reason.value
    if isinstance(value, SSL.Error) and value.args and value.args[0]:
        return f"TLS: {value.args[0][0][-1]}"
    return "the connection broke"
