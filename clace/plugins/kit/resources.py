"""Resources that the plugin calls of one request opened; closed when the request ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from attrs import frozen
from twisted.logger import Logger

Close = Callable[[], Awaitable[None]]


@frozen
class _Open:
    close: Close
    strict: bool


class Resources:
    """Open things by name, closed in the opposite of the order in which they were opened."""

    log = Logger()

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    def add(self, name: str, close: Close, *, strict: bool) -> str:
        """Keep something to close; returns its name, numbered if it is taken."""
        free, number = name, 1
        while free in self._open:
            number += 1
            free = f"{name}_{number}"
        self._open[free] = _Open(close, strict)
        return free

    def release(self, name: str) -> None:
        """Forget what was closed by whoever used it."""
        self._open.pop(name, None)

    async def close(self) -> tuple[str, ...]:
        """Close everything, whatever fails; the names of what was strict."""
        leaked = tuple(name for name, entry in self._open.items() if entry.strict)
        while self._open:
            name, entry = self._open.popitem()
            try:
                await entry.close()
            except Exception:  # noqa: BLE001 - the others must be closed too
                self.log.failure("Cannot close {name}", name=name)
        return leaked
