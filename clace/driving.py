"""Coroutines run to their end without a Deferred of their own, which costs more than most do."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

Work = Coroutine[Deferred[Any], Any, object]
Failed = Callable[[Failure], object]


def drive(work: Work, failed: Failed) -> None:
    """Run ``work`` now, as far as it goes, and on whenever what it waits for is there.

    Nobody is told of its end; ``failed`` is, with what it raised.
    """
    _go_on(None, work, failed)


def _go_on(outcome: object, work: Work, failed: Failed) -> None:
    """Give the work what it waited for."""
    try:
        if isinstance(outcome, Failure):
            waited = outcome.throwExceptionIntoGenerator(work)
        else:
            waited = work.send(None)
    except StopIteration:
        return
    except Exception:  # noqa: BLE001 - that is what failed is for
        failed(Failure())
        return
    waited.addBoth(_go_on, work, failed)
