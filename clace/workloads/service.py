"""The programs of all apps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.defer import TimeoutError as Late
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from zope.interface import implementer

from clace.errors import AppBroken, AppStarting
from clace.interfaces import (
    KEYS_FILE,
    KEYS_FOLDER,
    KEYS_VARIABLE,
    IFiles,
    IWorkloadEngine,
    IWorkloads,
    WorkloadOrder,
)
from clace.model import App, Permission, WorkloadConfig
from clace.workloads.app_workload import AppWorkload, StopMark
from clace.workloads.generation import Generation, WorkloadLease
from clace.workloads.keys import order_key
from clace.workloads.logs import AppLog
from clace.workloads.offer import OfferSupplies, WorkloadOffer

_LOOK_SECONDS = 1


class WorkloadFolders(msgspec.Struct, frozen=True):
    """The places of the logs of programs, and of the data of apps, each below its id; and the
    folder of the public keys of identity tokens.
    """

    logs: Path
    data: Path
    keys: Path


@implementer(IWorkloads)
class Workloads(Service):
    """Finds the program of an app, starts it for requests, replaces and ends it."""

    _log = Logger()

    def __init__(self, supplies: OfferSupplies, folders: WorkloadFolders) -> None:
        self.setName("workloads")
        self._supplies = supplies
        self._folders = folders
        self._apps: dict[str, AppWorkload] = {}
        self._leaving: dict[str, AppWorkload] = {}
        self._runs: dict[str, Generation] = {}
        self._looking_after = LoopingCall(self._look_after)
        self._looking_after.clock = supplies.clock

    def startService(self) -> None:
        super().startService()
        self._looking_after.start(_LOOK_SECONDS, now=False)

    def stopService(self) -> Deferred[Any]:
        """Ends all programs; fires when they are gone."""
        super().stopService()
        for found in self._apps.values():
            found.log.close()
        if self._looking_after.running:
            self._looking_after.stop()
        runs = tuple(self._runs.values())
        return DeferredList([run.leave(0) for run in runs])

    def needs(self, app: App, config: WorkloadConfig) -> tuple[Permission, ...]:
        engine: IWorkloadEngine = self._supplies.engine
        return engine.needs(app, config)

    def offer(
        self,
        app: App,
        files: IFiles,
        config: WorkloadConfig,
        environment: Mapping[str, str],
        redact: Callable[[str], str],
        prefix: str = "",
    ) -> WorkloadOffer:
        order = WorkloadOrder(
            app=app,
            files=files,
            config=config,
            environment={**environment, KEYS_VARIABLE: f"{KEYS_FOLDER}/{KEYS_FILE}"},
            redact=redact,
            prefix=prefix,
            keys=str(self._folders.keys),
            data=str(self._folders.data / app.id) if keeps_data(app, config) else "",
        )
        return WorkloadOffer(self._supplies, self.of(app), order, order_key(order))

    def at_hand(self, app: App) -> WorkloadLease | None:
        found = self._apps.get(app.id)
        return None if found is None else found.at_hand()

    async def lease(self, app: App, *, for_page: bool) -> WorkloadLease:
        limits = self._supplies.limits_of(app)
        seconds = limits.page_seconds if for_page else limits.wait_seconds
        waiting: Deferred[WorkloadLease] = Deferred.fromCoroutine(self.of(app).lease())
        waiting.addTimeout(seconds, self._supplies.clock)
        try:
            return await waiting
        except Late:
            raise AppStarting("the app is being started", 1) from None

    def last_lines(self, app: App) -> tuple[str, ...]:
        found = self._apps.get(app.id)
        return () if found is None else found.log.last_lines

    def connect(self, key: str, factory: IProtocolFactory, seconds: float) -> Deferred[Any]:
        return Deferred.fromCoroutine(self._connect(key, factory, seconds))

    async def _connect(self, key: str, factory: IProtocolFactory, seconds: float) -> Any:
        generation = self._runs.get(key)
        if generation is None:
            raise ConnectError(string="the program has ended")
        return await generation.connect(factory, seconds)

    def retract(self, app_id: str) -> None:
        if app_id not in self._apps:
            return
        self.set_aside(app_id)
        gone = self._leaving[app_id] = self._apps.pop(app_id)
        gone.is_gone = True
        gone.stopped.set(is_set=False)
        gone.log.remove()
        engine: IWorkloadEngine = self._supplies.engine
        forgotten: Deferred[None] = Deferred.fromCoroutine(engine.forget(app_id))
        forgotten.addErrback(lambda failure: self._log.failure("Not all was removed", failure))

    def is_running(self, app_id: str) -> bool:
        """Return true while a program of the app runs or is being started, also after the app was
        removed.
        """
        found = self._apps.get(app_id) or self._leaving.get(app_id)
        return found is not None and found.has_programs

    def set_aside(self, app_id: str) -> None:
        found = self._apps.get(app_id)
        if found is not None:
            found.replace(None)

    def of(self, app: App) -> AppWorkload:
        """The program of an app, which may have none."""
        found = self._apps.get(app.id)
        if found is None:
            supplies, folders = self._supplies, self._folders
            log = AppLog(supplies.clock, folders.logs / f"{app.id}.log", supplies.in_thread)
            stopped = StopMark(folders.data / app.id / "stopped")
            found = self._apps[app.id] = AppWorkload(log, self._runs, stopped)
        return found

    def _look_after(self) -> None:
        leaving = self._leaving.items()
        self._leaving = {key: left for key, left in leaving if left.has_programs}
        for found in tuple(self._apps.values()):
            with suppress(AppBroken):  # its settings cannot be used: its visitors are told so
                found.look_after()


def keeps_data(app: App, config: WorkloadConfig) -> bool:
    """Return true if the program has a folder that is kept."""
    own, options = app.metadata, app.metadata.container_options
    return bool(config.needs.data or config.volumes or own.container_volumes or options.get("data"))
