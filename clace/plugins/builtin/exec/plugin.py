"""``exec.run``: a program, its output as lines or documents, whole, streamed or in a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from clace.errors import BadRequest
from clace.interfaces import IStarter
from clace.outputs import JSON, JSON_LINES, LINES
from clace.plugins.builtin.exec.programs import (
    ProgramCommand,
    ProgramLookup,
    ProgramsByOwner,
    directory,
)
from clace.plugins.builtin.exec.running import ExecCall, ProgramBounds
from clace.plugins.builtin.exec.widening import check_widening
from clace.plugins.kit import CallFailed, Function, Invocation, ItemStream, Plugin, TempFiles
from clace.threads import InThread

_SHAPES = {"": LINES, "json": JSON, "jsonlines": JSON_LINES}


class ExecSettings(Struct, frozen=True, kw_only=True):
    """Folders in which programs are looked up and run, and their limits."""

    search_path: str
    directory: str = "/"
    at_once: int = 64
    at_once_each: int = 32
    """How many programs may run at the same time, in all and for one app."""
    bounds: ProgramBounds = ProgramBounds()


class RunParameters(Struct, frozen=True):
    """The parameters of ``exec.run``."""

    path: str
    args: list[str] = []
    env: list[str] = []
    process_partial: bool = False
    stdout_file: bool = False
    parse: str = ""
    stream: bool = False
    include_stderr: bool = True
    cwd: str = ""


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
        self._programs = ProgramsByOwner(starter, settings.at_once, settings.at_once_each)
        self._lookup = ProgramLookup(settings.search_path, reactor)
        self._clock = reactor
        self._settings = settings
        self._files = files
        self._in_thread = in_thread

    @property
    def plugin(self) -> Plugin:
        return Plugin("exec.in", {"run": Function(RunParameters, self.run, is_read=False)})

    async def run(self, invocation: Invocation, given: RunParameters) -> Any:
        """The lines, documents, stream or file path that a program's output comes to.

        :raises CallFailed: if it cannot be started, fails, or breaks its limits.
        """
        _check(given)
        check_widening(invocation.grants, given.env, given.cwd, self._settings.search_path)
        command = await self._found(given)
        running = ExecCall(
            self._programs.start(command, invocation.caller.app.id),
            self._clock,
            self._settings.bounds,
            partial=given.process_partial,
        )
        if given.stream:
            return ItemStream("run_stream", running.items(documents=bool(given.parse)))
        try:
            if given.stdout_file:
                return await self._in_file(invocation, running)
            return await running.whole(_SHAPES[given.parse])
        finally:
            running.close()

    async def stop(self) -> None:
        """End the programs that still run."""
        await self._programs.stop()

    async def _in_file(self, invocation: Invocation, running: ExecCall) -> str:
        path = self._files.reserve(invocation.caller.app.id)
        invocation.defer("stdout_file", lambda: self._files.discard(path))
        try:
            file = await self._files.create(path)
            try:
                await running.copy(file, self._in_thread)
            finally:
                await self._in_thread(file.close)
        except OSError as error:
            raise CallFailed(f"cannot write the output to a file: {error.strerror}") from error
        return path

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


def _check(given: RunParameters) -> None:
    if given.parse not in _SHAPES:
        raise CallFailed(f"unsupported format: {given.parse}")
    if given.stream and given.parse == "json":
        raise CallFailed("stream response is not supported for JSON output")
    if given.stdout_file and (given.stream or given.parse):
        raise CallFailed("stdout_file cannot be combined with stream or parse")


def _environment(entries: Sequence[str]) -> dict[str, str]:
    for entry in entries:
        if entry.find("=") < 1:
            raise BadRequest(
                f'exec.in.run: for parameter env: expected "NAME=value", got "{entry}"'
            )
    return dict(entry.split("=", 1) for entry in entries)
