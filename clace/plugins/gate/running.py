"""Work that ends with its request: cancelled when that is over, free when it need not wait."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

from clace.errors import PluginRefused

T = TypeVar("T")
Work = Coroutine[Deferred[Any], Any, T]


class RunningCalls:
    """Work in progress for one request."""

    def __init__(self) -> None:
        self._waiting: set[Deferred[Any]] = set()
        self.ended = False

    def __len__(self) -> int:
        return len(self._waiting)

    async def run(self, work: Work[T]) -> T:
        """The result of the work, which is cancelled when the request ends.

        :raises PluginRefused: if it was cancelled.
        """
        try:
            # Most calls have their answer at once, and a Deferred costs more than all else of them.
            waited = work.send(None)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        waiting: Deferred[T] = Deferred.fromCoroutine(_resumed(work, waited))
        self._waiting.add(waiting)
        try:
            return await waiting
        except Exception:
            # What is cancelled may fail in any way that it knows.
            if self.ended:
                raise PluginRefused("the request has ended") from None
            raise
        finally:
            self._waiting.discard(waiting)

    def end(self) -> None:
        """Cancel what runs; nothing more is to begin."""
        self.ended = True
        for waiting in tuple(self._waiting):
            waiting.cancel()


@coroutine
def _resumed(work: Work[T], waited: Any) -> Generator[Any, Any, T]:
    """Work that has begun, and waits for something, from there on."""
    while True:
        try:
            try:
                result = yield waited
            except BaseException as error:  # noqa: BLE001 - it is the work's to handle
                waited = work.throw(error)
            else:
                waited = work.send(result)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
