"""The programs of apps in the hands of operators."""

from __future__ import annotations

from collections.abc import Callable

from zope.interface import implementer

from clace.errors import AppBroken
from clace.interfaces import IProgramControl, IWorkloadEngine, ProgramExit
from clace.model import App
from clace.workloads.logs import AppLog, LineSplitter
from clace.workloads.offer import WorkloadOffer
from clace.workloads.service import Workloads


@implementer(IProgramControl)
class ProgramControl:
    """Stops and starts programs, reads their logs, and runs commands beside them."""

    def __init__(self, workloads: Workloads, engine: IWorkloadEngine) -> None:
        self._workloads = workloads
        self._engine = engine

    def log(self, app: App) -> AppLog:
        return self._workloads.of(app).log

    def state(self, app: App) -> str:
        return self._workloads.of(app).state

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
            return await self._engine.run(await offer.prepared(), command, lines.write)
        finally:
            lines.end()

    async def output_of(
        self, app: App, command: tuple[str, ...], take: Callable[[bytes], None]
    ) -> ProgramExit:
        return await self._engine.run(await self._offer(app).prepared(), command, take)

    def _offer(self, app: App) -> WorkloadOffer:
        offer = self._workloads.of(app).offer
        if offer is None:
            raise AppBroken(f"app {app} has no program of its own")
        return offer
