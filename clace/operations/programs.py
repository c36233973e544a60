"""The programs of apps, as operators read and control them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from clace.admin_api import (
    CommandPiece,
    ControlProgram,
    LogLine,
    ProgramState,
    ReadLog,
    RunCommand,
)
from clace.errors import BadRequest
from clace.interfaces import (
    Asking,
    IProgramControl,
    IProgramOperations,
    LogFilter,
    ProgramExit,
)
from clace.line_queue import LEFT_OUT, LineQueue
from clace.model import LOG_LEVELS, App, has_program
from clace.operations.rooms import OperationRooms
from clace.text import time_text

MOST_LINES = 100_000
_MOST_DIGITS = 9
_USUAL_LINES = 1000
_LOOK_SECONDS = 2.0
"""The time after which the rights to a silent stream are checked again."""


_OTHER_LOGS = (
    "\nthe last failures of an app: clace app show; what it prints and fails on is in"
    " $CL_HOME/logs/clace.json"
)


@implementer(IProgramOperations)
class ProgramOperations:
    """Operations on the programs of apps."""

    def __init__(
        self, rooms: OperationRooms, control: IProgramControl, clock: IReactorTime
    ) -> None:
        self._clock = clock
        self._rooms = rooms
        self._control = control

    async def read_log(self, query: ReadLog, request: Asking) -> AsyncIterator[tuple[LogLine, ...]]:
        app = await self._found(query.app_path, request, _OTHER_LOGS)
        wanted = _filter(query)
        coming = LineQueue(LEFT_OUT)
        log = self._control.log(app)
        if query.follow:
            log.follow(wanted, coming.put)
        try:
            lines = await log.lines(wanted)
            yield tuple(map(LogLine, lines))
            while query.follow:
                more = await coming.taken_within(self._clock, _LOOK_SECONDS)
                request.check_apps((app,))  # the right may have gone meanwhile
                yield tuple(map(LogLine, more or ()))
        finally:
            log.leave(coming.put)

    async def stop_app(self, query: ControlProgram, request: Asking) -> ProgramState:
        app = await self._found(query.app_path, request)
        await self._control.stop(app)
        return self._state(app)

    async def start_app(self, query: ControlProgram, request: Asking) -> ProgramState:
        app = await self._loaded(query.app_path, request)
        await self._control.start(app)
        return self._state(app)

    async def restart_app(self, query: ControlProgram, request: Asking) -> ProgramState:
        app = await self._loaded(query.app_path, request)
        await self._control.restart(app)
        return self._state(app)

    async def run_command(
        self, query: RunCommand, request: Asking
    ) -> AsyncIterator[tuple[CommandPiece, ...]]:
        app = await self._found(query.app_path, request)
        if not query.body.command:
            raise BadRequest("a command is missing")
        await self._rooms.runtime.awaken(app)
        coming = LineQueue(LEFT_OUT)
        running = Deferred.fromCoroutine(self._control.run(app, query.body.command, coming.put))
        ends: list[ProgramExit | Failure] = []
        running.addBoth(ends.append).addBoth(coming.end)
        try:
            while (lines := await coming.taken_within(self._clock, _LOOK_SECONDS)) is not None:
                request.check_apps((app,))
                yield tuple(CommandPiece(line) for line in lines)
            (end,) = ends  # ``running`` cannot be awaited: its callbacks brought us here
            if isinstance(end, Failure):
                end.raiseException()
            yield (
                CommandPiece(ended=True, status=end.status, signal=end.signal, failure=end.failure),
            )
        finally:
            running.cancel()

    async def _found(self, path: str, request: Asking, advice: str = "") -> App:
        app = (await self._rooms.catalogue(request)).found(path, request)
        if not has_program(app.metadata.loads):
            told = f"app {app} has no program of its own, or none that was approved"
            raise BadRequest(told + advice)
        return app

    async def _loaded(self, path: str, request: Asking) -> App:
        """The app, of which it is known then which program it has.

        :raises AppBroken: if it does not load.
        """
        app = await self._found(path, request)
        await self._rooms.runtime.awaken(app)
        return app

    def _state(self, app: App) -> ProgramState:
        return ProgramState(app.address, self._control.status(app).state)


def _filter(query: ReadLog) -> LogFilter:
    """:raises BadRequest: if a time, level or number cannot be read."""
    if query.level and query.level not in LOG_LEVELS:
        raise BadRequest(f"level {query.level:.40}: expected one of {', '.join(LOG_LEVELS)}")
    number = _USUAL_LINES if not query.since else MOST_LINES
    if query.lines:
        is_number = query.lines.isascii() and query.lines.isdecimal()
        number = int(query.lines[:_MOST_DIGITS]) if is_number else 0
    if not 0 < number <= MOST_LINES:
        raise BadRequest(f"lines {query.lines:.40}: expected a number from 1 to {MOST_LINES}")
    return LogFilter(since=_time(query.since), level=query.level, lines=number)


def _time(text: str) -> str:
    """The time as lines have it, which are compared with it; it is in UTC unless it says another.

    :raises BadRequest: if it cannot be read.
    """
    if not text:
        return ""
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(text)
        return time_text((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    raise BadRequest(f"since {text:.40}: expected a time such as 2026-11-29T12:00:00Z")
