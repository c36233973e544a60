"""The program of one app: which version of it requests are sent to, and what runs besides."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from clace.errors import AppBroken, AppStopped, ProgramFailed
from clace.interfaces import ProgramExit
from clace.model import App, Lifetime, ProgramPhase, ProgramStatus
from clace.workloads.generation import Generation, WorkloadLease
from clace.workloads.logs import AppLog
from clace.workloads.offer import WorkloadOffer

_RECYCLED_AGAIN_SECONDS = 60


class StopMark:
    """A file that says that an operator has stopped an app: it holds over a restart."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.is_set = file.exists()

    def set(self, *, is_set: bool) -> None:
        """:raises OSError: if it cannot be kept."""
        if is_set:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file.touch(mode=0o600)
        else:
            self._file.unlink(missing_ok=True)
        self.is_set = is_set


class AppWorkload:
    """Keeps what is published, and the ``heir`` that makes it wait: the next version, of which
    no second one may run.
    """

    _log = Logger()

    def __init__(self, log: AppLog, runs: dict[str, Generation], stopped: StopMark) -> None:
        self.log = log
        self.stopped = stopped
        self._runs = runs
        self.offer: WorkloadOffer | None = None
        self.generations: set[Generation] = set()
        self.starts: set[WorkloadOffer] = set()
        self.is_gone = False
        self._heir: WorkloadOffer | None = None
        self._waiting: list[Deferred[None]] = []

    def at_hand(self) -> WorkloadLease | None:
        if self.offer is None or self._heir is not None or self.is_stopped:
            return None
        generation = self.offer.usable
        return None if generation is None else generation.lease()

    async def lease(self) -> WorkloadLease:
        """:raises AppBroken: if the app has no program, or it does not start."""
        while True:
            if self.is_stopped:
                path = self.offer.order.app.main_address if self.offer else "PATH"
                raise AppStopped(f"the app was stopped: clace app start {path} lets it run again")
            if self._heir is not None:
                await self._settled()
                continue
            offer = self._serving()
            try:
                generation = await offer.ready()
            except ProgramFailed:
                if self.offer is offer:
                    raise
                continue
            if self.offer is offer and generation.is_usable:
                return generation.lease()

    def _serving(self) -> WorkloadOffer:
        """The published offer.

        :raises AppBroken: if the app has no program, or one for commands only.
        """
        if self.offer is None or self.offer.order.config.lifetime is Lifetime.COMMAND:
            raise AppBroken("the app has no program that requests could be passed on to")
        return self.offer

    # The offers call these.

    @property
    def is_running(self) -> bool:
        return self.offer is not None and self.offer.usable is not None

    @property
    def has_programs(self) -> bool:
        """Return true while a program of the app runs or is being started."""
        return bool(self.generations or self.starts)

    def published(self, key: str) -> WorkloadOffer | None:
        offer = self.offer
        return offer if offer is not None and offer.key == key else None

    def register(self, generation: Generation) -> None:
        self.generations.add(generation)
        self._runs[generation.key] = generation

        def forget(end: ProgramExit) -> ProgramExit:
            self.generations.discard(generation)
            self._runs.pop(generation.key, None)
            return end

        generation.workload.ended.addCallback(forget)

    async def make_way(self, offer: WorkloadOffer) -> None:
        if offer is not self.offer:
            self._heir = offer
        for generation in tuple(self.generations):
            await generation.leave(offer.limits.drain_seconds)

    def switch(self, offer: WorkloadOffer, app: App) -> None:
        before = self.offer
        if before is not None and before is not offer and before.key == offer.key:
            before.renamed(app)
            offer.discard()
            return
        self.replace(offer)
        offer.renamed(app)

    def replace(self, offer: WorkloadOffer | None) -> None:
        """Send requests to this offer from now on, and let the one before end."""
        before, self.offer = self.offer, offer
        self._settle()
        if before is not None and before is not offer:
            before.leave()

    def drop(self, offer: WorkloadOffer) -> None:
        if self._heir is offer:
            self._settle()

    @property
    def is_stopped(self) -> bool:
        """Return true if an operator has stopped it."""
        return self.stopped.is_set

    @property
    def status(self) -> ProgramStatus:
        """Return what the program does, or why it does nothing."""
        if self.is_stopped:
            return ProgramStatus(state=ProgramPhase.STOPPED)
        offer = self._heir or self.offer
        return ProgramStatus(state=ProgramPhase.IDLE) if offer is None else offer.status

    async def restart(self) -> None:
        """Start the program anew, beside the one that runs where two may run.

        :raises AppBroken: if the app has none to start, or it does not start; the one before goes
            on then, if it still runs.
        """
        before = self._serving()
        offer = before.again()
        try:
            await offer.ready()
        except AppBroken:
            offer.discard()
            raise
        if self.offer is before:
            self.replace(offer)
        else:
            offer.discard()

    def look_after(self) -> None:
        """End the program if it is forgotten or hangs; start another beside one too old."""
        offer = self.offer
        generation = offer.usable if offer is not None else None
        if offer is None or generation is None:
            return
        limits = offer.limits
        if generation.is_forgotten and (limits.idles_dev_apps or not offer.order.app.is_dev):
            self.log.tell("stopped: nobody uses it")
            generation.leave(0)
            return
        offer.check(limits)
        if not generation.is_usable or generation.age < generation.recycled_from:
            return
        if 0 < limits.recycle_seconds < generation.age:
            self._recycle(generation, "it is old enough")
        elif 0 < limits.recycle_mb < generation.memory_mb:
            self._recycle(generation, f"it has more than {limits.recycle_mb} MB of memory")

    def _recycle(self, generation: Generation, why: str) -> None:
        """Start another beside the program, and let it take over."""
        self.log.tell(f"started anew: {why}")
        generation.recycled_from = math.inf  # one other is enough
        done: Deferred[Any] = Deferred.fromCoroutine(self.restart())
        done.addErrback(self._not_recycled, generation)

    def _not_recycled(self, failure: Failure, generation: Generation) -> None:
        generation.recycled_from = generation.age + _RECYCLED_AGAIN_SECONDS
        failure.trap(AppBroken)
        self._log.warn("{why}", why=failure.getErrorMessage())

    async def _settled(self) -> None:
        waiter: Deferred[None] = Deferred()
        self._waiting.append(waiter)
        await waiter

    def _settle(self) -> None:
        self._heir = None
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.called:
                waiter.callback(None)
