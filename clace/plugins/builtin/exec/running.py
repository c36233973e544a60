"""Output of a running program, in each of the shapes that an app can ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from typing import Any, BinaryIO

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from clace.interfaces import IOutput
from clace.outputs import JSON
from clace.plugins.builtin.exec.programs import RunningProgram
from clace.plugins.kit import CallFailed, Lines, Output, check_lines, parsed_lines
from clace.threads import InThread
from clace.units import MEBIBYTE

_MAX_ERRORS = 64 * 1024
_MAX_QUOTED = 1000
_OTHERS = " for a value: take stream or stdout_file"


class ProgramBounds(Struct, frozen=True, kw_only=True):
    """Limits on the time of a program and on its output."""

    seconds: float = 600
    output_bytes: int = 100 * MEBIBYTE
    value_bytes: int = 32 * MEBIBYTE
    """The part that may be the value of a call, neither in a file nor a stream."""


class ExecCall:
    """A program of one call; with ``partial`` a failure after some output does not count.

    With ``quotes`` a failure is told with the end of the output, if errors are in it.
    """

    def __init__(
        self,
        program: RunningProgram,
        clock: IReactorTime,
        bounds: ProgramBounds,
        *,
        partial: bool,
        quotes: bool = False,
    ) -> None:
        self._program = program
        self._bounds = bounds
        self._partial = partial
        self._quotes = quotes and program.errors is None
        self._last = b""
        self._expired = False
        self._deadline = clock.callLater(bounds.seconds, self._expire)
        self._errors = Deferred.fromCoroutine(_tail(program.errors))

    async def whole(self, shape: str) -> Output:
        """The whole output, for the app's process to take apart."""
        data = b"".join([data async for data in self._output(self._bounds.value_bytes, _OTHERS)])
        await self.check_exit(some=bool(data))
        if shape != JSON:
            check_lines(data)
        return Output(data, shape)

    async def copy(self, file: BinaryIO, in_thread: InThread) -> None:
        """Write the output to a file.

        :raises OSError: if it cannot be written.
        """
        some = False
        async for data in self._output(self._bounds.output_bytes):
            some = True
            await in_thread(partial(file.write, data))
        await self.check_exit(some=some)

    def items(self, *, documents: bool) -> RunningItems:
        """The output as a stream of lines, or of the JSON document in each."""
        return RunningItems(self, self._program.output, parsed_lines if documents else tuple)

    async def check_exit(self, *, some: bool) -> None:
        """Wait for the end.

        :raises CallFailed: if it was a failure; ``some`` output may make up for it.
        """
        ended = await self._program.exit_text()
        if self._expired:
            raise CallFailed(f"the program was ended after {self._bounds.seconds:g} seconds")
        if ended and not (self._partial and some):
            errors = await self._errors or self._last.decode("utf-8", "replace").strip()
            raise CallFailed(f"{ended}: {errors}" if errors else ended)

    def quote(self, data: bytes) -> None:
        """Keep the end of the output, if that is wanted."""
        if self._quotes:
            self._last = (self._last + data)[-_MAX_QUOTED:]

    def close(self) -> None:
        """End the program and what is left of what it started; may be called again."""
        if self._deadline.active():
            self._deadline.cancel()
        self._program.kill()

    async def _output(self, limit: int, advice: str = "") -> AsyncIterator[bytes]:
        total = 0
        while data := await self._program.output.read():
            total += len(data)
            self.quote(data)
            if total > limit:
                raise CallFailed(f"the output is over the limit of {limit} bytes{advice}")
            yield data

    def _expire(self) -> None:
        self._expired = True
        self._program.kill()


class RunningItems:
    """The lines of a running program, read from it no sooner than they are asked for."""

    def __init__(
        self, running: ExecCall, output: IOutput, decoded: Callable[[Iterable[str]], Iterable[Any]]
    ) -> None:
        self._running = running
        self._output = output
        self._decoded = decoded
        self._lines = Lines()
        self._some = False

    async def next(self) -> tuple[tuple[Any, ...], bool]:
        data = await self._output.read()
        self._running.quote(data)
        lines = self._lines.feed(data) if data else self._lines.end()
        items = tuple(self._decoded(lines))
        self._some = self._some or bool(items)
        if data or items:
            return items, True
        await self._running.check_exit(some=self._some)
        return (), False

    async def close(self) -> None:
        self._running.close()


async def _tail(errors: IOutput | None) -> str:
    """The end of what a program has to say about its failure."""
    kept = b""
    while errors is not None and (data := await errors.read()):
        kept = (kept + data)[-_MAX_ERRORS:]
    return kept.decode("utf-8", "replace").strip()
