"""A container that runs: its output, its end, and how it is ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IProtocolFactory
from twisted.logger import Logger
from zope.interface import implementer

from clace.containers.commands import EngineCommands
from clace.containers.reaching import ContainerConnections, ContainerPlace
from clace.interfaces import IProgram, IWorkload, ProgramExit

Log = Callable[[bytes], None]
_SIGNALLED = 128
_REST_SECONDS = 5
"""How long the rest of its output is read when it has ended: the engine may keep very much."""


@implementer(IWorkload)
class ContainerWorkload:
    """A container of a name, which is watched until it ends and then removed."""

    _log = Logger()

    def __init__(
        self,
        clock: Any,
        name: str,
        place: ContainerPlace,
        commands: EngineCommands,
        connections: ContainerConnections,
        stop_seconds: int,
    ) -> None:
        self._clock = clock
        self.name = name
        self.place = place
        self.ended: Deferred[ProgramExit] = Deferred()
        self._commands = commands
        self._connections = connections
        self._stop_seconds = stop_seconds
        self.relay: IProgram | None = None
        self._stopping: Deferred[None] | None = None
        self._over: list[Deferred[None]] = []

    async def connect(self, factory: IProtocolFactory, seconds: float) -> Any:
        return await self._connections.connect(self.place, factory, seconds)

    def stop(self) -> Deferred[None]:
        over: Deferred[None] = Deferred()
        if self.ended.called:
            over.callback(None)
            return over
        self._over.append(over)
        if self._stopping is None:
            self._stopping = Deferred.fromCoroutine(self._stop())
            self._stopping.addErrback(lambda failure: self._log.failure("Not stopped", failure))
        return over

    def watch(self, log: Log, *, since_now: bool) -> None:
        """Hand its output on, and tell its end."""
        watching = Deferred.fromCoroutine(self._watch(log, since_now=since_now))
        watching.addErrback(self._lost)

    async def _stop(self) -> None:
        # The long name of this argument is another one in each engine.
        stopped = await self._commands.run("stop", "-t", str(self._stop_seconds), self.name)
        if stopped.status and not self.ended.called:
            told = "The container {name} cannot be stopped: {reason}"
            self._log.warn(told, name=self.name, reason=stopped.reason)

    async def _watch(self, log: Log, *, since_now: bool) -> None:
        tail = ("--tail=20",) if since_now else ()
        output = Deferred.fromCoroutine(
            self._commands.follow(("logs", "-f", *tail, self.name), log)
        )
        output.addErrback(self._output_lost)
        status = await self._status()
        late = self._clock.callLater(_REST_SECONDS, output.cancel)
        await output
        if late.active():
            late.cancel()
        await self._commands.remove(self.name)
        self._tell(ProgramExit(status=status) if status >= 0 else _killed(status))

    async def _status(self) -> int:
        """Wait for its end, also when the program that waits is ended before it."""
        while True:
            waited = await self._commands.run("wait", self.name, seconds=_FOR_EVER)
            if waited.status == 0 and waited.output.strip().lstrip("-").isdigit():
                found = int(waited.output.strip())
                return _SIGNALLED - found if found > _SIGNALLED else found
            seen = await self._commands.run("inspect", "--format={{.State.Running}}", self.name)
            if seen.output.strip() != "true":
                return 0

    def _output_lost(self, failure: Any) -> None:
        if not failure.check(CancelledError):  # that the rest is too much is no news
            told = "The output of {name} is lost: {reason}"
            self._log.warn(told, name=self.name, reason=failure.getErrorMessage())

    def _lost(self, failure: Any) -> None:
        reason = failure.getErrorMessage()
        self._tell(ProgramExit(failure=reason))

    def _tell(self, end: ProgramExit) -> None:
        if self.relay is not None:
            self.relay.kill()
        if not self.ended.called:
            self.ended.callback(end)
        for over in self._over:
            over.callback(None)
        self._over.clear()


_FOR_EVER = 10 * 365 * 86_400.0


def _killed(status: int) -> ProgramExit:
    return ProgramExit(signal=-status)
