"""Work in the reactor's own thread, for as long as no disk is waited for."""

from __future__ import annotations

from collections.abc import Callable
from resource import RUSAGE_THREAD, getrusage
from typing import Any, TypeVar

T = TypeVar("T")
_SLOW_SECONDS = 0.001
_REST_SECONDS = 1.0


def blocks_read() -> int:
    """The number of times that this thread has waited for a disk so far."""
    usage = getrusage(RUSAGE_THREAD)
    return usage.ru_inblock + usage.ru_majflt


class ShortQueries:
    """Single rows are found sooner than a thread is woken. But a disk may be slow: after one that
    was waited for threads do the work for a while.

    Work may also take long because others had the processor. They have it in a thread too.
    """

    def __init__(self, clock: Any, blocks: Callable[[], int] = blocks_read) -> None:
        self._clock = clock
        self._blocks = blocks
        self._seen = blocks()
        self._open_at = 0.0

    @property
    def is_open(self) -> bool:
        """Return true if work may be done here now."""
        return bool(self._clock.seconds() >= self._open_at)

    def run(self, work: Callable[[], T]) -> T:
        """Do the work, and remember if a disk was slow."""
        begun = self._clock.seconds()
        try:
            return work()
        finally:
            ended = self._clock.seconds()
            if ended - begun > _SLOW_SECONDS and self._has_read():
                self._open_at = ended + _REST_SECONDS

    def _has_read(self) -> bool:
        """Return true if a disk was waited for since it was looked last."""
        before, self._seen = self._seen, self._blocks()
        return self._seen != before
