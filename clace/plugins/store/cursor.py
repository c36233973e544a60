"""What ``store.select`` found, delivered page by page; no connection is held meanwhile.

The first page comes with the query. Of the rest only the ids are kept: an entry that is deleted
before its page is fetched is left out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from attrs import evolve, frozen
from sqlalchemy import Connection

from clace.plugins.definition import Items
from clace.plugins.store.queries import Due, Entry, Queries, Wanted

T = TypeVar("T")
FIRST_PAGE = 50
_PAGE_ENTRIES = 500
_PAGE_LENGTH = 4 << 20


class Reads(Protocol):
    """Does work on the connection that the request reads by now."""

    def __call__(self, work: Callable[[Connection], T], /) -> Awaitable[T]: ...


@frozen
class Found:
    """The first entries, and what else there is."""

    entries: list[Entry]
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
        self._entries = found.entries
        self._due = found.due
        self._queries = queries
        self._read = read
        self._at = 0

    async def next(self) -> tuple[tuple[Any, ...], bool]:
        entries, self._entries = self._entries, []
        if not entries and self._at < len(self._due):
            ids = self._next_ids()
            entries = await self._read(lambda connection: self._queries.fetch(connection, ids))
        return tuple(entries), self._at < len(self._due)

    async def close(self) -> None:
        self._entries, self._due = [], []

    def _next_ids(self) -> Sequence[int]:
        """As many as make a page, one at least."""
        start = end = self._at
        length = 0
        while end < len(self._due) and end - start < _PAGE_ENTRIES and length < _PAGE_LENGTH:
            length += self._due[end].length
            end += 1
        self._at = end
        return [due.id for due in self._due[start:end]]
