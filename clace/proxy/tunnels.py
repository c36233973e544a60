"""Bytes in both directions after a change of the protocol, such as to WebSocket."""

from __future__ import annotations

from collections.abc import Callable

from clace.interfaces import ProxiedVisitor, UpstreamHead
from clace.proxy.connections import UpstreamConnection
from clace.proxy.producing import VisitorBytes
from clace.sending import write_now


class Tunnel:
    """Passes bytes on as they come, each side no faster than the other reads.

    It ends when both sides have said that they send no more, when one is gone, and after
    ``seconds`` in which nothing came from either.
    """

    def __init__(
        self,
        visitor: ProxiedVisitor,
        connection: UpstreamConnection,
        seconds: float,
        ended: Callable[[], None],
        passed: Callable[[int], None],
        heard: Callable[[], None],
    ) -> None:
        """``passed`` is told the size of each piece, ``heard`` called if the server sent it."""
        self._visitor = visitor
        self._connection = connection
        self._seconds = seconds
        self._ended = ended
        self._passed = passed
        self._heard = heard
        self._open = 2

    def begin(self, head: UpstreamHead, first: bytes) -> None:
        """Write the head of the answer, and what came behind it."""
        self._connection.user = self
        self._go_on()
        self._connection.transport.registerProducer(VisitorBytes(self._visitor, self._go_on), True)
        self._visitor.follow(self)
        self._visitor.tunnel(head)
        if first and not self._visitor.is_gone:
            self._visitor.write(first)

    # The visitor calls these.

    def tunnelled(self, data: bytes) -> None:
        if self._connection.is_open:
            self._go_on()
            self._passed(len(data))
            write_now(self._connection.transport, data)

    def tunnel_ended(self) -> None:
        self._connection.end_writing()
        self._half()

    def gone(self) -> None:
        self._connection.abort()
        self._ended()

    def pauseProducing(self) -> None:
        if self._connection.is_open:
            self._connection.transport.pauseProducing()

    def resumeProducing(self) -> None:
        if self._connection.is_open:
            self._connection.transport.resumeProducing()

    def stopProducing(self) -> None:
        self.gone()

    def body(self, data: bytes) -> None:
        """Never called: a request that changes the protocol has no body."""

    def body_ended(self) -> None:
        """Never called, as before."""

    # The connection calls these.

    def received(self, data: bytes) -> None:
        self._go_on()
        self._heard()
        self._passed(len(data))
        self._visitor.write(data)

    def read_ended(self) -> None:
        self._visitor.end_tunnel()
        self._half()

    def lost(self, why: str) -> None:
        del why  # the protocol inside has an end of its own
        self._visitor.close_tunnel()

    def late(self) -> None:
        self._connection.close()
        self._visitor.close_tunnel()

    def _go_on(self) -> None:
        if self._connection.is_open:
            self._connection.timer.set(self._seconds)

    def _half(self) -> None:
        self._open -= 1
        if not self._open:
            self._connection.close()
            self._visitor.close_tunnel()
