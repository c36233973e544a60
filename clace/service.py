"""Services: how the parts of a server start, stop, and hear signals."""

from __future__ import annotations

import gc
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TextIO

from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from clace.errors import ClaceError


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


class AtStart(Service):
    """Does one thing, at once, before the reactor runs and anybody can ask."""

    def __init__(self, start: Callable[[], None], stderr: TextIO) -> None:
        """``stderr`` must not be one that twistd turned into a log."""
        self._start = start
        self._stderr = stderr

    def startService(self) -> None:
        """Ends the process in one line if it is refused."""
        super().startService()
        try:
            self._start()
        except (ClaceError, OSError) as error:
            raise refused(error, self._stderr) from error


def refused(error: ClaceError | OSError, stderr: TextIO) -> SystemExit:
    """Print why a start failed and return its end; for when twistd has taken over stderr.

    The text of the end goes to twistd's log, which is all that a daemon leaves.
    """
    line = reason_line(error)
    print(line, file=stderr, flush=True)
    return SystemExit(line)


def reason_line(error: ClaceError | OSError) -> str:
    """Return why a start failed, in one line."""
    if isinstance(error, ClaceError):
        return f"error: {error.message}"
    where = f"{error.filename}: " if error.filename is not None else ""
    return f"error: cannot start: {where}{(error.strerror or str(error)).lower()}"


class WhenRunning(Service):
    """Does one thing as soon as the reactor runs."""

    def __init__(self, reactor: Any, begin: Callable[[], None]) -> None:
        self._reactor = reactor
        self._begin = begin

    def startService(self) -> None:
        super().startService()
        self._reactor.callWhenRunning(self._begin)


class RegularWork(Service):
    """Does ``work`` every few seconds, first after the first of them: threads would be begun before
    the reactor runs, while parts that follow still fork.

    Work that fails is logged as ``problem``, and done again the next time.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        work: Callable[[], Coroutine[Any, Any, None]],
        *,
        seconds: float,
        problem: str,
    ) -> None:
        self._work = work
        self._seconds = seconds
        self._problem = problem
        self._calls = LoopingCall(self._call)
        self._calls.clock = clock

    def startService(self) -> None:
        super().startService()
        self._calls.start(self._seconds, now=False)

    def stopService(self) -> Deferred[None]:
        """Fires when no work is under way."""
        super().stopService()
        ended = self._calls.deferred
        if not self._calls.running or ended is None:
            return succeed(None)
        self._calls.stop()
        return ended.addBoth(lambda _calls: None)

    def _call(self) -> Deferred[None]:
        done = Deferred.fromCoroutine(self._work())
        return done.addErrback(lambda failure: self._log.failure(self._problem, failure))


class SignalService(Service):
    """SIGTERM and SIGINT end the server in good order, SIGHUP reads the configuration again.

    Twisted's own answer to SIGTERM makes the process end by that signal, not with exit code 0.
    """

    _log = Logger()

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
        return lambda number, _frame: self._reactor.callFromThread(self._act, number, action)

    def _act(self, number: int, action: Callable[[], None]) -> None:
        self._log.info("Received {name}", name=signal.Signals(number).name)
        action()


def settle_memory() -> None:
    """Keep objects that live until the end from the garbage collector.

    A request leaves no cycle behind, so what there is to collect is little and not urgent; small
    lots keep the slowest requests quick. What the start left behind stays too: it is 80 KB, and
    takes long to find.
    """
    gc.freeze()
    gc.enable()
    gc.set_threshold(2000, 10, 100)
