"""Commands beside the programs of apps: their output at a pace, and a process as a command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from zope.interface import implementer

from clace.interfaces import IProgram, IWalledProcess, ProgramExit
from clace.pacing import Pace
from clace.shielding import shielded

Log = Callable[[bytes], None]


async def carried_out(program: IProgram, log: Log, clock: Any) -> ProgramExit:
    """Hand on what a command writes, so much of it in a second, until it has ended. It is killed if
    the caller no longer waits.
    """
    pace = Pace(clock, log, lambda: bool(program.ended.called))
    try:
        while data := await program.output.read():
            await pace.hand_on(data)
        return await shielded(program.ended)
    except CancelledError:
        program.kill()
        raise


@implementer(IProgram)
class WalledCommand:
    """A command that runs behind a wall."""

    def __init__(self, process: IWalledProcess) -> None:
        self._process = process
        self.output = process.output
        self.errors = process.errors
        self.ended: Deferred[ProgramExit] = Deferred()
        process.ended.addCallback(self._over)

    def kill(self) -> None:
        self._process.kill()
        self.close()

    def close(self) -> None:
        self.output.close()
        if self.errors is not None:
            self.errors.close()

    def _over(self, end: ProgramExit) -> ProgramExit:
        self.ended.callback(end)
        return end
