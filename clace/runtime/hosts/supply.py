"""Hosts as the runtime uses them, and those that are processes."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from twisted.internet.threads import deferToThreadPool

from clace.errors import ClaceError
from clace.model import AppRequest, AppResponse
from clace.runtime.hosts.calls import PluginCalls
from clace.runtime.hosts.connected import ConnectedSocket
from clace.runtime.hosts.fork_server import ForkServerProcess
from clace.runtime.hosts.fragments import HeldFrames
from clace.runtime.hosts.host import AppHost
from clace.runtime.hosts.line import HostLine
from clace.runtime.hosts.probe import first_words
from clace.runtime.hosts.program import HostCommand
from clace.runtime.hosts.timers import Timers
from clace.runtime.limits import HostLimits
from clace.wire import AppLoaded, HostBounds, HostEnded, HostNote, LoadApp

T = TypeVar("T")
_PROGRAM = HostCommand()


class RunningHost(Protocol):
    """One loaded app that answers requests."""

    @property
    def alive(self) -> bool:
        """Return true if it can be asked."""

    @property
    def busy(self) -> int:
        """Return the number of requests it is working on."""

    @property
    def processor_seconds(self) -> float:
        """Return the processor seconds it has used so far."""

    def ask(
        self,
        request: AppRequest,
        calls: PluginCalls,
        note: Callable[[HostNote], None],
        done: Callable[[], None],
    ) -> Awaitable[AppResponse]:
        """The app's answer; ``done`` is called when the request is over, however it ends."""

    def retire(self) -> None:
        """End when nothing is in flight."""

    def end(self, reason: ClaceError) -> None:
        """End at once."""


class HostSupply(Protocol):
    """The source of hosts."""

    def begin(self) -> None:
        """Be ready to start hosts; what was begun in another process is begun again."""

    def try_out(self) -> Mapping[str, str]:
        """Why each wall around a host does not stand, ``""`` for those that do.

        Blocks, and is for the time before the reactor runs.

        :raises ClaceError: if no app can be run here at all.
        """

    async def start(
        self, load: LoadApp, limits: HostLimits, note: Callable[[HostNote], None]
    ) -> tuple[RunningHost, AppLoaded]:
        """:raises AppBroken: if the app does not load."""

    async def in_thread(self, work: Callable[[], T], /) -> T:
        """Run ``work`` in a thread and return its result."""

    async def stop(self) -> None:
        """End all hosts."""


class ProcessHosts:
    """Hosts forked by the fork server."""

    def __init__(self, reactor: Any, program: HostCommand = _PROGRAM) -> None:
        self._reactor = reactor
        self._timers = Timers(reactor)
        self.fork_server = ForkServerProcess(reactor, program)
        self._held = HeldFrames()

    def begin(self) -> None:
        self.fork_server.start()

    def try_out(self) -> Mapping[str, str]:
        return first_words(self.fork_server.fork(HostBounds(), _nobody_asks).socket).walls

    async def start(
        self, load: LoadApp, limits: HostLimits, note: Callable[[HostNote], None]
    ) -> tuple[RunningHost, AppLoaded]:
        host = AppHost(self._timers, self._connect, self.fork_server, limits, self._held)
        bounds = limits.auditing if load.inert else limits.serving
        return host, await host.load(load, bounds, note)

    async def in_thread(self, work: Callable[[], T], /) -> T:
        return await deferToThreadPool(self._reactor, self._reactor.getThreadPool(), work)

    async def stop(self) -> None:
        await self.fork_server.stop()
        self._timers.stop()

    def _connect(self, connected: socket.socket, line: HostLine) -> None:
        ConnectedSocket(connected, line, self._reactor)


def _nobody_asks(_gone: HostEnded) -> None:
    """A host that was only tried out may end as it likes."""
