"""Heads of branches and tags, remembered for as long as the operator allows."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

_MOST = 10_000


class RememberedHeads:
    """The commits that repositories told for names, each for some seconds; for 0, none is kept."""

    def __init__(self, clock: IReactorTime, seconds: float) -> None:
        self._clock, self._seconds = clock, seconds
        self._heads: dict[tuple[str, ...], tuple[float, str]] = {}

    def get(self, key: tuple[str, ...]) -> str | None:
        """Return what was told lately, which is empty for a name that was not there."""
        until, commit = self._heads.get(key, (0.0, ""))
        return commit if self._clock.seconds() < until else None

    def put(self, key: tuple[str, ...], commit: str) -> None:
        """Remember it from now on; the oldest are forgotten when there are too many."""
        if self._seconds <= 0:
            return
        self._heads.pop(key, None)
        self._heads[key] = self._clock.seconds() + self._seconds, commit
        while len(self._heads) > _MOST:
            del self._heads[next(iter(self._heads))]
