"""``exec.run``: a program, its output as lines or documents, whole, streamed or in a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from clace.errors import BadRequest
from clace.interfaces import IStarter
from clace.plugins.builtin.exec.answers import ProgramAnswers, RunParameters, check_shape
from clace.plugins.builtin.exec.programs import (
    ProgramCommand,
    ProgramLookup,
    ProgramsByOwner,
    directory,
    started,
)
from clace.plugins.builtin.exec.running import ExecCall, ProgramBounds
from clace.plugins.builtin.exec.widening import check_widening
from clace.plugins.kit import Function, Invocation, Plugin, TempFiles
from clace.threads import InThread


class ExecSettings(Struct, frozen=True, kw_only=True):
    """Folders in which programs are looked up and run, and their limits."""

    search_path: str
    directory: str = "/"
    at_once: int = 64
    at_once_each: int = 32
    """How many programs may run at the same time, in all and for one app."""
    bounds: ProgramBounds = ProgramBounds()


class ExecFunctions:
    """The functions of ``exec.in``."""

    def __init__(
        self,
        reactor: Any,
        starter: IStarter,
        settings: ExecSettings,
        files: TempFiles,
        in_thread: InThread,
    ) -> None:
        self._programs = ProgramsByOwner(settings.at_once, settings.at_once_each)
        self._starter = starter
        self._lookup = ProgramLookup(settings.search_path, reactor)
        self._clock = reactor
        self._settings = settings
        self._answers = ProgramAnswers(files, in_thread)
        self._in_thread = in_thread

    @property
    def plugin(self) -> Plugin:
        return Plugin("exec.in", {"run": Function(RunParameters, self.run, is_read=False)})

    async def run(self, invocation: Invocation, given: RunParameters) -> Any:
        """The lines, documents, stream or file path that a program's output comes to.

        :raises CallFailed: if it cannot be started, fails, or breaks its limits.
        """
        check_shape(given)
        check_widening(invocation.grants, given.env, given.cwd, self._settings.search_path)
        command = await self._found(given)
        owner = invocation.caller.app.id
        with self._programs.room(owner):
            program = self._programs.hold(started(self._starter, command), owner)
        running = ExecCall(
            program,
            self._clock,
            self._settings.bounds,
            partial=given.process_partial,
        )
        return await self._answers.of(invocation, given, running)

    async def stop(self) -> None:
        """End the programs that still run."""
        await self._programs.stop()

    async def _found(self, given: RunParameters) -> ProgramCommand:
        """The command; paths that the app chose may be on a disk that is slow."""
        if given.cwd or "/" in given.path:
            return await self._in_thread(lambda: self._command(given))
        return self._command(given)

    def _command(self, given: RunParameters) -> ProgramCommand:
        return ProgramCommand(
            executable=self._lookup.find(given.path),
            args=given.args,
            environment=_environment(given.env),
            directory=directory(given.cwd or self._settings.directory),
            merge=given.include_stderr,
        )


def _environment(entries: Sequence[str]) -> dict[str, str]:
    for entry in entries:
        if entry.find("=") < 1:
            raise BadRequest(
                f'exec.in.run: for parameter env: expected "NAME=value", got "{entry}"'
            )
    return dict(entry.split("=", 1) for entry in entries)
