"""Programs of apps as requests find them: running, or started for those who wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocolFactory
from zope.interface import Attribute, Interface

from clace.interfaces.sources import IFiles
from clace.model import App, Permission, WorkloadConfig


class IWorkloadLease(Interface):
    """The use of a program by one request; the program is not ended before ``release``."""

    key: str = Attribute("Names what was started: connections to another one are of no use.")

    def upgraded() -> None:
        """The protocol was changed: from now on only what is passed keeps the program awake."""

    def passed(size: int) -> None:
        """So many bytes were passed on, in either direction, after the protocol was changed."""

    def release() -> None:
        """The request is over; may be called again."""


class IWorkloadOffer(Interface):
    """The program of a version of an app, to which nobody is sent yet."""

    pins: Mapping[str, str] = Attribute("what fixes what it was built of, once it was")

    async def rehearse() -> None:
        """Build it, start it, and see that it answers.

        :raises AppBroken: if it does not; the text has the last lines of its log.
        """

    def publish(app: App) -> None:
        """Send requests to it; the one before it ends when those that it has are answered."""

    def discard() -> None:
        """End it without having served."""


class IWorkloads(Interface):
    """The programs of all apps."""

    def needs(app: App, config: WorkloadConfig) -> tuple[Permission, ...]:
        """As ``IWorkloadEngine.needs``."""

    def offer(
        app: App,
        files: IFiles,
        config: WorkloadConfig,
        environment: Mapping[str, str],
        redact: Callable[[str], str],
        prefix: str = "",
    ) -> IWorkloadOffer:
        """The program of a version; nothing is started before it is needed. Requests are passed on
        with ``prefix`` before their paths.
        """

    def at_hand(app: App) -> IWorkloadLease | None:
        """The use of the app's program, if it runs and answers."""

    async def lease(app: App, *, for_page: bool) -> IWorkloadLease:
        """The use of the app's program, which is started if it does not run.

        :raises AppStarting: if that takes longer than the visitor should wait: of those who want
            a page, which can be told to come again, not long.
        :raises AppStopped: if an operator has stopped it.
        :raises AppBroken: if it does not start, or has none.
        """

    def connect(key: str, factory: IProtocolFactory, seconds: float) -> Deferred[Any]:
        """A protocol connected to the program of a lease.

        :raises ConnectError: if nothing listens, or it has ended.
        """

    def retract(app_id: str) -> None:
        """End the program of an app that is gone."""

    def set_aside(app_id: str) -> None:
        """End the program of an app that has none any more."""
