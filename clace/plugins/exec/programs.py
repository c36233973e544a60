"""Programs running in sessions of their own, so that one signal ends all that they started."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.error import ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from clace.errors import ConfigError
from clace.plugins.definition import CallFailed
from clace.plugins.exec.pipes import Pipe

NOT_FOUND = 127
_MAX_TEXT = 128 * 1024  # the kernel's limit
_MAX_TEXTS = 1024 * 1024  # half of the kernel's usual limit


@frozen(kw_only=True)
class Command:
    """What to run: ``executable`` and ``directory`` exist."""

    executable: str
    args: Sequence[str]
    environment: Mapping[str, str]
    directory: str
    merge: bool
    """Whether what it writes as errors goes to its output, in the order in which it writes."""


class Program(ProcessProtocol):
    """A running program: its output, and how it ended."""

    def __init__(self, output: Pipe, errors: Pipe | None) -> None:
        self.output = output
        self.errors = errors
        self.ended: Deferred[str] = Deferred()
        self._exited = False
        self._group = 0

    async def exit_text(self) -> str:
        """How it ended, once it has: nothing, ``exit status 3`` or ``signal: killed``."""
        waiter: Deferred[str] = Deferred()

        def tell(text: str) -> str:
            if not waiter.called:
                waiter.callback(text)
            return text

        self.ended.addCallback(tell)
        return await waiter

    def kill(self) -> None:
        """End it and what it started, and read no more."""
        self._end_group()
        self.close()

    def close(self) -> None:
        """Read no more of what it writes."""
        self.output.close()
        if self.errors is not None:
            self.errors.close()

    def connectionMade(self) -> None:
        assert self.transport is not None
        self._group = self.transport.pid or 0

    def processEnded(self, reason: Failure) -> None:
        self._exited = True
        # Who is left would hold the output open; and now the number is still theirs alone.
        self._end_group()
        self.ended.callback(_text(reason.value))

    def _end_group(self) -> None:
        """End all that is in its session's first group."""
        if self._group:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._group, signal.SIGKILL)
            if not self._exited:
                # In its first instant it is not yet the leader of a group.
                with suppress(ProcessLookupError):
                    os.kill(self._group, signal.SIGKILL)
        self._group = 0  # the number may soon be somebody else's


class Programs:
    """Starts programs: at most ``at_most`` at once, and ``at_most_each`` for one owner, so that
    none takes the room of all.
    """

    def __init__(self, reactor: Any, search_path: str, at_most: int, at_most_each: int) -> None:
        self._leading = _leading(search_path)
        self._reactor = reactor
        self._at_most = at_most
        self._at_most_each = at_most_each
        self._running: dict[Program, str] = {}

    def start(self, command: Command, owner: str) -> Program:
        """:raises CallFailed: it cannot be started, or too many are running."""
        self._check_room(owner)
        try:
            _check(command)
            program = self._spawned(command)
        except (OSError, ValueError) as error:
            raise CallFailed(f"cannot start {command.executable}: {error}", NOT_FOUND) from error
        self._running[program] = owner
        program.ended.addCallback(self._forget, program)
        return program

    async def stop(self) -> None:
        """End all programs; done when they are gone."""
        gone = [program.ended for program in self._running]
        for program in tuple(self._running):
            program.kill()
        await DeferredList(gone)

    def _forget(self, text: str, program: Program) -> str:
        del self._running[program]
        return text

    def _check_room(self, owner: str) -> None:
        running = len(self._running)
        own = sum(one == owner for one in self._running.values())
        if own >= self._at_most_each:
            raise CallFailed(f"{own} programs of this app are running, no more are allowed")
        if running >= self._at_most:
            raise CallFailed(f"{running} programs are running, no more are allowed")

    def _spawned(self, command: Command) -> Program:
        output, stdout = os.pipe()
        errors, stderr = (-1, os.dup(stdout)) if command.merge else os.pipe()
        stdin = os.open(os.devnull, os.O_RDONLY)
        program = Program(
            Pipe(self._reactor, output), None if command.merge else Pipe(self._reactor, errors)
        )
        try:
            self._reactor.spawnProcess(
                program,
                self._leading[0],
                [*self._leading, command.executable, *command.args],
                env=command.environment,
                path=command.directory,
                childFDs={0: stdin, 1: stdout, 2: stderr},
            )
        except BaseException:
            program.close()
            raise
        finally:
            for descriptor in (stdin, stdout, stderr):
                os.close(descriptor)
        return program


def _leading(search_path: str) -> tuple[str, ...]:
    """What starts a program in a session of its own and, where that can be had, has the kernel end
    it when this process ends: more exactly the thread that starts it, which is the reactor's.

    :raises ConfigError: there is nothing that makes sessions.
    """
    setsid = shutil.which("setsid", path=search_path)
    if setsid is None:
        raise ConfigError(f"exec.in needs the program setsid (util-linux) in {search_path}")
    setpriv = shutil.which("setpriv", path=search_path)
    ending = (setpriv, "--pdeathsig", "KILL") if setpriv else ()
    return (setsid, *ending) if ending and _works([*ending, setsid, "--version"]) else (setsid,)


def _works(command: Sequence[str]) -> bool:
    """Whether a program that is to do nothing does so; older ones do not know all options."""
    try:
        done = subprocess.run(  # noqa: S603 - nothing of it comes from outside
            command, check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _check(command: Command) -> None:
    """What ``exec`` would refuse: in a forked child it is too late to say so.

    :raises ValueError: an argument or variable is too long or is no text.
    """
    environment = [f"{name}={value}" for name, value in command.environment.items()]
    texts = [len(text.encode("utf-8")) for text in (*command.args, *environment)]
    if max(texts, default=0) >= _MAX_TEXT or sum(texts) >= _MAX_TEXTS:
        raise ValueError("argument list too long")
    if any("\0" in text for text in (*command.args, *environment)):
        raise ValueError("NUL in an argument")


def executable(name: str, search_path: str) -> str:
    """The path of the program of this name.

    :raises CallFailed: there is none.
    """
    if "/" in name and not name.startswith("/"):
        raise CallFailed(f'exec: "{name}": give an absolute path or a name in $PATH', NOT_FOUND)
    path = shutil.which(name, path=search_path) if name and "\0" not in name else None
    if path is None:
        where = "" if name.startswith("/") else " in $PATH"
        raise CallFailed(f'exec: "{name}": executable file not found{where}', NOT_FOUND)
    return path


def directory(path: str) -> str:
    """The path itself.

    :raises CallFailed: it is no directory.
    """
    if not path.startswith("/") or "\0" in path or not Path(path).is_dir():
        raise CallFailed(f'chdir "{path}": not an absolute path of a directory')
    return path


def _text(ended: BaseException | None) -> str:
    if not isinstance(ended, ProcessTerminated):
        return ""
    if ended.signal is None:
        return f"exit status {ended.exitCode}"
    return f"signal: {(signal.strsignal(ended.signal) or str(ended.signal)).lower()}"
