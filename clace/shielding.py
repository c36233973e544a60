"""Work that goes on when the client who asked for it has left."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

T = TypeVar("T")
log = Logger()


def _log_late(failure: Failure) -> None:
    log.failure("Work failed after its client had left", failure)


def shielded(work: Deferred[T], late: Callable[[Failure], None] = _log_late) -> Deferred[T]:
    """The result of ``work``, for a caller who may stop waiting: to cancel it leaves ``work`` be.

    ``late`` is called with a failure that nobody waits for any more.
    """
    waiter: Deferred[T] = Deferred()

    def hand_over(result: T | Failure) -> None:
        if not waiter.called:
            waiter.callback(result)  # a failure goes down the errbacks
        elif isinstance(result, Failure):
            late(result)

    work.addBoth(hand_over)
    return waiter
