"""A program that was started and answers, and the requests that use it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from weakref import WeakSet

from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocolFactory
from zope.interface import implementer

from clace.interfaces import IMeasured, IWorkload, IWorkloadLease, ProgramExit
from clace.model import ProgramPhase, ProgramStatus
from clace.workloads.limits import WorkloadLimits

_MEASURE_SECONDS = 10


@implementer(IWorkloadLease)
class WorkloadLease:
    """The use of a program by one request."""

    __slots__ = ("_generation", "_is_tunnel", "key")

    def __init__(self, generation: Generation) -> None:
        self.key = generation.key
        self._generation: Generation | None = generation
        self._is_tunnel = False

    def upgraded(self) -> None:
        if self._generation is not None and not self._is_tunnel:
            self._is_tunnel = True
            self._generation.change(requests=-1, tunnels=1)

    def passed(self, size: int) -> None:
        if self._generation is not None:
            self._generation.passed(size)

    def heard(self) -> None:
        if self._generation is not None:
            self._generation.was_heard = True

    def fed(self) -> None:
        if self._generation is not None:
            self._generation.was_fed = True

    def release(self) -> None:
        generation, self._generation = self._generation, None
        if generation is not None and self._is_tunnel:
            generation.change(requests=0, tunnels=-1)
        elif generation is not None:
            generation.change(requests=-1, tunnels=0)


class Generation:
    """One run of a program: it ends when it is unused, is replaced, or ends by itself.

    ``recycled_from`` is the age below which no other is started in its place. ``was_heard`` and
    ``was_fed`` tell of its requests since the last check, ``problem`` what the last checks found.
    """

    def __init__(self, clock: Any, key: str, workload: IWorkload, limits: WorkloadLimits) -> None:
        self._clock = clock
        self.key = key
        self.workload: Any = workload
        self.limits = limits
        self.started_at = self.used_at = clock.seconds()
        self.requests = self.tunnels = 0
        self.recycled_from = 0.0
        self.exit: ProgramExit | None = None
        self.ended_at = 0.0
        self._memory_mb, self._measured_at = 0.0, self.started_at
        self._bytes, self._bytes_since = 0, self.used_at
        self._unused: list[Deferred[None]] = []
        self._over: list[Deferred[None]] = []
        self._connections: WeakSet[Any] = WeakSet()
        self.was_let_go = False
        self.was_heard = self.was_fed = False
        self.problem = ""
        workload.ended.addCallback(self._ended)

    @property
    def is_usable(self) -> bool:
        """Return true if another request may be sent to it."""
        return self.exit is None and not self.was_let_go

    @property
    def age(self) -> float:
        return float(self._clock.seconds() - self.started_at)

    @property
    def is_forgotten(self) -> bool:
        """Return true if it has been unused for as long as it may be."""
        unused = self._clock.seconds() - self.used_at
        return not self.requests and 0 < self.limits.idle_seconds < unused

    @property
    def memory_mb(self) -> float:
        """Return its memory as it was at most some seconds ago; 0 where it is not known."""
        now = self._clock.seconds()
        if IMeasured.providedBy(self.workload) and now >= self._measured_at + _MEASURE_SECONDS:
            self._measured_at, self._memory_mb = now, self.workload.memory_mb()
        return self._memory_mb

    @property
    def status(self) -> ProgramStatus:
        """Return how it runs, with its memory of now."""
        since, problem = moment(self.started_at), self.problem
        running = ProgramStatus(state=ProgramPhase.RUNNING, since=since, problem=problem)
        if not IMeasured.providedBy(self.workload):
            return running
        memory_mb = round(self.workload.memory_mb())
        return replace(running, pid=self.workload.pid, memory_mb=memory_mb)

    def lease(self) -> WorkloadLease:
        self.change(requests=1, tunnels=0)
        return WorkloadLease(self)

    def change(self, *, requests: int, tunnels: int) -> None:
        """Count requests and changed protocols, which have come or gone."""
        self.requests += requests
        self.tunnels += tunnels
        if requests:
            self.used_at = self._clock.seconds()
        if not self.requests and not self.tunnels:
            _fire(self._unused)

    def passed(self, size: int) -> None:
        """Count bytes of changed protocols: only as many as no ping has keep it awake."""
        now = self._clock.seconds()
        if now - self._bytes_since > self.limits.idle_seconds:
            self._bytes, self._bytes_since = 0, now
        self._bytes += size
        if self._bytes >= self.limits.idle_bytes:
            self._bytes, self._bytes_since = 0, now
            self.used_at = now

    async def connect(self, factory: IProtocolFactory, seconds: float) -> Any:
        """:raises ConnectError: if nothing listens."""
        connected = await self.workload.connect(factory, seconds)
        self._connections.add(connected)
        return connected

    def leave(self, seconds: float) -> Deferred[None]:
        """Let it end as soon as nobody uses it, and after so many seconds in any case; fires when
        it has ended.
        """
        if not self.was_let_go:
            self.was_let_go = True  # before its end, which may come at once
            Deferred.fromCoroutine(self._leave(seconds))
        return self.over()

    def over(self) -> Deferred[None]:
        """Fires when it has ended."""
        waiter: Deferred[None] = Deferred()
        if self.exit is not None:
            waiter.callback(None)
        else:
            self._over.append(waiter)
        return waiter

    async def _leave(self, seconds: float) -> None:
        if self.exit is None and (self.requests or self.tunnels):
            waiter: Deferred[None] = Deferred()
            self._unused.append(waiter)
            waiter.addTimeout(seconds, self._clock, onTimeoutCancel=lambda _result, _after: None)
            await waiter
        in_use = bool(self.requests or self.tunnels)
        for connection in tuple(self._connections):
            transport = connection.transport
            # To those that nobody uses the program gets an end, not an error for its log.
            (transport.abortConnection if in_use else transport.loseConnection)()
        await self.workload.stop()

    def _ended(self, exit: ProgramExit) -> ProgramExit:  # noqa: A002 - as everywhere
        self.exit, self.ended_at = exit, self._clock.seconds()
        _fire(self._over)
        return exit


def moment(seconds: float) -> datetime:
    """Return a time of the clock in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def _fire(waiters: list[Deferred[None]]) -> None:
    fired, waiters[:] = waiters[:], []
    for waiter in fired:
        if not waiter.called:
            waiter.callback(None)


OnEnd = Callable[[Generation, ProgramExit], None]
