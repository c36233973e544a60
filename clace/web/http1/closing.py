"""The ends of a connection: its client gets the time to read why, and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.web.http import HTTPChannel

from clace.timer import RestartableTimer
from clace.web.http1.delivery import taken_bytes
from clace.web.http1.limits import RefusedRequest, RequestLimits
from clace.web.http1.phases import CLOSED, IDLE, ConnectionPhase
from clace.web.http1.refusals import encoded

_SILENCE_SECONDS = 2


class ClosingChannel(HTTPChannel):
    """A connection with one deadline, which knows its addresses and how to end."""

    limits: RequestLimits
    site: Any
    transport: Any
    _timer: RestartableTimer

    def __init__(self) -> None:
        super().__init__()
        self._received = bytearray()
        self._phase: ConnectionPhase = IDLE
        self._is_silent = True
        self._taken: int | None = None
        self._own_address: IAddress | None = None
        self._peer: IAddress | None = None
        self._is_secure: bool | None = None

    def makeConnection(self, transport: Any) -> None:
        self._timer = RestartableTimer(self.site.reactor, self.timeoutConnection)
        super().makeConnection(transport)

    def setTimeout(self, period: float | None) -> float | None:
        self._timer.set(period)
        return None

    def isSecure(self) -> bool:
        # Every request asks for this and its addresses, the stock channel the kernel each time.
        if self._is_secure is None:
            self._is_secure = super().isSecure()
        return self._is_secure

    def getPeer(self) -> IAddress:
        if self._peer is None:
            self._peer = super().getPeer()
        return self._peer

    def getHost(self) -> IAddress:
        if self._own_address is None:
            self._own_address = super().getHost()
        return self._own_address

    def loseConnection(self) -> None:
        """Close when what was written is sent, or when the client does not take it."""
        self._phase = CLOSED
        self._received.clear()
        self.setTimeout(None)
        super().loseConnection()
        self._flush()

    def abort(self) -> None:
        """Close now, whatever is in flight."""
        self._phase = CLOSED
        self.transport.abortConnection()

    def _watch_client(self) -> None:
        """Look soon whether a client that is behind with its answers takes any of them."""
        self._taken = taken_bytes(self.transport)
        self.setTimeout(self.limits.stall_seconds)

    def _look_at_client(self, go_on: Callable[[], None]) -> None:
        """Close on a client that does not read: it must keep neither an app at work nor memory."""
        now, before = taken_bytes(self.transport), self._taken
        least = self.limits.rate * self.limits.stall_seconds
        if now is not None and before is not None and now - before >= least:
            go_on()
        else:
            self.abort()

    def _linger(self) -> None:
        """Close a little later, and drop what comes until then.

        To close upon a client that is sending its body would reset the connection, and the
        client might never see why.
        """
        self._phase = CLOSED
        self._received.clear()
        self.setTimeout(None)
        self._linger_on(self.limits.linger_seconds)

    def _linger_on(self, left: float) -> None:
        """Wait for silence, ``left`` seconds at most, and close."""

        def look() -> None:
            self._abortingCall = None
            if self._is_silent or left <= _SILENCE_SECONDS:
                self.loseConnection()
            else:
                self._linger_on(left - _SILENCE_SECONDS)

        self._is_silent = True
        self._abortingCall = self.callLater(min(left, _SILENCE_SECONDS), look)

    def _flush(self) -> None:
        if self._abortingCall is not None:
            return

        def look() -> None:
            self._abortingCall = None
            self._look_at_client(self._flush)

        self._taken = taken_bytes(self.transport)
        self._abortingCall = self.callLater(self.limits.stall_seconds, look)

    def turn_away(self) -> None:
        """Close a new connection, with a word of why if that costs little."""
        self._phase = CLOSED
        self.setTimeout(None)
        if self.isSecure():
            self.transport.abortConnection()
            return
        busy = RefusedRequest(503, "there are too many connections", ((b"Retry-After", b"10"),))
        self.transport.write(encoded(busy, self.site.reactor.seconds()))
        self.transport.loseConnection()
