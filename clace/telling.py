"""Lines about work that goes on, for whoever has asked for the work and listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

TakeLine = Callable[[str], None]
_listener: ContextVar[TakeLine | None] = ContextVar("listener", default=None)


@contextmanager
def listening(take: TakeLine) -> Iterator[None]:
    """Let ``take`` have the lines of all work that is begun within."""
    token = _listener.set(take)
    try:
        yield
    finally:
        _listener.reset(token)


def listener() -> TakeLine | None:
    """Return who listens to the work at hand; nobody listens to most of it."""
    return _listener.get()
