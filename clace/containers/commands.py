"""Commands of a container engine, run through its command line."""

from __future__ import annotations

import os
import re
import shutil
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from clace.containers.settings import ContainerSettings
from clace.errors import ProgramFailed
from clace.interfaces import NO_CONTAINER_ENGINE, IProgram, IStarter, ProgramExit, ProgramLaunch
from clace.os_errors import os_reason
from clace.pacing import Pace
from clace.text import one_line

_MOST_PRINTED = 4 << 20
_SHOWN_LINES = 20
_SHOWN_BYTES = 1000
SECONDS = 120
_GONE = re.compile(
    r"no such container|no container with name|removal of .* already in progress", re.IGNORECASE
)
"""Sentences of engines about a container that is gone already, or is being removed."""
Log = Callable[[bytes], None]


class Printed(NamedTuple):
    """The end of a command: its exit status, and what it printed."""

    status: int
    output: str
    errors: str

    @property
    def reason(self) -> str:
        """Return the last lines that say what was wrong."""
        lines = (self.errors or self.output).strip().splitlines()
        return "\n".join(one_line(line) for line in lines[-_SHOWN_LINES:]) or "no reason was given"


class EngineCommands:
    """Starts commands of the engine; they end with the server, containers do not."""

    _log = Logger()

    def __init__(self, clock: Any, starter: IStarter, settings: ContainerSettings) -> None:
        self._clock = clock
        self._starter = starter
        self._settings = settings

    async def run(self, *arguments: str, seconds: float = SECONDS) -> Printed:
        """Run a command to its end.

        :raises ProgramFailed: if it cannot be started, or takes too long.
        """
        program = self.start(*arguments)
        late = self._clock.callLater(seconds, program.kill)
        output = Deferred.fromCoroutine(_whole(program.output))
        errors = Deferred.fromCoroutine(_whole(program.errors))
        texts = [(await one).decode("utf-8", "replace") for one in (output, errors)]
        end: ProgramExit = await program.ended
        if not late.active():
            raise ProgramFailed(f"{_shown(arguments)} took more than {seconds:g} seconds")
        late.cancel()
        return Printed(_status(end, arguments), *texts)

    async def must(self, *arguments: str, seconds: float = SECONDS) -> str:
        """The output of a command that has to succeed.

        :raises ProgramFailed: if it does not; the text has its last lines.
        """
        printed = await self.run(*arguments, seconds=seconds)
        if printed.status:
            raise ProgramFailed(f"{_shown(arguments)} failed: {printed.reason}")
        return printed.output

    async def follow(self, arguments: tuple[str, ...], log: Log, seconds: float = 0) -> Printed:
        """Run a command and hand on what it prints, errors among it, as it comes and at a pace; of
        this the result has the last lines.

        :raises ProgramFailed: if it cannot be started, or takes too long.
        """
        program = self.start(*arguments, merge=True)
        late = self._clock.callLater(seconds, program.kill) if seconds else None
        last: deque[bytes] = deque(maxlen=_SHOWN_LINES)
        rest = b""
        pace = Pace(self._clock, log)
        try:
            while data := await program.output.read():
                await pace.hand_on(data)
                *lines, rest = (rest + data).split(b"\n")
                last.extend(line[:_SHOWN_BYTES] for line in lines)
                rest = rest[-_SHOWN_BYTES:]
            end: ProgramExit = await program.ended
        except CancelledError:
            program.kill()
            raise
        if late is not None and not late.active():
            raise ProgramFailed(f"{_shown(arguments)} took more than {seconds:g} seconds")
        if late is not None:
            late.cancel()
        text = b"\n".join((*last, rest)).decode("utf-8", "replace")
        return Printed(_status(end, arguments), text, "")

    async def remove(self, name: str) -> bool:
        """Remove a container, also one that runs; return true if it is gone, and log it if not.

        :raises ProgramFailed: as ``run`` does.
        """
        removed = await self.run("rm", "--force", name)
        is_gone = not removed.status or _GONE.search(removed.reason) is not None
        if not is_gone:
            told = "The container {name} cannot be removed: {reason}"
            self._log.warn(told, name=name, reason=removed.reason)
        return is_gone

    def start_beside(self, program: str, arguments: tuple[str, ...]) -> IProgram:
        """Start another program of this machine, which ends with the server.

        :raises ProgramFailed: if it is missing, or cannot be started.
        """
        found = shutil.which(program, path=self._settings.environment.get("PATH", os.defpath))
        if found is None:
            raise ProgramFailed(f"{program} is missing, by which containers are reached")
        return self._started(found, arguments, merge=True)

    def start(self, *arguments: str, merge: bool = False) -> IProgram:
        """Start a command.

        :raises ProgramFailed: if the engine is missing, or cannot be started.
        """
        if not self._settings.engine:
            raise ProgramFailed(NO_CONTAINER_ENGINE)
        words = (*self._settings.engine_args, *arguments)
        return self._started(self._settings.engine, words, merge=merge)

    def _started(self, program: str, arguments: tuple[str, ...], *, merge: bool) -> IProgram:
        launch = ProgramLaunch(
            executable=program,
            arguments=arguments,
            environment=self._settings.environment,
            folder="/",
            merge=merge,
        )
        try:
            started: IProgram = self._starter.start(launch)
        except (OSError, ValueError) as error:
            raise ProgramFailed(f"{program} cannot be started: {os_reason(error)}") from None
        return started


async def _whole(output: Any) -> bytes:
    """All that is printed, of which the beginning is kept."""
    parts, size = [], 0
    while data := await output.read():
        if size < _MOST_PRINTED:
            parts.append(data)
            size += len(data)
    return b"".join(parts)


def _status(end: ProgramExit, arguments: tuple[str, ...]) -> int:
    if end.failure:
        raise ProgramFailed(f"{_shown(arguments)} cannot be started: {end.failure}")
    return 128 + end.signal if end.signal else end.status


def _shown(arguments: tuple[str, ...]) -> str:
    """Name a command without its arguments, among which can be secrets."""
    return f"the container engine's command {' '.join(arguments[:1])}"
