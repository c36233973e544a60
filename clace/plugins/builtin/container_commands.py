"""``container.run``: a command where the app's program runs, its output as that of ``exec.run``."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from clace.errors import AppBroken
from clace.interfaces import IProgram, IProgramControl
from clace.model import App
from clace.plugins.builtin.exec import (
    ExecCall,
    ProgramAnswers,
    ProgramBounds,
    ProgramsByOwner,
    RunParameters,
    check_shape,
)
from clace.plugins.kit import CallFailed, Function, Invocation, TempFiles
from clace.threads import InThread

_AT_ONCE, _AT_ONCE_EACH = 32, 8
"""How many commands may run at the same time, in all and for one app: each is a container."""


class ContainerCommands:
    """Runs commands of apps in their containers; ``programs`` has to be known before the first."""

    _log = Logger()

    def __init__(self, clock: IReactorTime, files: TempFiles, in_thread: InThread) -> None:
        self._clock = clock
        self._answers = ProgramAnswers(files, in_thread)
        self._bounds = ProgramBounds()
        self._running = ProgramsByOwner(_AT_ONCE, _AT_ONCE_EACH)
        self._warned: set[str] = set()
        self.programs: IProgramControl | None = None

    @property
    def function(self) -> Function:
        return Function(RunParameters, self.run, is_read=False)

    async def run(self, invocation: Invocation, given: RunParameters) -> Any:
        """The lines, documents, stream or file path that a command's output comes to.

        :raises CallFailed: if it cannot be started, fails, or writes or takes too much.
        """
        check_shape(given)
        app = invocation.caller.app
        if given.env or given.cwd:
            self._warn(app)
        with self._running.room(app.id):
            program = self._running.hold(await self._begun(invocation, given), app.id)
        running = ExecCall(
            program,
            self._clock,
            self._bounds,
            partial=given.process_partial,
            quotes=True,
        )
        return await self._answers.of(invocation, given, running)

    def _warn(self, app: App) -> None:
        """Warn, once for each app, that ``env`` and ``cwd`` have no effect."""
        if app.id not in self._warned:
            self._warned.add(app.id)
            told = "{app}: env and cwd of container.run have no effect: those of the image hold"
            self._log.warn(told, app=str(app))

    async def stop(self) -> None:
        """End the commands that still run."""
        await self._running.stop()

    async def _begun(self, invocation: Invocation, given: RunParameters) -> IProgram:
        if self.programs is None:
            raise CallFailed("container config not initialized")
        app, command = invocation.caller.app, (given.path, *given.args)
        try:
            program: IProgram = await self.programs.begin(app, command, merge=given.include_stderr)
        except AppBroken as error:
            raise CallFailed(_told(error)) from None
        return program


def _told(error: AppBroken) -> str:
    has_none = "has no program of its own" in error.message
    return "container config not initialized" if has_none else error.message
