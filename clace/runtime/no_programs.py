"""A server on which apps have no programs of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IProtocolFactory
from zope.interface import implementer

from clace.errors import AppBroken
from clace.interfaces import IFiles, IWorkloads
from clace.model import App, Permission, WorkloadConfig

_NONE = "this server runs no programs of apps"


@implementer(IWorkloads)
class NoPrograms:
    """Refuses whatever would start one."""

    def needs(self, _app: App, _config: WorkloadConfig) -> tuple[Permission, ...]:
        return ()

    def offer(
        self,
        _app: App,
        _files: IFiles,
        _config: WorkloadConfig,
        _environment: Mapping[str, str],
        _redact: Callable[[str], str],
        _prefix: str = "",
    ) -> NoReturn:
        raise AppBroken(_NONE)

    def at_hand(self, _app: App) -> None:
        return None

    async def lease(self, _app: App, *, for_page: bool) -> NoReturn:  # noqa: ARG002
        raise AppBroken(_NONE)

    def last_lines(self, _app: App) -> tuple[str, ...]:
        return ()

    def connect(self, _key: str, _factory: IProtocolFactory, _seconds: float) -> Deferred[Any]:
        return fail(ConnectError(string=_NONE))

    def retract(self, app_id: str) -> None:
        """Nothing runs."""

    def set_aside(self, app_id: str) -> None:
        """Nothing runs."""


NO_PROGRAMS = NoPrograms()
