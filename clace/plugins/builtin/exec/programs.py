"""Programs of apps: how many may run, what they are called, and how they ended in words."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from attrs import frozen
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime

from clace.interfaces import IProgram, IStarter, ProgramExit, ProgramLaunch
from clace.os_errors import os_reason
from clace.plugins.kit import CallFailed, shown

NOT_FOUND = 127
_LOOKUP_SECONDS = 1
_MOST_FOUND = 1000


@frozen(kw_only=True)
class ProgramCommand:
    """A command to run: ``executable`` and ``directory`` exist."""

    executable: str
    args: Sequence[str]
    environment: Mapping[str, str]
    directory: str
    merge: bool
    """Whether what it writes as errors goes to its output, in the order in which it writes."""


class RunningProgram:
    """A running program: its output, and how it ended in words."""

    def __init__(self, program: IProgram) -> None:
        self._program = program
        self.output = program.output
        self.errors = program.errors
        self.ended: Deferred[str] = program.ended.addCallback(_text)

    async def exit_text(self) -> str:
        """Say how it ended, once it has: nothing, ``exit status 3`` or ``signal: killed``."""
        waiter: Deferred[str] = Deferred()

        def tell(text: str) -> str:
            if not waiter.called:
                waiter.callback(text)
            return text

        self.ended.addCallback(tell)
        return await waiter

    def kill(self) -> None:
        """End it and what it started, and read no more."""
        self._program.kill()

    def close(self) -> None:
        """Read no more of what it writes."""
        self._program.close()


class ProgramsByOwner:
    """Programs that run: at most ``at_most`` at once, and ``at_most_each`` for one owner, so that
    none takes the room of all.
    """

    def __init__(self, at_most: int, at_most_each: int) -> None:
        self._at_most = at_most
        self._at_most_each = at_most_each
        self._running: dict[RunningProgram, str] = {}
        self._starting: list[str] = []

    @contextmanager
    def room(self, owner: str) -> Iterator[None]:
        """Keep room for a program that is being started, until it is held.

        :raises CallFailed: if so many are running that no more are allowed.
        """
        self._check_room(owner)
        self._starting.append(owner)
        try:
            yield
        finally:
            self._starting.remove(owner)

    def _check_room(self, owner: str) -> None:
        owners = (*self._running.values(), *self._starting)
        running, own = len(owners), owners.count(owner)
        if own >= self._at_most_each:
            raise CallFailed(f"{own} programs of this app are running, no more are allowed")
        if running >= self._at_most:
            raise CallFailed(f"{running} programs are running, no more are allowed")

    def hold(self, program: IProgram, owner: str) -> RunningProgram:
        """Count a program until it has ended."""
        found = RunningProgram(program)
        self._running[found] = owner
        found.ended.addCallback(self._forget, found)
        return found

    async def stop(self) -> None:
        """End all programs; done when they are gone."""
        gone = [program.ended for program in self._running]
        for program in tuple(self._running):
            program.kill()
        await DeferredList(gone)

    def _forget(self, text: str, program: RunningProgram) -> str:
        del self._running[program]
        return text


def started(starter: IStarter, command: ProgramCommand) -> IProgram:
    """Start a program.

    :raises CallFailed: if it cannot be started.
    """
    try:
        program: IProgram = starter.start(_launch(command))
    except (OSError, ValueError) as error:
        told = f"cannot start {command.executable}: {os_reason(error)}"
        raise CallFailed(told, NOT_FOUND) from error
    return program


def _launch(command: ProgramCommand) -> ProgramLaunch:
    return ProgramLaunch(
        executable=command.executable,
        arguments=command.args,
        environment=command.environment,
        folder=command.directory,
        merge=command.merge,
    )


def executable(name: str, search_path: str) -> str:
    """The path of the program of this name.

    :raises CallFailed: if it is not found.
    """
    if "/" in name and not name.startswith("/"):
        raise CallFailed(f'exec: "{name}": give an absolute path or a name in $PATH', NOT_FOUND)
    path = shutil.which(name, path=search_path) if name and "\0" not in name else None
    if path is None:
        where = "" if name.startswith("/") else " in $PATH"
        raise CallFailed(f'exec: "{name}": executable file not found{where}', NOT_FOUND)
    return path


class ProgramLookup:
    """Programs by their names: each is looked up in the folders once a second at most.

    A program that was there is checked each time: one that is gone is looked up anew.
    """

    def __init__(self, search_path: str, clock: IReactorTime) -> None:
        self._search_path = search_path
        self._clock = clock
        self._found: dict[str, tuple[str, float]] = {}

    def find(self, name: str) -> str:
        """The path of the program of this name.

        :raises CallFailed: if it is not found.
        """
        if "/" in name:
            return executable(name, self._search_path)
        now = self._clock.seconds()
        path, looked_at = self._found.get(name, ("", 0.0))
        if path and now - looked_at < _LOOKUP_SECONDS and os.access(path, os.X_OK):
            return path
        path = executable(name, self._search_path)
        if len(self._found) >= _MOST_FOUND:
            self._found.clear()
        self._found[name] = path, now
        return path


def directory(path: str) -> str:
    """The path itself.

    :raises CallFailed: if it is not a directory.
    """
    # Path.is_dir fails for what is too long to be a path, or has a NUL in it.
    if not path.startswith("/") or not os.path.isdir(path):  # noqa: PTH112
        raise CallFailed(f'chdir "{shown(path)}": not an absolute path of a directory')
    return path


def _text(ended: ProgramExit) -> str:
    if ended.failure:
        return ended.failure
    if ended.signal:
        return f"signal: {(signal.strsignal(ended.signal) or str(ended.signal)).lower()}"
    return f"exit status {ended.status}" if ended.status else ""
