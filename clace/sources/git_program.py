"""Running the ``git`` program: never in the way of the reactor, never for ever, never asking."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone, ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from clace.errors import SourceError
from clace.sources.limits import MEBIBYTE

# Twisted has no way to give a child its own process group, without which what git starts (ssh,
# remote helpers) would outlive it; nor a limit on the size of the files it writes.
_CHILD = (
    "import os,resource,sys;os.setsid();size=int(sys.argv[1]);"
    "resource.setrlimit(resource.RLIMIT_FSIZE,(size,size));os.execvp(sys.argv[2],sys.argv[2:])"
)
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.bigFileThreshold=32m",
    "credential.helper=",
    "fetch.recurseSubmodules=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.version=2",
)
_ERRORS = 16 * 1024
_SHOWN = 300
_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_PASSWORD = re.compile(r"(?<=://)[^/\s@]*:[^/\s@]*@")
_OF_NO_HELP = "could not read from remote repository"


class GitFailed(SourceError):
    """Git ended with an error; the text is what it said last."""


class GitRun(Struct, frozen=True, kw_only=True):
    """A call of git; ``limit`` is the most that it may print, ``seconds`` the most it may take."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    seconds: float
    input: bytes = b""
    limit: int = MEBIBYTE


class GitProgram:
    """Starts git; ``disk`` is the size in bytes that no file it writes may pass."""

    def __init__(self, reactor: Any, program: str, disk: int) -> None:
        self._reactor = reactor
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        self._command = (sys.executable, "-I", "-S", "-c", _CHILD, str(disk), program, *settings)
        self._running: set[_Output] = set()

    async def run(self, run: GitRun) -> bytes:
        """What git printed.

        :raises GitFailed: it failed.
        :raises SourceError: it took too long or printed too much, and was killed.
        """
        output = _Output(self._reactor, run)
        command = [*self._command, *run.arguments]
        self._running.add(output)
        try:
            self._reactor.spawnProcess(
                output, command[0], command, env=dict(run.environment), path=str(run.folder)
            )
            return await output.ended
        finally:
            self._running.discard(output)

    def end(self) -> None:
        """Kill all that runs."""
        for output in tuple(self._running):
            output.kill("the server is stopping")


class _Output(ProcessProtocol):
    """Collects what a process prints, and kills it with all it started when it goes too far."""

    transport: Any

    def __init__(self, reactor: Any, run: GitRun) -> None:
        self.ended: Deferred[bytes] = Deferred(lambda _: self.kill("git was not waited for"))
        self._run = run
        self._printed = bytearray()
        self._complaints = bytearray()
        self._refusal = ""
        too_long = f"git did not end within {run.seconds:.0f} seconds"
        self._deadline = reactor.callLater(max(run.seconds, 0), self.kill, too_long)

    def connectionMade(self) -> None:
        self.transport.write(self._run.input)
        self.transport.closeStdin()

    def outReceived(self, data: bytes) -> None:
        self._printed += data
        if len(self._printed) > self._run.limit:
            self._printed.clear()
            self.kill(f"git printed more than {self._run.limit} bytes")

    def errReceived(self, data: bytes) -> None:
        self._complaints += data
        del self._complaints[:-_ERRORS]

    def processEnded(self, reason: Failure) -> None:
        if self._deadline.active():
            self._deadline.cancel()
        if self.ended.called:
            # Cancelled: nobody waits for how it ended.
            return
        if self._refusal:
            self.ended.errback(SourceError(self._refusal))
        elif reason.check(ProcessDone):
            self.ended.callback(bytes(self._printed))
        else:
            self.ended.errback(GitFailed(last_words(bytes(self._complaints), reason)))

    def kill(self, why: str) -> None:
        self._refusal = self._refusal or why
        try:
            os.killpg(self.transport.pid, signal.SIGKILL)
        except (TypeError, ProcessLookupError):
            # Not yet the leader of its group, or ended already.
            with suppress(ProcessExitedAlready):
                self.transport.signalProcess("KILL")
        # Something that left the group may hold the pipes: we do not wait for it.
        self.transport.loseConnection()


def last_words(complaints: bytes, reason: Failure) -> str:
    """The line of an error output that says why, fit to be shown."""
    lines = [line.strip() for line in complaints.decode(errors="replace").splitlines()]
    lines = [line for line in lines if line]
    fatal = [place for place, line in enumerate(lines) if line.startswith(("fatal:", "error:"))]
    if not lines:
        return f"git ended with {reason.value}"
    place = fatal[-1] if fatal else -1
    if _OF_NO_HELP in lines[place].lower() and place > 0:
        place -= 1
    line = _PASSWORD.sub("", _UNSHOWABLE.sub("", lines[place]))
    return line.removeprefix("fatal: ")[:_SHOWN]
