"""The memory that all hosts together may make the daemon hold for frames that are not complete."""

from __future__ import annotations

from typing import Protocol

from clace.frames import MAX_FRAME, BadFrame

MOST_BYTES = 4 * MAX_FRAME


class FragmentHolder(Protocol):
    """An end of a line that keeps bytes until they are a frame."""

    def breach(self, breach: BadFrame, /) -> None:
        """End the line, and keep nothing any more."""


class HeldFrames:
    """Counts the bytes that each line holds; over the limit, the one that holds most is ended.

    A host cannot keep the others from being heard: it holds more than they do, or goes on.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._held: dict[FragmentHolder, int] = {}
        self._total = 0

    def hold(self, holder: FragmentHolder, size: int) -> None:
        """Note how many bytes a line holds now."""
        self._total += size - self._held.pop(holder, 0)
        if size:
            self._held[holder] = size
        while self._total > self._most:
            self._end(max(self._held, key=self._held.__getitem__))

    def _end(self, holder: FragmentHolder) -> None:
        size = self._held.pop(holder)
        self._total -= size
        told = (
            f"{size} bytes of a frame that is not complete, with {self._most} allowed for all hosts"
        )
        holder.breach(BadFrame(told))
