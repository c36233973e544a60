"""Failures of a database, in words that an app and an operator understand."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from twisted.logger import Logger

from clace.database import reason
from clace.plugins.builtin.store.tables import EntryTable
from clace.plugins.kit import CallFailed

log = Logger()
BUSY = "the store is busy, others are using it"
_TOO_LONG = "index row "
_LATE = ("interrupted", "statement timeout")
_LOCKED = ("database is locked", "lock timeout", "QueuePool limit")


def failed(error: SQLAlchemyError | OverflowError, *collections: EntryTable) -> CallFailed:
    """Return the error for the app; the log has what the operator can mend."""
    if isinstance(error, OverflowError):
        return CallFailed("a number of more than 64 bits cannot be stored")
    not_unique = _not_unique(error, collections)
    if not_unique:
        return CallFailed(not_unique)
    said = reason(error).strip().partition("\n")[0]
    if any(words in said for words in _LATE):
        return CallFailed("the query took too long and was ended")
    if _TOO_LONG in said:
        return CallFailed("the value of an indexed field is too long for PostgreSQL")
    if any(words in said for words in _LOCKED):
        log.warn("The store is locked: {said}", said=said)  # noqa: G010 - Twisted's
        return CallFailed(BUSY)
    log.error("The store failed: {said}", said=said)
    return CallFailed(f"the store failed: {said}")


def _not_unique(error: SQLAlchemyError, collections: tuple[EntryTable, ...]) -> str:
    """Of which table and fields, if a unique index of theirs was broken."""
    said = str(error.orig) if isinstance(error, DBAPIError) else ""
    for one in collections:
        for name, index in one.indexes.items():
            if index.unique and name in said:
                fields = ", ".join(field for field, _descends in index.parts)
                table = one.doc_type.name
                return f"UNIQUE constraint failed: there is an entry in {table} with this {fields}"
    return ""
