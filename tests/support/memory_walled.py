"""Walled programs in memory: each is what a table says of its command."""

import itertools
import signal
from collections.abc import Callable, Mapping

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IProtocolFactory
from twisted.test import iosim
from zope.interface import implementer

from clace.interfaces import IOutput, IWalledProcess, IWalledStarter, ProgramExit
from clace.model import PROCESS_WALLS


class MemoryProgram(Struct, frozen=True, kw_only=True):
    """What a program does: it says ``says``, complains of ``complains``, and ends with ``status``
    if that is not ``None``.

    Otherwise ``serves`` makes the protocols of its server, if it has one.
    """

    says: bytes = b""
    complains: bytes = b""
    status: int | None = None
    serves: Callable[[], IProtocolFactory] | None = None
    is_stubborn: bool = False


@implementer(IOutput)
class _Lines:
    def __init__(self, said):
        self._said = said
        self._has_ended = False
        self._waiting = None

    async def read(self):
        if self._said or self._has_ended:
            said, self._said = self._said, b""
            return said
        self._waiting = Deferred()
        return await self._waiting

    def close(self):
        self._has_ended = True
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(b"")


@implementer(IWalledProcess)
class MemoryWalledProcess:
    """A program that runs for as long as the table says; ``pumps`` carry its connections."""

    def __init__(self, clock, pid, launch, program):
        self.pid = pid
        self.launch = launch
        among, apart = (program.complains, None) if launch.merge else (b"", program.complains)
        self.output = _Lines(program.says + among)
        self.errors = None if apart is None else _Lines(apart)
        self.ended = Deferred()
        self.pumps = []
        self._clock = clock
        self._program = program
        self._server = program.serves() if program.serves else None
        self._killing = None
        if program.status is not None:
            self.end(ProgramExit(status=program.status))

    async def connect(self, factory, seconds):
        if self._server is None or self.ended.called:
            raise ConnectError(string="nothing listens")
        client, server = factory.buildProtocol(None), self._server.buildProtocol(None)
        pump = iosim.connect(
            server,
            iosim.makeFakeServer(server),
            client,
            iosim.makeFakeClient(client),
            clock=self._clock,
        )
        self.pumps.append(pump)
        return client

    def stop(self):
        if self._program.is_stubborn:
            if self._killing is None:
                self._killing = self._clock.callLater(self.launch.stop_seconds, self.kill)
        else:
            self.end(ProgramExit(signal=signal.SIGTERM))

    def kill(self):
        self.end(ProgramExit(signal=signal.SIGKILL))

    def end(self, how):
        """End it, as it may by itself."""
        if not self.ended.called:
            self.output.close()
            if self.errors is not None:
                self.errors.close()
            self.ended.callback(how)


@implementer(IWalledStarter)
class MemoryWalledStarter:
    """``programs`` are by the first word of their command; ``started`` keeps those of the past."""

    def __init__(self, clock, programs: Mapping[str, MemoryProgram]):
        self.started = []
        self._clock = clock
        self._programs = programs
        self._pids = itertools.count(100)

    async def start(self, launch):
        program = self._programs.get(launch.command[0], MemoryProgram(status=127))
        found = MemoryWalledProcess(self._clock, next(self._pids), launch, program)
        if launch.command[0] not in self._programs:
            found.ended = Deferred()
            failure = f"cannot start {launch.command[0]}: no such file or directory"
            found.end(ProgramExit(failure=failure))
        self.started.append(found)
        return found

    def try_out(self):
        return {wall.name: "" for wall in PROCESS_WALLS}
