"""The regular removal of containers and images that nobody needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from clace.interfaces import StoredVersion
from clace.model import App, AppMetadata

Installed = Callable[[], Awaitable[Iterable[App]]]
"""Gives all apps, staging apps and previews among them."""
Versions = Callable[[str], Awaitable[Iterable[StoredVersion]]]
"""Gives all versions of an app that are kept."""


class ISweeps(Protocol):
    """An engine that can tell which containers nobody needs."""

    def sweep(self, installed: frozenset[str]) -> Awaitable[tuple[str, ...]]:
        """Remove containers of apps that are not installed; return their names."""

    def sweep_images(
        self, installed: frozenset[str], kept: Callable[[str], Awaitable[Iterable[AppMetadata]]]
    ) -> Awaitable[tuple[str, ...]]:
        """Remove images that no kept version of an app is made of; return their names."""


class ContainerSweeper(Service):
    """Looks for containers that an earlier run of the server has left, and nobody needs."""

    _log = Logger()

    def __init__(
        self,
        clock: Any,
        engine: ISweeps,
        installed: Installed,
        versions: Versions,
        seconds: float,
    ) -> None:
        self.setName("containers")
        self._engine = engine
        self._installed = installed
        self._versions = versions
        self._seconds = seconds
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock

    def startService(self) -> None:
        super().startService()
        if self._seconds:
            self._looking.start(self._seconds, now=True)

    def stopService(self) -> None:
        super().stopService()
        if self._looking.running:
            self._looking.stop()

    def _look(self) -> Deferred[None]:
        looked = Deferred.fromCoroutine(self._sweep())
        return looked.addErrback(self._not_swept)

    def _not_swept(self, failure: Failure) -> None:
        # A server that stops ends the engine's commands; the next one looks again.
        if self.running:
            self._log.failure("Unneeded containers could not be removed", failure)

    async def _sweep(self) -> None:
        installed = frozenset(app.id for app in await self._installed())
        for name in await self._engine.sweep(installed):
            self._log.info("Removed the container {name}, whose app is gone", name=name)
        for name in await self._engine.sweep_images(installed, self._kept):
            self._log.info("Removed the image {name}, of no version that is kept", name=name)

    async def _kept(self, app_id: str) -> Iterable[AppMetadata]:
        return [version.metadata for version in await self._versions(app_id)]
