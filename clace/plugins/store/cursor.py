"""What ``store.select`` found, delivered page by page; no connection is held meanwhile.

The first page comes with the query. Of the rest only the ids are kept: an entry that is deleted
before its page is fetched is left out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from attrs import evolve, frozen
from sqlalchemy import Connection

from clace.plugins.definition import Items
from clace.plugins.store.queries import Due, Queries, Sized, Wanted

T = TypeVar("T")
S = TypeVar("S", Due, Sized)
FIRST_PAGE = 50
_PAGE_ENTRIES = 500
_PAGE_LENGTH = 4 << 20


class Reads(Protocol):
    """Does work on the connection that the request reads by now."""

    def __call__(self, work: Callable[[Connection], T], /) -> Awaitable[T]: ...


@frozen
class Found:
    """The first entries, and what else there is."""

    entries: list[Sized]
    due: list[Due]


def find(connection: Connection, queries: Queries, wanted: Wanted) -> Found:
    """All that is wanted, seen in one state of the table."""
    first = evolve(wanted, limit=min(wanted.limit, FIRST_PAGE))
    entries = queries.page(connection, first)
    if len(entries) < first.limit or first.limit == wanted.limit:
        return Found(entries, [])
    rest = evolve(wanted, offset=wanted.offset + FIRST_PAGE, limit=wanted.limit - FIRST_PAGE)
    return Found(entries, queries.due(connection, rest))


class Cursor(Items):
    """The items of a stream."""

    def __init__(self, found: Found, queries: Queries, read: Reads) -> None:
        self._entries = deque(found.entries)
        self._due = deque(found.due)
        self._queries = queries
        self._read = read

    async def next(self) -> tuple[tuple[Any, ...], bool]:
        if self._entries or not self._due:
            entries = [sized.entry for sized in _taken(self._entries)]
        else:
            ids = [due.id for due in _taken(self._due)]
            entries = await self._read(lambda connection: self._queries.fetch(connection, ids))
        return tuple(entries), bool(self._entries or self._due)

    async def close(self) -> None:
        self._entries.clear()
        self._due.clear()


def _taken(waiting: deque[S]) -> list[S]:
    """As many as make a page, one at least."""
    taken: list[S] = []
    length = 0
    while waiting and len(taken) < _PAGE_ENTRIES and length < _PAGE_LENGTH:
        taken.append(waiting.popleft())
        length += taken[-1].length
    return taken
