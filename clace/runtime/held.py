"""Answers that are made and that their clients have not taken yet: bounded for all together."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol


class Holder(Protocol):
    """Keeps bytes for a client."""

    def drop(self) -> None:
        """Keep them no longer: the client was too slow."""


class HeldAnswers:
    """Counts the bytes of all holders; beyond ``limit`` who took none for longest loses its own.

    One answer is always kept, however large.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._total = 0
        self._sizes: OrderedDict[Holder, int] = OrderedDict()

    def hold(self, holder: Holder, size: int) -> None:
        """The holder keeps so much more."""
        self._sizes[holder] = self._sizes.get(holder, 0) + size
        self._total += size
        while self._total > self._limit and len(self._sizes) > 1:
            slowest = next(iter(self._sizes))
            self.forget(slowest)
            slowest.drop()

    def taken(self, holder: Holder, size: int) -> None:
        """Its client took so much."""
        if holder in self._sizes:
            self._sizes[holder] -= size
            self._total -= size
            self._sizes.move_to_end(holder)

    def forget(self, holder: Holder) -> None:
        """It keeps nothing any more."""
        self._total -= self._sizes.pop(holder, 0)
