"""The order of writes: owners take turns; small writes of several are committed together."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from clace.driving import drive
from clace.plugins.builtin.store.failures import BUSY
from clace.plugins.builtin.store.links import NotRun, Work
from clace.plugins.kit import CallFailed

T = TypeVar("T")
Perform = Callable[[Sequence[Work[Any]]], Awaitable[list[Any]]]


@define(eq=False)
class _Job:
    """A write, or without ``work`` a transaction that wants to begin."""

    owner: str
    work: Work[Any] | None
    is_small: bool
    done: Deferred[Any] = field(init=False)
    late: IDelayedCall | None = None


class WriteTurn:
    """The turn of a transaction. It may be lent to others, ``is_wanted`` is called if they wait."""

    def __init__(self, writers: StoreWriters, owner: str) -> None:
        self.owner = owner
        self.is_wanted: Callable[[], object] = lambda: None
        self._writers = writers

    def done(self) -> None:
        """Give it back for good, lent or not."""
        self._writers.end(self)

    def lend(self) -> None:
        """Let others write meanwhile."""
        self._writers.lend(self)

    async def back(self) -> None:
        """Wait until it is there again."""
        await self._writers.back(self)


class StoreWriters:
    """``lanes`` write at once, one for each owner; ``together`` small writes share a transaction.

    An owner who wants more than that waits for himself first: between two of his writes that are
    not committed together each of the others has one.
    """

    _log = Logger()

    def __init__(
        self, clock: Any, seconds: float, lanes: int, together: int, perform: Perform
    ) -> None:
        self._clock = clock
        self._seconds = seconds
        self._free = lanes
        self._together = together
        self._perform = perform
        self._waiting: dict[str, deque[_Job]] = {}
        self._active: set[str] = set()
        self._turns: dict[WriteTurn, None] = {}
        self._returning: deque[tuple[WriteTurn, Deferred[None]]] = deque()

    async def write(self, owner: str, work: Work[T], *, small: bool = False) -> T:
        """Have the work committed and return its result; it goes on if nobody waits any more.

        :raises CallFailed: if the turn does not come in time.
        """
        return await self._queued(_Job(owner, work, small))  # type: ignore[no-any-return]

    async def take(self, owner: str) -> WriteTurn:
        """Wait for a turn, and return it; it is to be given back once.

        :raises CallFailed: if the turn does not come in time.
        """
        return await self._queued(_Job(owner, None, is_small=False))  # type: ignore[no-any-return]

    def _queued(self, job: _Job) -> Deferred[Any]:
        job.done = Deferred(lambda _: self._leave(job))
        self._waiting.setdefault(job.owner, deque()).append(job)
        self._start()
        if not job.done.called and self._is_waiting(job):
            job.late = self._clock.callLater(self._seconds, self._give_up, job)
        return job.done

    def _start(self) -> None:
        while self._free and self._begin():
            pass
        if not self._free and (self._returning or next(self._candidates(small_only=False), None)):
            for turn in tuple(self._turns):
                turn.is_wanted()

    def _begin(self) -> bool:
        """Let go on who lent his turn, or those begin who are next; false if nobody waits."""
        if self._returning:
            self._free -= 1
            turn, back = self._returning.popleft()
            self._turns[turn] = None
            back.callback(None)
            return True
        jobs = self._next()
        if jobs:
            self._free -= 1
            owners = {job.owner for job in jobs}
            self._active |= owners
            for job in jobs:
                _stop_timer(job)
            if jobs[0].work is None:
                turn = WriteTurn(self, jobs[0].owner)
                self._turns[turn] = None
                jobs[0].done.callback(turn)
            else:
                drive(self._work(jobs, owners), self._log_fault)
        return bool(jobs)

    def _log_fault(self, failure: Failure) -> None:
        self._log.failure("The writers of the store failed", failure)

    async def _work(self, jobs: list[_Job], owners: set[str]) -> None:
        try:
            outcomes = await self._perform([job.work for job in jobs if job.work is not None])
        except Exception:  # noqa: BLE001 - it is the callers'
            outcomes = [Failure()] * len(jobs)
        self._free += 1
        self._active -= owners
        for job, outcome in reversed(tuple(zip(jobs, outcomes, strict=True))):
            if outcome is NotRun and not job.done.called:
                self._waiting.setdefault(job.owner, deque()).appendleft(job)
        for job, outcome in zip(jobs, outcomes, strict=True):
            if outcome is not NotRun and not job.done.called:
                job.done.callback(outcome)
        self._start()

    def end(self, turn: WriteTurn) -> None:
        """Take a turn back; its owner may write again."""
        self._active.discard(turn.owner)
        if turn in self._turns:
            self.lend(turn)
        else:
            self._start()

    def lend(self, turn: WriteTurn) -> None:
        """Let others write; the owner of the turn does not write in another one."""
        del self._turns[turn]
        self._free += 1
        self._start()

    async def back(self, turn: WriteTurn) -> None:
        """Wait until a turn that was lent is there again; it is the next."""
        back: Deferred[None] = Deferred()
        self._returning.append((turn, back))
        self._start()
        await back

    def _next(self) -> list[_Job]:
        """The jobs that are next: one, or small ones that came by now."""
        jobs: list[_Job] = []
        while len(jobs) < self._together:
            found = next(self._candidates(small_only=bool(jobs)), None)
            if found is None:
                break
            jobs.append(self._pop(found))
            if not jobs[0].is_small:
                break
        return jobs

    def _candidates(self, *, small_only: bool) -> Iterator[str]:
        return (
            owner
            for owner, jobs in self._waiting.items()
            if owner not in self._active and (jobs[0].is_small or not small_only)
        )

    def _pop(self, owner: str) -> _Job:
        """The owner's first job; his others come after those of all who wait."""
        jobs = self._waiting.pop(owner)
        job = jobs.popleft()
        if jobs:
            self._waiting[owner] = jobs
        return job

    def _is_waiting(self, job: _Job) -> bool:
        return job in self._waiting.get(job.owner, ())

    def _leave(self, job: _Job) -> None:
        _stop_timer(job)
        if self._is_waiting(job):
            self._waiting[job.owner].remove(job)
            if not self._waiting[job.owner]:
                del self._waiting[job.owner]

    def _give_up(self, job: _Job) -> None:
        job.late = None
        self._leave(job)
        job.done.errback(CallFailed(BUSY))


def _stop_timer(job: _Job) -> None:
    if job.late is not None and job.late.active():
        job.late.cancel()
    job.late = None
