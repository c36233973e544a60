"""Clients that have said that they send no more: they wait for their answer, or have left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorTime

from clace.web.http1.delivery import has_hung_up, taken_bytes

_SECONDS = 1


class HalfClosedWatch:
    """Calls ``left`` when such a client is taken to have left.

    On TCP a client that has closed looks like one that only sends no more, until it is sent
    something. So it is given a second at a time: as long as it takes bytes, or is behind with some,
    it is there. A proxy like nginx does not wait at all. On a UNIX socket the two look different.
    """

    def __init__(
        self,
        clock: IReactorTime,
        transport: Any,
        is_behind: Callable[[], bool],
        left: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._transport = transport
        self._is_behind = is_behind
        self._left = left
        self._wait()

    def cancel(self) -> None:
        """Never call."""
        if self._call.active():
            self._call.cancel()

    def _wait(self) -> None:
        self._taken = taken_bytes(self._transport)
        self._call = self._clock.callLater(_SECONDS, self._look)

    def _look(self) -> None:
        before = self._taken
        self._wait()
        is_silent = before is not None and before == self._taken and not self._is_behind()
        if is_silent or has_hung_up(self._transport):
            self.cancel()
            self._left()
