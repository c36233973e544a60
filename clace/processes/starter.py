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
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import implementer

from clace.control_line import CONTROL, ControlLine, ProcessCommand
from clace.interfaces import IProgram, IStarter, ProgramExit, ProgramLaunch
from clace.processes.frames import (
    ALIVE,
    EXITED,
    KILL,
    KILLED,
    MAX_PACKET,
    START,
    STARTED,
    BadPacket,
    StartOrder,
    pack_down,
    unpack_up,
)
from clace.processes.liveness import HUNG, LOOK_SECONDS, LivenessCheck
from clace.processes.owned import OwnedDescriptors
from clace.processes.pipes import Pipe

_BOOT = (
    "import sys; sys.path.append(sys.argv[1]);"
    f" from clace.processes.runner import main; main({CONTROL})"
)
_ROOT = str(Path(__file__).parent.parent.parent)
_COMMAND = ProcessCommand("program runner", (sys.executable, "-I", "-S", "-c", _BOOT, _ROOT))


@implementer(IProgram)
class StartedProgram:
    """A program that the runner process was told to start."""

    def __init__(self, executable: str, pipes: Sequence[Pipe], end: Callable[[], None]) -> None:
        """``pipes`` are those of its output and, if they are apart, its errors."""
        self.executable = executable
        self.output = pipes[0]
        self.errors = pipes[1] if len(pipes) > 1 else None
        self.ended: Deferred[ProgramExit] = Deferred()
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
class ProgramStarter(Service):
    """Keeps the runner process: it starts when it is first needed, and again whenever it is needed
    and has died.
    """

    _log = Logger()

    def __init__(self, reactor: Any, look_seconds: float = LOOK_SECONDS) -> None:
        self.setName("programs")
        self._reactor = reactor
        self._numbers = itertools.count(1)
        self._line: ControlLine | None = None
        self._programs: dict[int, StartedProgram] = {}
        self._stopped = False
        self._liveness = LivenessCheck(
            reactor, look_seconds, pack_down(ALIVE, 0), self._needed, self._replace
        )

    def stopService(self) -> Deferred[None]:
        """End the runner process, and with it all programs; fires when it has ended."""
        super().stopService()
        self._stopped = True
        return Deferred.fromCoroutine(self._stop())

    def start(self, launch: ProgramLaunch) -> StartedProgram:
        packed = _order(launch).pack()
        line, number = self._connected(), next(self._numbers)
        with OwnedDescriptors() as descriptors:
            theirs = [descriptors.file(packed), descriptors.input(launch.input)]
            ours = [descriptors.pipe(theirs)]
            if launch.merge:
                theirs.append(theirs[-1])
            else:
                ours.append(descriptors.pipe(theirs))
            line.send(pack_down(START, number), theirs)
            pipes = [Pipe(self._reactor, descriptors.release(one)) for one in ours]
        program = StartedProgram(launch.executable, pipes, partial(self._kill, number))
        self._programs[number] = program
        self._liveness.keep_looking()
        return program

    def _needed(self) -> ControlLine | None:
        """The line to the process, if programs depend on it."""
        return self._line if self._programs else None

    def _replace(self, line: ControlLine) -> None:
        """Fail what waits for a process that does not obey, and end it; the next is another."""
        self._line = None
        self._log.error(HUNG)
        # Until it has ended, the numbers of its programs are still their own.
        self._fail(HUNG)
        line.kill()

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
        self._liveness.answered()
        if kind == ALIVE:
            return
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
        self._fail("the process that starts programs has ended")

    def _fail(self, reason: str) -> None:
        self._liveness.answered()
        programs, self._programs = self._programs, {}
        for program in programs.values():
            program.end_group()
            if not program.pid:
                # It may run all the same, and what nobody can end may hold its output open.
                program.close()
            program.ended.callback(ProgramExit(failure=reason))

    async def _stop(self) -> None:
        self._liveness.stop()
        if self._line is not None:
            await self._line.close()


def _order(launch: ProgramLaunch) -> StartOrder:
    return StartOrder(
        executable=launch.executable.encode(),
        arguments=[argument.encode() for argument in launch.arguments],
        environment={k.encode(): v.encode() for k, v in launch.environment.items()},
        folder=launch.folder.encode(),
        file_bytes=launch.file_bytes,
        memory_bytes=launch.memory_bytes,
    )


def _exit(executable: str, kind: int, value: int) -> ProgramExit:
    if kind == EXITED:
        return ProgramExit(status=value)
    if kind == KILLED:
        return ProgramExit(signal=value)
    return ProgramExit(failure=f"cannot start {executable}: {os.strerror(value).lower()}")
