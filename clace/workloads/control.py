"""The programs of apps in the hands of operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from clace.errors import AppBroken
from clace.interfaces import IProgram, IProgramControl, IWorkloadEngine, ProgramExit
from clace.model import App, ProgramStatus
from clace.workloads.commands import carried_out
from clace.workloads.logs import AppLog, LineSplitter
from clace.workloads.offer import WorkloadOffer
from clace.workloads.service import Workloads


@implementer(IProgramControl)
class ProgramControl:
    """Stops and starts programs, reads their logs, and runs commands beside them."""

    def __init__(self, clock: Any, workloads: Workloads, engine: IWorkloadEngine) -> None:
        self._clock = clock
        self._workloads = workloads
        self._engine = engine

    def log(self, app: App) -> AppLog:
        return self._workloads.of(app).log

    def status(self, app: App) -> ProgramStatus:
        return self._workloads.of(app).status

    async def stop(self, app: App) -> None:
        found = self._workloads.of(app)
        found.stopped.set(is_set=True)
        found.log.tell("stopped by an operator")
        for generation in tuple(found.generations):
            await generation.leave(generation.limits.drain_seconds)

    async def start(self, app: App) -> None:
        found = self._workloads.of(app)
        found.stopped.set(is_set=False)
        if found.offer is not None:
            found.offer.try_again()
        (await found.lease()).release()

    async def restart(self, app: App) -> None:
        found = self._workloads.of(app)
        found.stopped.set(is_set=False)
        await found.restart()

    async def run(
        self, app: App, command: tuple[str, ...], take: Callable[[str], None]
    ) -> ProgramExit:
        offer = self._offer(app)
        lines = LineSplitter(take, offer.order.redact)
        try:
            program = await self._engine.begin(await offer.prepared(), command, merge=True)
            return await carried_out(program, lines.write, self._clock)
        finally:
            lines.end()

    async def begin(self, app: App, command: tuple[str, ...], *, merge: bool) -> IProgram:
        return await self._engine.begin(await self._offer(app).prepared(), command, merge=merge)

    def _offer(self, app: App) -> WorkloadOffer:
        offer = self._workloads.of(app).offer
        if offer is None:
            raise AppBroken(f"app {app} has no program of its own")
        return offer
