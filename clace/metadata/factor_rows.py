"""Second factors in the metadata database. They are sealed, and nothing here opens them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import Connection, Engine, Row, delete, insert, select, update
from twisted.application.service import Service
from zope.interface import implementer

from clace.database import reading_engine, sqlite_path, transaction, writing_engine
from clace.interfaces import FactorKind, IFactorRows, StoredFactor
from clace.metadata.tables import user_factors

_READERS = 2
_OLDEST_FIRST = (user_factors.c.create_time, user_factors.c.id)


def open_factor_rows(url: str) -> FactorRows:
    """The rows in a metadata database that ``open_store`` has prepared. Nothing is opened yet.

    :raises StoreError: if the URL is not a database's.
    """
    path = sqlite_path(url)
    return FactorRows(writing_engine(path), reading_engine(path, _READERS))


@implementer(IFactorRows)
class FactorRows(Service):
    """The table of factors, for threads to ask."""

    def __init__(self, writing: Engine, reading: Engine) -> None:
        self.setName("factors")
        self._writing = writing
        self._reading = reading

    def all(self) -> tuple[StoredFactor, ...]:
        with transaction(self._reading, "list the second factors") as connection:
            return _all(connection)

    def of(self, user_id: str) -> tuple[StoredFactor, ...]:
        with transaction(self._reading, "look up second factors") as connection:
            return _all(connection, user_factors.c.user_id == user_id)

    def find(self, factor_id: str) -> StoredFactor | None:
        with transaction(self._reading, "look up a second factor") as connection:
            found = _all(connection, user_factors.c.id == factor_id)
            return found[0] if found else None

    def add(self, factors: Collection[StoredFactor], replaced: Collection[FactorKind] = ()) -> bool:
        with transaction(self._writing, "store second factors") as connection:
            taken = user_factors.c.id.in_([each.id for each in factors])
            if _all(connection, taken):
                return False
            for user_id in {each.user_id for each in factors}:
                old = user_factors.c.kind.in_([str(kind) for kind in replaced])
                connection.execute(
                    delete(user_factors).where((user_factors.c.user_id == user_id) & old)
                )
            for factor in factors:
                connection.execute(insert(user_factors).values(**_values(factor)))
            return True

    def use(self, factor_id: str, before: int, counter: int, now: datetime) -> bool:
        chosen = (user_factors.c.id == factor_id) & (user_factors.c.counter == before)
        with transaction(self._writing, "use a second factor") as connection:
            changed = update(user_factors).where(chosen).values(counter=counter, use_time=now)
            return connection.execute(changed).rowcount > 0

    def delete(self, user_id: str, ids: Collection[str] | None = None) -> int:
        chosen = user_factors.c.user_id == user_id
        if ids is not None:
            chosen &= user_factors.c.id.in_(ids)
        with transaction(self._writing, "delete second factors") as connection:
            return connection.execute(delete(user_factors).where(chosen)).rowcount

    def stopService(self) -> None:
        """Close the connections."""
        super().stopService()
        self.close()

    def close(self) -> None:
        """Leave nothing open; a process that forks must not hand connections down."""
        self._reading.dispose()
        self._writing.dispose()


def _all(connection: Connection, chosen: Any = None) -> tuple[StoredFactor, ...]:
    query = select(*user_factors.c).order_by(*_OLDEST_FIRST)
    rows = connection.execute(query if chosen is None else query.where(chosen)).all()
    return tuple(map(_factor, rows))


def _values(factor: StoredFactor) -> dict[str, Any]:
    return {**asdict(factor), "kind": str(factor.kind)}


def _factor(row: Row[Any]) -> StoredFactor:
    values = dict(row._mapping)  # noqa: SLF001 - a row as a mapping
    return StoredFactor(**{**values, "kind": FactorKind(values["kind"])})
