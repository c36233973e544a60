"""Threads for work that would block the reactor, bounded and for one purpose each."""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, TypeVar

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

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


class Threads(Service):
    """At most ``size`` threads, made when needed; work given before the start waits for it.

    Those that are ``patient`` work when nobody else in the machine does, as far as the system can
    tell them from the reactor's.
    """

    def __init__(self, reactor: Any, name: str, size: int = 1, *, patient: bool = False) -> None:
        self.setName(name)
        self._reactor = reactor
        self._pool = ThreadPool(0, size, name)
        # A start that fails leaves without stopService: threads must not keep the process alive.
        kind = _Patient if patient else threading.Thread
        vars(self._pool)["threadFactory"] = partial(kind, daemon=True)
        self._waiting: set[Deferred[None]] = set()
        self._stopped = False

    async def run(self, work: Callable[[], T], /) -> T:
        """Run ``work`` in a thread and return its result; it goes on if the caller stops waiting.

        :raises InternalError: if the service has stopped.
        """
        if self._stopped:
            raise InternalError(f"the {self.name} threads have stopped")
        ended: Deferred[None] = Deferred()
        self._waiting.add(ended)
        result: Deferred[T] = Deferred()
        self._pool.callInThread(self._work, work, result, ended)
        return await result

    def _work(self, work: Callable[[], T], result: Deferred[T], ended: Deferred[None]) -> None:
        outcome: T | Failure
        try:
            outcome = work()
        except BaseException:  # noqa: BLE001 - it is the caller's
            outcome = Failure()
        # The reactor is woken once for both.
        self._reactor.callFromThread(self._tell, outcome, result, ended)

    def _tell(self, outcome: Any, result: Deferred[T], ended: Deferred[None]) -> None:
        self._waiting.discard(ended)
        ended.callback(None)
        if isinstance(outcome, Failure):
            result.errback(outcome)
        else:
            result.callback(outcome)

    def startService(self) -> None:
        super().startService()
        self._pool.start()

    def stopService(self) -> Deferred[None]:
        """Fires when the work that was given is done; more is refused."""
        super().stopService()
        self._stopped = True
        return DeferredList(list(self._waiting)).addCallback(lambda _: self._pool.stop())
