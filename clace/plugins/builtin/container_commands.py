"""``container.run``: a command where the app's program runs, its output as lines or documents."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as Late
from twisted.internet.interfaces import IReactorTime

from clace.errors import AppBroken
from clace.interfaces import IProgramControl, ProgramExit
from clace.outputs import JSON, JSON_LINES, LINES
from clace.plugins.kit import CallFailed, Function, Invocation, Output, TempFiles, check_lines
from clace.threads import InThread
from clace.units import MEBIBYTE

_SHAPES = {"": LINES, "json": JSON, "jsonlines": JSON_LINES}
_MOST = 32 * MEBIBYTE
_SECONDS = 600


class CommandParameters(Struct, frozen=True):
    """The parameters of ``container.run``; ``env`` and ``cwd`` are those of the image."""

    path: str
    args: list[str] = []
    env: list[str] = []
    process_partial: bool = False
    stdout_file: bool = False
    parse: str = ""
    stream: bool = False
    include_stderr: bool = True
    cwd: str = ""


class ContainerCommands:
    """Runs commands of apps in their containers; ``programs`` has to be known before the first."""

    def __init__(self, clock: IReactorTime, files: TempFiles, in_thread: InThread) -> None:
        self._clock = clock
        self._files = files
        self._in_thread = in_thread
        self.programs: IProgramControl | None = None

    @property
    def function(self) -> Function:
        return Function(CommandParameters, self.run, is_read=False)

    async def run(self, invocation: Invocation, given: CommandParameters) -> Any:
        """The lines, documents or file path that a command's output comes to.

        :raises CallFailed: if it cannot be started, fails, or writes or takes too much.
        """
        _check(given)
        output = _Collected(_MOST)
        end = await self._ended(invocation, given, output)
        if output.is_too_much:
            raise CallFailed(f"the output has more than {_MOST} bytes")
        if end != ProgramExit() and not (given.process_partial and output.data):
            tail = bytes(output.data[-1000:]).decode("utf-8", "replace").strip()
            told = _reason(end)
            raise CallFailed(f"{told}: {tail}" if tail else told)
        data = bytes(output.data)
        if given.stdout_file:
            return await self._in_file(invocation, data)
        if _SHAPES[given.parse] != JSON:
            check_lines(data)
        return Output(data, _SHAPES[given.parse])

    async def _ended(
        self, invocation: Invocation, given: CommandParameters, output: _Collected
    ) -> ProgramExit:
        if self.programs is None:
            raise CallFailed("container config not initialized")
        command = (given.path, *given.args)
        running: Deferred[ProgramExit] = Deferred.fromCoroutine(
            self.programs.output_of(invocation.caller.app, command, output.take)
        )
        output.too_much = running.cancel
        if output.is_too_much:
            running.cancel()
        running.addTimeout(_SECONDS, self._clock)
        try:
            return await running
        except CancelledError:
            return ProgramExit(status=1)
        except Late:
            raise CallFailed(f"the command was ended after {_SECONDS} seconds") from None
        except AppBroken as error:
            raise CallFailed(_told(error)) from None

    async def _in_file(self, invocation: Invocation, data: bytes) -> str:
        path = self._files.reserve(invocation.caller.app.id)
        invocation.defer("stdout_file", lambda: self._files.discard(path))
        try:
            file = await self._files.create(path)
            try:
                await self._in_thread(lambda: file.write(data))
            finally:
                await self._in_thread(file.close)
        except OSError as error:
            raise CallFailed(f"cannot write the output to a file: {error.strerror}") from error
        return path


class _Collected:
    """The bytes that a command has written, up to a limit."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.data = bytearray()
        self.is_too_much = False
        self.too_much: Any = lambda: None

    def take(self, data: bytes) -> None:
        if self.is_too_much:
            return
        self.data += data
        if len(self.data) > self._most:
            self.is_too_much = True
            self.too_much()


def _check(given: CommandParameters) -> None:
    if given.parse not in _SHAPES:
        raise CallFailed(f"unsupported format: {given.parse}")
    if given.stream:
        raise CallFailed("stream is not supported for commands in containers")
    if given.stdout_file and given.parse:
        raise CallFailed("stdout_file cannot be combined with parse")


def _reason(end: ProgramExit) -> str:
    if end.failure:
        return end.failure
    return f"signal {end.signal}" if end.signal else f"exit status {end.status}"


def _told(error: AppBroken) -> str:
    has_none = "has no program of its own" in error.message
    return "container config not initialized" if has_none else error.message
