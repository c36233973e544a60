"""Answers that tell what goes on while an operation is performed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.web.http import Request

from clace.admin_api import LINES, Refusal, ToldLine
from clace.errors import ClaceError
from clace.line_queue import LineQueue
from clace.telling import listening
from clace.web.admin.router import StreamedLines
from clace.web.error_table import ErrorTable


def wants_lines(request: Request) -> bool:
    """Tell a client that reads an answer line by line from one that waits for the whole."""
    return bool(request.getHeader("accept") == LINES)


async def told(work: Coroutine[Any, Any, Struct], errors: ErrorTable) -> StreamedLines:
    """The lines of work, and its end. What ends without a line has the status of its end.

    The work goes on when nobody reads its lines any more.
    """
    lines = LineQueue()
    with listening(lines.put):
        ending = Deferred.fromCoroutine(_ended(work, errors))
    ending.addCallback(lines.end)
    if first := await lines.taken():
        return StreamedLines(_lines(first, lines, ending))
    end = await ending
    refusal = end.refusal
    if isinstance(refusal, Refusal):
        return StreamedLines(_only(refusal), refusal.code)
    return StreamedLines(_only(end))


async def _ended(work: Coroutine[Any, Any, Struct], errors: ErrorTable) -> ToldLine:
    try:
        return ToldLine(result=await work)
    except ClaceError as error:
        return ToldLine(refusal=errors.refusal(error))
    except Exception:  # noqa: BLE001 - as the router answers everything else
        return ToldLine(refusal=errors.incident())


async def _lines(
    first: tuple[str, ...], queue: LineQueue, ending: Deferred[Any]
) -> AsyncGenerator[tuple[Struct, ...], None]:
    taken = first
    while taken:
        yield tuple(ToldLine(line=line) for line in taken)
        taken = await queue.taken()
    yield (await ending,)


async def _only(value: Struct) -> AsyncGenerator[tuple[Struct, ...], None]:
    yield (value,)
