"""The engine for each program: what was written for a container runs in one where that can be."""

from __future__ import annotations

from collections.abc import Callable

from zope.interface import implementer

from clace.errors import BadRequest
from clace.interfaces import (
    NO_CONTAINER_ENGINE,
    IProgram,
    IWorkload,
    IWorkloadEngine,
    PreparedWorkload,
    Tell,
    WorkloadOrder,
)
from clace.model import App, Permission, WorkloadConfig, WorkloadKind

Log = Callable[[bytes], None]


@implementer(IWorkloadEngine)
class ChosenEngines:
    """Processes, and containers if there is an engine for them; else these run as processes."""

    def __init__(
        self, processes: IWorkloadEngine, containers: IWorkloadEngine | None = None
    ) -> None:
        self._processes = processes
        self._containers = containers

    def needs(self, app: App, config: WorkloadConfig) -> tuple[Permission, ...]:
        if config.kind is WorkloadKind.CONTAINER and config.spec and self._containers is None:
            raise BadRequest(f"spec {config.spec} runs in a container: {NO_CONTAINER_ENGINE}")
        return self._for(config).needs(app, config)

    async def prepare(self, order: WorkloadOrder, tell: Tell) -> PreparedWorkload:
        return await self._for(order.config).prepare(order, tell)

    async def start(self, prepared: PreparedWorkload, log: Log) -> IWorkload:
        return await self._for(prepared.order.config).start(prepared, log)

    async def begin(
        self, prepared: PreparedWorkload, command: tuple[str, ...], *, merge: bool
    ) -> IProgram:
        return await self._for(prepared.order.config).begin(prepared, command, merge=merge)

    async def forget(self, app_id: str) -> None:
        await self._processes.forget(app_id)
        if self._containers is not None:
            await self._containers.forget(app_id)

    def _for(self, config: WorkloadConfig) -> IWorkloadEngine:
        if config.kind is WorkloadKind.CONTAINER and self._containers is not None:
            return self._containers
        return self._processes
