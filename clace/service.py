"""How the parts of a server start, stop, and hear signals."""

from __future__ import annotations

import gc
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger


class InOrder(MultiService):
    """Parts that start in the order they were added and stop in the reverse, one after the other.

    What is stopped first may still use everything that it was started after.
    """

    _log = Logger()

    def stopService(self) -> Deferred[None]:
        """Fires when the last part has stopped; a part that fails to does not keep the others."""
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        for part in reversed(list(self)):
            try:
                await maybeDeferred(part.stopService)
            except Exception:  # noqa: BLE001 - the others must stop all the same
                self._log.failure("{part} did not stop", part=part)


class OnStop(Service):
    """Does one thing when its turn to stop has come."""

    def __init__(self, stop: Callable[[], Awaitable[None]]) -> None:
        self._stop = stop

    def stopService(self) -> Deferred[None]:
        super().stopService()

        async def stop() -> None:
            await self._stop()

        return Deferred.fromCoroutine(stop())


class OnStart(Service):
    """Does one thing when the reactor runs, and ends the process if it fails."""

    _log = Logger()

    def __init__(
        self, reactor: Any, start: Callable[[], Awaitable[None]], failed: Callable[[str], None]
    ) -> None:
        self._reactor = reactor
        self._start = start
        self._failed = failed

    def startService(self) -> None:
        super().startService()
        self._reactor.callWhenRunning(lambda: Deferred.fromCoroutine(self._run()))

    async def _run(self) -> None:
        try:
            await self._start()
        except Exception as error:  # noqa: BLE001 - whatever it is, the server cannot go on
            self._log.failure("The server cannot start")
            self._failed(str(error))


class Signals(Service):
    """SIGTERM and SIGINT end the server in good order, SIGHUP reads the configuration again.

    Twisted's own answer to SIGTERM makes the process end by that signal, not with exit code 0.
    """

    def __init__(self, reactor: Any, stop: Callable[[], None], again: Callable[[], None]) -> None:
        self._reactor = reactor
        self._actions = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: again}

    def startService(self) -> None:
        super().startService()
        self._reactor.callWhenRunning(self._install)

    def _install(self) -> None:
        for number, action in self._actions.items():
            signal.signal(number, self._heard(action))

    def _heard(self, action: Callable[[], None]) -> Callable[[int, Any], None]:
        return lambda _number, _frame: self._reactor.callFromThread(action)


def settle_memory() -> None:
    """What lives until the end is not looked at again by the garbage collector.

    Requests leave cycles behind; collecting them early and in small lots keeps the slowest
    requests quick (docs/developing.md has the measurement).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200, 10, 1000)
