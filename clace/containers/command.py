"""A command in a container of its own, which goes with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from clace.interfaces import IProgram, ProgramExit


@implementer(IProgram)
class ContainerCommand:
    """A command of the engine's that runs another in a container. When it was killed, ``remove``
    ends what it has started; ``leave`` is called when nothing of it is left.
    """

    def __init__(
        self, program: IProgram, remove: Callable[[], Deferred[Any]], leave: Callable[[], None]
    ) -> None:
        self._program = program
        self._remove = remove
        self._leave = leave
        self._is_killed = False
        self.output = program.output
        self.errors = program.errors
        self.ended: Deferred[ProgramExit] = Deferred()
        program.ended.addCallback(self._over)

    def kill(self) -> None:
        self._is_killed = True
        self._program.kill()

    def close(self) -> None:
        self._program.close()

    def _over(self, end: ProgramExit) -> ProgramExit:
        if self._is_killed:
            self._remove().addBoth(lambda _: self._tell(end))
        else:
            self._tell(end)
        return end

    def _tell(self, end: ProgramExit) -> None:
        self._leave()
        self.ended.callback(end)
