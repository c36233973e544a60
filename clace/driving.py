"""Coroutines run to their end without a Deferred of their own, which costs more than most do."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

Work = Coroutine[Deferred[Any], Any, object]
Failed = Callable[[Failure], object]


def drive(work: Work, failed: Failed) -> None:
    """Run ``work`` now until it waits, and go on whenever the Deferred that it waits for fires.

    Its result is dropped; ``failed`` is called with an exception that it raised.
    """
    try:
        waited = work.send(None)
    except StopIteration:
        return
    except Exception:  # noqa: BLE001 - that is what failed is for
        failed(Failure())
        return
    _Driven(work, failed).wait(waited)


class _Driven:
    """Work and what it waits for: both are kept, so that abandoned work is collected in order."""

    __slots__ = ("_failed", "_waited", "_work")

    def __init__(self, work: Work, failed: Failed) -> None:
        self._work = work
        self._failed = failed
        self._waited: Deferred[Any] | None = None

    def go_on(self, outcome: object) -> None:
        """Give the work what it waited for."""
        try:
            if isinstance(outcome, Failure):
                waited = outcome.throwExceptionIntoGenerator(self._work)
            else:
                waited = self._work.send(None)
        except StopIteration:
            return
        except Exception:  # noqa: BLE001 - that is what failed is for
            self._failed(Failure())
            return
        self.wait(waited)

    def wait(self, waited: Deferred[Any]) -> None:
        """Go on when this has fired."""
        self._waited = waited
        waited.addBoth(self.go_on)
