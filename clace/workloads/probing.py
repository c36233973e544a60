"""Probes of a program, and its readiness: it answers where it says that it does."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.error import ConnectBindError
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from clace.interfaces import IWorkload
from clace.workloads.limits import WorkloadLimits

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 2.0
_ERRORS, _REFUSALS = 500, 400
_SILENT, _UNASKED = 0, -1
"""Not answered in time, and not asked, for this server could not."""
_UNHEARD = "it does not listen (on the port that its variable PORT names)"


class _Probe(Protocol):
    """Asks once, and reads the status."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._received = b""
        self.status: Deferred[int] = Deferred()

    def connectionMade(self) -> None:
        assert self.transport is not None
        request = (
            f"GET {self._path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: clace-health\r\n"
            "Accept: */*\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(request.encode())

    def dataReceived(self, data: bytes) -> None:
        self._received += data
        line, end, _ = self._received.partition(b"\r\n")
        if end or len(self._received) > 1000:  # noqa: PLR2004 - longer than any status line
            self._tell(_status(line))

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002
        self._tell(0)

    def _tell(self, status: int) -> None:
        if not self.status.called:
            self.status.callback(status)
            assert self.transport is not None
            self.transport.loseConnection()


def _status(line: bytes) -> int:
    words = line.split(b" ", 2)
    is_one = len(words) > 1 and words[0].startswith(b"HTTP/") and words[1].isdigit()
    return int(words[1]) if is_one else 0


class HealthProbe:
    """Asks a program for a page. ``why`` says why the last answer was not a good one.

    An answer to ``path`` that somebody has named has to be a good one; to ``/`` any will do but
    the failure of a server, since apps need not have a page there. One that was ready is alive
    with more: only the failure of a server at a path that was named counts against it.
    """

    def __init__(self, clock: Any, path: str, seconds: float, *, is_named: bool) -> None:
        self._clock = clock
        self._path = path
        self._seconds = seconds
        self._is_named = is_named
        self.why = _UNHEARD

    async def is_ready(self, workload: IWorkload) -> bool:
        return 0 < await self._status(workload) < (_REFUSALS if self._is_named else _ERRORS)

    async def is_alive(self, workload: IWorkload) -> bool:
        """Return true if it answers, or could not be asked for want of descriptors."""
        status = await self._status(workload)
        return status != _SILENT and not (self._is_named and status >= _ERRORS)

    async def _status(self, workload: IWorkload) -> int:
        self.why = _UNHEARD
        status = await self._ask(workload)
        if status > 0:
            self.why = f"it answers {status} to {self._path}"
        return status

    async def _ask(self, workload: IWorkload) -> int:
        """Return the status of an answer, or why it has none."""
        seconds = self._seconds
        factory = Factory.forProtocol(lambda: _Probe(self._path))
        factory.noisy = False
        try:
            probe = await workload.connect(factory, seconds)
            self.why = f"it listens, and does not answer {self._path} in {seconds:g} seconds"
            status: Deferred[int] = probe.status
            status.addTimeout(seconds, self._clock, onTimeoutCancel=lambda _result, _after: _SILENT)
            answered = await status
        except (ConnectBindError, OSError):
            return _UNASKED
        except Exception:  # noqa: BLE001 - whatever it is, it does not answer
            return _SILENT
        probe.transport.loseConnection()
        return answered


class Readiness:
    """Waits until a program answers."""

    def __init__(self, clock: Any, probe: HealthProbe, limits: WorkloadLimits) -> None:
        self._clock = clock
        self._probe = probe
        self._limits = limits

    async def wait(self, workload: IWorkload) -> str:
        """Return the reason why it is not ready, empty if it is; at once when it has ended."""
        ended: Deferred[str] = Deferred()
        workload.ended.addCallback(_also(ended, ""))
        asked = Deferred.fromCoroutine(self._answered(workload, ended))
        return await asked

    async def _answered(self, workload: IWorkload, ended: Deferred[str]) -> str:
        pause = _FIRST_PAUSE
        for attempt in range(self._limits.attempts):
            if attempt:
                await self._either(self._pause(pause), ended)
                pause = min(2 * pause, _LONGEST_PAUSE)
            if ended.called:
                return "it has ended"
            asked = Deferred.fromCoroutine(self._probe.is_ready(workload))
            if await self._either(asked, ended):
                return ""
        return f"{self._probe.why}, after {self._limits.attempts} attempts"

    def _pause(self, seconds: float) -> Deferred[bool]:
        pause: Deferred[bool] = Deferred()
        self._clock.callLater(seconds, pause.callback, False)
        return pause

    async def _either(self, work: Deferred[bool], ended: Deferred[str]) -> bool:
        """The result of the work, or false as soon as the program has ended."""
        stop: Deferred[bool] = Deferred()
        if ended.called:
            stop.callback(False)
        else:
            ended.addCallback(_also(stop, False))
        done = DeferredList([work, stop], fireOnOneCallback=True, consumeErrors=True)
        value, _index = await done
        return value


def _also(waiter: Deferred[Any], value: Any) -> Any:
    """A callback that tells ``waiter`` too, and changes nothing."""

    def tell(result: Any) -> Any:
        if not waiter.called:
            waiter.callback(value)
        return result

    return tell
