"""Results of ``store.select``, delivered page by page; no connection is held meanwhile.

The first page comes with the query. Of the rest only the ids are kept: an entry that is deleted
before its page is fetched is left out. Pages are small, since entries are many times larger here
than their JSON.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol, TypeVar

from attrs import evolve, frozen

from clace.plugins.builtin.store.queries import DueEntry, Entry, EntryChoice, TableQueries
from clace.plugins.builtin.store.statements import StoreConnection
from clace.plugins.kit import Items
from clace.units import MEBIBYTE

T = TypeVar("T")
FIRST_PAGE = 50
_FIRST_LENGTH = 1 << 18
_PAGE_ENTRIES = 500
_PAGE_LENGTH = MEBIBYTE


class Reads(Protocol):
    """Does work on the connection that the request reads by now."""

    def __call__(self, work: Callable[[StoreConnection], T], /) -> Awaitable[T]: ...


@frozen
class FoundEntries:
    """The first entries, and the ids of the others, page by page."""

    entries: list[Entry]
    due: list[array[int]]


def find(link: StoreConnection, queries: TableQueries, wanted: EntryChoice) -> FoundEntries:
    """All that is wanted, seen in one state of the table."""
    first = evolve(wanted, limit=min(wanted.limit, FIRST_PAGE))
    entries, is_whole = queries.page(link, first, _FIRST_LENGTH)
    seen = len(entries)
    if is_whole and (seen < first.limit or seen == wanted.limit):
        return FoundEntries(entries, [])
    rest = evolve(wanted, offset=wanted.offset + seen, limit=wanted.limit - seen)
    return FoundEntries(entries, _pages(queries.due(link, rest)))


def _pages(due: Iterable[DueEntry]) -> list[array[int]]:
    """The ids of so many entries each, of so much JSON at most unless it is a single one."""
    pages: list[array[int]] = []
    room = 0
    for one in due:
        room -= one.length
        if room < 0 or len(pages[-1]) == _PAGE_ENTRIES:
            pages.append(array("q"))
            room = _PAGE_LENGTH - one.length
        pages[-1].append(one.id)
    return pages


class EntryCursor(Items):
    """The items of a stream."""

    def __init__(self, found: FoundEntries, queries: TableQueries, read: Reads) -> None:
        self._entries = found.entries
        self._due = deque(found.due)
        self._queries = queries
        self._read = read

    async def next(self) -> tuple[tuple[Any, ...], bool]:
        entries, self._entries = self._entries, []
        if not entries and self._due:
            ids = self._due.popleft()
            entries = await self._read(lambda link: self._queries.fetch(link, ids))
        return tuple(entries), bool(self._due)

    async def close(self) -> None:
        self._entries.clear()
        self._due.clear()
