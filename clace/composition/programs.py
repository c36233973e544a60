"""The programs of apps: what builds, starts and keeps them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from clace.composition.containers import container_settings
from clace.composition.data import Data
from clace.composition.environments import python_options
from clace.composition.identity_tokens import AppTokens, keys_folder, make_keys_folder
from clace.config import AppContainer
from clace.containers import ContainerEngine, ContainerSweeper
from clace.descriptors import egress_share
from clace.egress import Egress
from clace.environments import (
    Environments,
    Installer,
    StepRunner,
    WalledBuildStarter,
    store_below,
)
from clace.interfaces import IStarter, IWorkloadEngine
from clace.model import App, demanded_of_processes
from clace.operations import DataRemoval
from clace.processes.walled import WalledStarter
from clace.threads import ThreadPool
from clace.workloads import (
    AppUsers,
    ChosenEngines,
    EnvironmentUses,
    OfferSupplies,
    ProcessEngine,
    ProcessPlaces,
    ProgramControl,
    ProgramData,
    SourceFolders,
    WorkloadFolders,
    WorkloadLimits,
    Workloads,
)

_BUILDER = "builds"


class Programs:
    """Processes behind walls, containers, and their life."""

    def __init__(
        self,
        data: Data,
        reactor: Any,
        file_threads: ThreadPool,
        starter: IStarter,
        tokens: AppTokens,
    ) -> None:
        self._data, self._reactor, self._file_threads = data, reactor, file_threads
        home = data.config.home
        users = data.config.sandbox.program_uid_base
        walls = demanded_of_processes(all_of_them=data.config.security.process_wall == "strong")
        egress = Egress(reactor, data.events, most=egress_share())
        self.starter = WalledStarter(reactor, walls, egress, trial_user=users)
        environments = store_below(home)
        self._environments = environments
        numbers = AppUsers(home / "data" / "process_users.json", users + 1)
        builder = WalledBuildStarter(self.starter, numbers.number(_BUILDER))
        self.steps = StepRunner(reactor, builder)
        options = python_options(data.config, data.secrets.resolved)
        installer = Installer(environments, options, self.steps, reactor, file_threads.run)
        sources = self._sources = SourceFolders(home / "run" / "programs", file_threads.run)
        places = _places(home, sources, numbers)
        built = Environments(environments, installer, file_threads.run)
        processes = ProcessEngine(
            *(reactor, built, self.starter, places, file_threads.run),
            stop_seconds=data.config.sandbox.program_stop_secs,
        )
        settings = container_settings(data.config, os.environ)
        containers = ContainerEngine(reactor, starter, sources, settings, file_threads.run)
        apps, versions = data.store.apps, data.store.versions
        seconds = settings.sweep_seconds if containers.is_there else 0
        self.sweeper = ContainerSweeper(reactor, containers, apps, versions, seconds)
        engine = ChosenEngines(processes, containers if containers.is_there else None)
        supplies = self._supplies(engine, tokens)
        self.workloads = Workloads(supplies, folders(home))
        self.control = ProgramControl(reactor, self.workloads, engine)

    def _supplies(self, engine: IWorkloadEngine, tokens: AppTokens) -> OfferSupplies:
        return OfferSupplies(
            clock=self._reactor,
            engine=engine,
            limits_of=self._limits_of,
            name_run=self._data.new_id,
            in_thread=self._file_threads.run,
            publish_keys=tokens.publish,
            events=self._data.events,
        )

    def data_of_apps(self) -> ProgramData:
        """Return the folders that programs keep."""
        place = folders(self._data.config.home).data
        return ProgramData(place, self.workloads.is_running, self._file_threads.run)

    def data_removal(self) -> DataRemoval:
        """Make the service that deletes the data of removed apps."""
        data = self._data
        places = self.data_of_apps()
        return DataRemoval(data.store.leftovers, places, self._reactor, data.events)

    def open(self) -> None:
        """Make folders, and remove what an earlier server left; blocks."""
        make_keys_folder(keys_folder(self._data.config.home))
        self._environments.open()
        self._sources.clear()

    async def stop_builds(self) -> None:
        """Kill the programs of builds."""
        self.steps.end()

    def _limits_of(self, app: App) -> WorkloadLimits:
        return workload_limits(self._data.settings_of(app).container)


def _places(home: Path, sources: SourceFolders, numbers: AppUsers) -> ProcessPlaces:
    """Return the places of what is kept for processes."""
    return ProcessPlaces(
        sources=sources,
        users=numbers,
        uses=EnvironmentUses(home / "data" / "environment_uses.json"),
        releases=home / "data" / "releases",
    )


def folders(home: Path) -> WorkloadFolders:
    """The places of what programs write."""
    return WorkloadFolders(
        logs=home / "logs" / "apps", data=home / "data" / "apps", keys=keys_folder(home)
    )


def workload_limits(configured: AppContainer) -> WorkloadLimits:
    """Return when a program is ready, and how long it may go unused."""
    return WorkloadLimits(
        health_url=configured.health_url,
        attempts=configured.health_attempts_after_startup,
        check_seconds=configured.status_check_interval_secs,
        check_attempts=configured.status_health_attempts,
        health_seconds=configured.health_timeout_secs,
        wait_seconds=configured.start_wait_secs,
        idle_seconds=configured.idle_shutdown_secs,
        idle_bytes=configured.idle_bytes_high_watermark,
        idles_dev_apps=configured.idle_shutdown_dev_apps,
        drain_seconds=configured.drain_timeout_secs,
        recycle_seconds=configured.recycle_after_secs,
        recycle_mb=configured.recycle_memory_mb,
    )
