"""Twisted's reactor without the log context that it makes for each event."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from typing import Any

from twisted.internet.epollreactor import EPollReactor
from twisted.internet.main import installReactor
from twisted.logger import Logger

_FOR_EVER = -1
log = Logger()


class PlainEPollReactor(EPollReactor):
    """Hands events on at once.

    Twisted puts the name of the connection into a context for each event. Only its oldest way of
    logging reads that, which nothing here uses; to make one costs more than to parse a small
    request.
    """

    # Twisted's own, which it does not annotate.
    _poller: Any
    _selectables: dict[int, Any]
    _doReadOrWrite: Callable[[Any, int, int], None]

    def doPoll(self, timeout: float | None) -> None:
        """Wait for events, ``timeout`` seconds at most, and hand them on."""
        selectables, hand_on = self._selectables, self._doReadOrWrite
        try:
            events = self._poller.poll(_FOR_EVER if timeout is None else timeout, len(selectables))
        except OSError as error:
            if error.errno == errno.EINTR:
                return
            raise
        for descriptor, event in events:
            # An event before may have ended it.
            selectable = selectables.get(descriptor)
            if selectable is not None:
                try:
                    hand_on(selectable, descriptor, event)
                except Exception:  # noqa: BLE001 - others have to be served
                    log.failure("An event of {selectable} failed", selectable=selectable)

    doIteration = doPoll


def install() -> None:
    """Make it the process's reactor, unless another was chosen before."""
    if "twisted.internet.reactor" not in sys.modules:
        installReactor(PlainEPollReactor())
