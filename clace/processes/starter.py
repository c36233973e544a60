"""Starting programs by way of the runner process, so that the daemon need not fork."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Self

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import implementer

from clace.control_line import CONTROL, Command, ControlLine
from clace.interfaces import Exit, IProgram, IStarter, Launch
from clace.processes.frames import (
    EXITED,
    KILL,
    KILLED,
    MAX_PACKET,
    START,
    STARTED,
    BadPacket,
    Order,
    pack_down,
    unpack_up,
)
from clace.processes.pipes import Pipe

_BOOT = (
    "import sys; sys.path.append(sys.argv[1]);"
    f" from clace.processes.runner import main; main({CONTROL})"
)
_ROOT = str(Path(__file__).parent.parent.parent)
_COMMAND = Command("program runner", (sys.executable, "-I", "-S", "-c", _BOOT, _ROOT))


@implementer(IProgram)
class Program:
    """A program that the runner process was told to start."""

    def __init__(self, executable: str, pipes: Sequence[Pipe], end: Callable[[], None]) -> None:
        """``pipes`` are those of its output and, if they are apart, its errors."""
        self.executable = executable
        self.output = pipes[0]
        self.errors = pipes[1] if len(pipes) > 1 else None
        self.ended: Deferred[Exit] = Deferred()
        self.pid = 0
        self.is_killed = False
        self._end = end

    def kill(self) -> None:
        self.is_killed = True
        self._end()
        self.close()

    def close(self) -> None:
        self.output.close()
        if self.errors is not None:
            self.errors.close()

    def end_group(self) -> None:
        """Kill its group without the runner process, which must not have reaped it."""
        if self.pid:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)


@implementer(IStarter)
class Starter(Service):
    """Keeps the runner process: it starts with this service, or when first needed, and again
    whenever it is needed and has died.
    """

    _log = Logger()

    def __init__(self, reactor: Any) -> None:
        self.setName("programs")
        self._reactor = reactor
        self._numbers = itertools.count(1)
        self._line: ControlLine | None = None
        self._programs: dict[int, Program] = {}
        self._stopped = False

    def startService(self) -> None:
        super().startService()
        self._connected()

    def stopService(self) -> Deferred[None]:
        """End the runner process, and with it all programs; fires when it has ended."""
        super().stopService()
        self._stopped = True
        return Deferred.fromCoroutine(self._stop())

    def start(self, launch: Launch) -> Program:
        packed = _order(launch).pack()
        line, number = self._connected(), next(self._numbers)
        with _Descriptors() as descriptors:
            theirs = [descriptors.file(packed), descriptors.input(launch.input)]
            ours = [descriptors.pipe(theirs)]
            if launch.merge:
                theirs.append(theirs[-1])
            else:
                ours.append(descriptors.pipe(theirs))
            line.send(pack_down(START, number), theirs)
            pipes = [Pipe(self._reactor, descriptors.release(one)) for one in ours]
        program = Program(launch.executable, pipes, partial(self._kill, number))
        self._programs[number] = program
        return program

    def _connected(self) -> ControlLine:
        if self._stopped:
            raise BrokenPipeError("the server is stopping")
        if self._line is None:
            self._line = ControlLine(
                self._reactor,
                _COMMAND,
                self._heard,
                self._lost,
                most=MAX_PACKET,
                malformed=BadPacket,
            )
        return self._line

    def _heard(self, packet: bytes) -> None:
        kind, number, value = unpack_up(packet)
        program = self._programs.get(number)
        if program is None:
            raise BadPacket("a program that was not started")
        if kind != STARTED:
            del self._programs[number]
            program.ended.callback(_exit(program.executable, kind, value))
            return
        program.pid = value
        if program.is_killed:
            self._kill(number)

    def _kill(self, number: int) -> None:
        if self._line is None or number not in self._programs:
            return
        try:
            self._line.send(pack_down(KILL, number))
        except OSError:
            # A process that does not read does not reap: the number is still the program's.
            self._programs[number].end_group()

    def _lost(self, reason: str) -> None:
        """Fail what was under way, and end what the dead process could not end."""
        self._line = None
        if not self._stopped:
            self._log.error("The process that starts programs ended: {reason}", reason=reason)
        programs, self._programs = self._programs, {}
        for program in programs.values():
            program.end_group()
            program.ended.callback(Exit(failure="the process that starts programs has ended"))

    async def _stop(self) -> None:
        if self._line is not None:
            await self._line.close()


class _Descriptors:
    """Descriptors that are closed at the end of the block unless they are released."""

    def __init__(self) -> None:
        self._kept: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self._kept:
            os.close(descriptor)

    def keep(self, descriptor: int) -> int:
        self._kept.add(descriptor)
        return descriptor

    def file(self, content: bytes) -> int:
        """Make a file without a name; it is read from its beginning."""
        descriptor = self.keep(os.memfd_create("program"))
        os.write(descriptor, content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        return descriptor

    def input(self, content: bytes) -> int:
        return self.file(content) if content else self.keep(os.open(os.devnull, os.O_RDONLY))

    def pipe(self, writers: list[int]) -> int:
        """Make a pipe; its writing end is added to ``writers``, the reading one returned."""
        reader, writer = os.pipe()
        writers.append(self.keep(writer))
        return self.keep(reader)

    def release(self, descriptor: int) -> int:
        self._kept.remove(descriptor)
        return descriptor


def _order(launch: Launch) -> Order:
    return Order(
        executable=launch.executable.encode(),
        arguments=[argument.encode() for argument in launch.arguments],
        environment={k.encode(): v.encode() for k, v in launch.environment.items()},
        folder=launch.folder.encode(),
        file_bytes=launch.file_bytes,
    )


def _exit(executable: str, kind: int, value: int) -> Exit:
    if kind == EXITED:
        return Exit(status=value)
    if kind == KILLED:
        return Exit(signal=value)
    return Exit(failure=f"cannot start {executable}: {os.strerror(value).lower()}")
