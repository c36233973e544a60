"""Syncs in the metadata database. One process at a time runs each: an update claims it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import ColumnElement, Row, Update, delete, func, insert, select, update
from zope.interface import implementer

from clace.database import transaction
from clace.interfaces import DueSyncs, ISyncRows, StoredSync, SyncOutcome
from clace.metadata.database_rows import DatabaseRows
from clace.metadata.tables import syncs

_FIELDS = [syncs.c[name] for name in StoredSync.__struct_fields__]
_FREE = {"holder": "", "lease": 0.0, "running_since": None}


def open_sync_rows(url: str) -> SyncRows:
    """Return the rows in a metadata database. Nothing is opened yet.

    :raises StoreError: if the URL is not a database's.
    """
    return SyncRows.at(url)


@implementer(ISyncRows)
class SyncRows(DatabaseRows):
    """The table of syncs; whoever asks waits, so it is asked in threads."""

    title = "sync rows"

    def add(self, sync: StoredSync) -> None:
        with transaction(self._writing, "keep a sync") as connection:
            connection.execute(insert(syncs).values(**asdict(sync)))

    def find(self, sync_id: str) -> StoredSync | None:
        with transaction(self._reading, "look up a sync") as connection:
            row = connection.execute(select(*_FIELDS).where(syncs.c.id == sync_id)).one_or_none()
        return None if row is None else _sync(row)

    def all(self) -> tuple[StoredSync, ...]:
        oldest_first = select(*_FIELDS).order_by(syncs.c.create_time, syncs.c.id)
        with transaction(self._reading, "list the syncs") as connection:
            return tuple(map(_sync, connection.execute(oldest_first).all()))

    def delete(self, sync_id: str) -> bool:
        with transaction(self._writing, "delete a sync") as connection:
            found = connection.execute(delete(syncs).where(syncs.c.id == sync_id))
            return found.rowcount > 0

    def due(self, now: float) -> DueSyncs:
        waiting = (syncs.c.due <= now) & (syncs.c.lease <= now)
        found = select(syncs.c.id).where(waiting).order_by(syncs.c.due, syncs.c.id)
        with transaction(self._reading, "look for syncs to run") as connection:
            ids = tuple(connection.scalars(found))
            return DueSyncs(ids, connection.scalar(select(func.min(syncs.c.due))))

    def claim(self, sync_id: str, holder: str, now: float, until: float) -> bool:
        is_free = (syncs.c.id == sync_id) & (syncs.c.lease <= now)
        since = datetime.fromtimestamp(now, UTC)
        values = {"holder": holder, "lease": until, "running_since": since}
        return self._changed("claim a sync", update(syncs).where(is_free).values(values))

    def renew(self, sync_id: str, holder: str, until: float) -> bool:
        is_held = _held(sync_id, holder)
        return self._changed("hold a sync", update(syncs).where(is_held).values(lease=until))

    def finish(self, sync_id: str, holder: str, outcome: SyncOutcome | None) -> bool:
        kept = asdict(outcome) if outcome else {}
        change = update(syncs).where(_held(sync_id, holder)).values(**kept, **_FREE)
        return self._changed("keep the outcome of a sync", change)

    def _changed(self, purpose: str, change: Update) -> bool:
        with transaction(self._writing, purpose) as connection:
            return connection.execute(change).rowcount > 0


def _held(sync_id: str, holder: str) -> ColumnElement[bool]:
    return (syncs.c.id == sync_id) & (syncs.c.holder == holder)


def _sync(row: Row[Any]) -> StoredSync:
    return StoredSync(**row._mapping)  # noqa: SLF001 - a row as a mapping
