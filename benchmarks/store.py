"""Documents: insert and query 1,000 entries, call by call through the plugin gate: milliseconds.

``python -m benchmarks.store`` measures SQLite, and PostgreSQL if it is installed.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from twisted.internet import task

from clace.interfaces import Caller
from clace.plugins.builtin.store.database import open_database
from clace.plugins.builtin.store.plugin import StoreFunctions, StoreSettings
from clace.plugins.gate.gate import PluginGate
from tests.support.documents import Request, doc_type, field, index, schema, store_app
from tests.support.postgres import fresh, postgres

ENTRIES = 1000
ROUNDS = 5
NOTE = schema(
    doc_type(
        "note",
        field("title", "STRING"),
        field("number", "INT"),
        field("tags", "LIST", []),
        field("text", "STRING"),
        indexes=[index("title", unique=True), index("number")],
    )
)
Measured = Callable[[Callable[[], Request]], Awaitable[None]]


def note(number: int) -> dict[str, Any]:
    text = "A text with some words in it, none of them special. " * 5
    return {"title": f"note {number}", "number": number, "tags": ["a", "b"], "text": text}


async def insert_each(begin: Callable[[], Request]) -> None:
    request = begin()
    for number in range(ENTRIES):
        await request.value("insert", "note", note(number))


async def insert_together(begin: Callable[[], Request]) -> None:
    request = begin()
    await request.value("begin")
    for number in range(ENTRIES):
        await request.value("insert", "note", note(number))
    await request.value("commit")


async def find_each(begin: Callable[[], Request]) -> None:
    request = begin()
    for number in range(ENTRIES):
        found = await request.value("select_one", "note", {"title": f"note {number}"})
        assert found["number"] == number


async def select_all(begin: Callable[[], Request]) -> None:
    found = await begin().select("note", {"number": {"$gte": 0}}, sort=["number"])
    assert len(found) == ENTRIES


async def select_page(begin: Callable[[], Request]) -> None:
    found = await begin().select("note", {}, sort=["number:desc"], limit=20)
    assert len(found) == 20


async def update_each(begin: Callable[[], Request]) -> None:
    request = begin()
    for entry in await request.select("note", {}):
        await request.value("update", "note", {**entry, "number": entry["number"] + 1})


async def empty(begin: Callable[[], Request]) -> None:
    assert await begin().value("delete", "note", {}) == ENTRIES


# Each with what has to be done before it in each round, and after it.
MEASURED: dict[str, tuple[Measured | None, Measured, Measured | None]] = {
    "insert 1,000, each for itself": (None, insert_each, empty),
    "insert 1,000 in one transaction": (None, insert_together, empty),
    "find 1,000 one by one by an index": (insert_together, find_each, empty),
    "select 1,000 in pages": (insert_together, select_all, empty),
    "select 20 of 1,000 by an index": (insert_together, select_page, empty),
    "update 1,000, each for itself": (insert_together, update_each, empty),
    "delete 1,000 by one filter": (insert_together, empty, None),
}


async def measure(reactor: Any, url: str) -> dict[str, float]:
    database = open_database(url, reactor)
    database.startService()
    gate = PluginGate([StoreFunctions(StoreSettings(), database, reactor).plugin])

    def begin() -> Request:
        return Request(gate.begin(Caller(app=store_app(), user_id="ann", schema=NOTE)))

    try:
        return {name: await rounds(begin, *parts) for name, parts in MEASURED.items()}
    finally:
        await database.stopService()


async def rounds(
    begin: Callable[[], Request],
    before: Measured | None,
    measured: Measured,
    after: Measured | None,
) -> float:
    """The median of some rounds, in milliseconds."""
    taken = []
    for _ in range(ROUNDS):
        if before:
            await before(begin)
        started = time.perf_counter()
        await measured(begin)
        taken.append(1000 * (time.perf_counter() - started))
        if after:
            await after(begin)
    return median(taken)


async def main(reactor: Any) -> None:
    with TemporaryDirectory() as folder:
        results = {"SQLite": await measure(reactor, f"sqlite:{Path(folder) / 'documents.db'}")}
    url, reason = postgres()
    if url:
        fresh(url)
        results["PostgreSQL"] = await measure(reactor, url)
    else:
        print(f"PostgreSQL is not measured: {reason}")
    print(f"{'milliseconds':36}" + "".join(f"{name:>12}" for name in results))
    for name in MEASURED:
        print(f"{name:36}" + "".join(f"{result[name]:12.1f}" for result in results.values()))


if __name__ == "__main__":
    task.react(main)
