"""Running the ``git`` program: never in the way of the reactor, never for ever, never asking."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessTerminated
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from clace.errors import SourceError
from clace.interfaces import IProgram, IStarter, ProgramExit, ProgramLaunch
from clace.os_errors import os_reason
from clace.units import MEBIBYTE

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.bigFileThreshold=32m",
    "credential.helper=",
    "fetch.recurseSubmodules=false",
    # What is fetched comes as a pack, however little it is.
    "fetch.unpackLimit=1",
    # The host decides where to; see ``git_redirects``.
    "http.followRedirects=false",
    # A server that sends next to nothing for a minute will not send more.
    "http.lowSpeedLimit=100",
    "http.lowSpeedTime=60",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.version=2",
)
_ERRORS = 16 * 1024
_SHOWN = 300
_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_PASSWORD = re.compile(r"(?<=://)[^/\s@]*:[^/\s@]*@")
# The far side's words when this side has gone, which may come first or last; git's for what ssh
# said before, and ssh's for what it said before.
_OF_NO_HELP = (
    "the remote end hung up unexpectedly",
    "could not read from remote repository",
    "host key verification failed",
)


class GitFailed(SourceError):
    """Git ended with an error; the text is what it said last, ``complaints`` are all its errors."""

    def __init__(self, message: str, complaints: bytes = b"") -> None:
        super().__init__(message)
        self.complaints = complaints


class GitRun(Struct, frozen=True, kw_only=True):
    """A call of git; ``limit`` is the most that it may print, ``seconds`` the most it may take."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    seconds: float
    input: bytes = b""
    limit: int = MEBIBYTE


class GitProgram:
    """Starts git; ``disk`` is the size in bytes that no file it writes may pass, ``memory`` that
    of what each of its processes may hold: a small pack can be of huge objects.
    """

    def __init__(
        self, clock: IReactorTime, starter: IStarter, program: str, disk: int, memory: int
    ) -> None:
        self._clock = clock
        self._starter = starter
        self._program = program
        self._disk, self._memory = disk, memory
        self._settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        self._running: set[_Work] = set()

    async def run(self, run: GitRun) -> bytes:
        """Run git and return its output.

        :raises GitFailed: if it fails.
        :raises SourceError: if it takes too long or prints too much; it was killed.
        """
        work = _Work(self._clock, self._started(run), run)
        self._running.add(work)
        try:
            return await work.printed()
        finally:
            work.close()
            self._running.discard(work)

    def end(self) -> None:
        """Kill all that runs."""
        for work in tuple(self._running):
            work.kill("the server is stopping")

    def _started(self, run: GitRun) -> IProgram:
        executable = shutil.which(self._program, path=run.environment.get("PATH", os.defpath))
        if executable is None:
            raise GitFailed(f"cannot start {self._program}: not found")
        launch = ProgramLaunch(
            executable=executable,
            arguments=(*self._settings, *run.arguments),
            environment=run.environment,
            folder=str(run.folder),
            input=run.input,
            file_bytes=self._disk,
            memory_bytes=self._memory,
        )
        try:
            return self._starter.start(launch)
        except (OSError, ValueError) as error:
            raise GitFailed(f"cannot start {executable}: {os_reason(error)}") from error


class _Work:
    """A running git: its output is collected, and it is killed when it goes too far."""

    def __init__(self, clock: IReactorTime, program: IProgram, run: GitRun) -> None:
        self._program = program
        self._run = run
        self._refusal = ""
        self._complaints = Deferred.fromCoroutine(self._complained())
        too_long = f"git did not end within {run.seconds:.0f} seconds"
        self._deadline = clock.callLater(max(run.seconds, 0), self.kill, too_long)

    async def printed(self) -> bytes:
        """Wait for its end and return what it printed.

        :raises SourceError: if it failed or was killed.
        """
        printed = await self._output()
        complaints = await self._complaints
        ended = await self._program.ended
        if self._refusal:
            raise SourceError(self._refusal)
        if ended.failure:
            raise GitFailed(ended.failure)
        if ended != ProgramExit():
            reason = ProcessTerminated(ended.status or None, ended.signal or None)
            raise GitFailed(last_words(complaints, Failure(reason)), complaints)
        return printed

    def kill(self, why: str) -> None:
        """End it, and do not wait for a process that left its group and holds the pipes."""
        self._refusal = self._refusal or why
        self._program.kill()

    def close(self) -> None:
        """End it if it still runs: nobody waits for it any more."""
        if self._deadline.active():
            self._deadline.cancel()
        self._program.kill()

    async def _output(self) -> bytes:
        printed = bytearray()
        while data := await self._program.output.read():
            printed += data
            if len(printed) > self._run.limit:
                self.kill(f"git printed more than {self._run.limit} bytes")
                return b""
        return bytes(printed)

    async def _complained(self) -> bytes:
        complaints = bytearray()
        while self._program.errors and (data := await self._program.errors.read()):
            complaints += data
            del complaints[:-_ERRORS]
        return bytes(complaints)


def last_words(complaints: bytes, reason: Failure) -> str:
    """The line of an error output that says why, fit to be shown."""
    lines = [line.strip() for line in complaints.decode(errors="replace").splitlines()]
    lines = [line for line in lines if line]
    fatal = [place for place, line in enumerate(lines) if line.startswith(("fatal:", "error:"))]
    if not lines:
        return f"git ended with {reason.value}"
    place = fatal[-1] if fatal else -1
    for of_no_help in _OF_NO_HELP:
        if of_no_help in lines[place].lower() and place > 0:
            place -= 1
    line = _PASSWORD.sub("", _UNSHOWABLE.sub("", lines[place]))
    return line.removeprefix("fatal: ")[:_SHOWN]
