"""Threads for work that would block the reactor, bounded and for one purpose each."""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from clace.errors import InternalError

T = TypeVar("T")
_PATIENCE = 10


class InThread(Protocol):
    """Does a piece of work somewhere else than in the reactor's thread."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


class _Patient(threading.Thread):
    """A thread that leaves the processors to others. Linux has a priority for each thread."""

    def run(self) -> None:
        thread = threading.get_native_id()
        with suppress(OSError):
            own = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, own + _PATIENCE)
        super().run()


class ThreadPool(Service):
    """At most ``size`` threads, made when needed; work given before the start waits for it.

    Those that are ``patient`` work when nobody else in the machine does, as far as the system can
    tell them from the reactor's. Twisted's pool takes as much time again for each piece of work.
    """

    def __init__(self, reactor: Any, name: str, size: int = 1, *, patient: bool = False) -> None:
        self.setName(name)
        self._reactor = reactor
        self._size = size
        self._kind = _Patient if patient else threading.Thread
        self._given: SimpleQueue[tuple[Callable[[], Any], Deferred[Any]] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._at_work = 0
        self._stopped: Deferred[None] | None = None

    async def run(self, work: Callable[[], T], /) -> T:
        """Run ``work`` in a thread and return its result; it goes on if the caller stops waiting.

        :raises InternalError: if the service has stopped.
        """
        if self._stopped is not None:
            raise InternalError(f"the {self.name} threads have stopped")
        result: Deferred[T] = Deferred()
        self._at_work += 1
        self._given.put((work, result))
        if self.running:
            self._grow()
        return await result

    def _grow(self) -> None:
        """Have a thread for each piece of work, as far as there may be."""
        while len(self._threads) < min(self._size, self._at_work):
            name = f"{self.name}-{len(self._threads)}"
            # A start that fails leaves without stopService: no thread keeps the process alive.
            self._threads.append(self._kind(target=self._work, name=name, daemon=True))
            self._threads[-1].start()

    def _work(self) -> None:
        while (given := self._given.get()) is not None:
            work, result = given
            outcome: Any
            try:
                outcome = work()
            except BaseException:  # noqa: BLE001 - it is the caller's
                outcome = Failure()
            self._reactor.callFromThread(self._tell, outcome, result)
            # Nothing of it is kept while the thread waits for more.
            del given, work, result, outcome

    def _tell(self, outcome: Any, result: Deferred[Any]) -> None:
        self._at_work -= 1
        result.callback(outcome)
        stopped = self._stopped
        if stopped is not None and not stopped.called and not self._at_work:
            self._end(stopped)

    def startService(self) -> None:
        super().startService()
        self._grow()

    def stopService(self) -> Deferred[None]:
        """Fires when the work that was given is done; more is refused."""
        super().stopService()
        stopped = self._stopped = Deferred()
        if not self._at_work:
            self._end(stopped)
        return stopped

    def _end(self, stopped: Deferred[None]) -> None:
        threads, self._threads = self._threads, []
        for _ in threads:
            self._given.put(None)
        for thread in threads:
            thread.join()
        stopped.callback(None)
