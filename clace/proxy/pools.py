"""Connections kept for the next request, and requests that wait for one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet import defer, error
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from clace.errors import AppBusy, ClaceError, UpstreamFailed, UpstreamTimedOut
from clace.interfaces import ProxyLimits
from clace.model import Upstream
from clace.proxy.connecting import UpstreamEndpoints
from clace.proxy.connections import UpstreamConnection

_WAITING = 1000
_LATE = (error.TimeoutError, error.UserError, defer.TimeoutError, defer.CancelledError)
_EACH = 2  # so many times the idle connections that are kept may be open


class UpstreamPool:
    """The connections of one app to one server. The last used is used first, so that as few as
    possible stay open.
    """

    def __init__(
        self,
        clock: Any,
        upstream: Upstream,
        endpoints: UpstreamEndpoints,
        limits: ProxyLimits,
        emptied: Callable[[], None],
    ) -> None:
        self._clock = clock
        self.upstream = upstream
        self._endpoints = endpoints
        self.limits = limits
        self._emptied = emptied
        self._idle: list[UpstreamConnection] = []
        self._open: set[UpstreamConnection] = set()
        self._connecting: set[Deferred[Any]] = set()
        self._waiting: deque[Deferred[UpstreamConnection]] = deque()
        self._closed = False

    @property
    def size(self) -> int:
        """Return the number of connections that are open, or about to be."""
        return len(self._open) + len(self._connecting)

    def drop_idle(self) -> None:
        """Close the connections that nobody uses."""
        for connection in tuple(self._idle):
            connection.abort()

    def at_hand(self) -> UpstreamConnection | None:
        """An idle connection that is still open, as far as the kernel knows."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_fresh:
                return connection
            connection.abort()
        return None

    async def connection(self) -> UpstreamConnection:
        """A connection, new or left by another request.

        :raises UpstreamFailed: if the server is not reached; nothing was sent.
        :raises AppBusy: if too many requests wait already.
        """
        if self.size < (self.limits.pool_size or 1) * _EACH:
            try:
                return await self._connected()
            except ClaceError:
                self._next()
                raise
        if len(self._waiting) >= _WAITING:
            raise AppBusy("too many requests wait for the app's server", 1)
        return await self._left_over()

    def give_back(self, connection: UpstreamConnection) -> None:
        """Keep a connection, whose answer was whole, for another request."""
        connection.user = None
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.called:
                waiter.callback(connection)
                return
        if self._closed or len(self._idle) >= self.limits.pool_size:
            connection.close()
        else:
            connection.timer.set(self.limits.pool_idle)
            self._idle.append(connection)

    def abort(self) -> None:
        """Close everything now, and refuse the requests that wait."""
        self._closed = True
        while self._waiting:
            self._waiting.popleft().errback(Failure(AppBusy("the server is about to stop", 1)))
        self.drop_idle()
        for connecting in tuple(self._connecting):
            connecting.cancel()
        for connection in tuple(self._open):
            connection.transport.abortConnection()

    async def _connected(self) -> UpstreamConnection:
        factory = Factory.forProtocol(lambda: UpstreamConnection(self._clock, self._left))
        factory.noisy = False
        connecting: Deferred[Any] = self._endpoints.connect(
            self.upstream, factory, self.limits.connect
        )
        self._connecting.add(connecting)
        try:
            connection: UpstreamConnection = await connecting
        except Exception as reason:  # noqa: BLE001 - whatever it is, nothing was sent
            raise self._told(reason) from None
        finally:
            self._connecting.discard(connecting)
        self._open.add(connection)
        return connection

    async def _left_over(self) -> UpstreamConnection:
        waiter: Deferred[UpstreamConnection] = Deferred()
        self._waiting.append(waiter)
        late = self._clock.callLater(self.limits.connect, self._give_up, waiter)
        try:
            return await waiter
        finally:
            _cancel(late)

    def _give_up(self, waiter: Deferred[UpstreamConnection]) -> None:
        """End the wait, unless a connection is on its way, which has a time of its own."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)
            waiter.errback(Failure(AppBusy("too many requests wait for the app's server", 1)))

    def _left(self, connection: UpstreamConnection) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
        self._open.discard(connection)
        self._next()
        if not self._open and not self._connecting and not self._waiting:
            self._emptied()

    def _next(self) -> None:
        """Let a request that waits have the room of a connection that is gone."""
        if self._waiting:
            Deferred.fromCoroutine(self._connect_waiting())

    async def _connect_waiting(self) -> None:
        """Connect for one waiting request after the other, until one has its connection."""
        while self._waiting:
            waiter = self._waiting.popleft()
            try:
                connection = await self._connected()
            except ClaceError as error:
                waiter.errback(Failure(error))
            else:
                waiter.callback(connection)
                return

    def _told(self, reason: Exception) -> ClaceError:
        """The failure to connect, in words for the operator."""
        if isinstance(reason, ClaceError):
            return reason
        to = f"no connection to {self.upstream}"
        if isinstance(reason, _LATE):
            return UpstreamTimedOut(f"{to} within {self.limits.connect:g} seconds")
        if isinstance(reason, error.ConnectionRefusedError):
            return UpstreamFailed(f"{to}: nothing listens there")
        if isinstance(reason, error.DNSLookupError):
            return UpstreamFailed(f"{to}: the name is not known")
        return UpstreamFailed(f"{to}: {reason}")


def _cancel(call: IDelayedCall) -> None:
    if call.active():
        call.cancel()
