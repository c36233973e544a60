"""Work that goes on when the client who asked for it has left."""

from __future__ import annotations

from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

T = TypeVar("T")
log = Logger()


def shielded(work: Deferred[T]) -> Deferred[T]:
    """The result of ``work``, for a caller who may stop waiting: to cancel it leaves ``work`` be.

    A failure that nobody waits for any more is logged.
    """
    waiter: Deferred[T] = Deferred()

    def hand_over(result: T | Failure) -> None:
        if not waiter.called:
            waiter.callback(result)  # a failure goes down the errbacks
        elif isinstance(result, Failure):
            log.failure("Work failed after its client had left", result)

    work.addBoth(hand_over)
    return waiter
