"""Answers that are made and that their clients have not taken yet: bounded for all together."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol


class AnswerHolder(Protocol):
    """Keeps bytes for a client."""

    def drop(self) -> None:
        """Keep them no longer: the client was too slow."""


class HeldAnswers:
    """Counts the bytes of all holders. Beyond ``limit`` a holder loses its bytes: the one whose
    client took some longest ago.

    One answer is always kept, however large, and a holder of no bytes loses nothing.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._total = 0
        self._sizes: OrderedDict[AnswerHolder, int] = OrderedDict()

    def hold(self, holder: AnswerHolder, size: int) -> None:
        """Count ``size`` more bytes of the holder."""
        if not size:
            return
        self._sizes[holder] = self._sizes.get(holder, 0) + size
        self._total += size
        while self._total > self._limit and len(self._sizes) > 1:
            slowest = next(iter(self._sizes))
            self.forget(slowest)
            slowest.drop()

    def taken(self, holder: AnswerHolder, size: int) -> None:
        """Count ``size`` bytes less: the holder's client has made progress."""
        if holder not in self._sizes:
            return
        self._sizes[holder] -= size
        self._total -= size
        if self._sizes[holder]:
            self._sizes.move_to_end(holder)
        else:
            del self._sizes[holder]

    def forget(self, holder: AnswerHolder) -> None:
        """Stop counting a holder, which keeps nothing any more."""
        self._total -= self._sizes.pop(holder, 0)
