"""Programs of apps as requests find them: running, or started for those who wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocolFactory
from zope.interface import Attribute, Interface

from clace.interfaces.programs import IProgram, ProgramExit
from clace.interfaces.sources import IFiles
from clace.model import App, Permission, ProgramStatus, WorkloadConfig


class IWorkloadLease(Interface):
    """The use of a program by one request; the program is not ended before ``release``."""

    key: str = Attribute("Names what was started: connections to another one are of no use.")

    def upgraded() -> None:
        """The protocol was changed: from now on only what is passed keeps the program awake."""

    def passed(size: int) -> None:
        """So many bytes were passed on, in either direction, after the protocol was changed."""

    def heard() -> None:
        """The program has sent something, so it does not hang."""

    def fed() -> None:
        """More of a body was sent after its first piece: the program may answer nobody else."""

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


class LogFilter(Struct, frozen=True, kw_only=True):
    """The lines of a log that are wanted: since a time, of a level, and how many of the last."""

    since: str = ""
    level: str = ""
    lines: int = 1000


class IProgramLog(Interface):
    """The log of an app's program; its lines begin with their times."""

    async def lines(wanted: LogFilter) -> tuple[str, ...]:
        """The lines that pass, the oldest first."""

    def follow(wanted: LogFilter, take: Callable[[str], None]) -> None:
        """Call ``take`` with each new line that passes, until ``leave``."""

    def leave(take: Callable[[str], None]) -> None:
        """Call it no more."""


class IProgramControl(Interface):
    """The programs of apps in the hands of operators."""

    def log(app: App) -> IProgramLog:
        """The log of an app's program, whether it runs or not."""

    def status(app: App) -> ProgramStatus:
        """Return the state of an app's program, and why it has it."""

    async def stop(app: App) -> None:
        """Let the program end, and none be started until ``start``; returns when it has ended."""

    async def start(app: App) -> None:
        """Let the program run, and start it.

        :raises AppBroken: if it does not start.
        """

    async def restart(app: App) -> None:
        """Start the program anew.

        :raises AppBroken: if it does not start.
        """

    async def run(app: App, command: tuple[str, ...], take: Callable[[str], None]) -> ProgramExit:
        """Run a command where the program runs; ``take`` gets its lines. It is killed if the call
        is cancelled.

        :raises AppBroken: if it cannot be started.
        """

    async def begin(app: App, command: tuple[str, ...], *, merge: bool) -> IProgram:
        """Start a command where the program runs, as ``IWorkloadEngine.begin`` does.

        :raises AppBroken: if it cannot be started, or the app has no program.
        """


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

    def last_lines(app: App) -> tuple[str, ...]:
        """Return the last lines that the app's program has written."""

    def connect(key: str, factory: IProtocolFactory, seconds: float) -> Deferred[Any]:
        """A protocol connected to the program of a lease.

        :raises ConnectError: if nothing listens, or it has ended.
        """

    def retract(app_id: str) -> None:
        """End the program of an app that is gone."""

    def set_aside(app_id: str) -> None:
        """End the program of an app that has none any more."""
