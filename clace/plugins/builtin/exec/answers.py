"""Answers of calls that run programs: the output of one, in the shape that the app wants."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from clace.outputs import JSON, JSON_LINES, LINES
from clace.plugins.builtin.exec.running import ExecCall
from clace.plugins.kit import CallFailed, Invocation, ItemStream, TempFiles
from clace.threads import InThread

_SHAPES = {"": LINES, "json": JSON, "jsonlines": JSON_LINES}


class RunParameters(Struct, frozen=True):
    """The parameters of ``exec.run`` and ``container.run``."""

    path: str
    args: list[str] = []
    env: list[str] = []
    process_partial: bool = False
    stdout_file: bool = False
    parse: str = ""
    stream: bool = False
    include_stderr: bool = True
    cwd: str = ""


def check_shape(given: RunParameters) -> None:
    """:raises CallFailed: if the output is wanted in a shape that it cannot have."""
    if given.parse not in _SHAPES:
        raise CallFailed(f"unsupported format: {given.parse}")
    if given.stream and given.parse == "json":
        raise CallFailed("stream response is not supported for JSON output")
    if given.stdout_file and (given.stream or given.parse):
        raise CallFailed("stdout_file cannot be combined with stream or parse")


class ProgramAnswers:
    """Makes the value of a call of what its program writes."""

    def __init__(self, files: TempFiles, in_thread: InThread) -> None:
        self._files = files
        self._in_thread = in_thread

    async def of(self, invocation: Invocation, given: RunParameters, running: ExecCall) -> Any:
        """The lines, documents, stream or file path that the output comes to.

        :raises CallFailed: if the program fails, or breaks its limits.
        """
        if given.stream:
            return ItemStream("run_stream", running.items(documents=bool(given.parse)))
        try:
            if given.stdout_file:
                return await self._in_file(invocation, running)
            return await running.whole(_SHAPES[given.parse])
        finally:
            running.close()

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
