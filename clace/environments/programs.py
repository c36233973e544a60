"""Programs that build environments: run one after another, told line by line, never for ever."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from twisted.internet.interfaces import IReactorTime
from zope.interface import Interface, implementer

from clace.errors import AppBroken
from clace.interfaces import (
    IStarter,
    IWalledStarter,
    ProgramExit,
    ProgramLaunch,
    Tell,
    WallBounds,
    WalledLaunch,
    WallMount,
)
from clace.os_errors import os_reason

SHOWN_LINES = 20
_LONGEST_LINE = 2000
_MOST_PRINTED = 4_000_000
_PROCESSES, _DESCRIPTORS, _SCRATCH_MB = 512, 4096, 512


class BuildStep(Struct, frozen=True, kw_only=True):
    """A program of a build; ``mounts`` and ``network`` are all that it sees of machine and net."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: str
    mounts: tuple[WallMount, ...] = ()
    network: tuple[str, ...] = ()
    memory_mb: int = 0
    prints: bool = False


def say_nothing(_line: str) -> None:
    """Take a line that nobody waits for."""


class StepFailed(AppBroken):
    """A step ended with an error; ``lines`` are the last that it wrote."""

    def __init__(self, message: str, lines: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.lines = lines


class IBuildStarter(Interface):
    """Starts the programs of builds, behind a wall or not."""

    async def start(step: BuildStep) -> Any:
        """A running program with ``output``, ``ended`` and ``kill``.

        :raises OSError: if the server cannot open another file or process.
        """


@implementer(IBuildStarter)
class OpenStarter:
    """Starts steps without a wall: they see the machine as the server does."""

    def __init__(self, starter: IStarter) -> None:
        self._starter = starter

    async def start(self, step: BuildStep) -> Any:
        return self._starter.start(
            ProgramLaunch(
                executable=step.command[0],
                arguments=step.command[1:],
                environment=step.environment,
                folder=step.folder,
                merge=True,
            )
        )


@implementer(IBuildStarter)
class WalledBuildStarter:
    """Starts steps behind walls, as a user who owns nothing but what they write."""

    def __init__(self, starter: IWalledStarter, user: int) -> None:
        self._starter = starter
        self._user = user

    async def start(self, step: BuildStep) -> Any:
        return await self._starter.start(
            WalledLaunch(
                name="a build of packages",
                command=step.command,
                environment=step.environment,
                mounts=step.mounts,
                folder=step.folder,
                user=self._user,
                network=step.network,
                bounds=WallBounds(
                    memory_mb=step.memory_mb,
                    processes=_PROCESSES,
                    descriptors=_DESCRIPTORS,
                    scratch_mb=_SCRATCH_MB,
                ),
            )
        )


class StepRunner:
    """Runs steps; each has until the deadline of its build."""

    def __init__(self, clock: IReactorTime, starter: Any) -> None:
        """``starter`` is an ``IBuildStarter``."""
        self._clock = clock
        self._starter = starter
        self._running: set[Any] = set()

    async def run(self, step: BuildStep, seconds: float, tell: Tell) -> str:
        """Run a step; what it prints is returned if the step says so, else told.

        :raises StepFailed: if it fails, or takes too long and is killed.
        """
        try:
            program = await self._starter.start(step)
        except OSError as error:
            raise StepFailed(f"cannot start {step.command[0]}: {os_reason(error)}") from error
        self._running.add(program)
        late: list[bool] = []

        def kill() -> None:
            late.append(True)
            program.kill()

        deadline = self._clock.callLater(max(seconds, 0), kill)
        try:
            lines = _Lines(say_nothing if step.prints else tell)
            printed = await lines.all(program.output)
            ended: ProgramExit = await program.ended
        finally:
            self._running.discard(program)
            if deadline.active():
                deadline.cancel()
        _check(step, ended, lines.last, is_late=bool(late))
        return printed

    def end(self) -> None:
        """Kill all that runs."""
        for program in tuple(self._running):
            program.kill()


def _check(step: BuildStep, ended: ProgramExit, last: tuple[str, ...], *, is_late: bool) -> None:
    if ended == ProgramExit() and not is_late:
        return
    name = step.command[0].rpartition("/")[2]
    if is_late:
        reason = f"{name} did not end in time"
    elif ended.failure:
        reason = ended.failure
    elif ended.signal:
        reason = f"{name} was ended by signal {ended.signal}"
    else:
        reason = f"{name} ended with status {ended.status}"
    raise StepFailed(reason, last)


class _Lines:
    """The output of a program, line by line."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._last: deque[str] = deque(maxlen=SHOWN_LINES)

    @property
    def last(self) -> tuple[str, ...]:
        return tuple(self._last)

    async def all(self, output: Any) -> str:
        """Read to the end; the first four megabytes are returned."""
        rest, whole = b"", bytearray()
        while data := await output.read():
            whole += data[: max(_MOST_PRINTED - len(whole), 0)]
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._take(line)
            rest = rest[-_LONGEST_LINE:]
        if rest:
            self._take(rest)
        return whole.decode("utf-8", "replace")

    def _take(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip()[:_LONGEST_LINE]
        if text:
            self._last.append(text)
            self._tell(text)
