"""Answers that tell what goes on while an operation is performed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.web.http import Request

from clace.admin_api import LINES, Refusal, ToldLine
from clace.errors import ClaceError
from clace.line_queue import LEFT_OUT, LineQueue
from clace.telling import WorkStep, listening
from clace.web.admin.router import StreamedLines
from clace.web.error_table import ErrorTable

_QUICK_SECONDS = 1


def wants_lines(request: Request) -> bool:
    """Return true if the client reads the answer line by line."""
    return bool(request.getHeader("accept") == LINES)


async def told(
    work: Coroutine[Any, Any, Struct], errors: ErrorTable, clock: IReactorTime
) -> StreamedLines:
    """The lines and steps of work, and its end.

    Work that ends within a second, without a line, is answered with the status of its end and
    without its steps. It goes on after its reader has left.
    """
    telling = _Telling(clock)
    with listening(telling.line, telling.step):
        ending = Deferred.fromCoroutine(_ended(work, errors))
    ending.addCallback(telling.end)
    if first := await telling.queue.taken():
        return StreamedLines(_lines(first, telling.queue, ending))
    end = await ending
    refusal = end.refusal
    if isinstance(refusal, Refusal):
        return StreamedLines(_only(refusal), refusal.code)
    return StreamedLines(_only(end))


class _Telling:
    """Words about work on their way to a client; steps wait for the first line, or a second."""

    def __init__(self, clock: IReactorTime) -> None:
        self.queue = LineQueue(ToldLine(line=LEFT_OUT))
        self._held: list[ToldLine] | None = []
        self._late = clock.callLater(_QUICK_SECONDS, self._release)

    def line(self, text: str) -> None:
        self._release()
        self.queue.put(ToldLine(line=text))

    def step(self, step: WorkStep) -> None:
        told = ToldLine(step=step.name, ended=step.has_ended)
        if self._held is None:
            self.queue.put(told)
        else:
            self._held.append(told)

    def end(self, result: ToldLine) -> ToldLine:
        if self._late.active():
            self._late.cancel()
        self.queue.end(result)
        return result

    def _release(self) -> None:
        held, self._held = self._held, None
        for told in held or ():
            self.queue.put(told)


async def _ended(work: Coroutine[Any, Any, Struct], errors: ErrorTable) -> ToldLine:
    try:
        return ToldLine(result=await work)
    except ClaceError as error:
        return ToldLine(refusal=errors.refusal(error))
    except Exception:  # noqa: BLE001 - as the router answers everything else
        return ToldLine(refusal=errors.incident())


async def _lines(
    first: tuple[ToldLine, ...], queue: LineQueue[ToldLine], ending: Deferred[Any]
) -> AsyncGenerator[tuple[Struct, ...], None]:
    taken = first
    while taken:
        yield taken
        taken = await queue.taken()
    yield (await ending,)


async def _only(value: Struct) -> AsyncGenerator[tuple[Struct, ...], None]:
    yield (value,)
