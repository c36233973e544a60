"""Second factors in the metadata database. They are sealed, and nothing here opens them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import Connection, Row, delete, insert, select, update
from zope.interface import implementer

from clace.database import transaction
from clace.interfaces import FactorKind, IFactorRows, StoredFactor
from clace.metadata.database_rows import DatabaseRows
from clace.metadata.tables import user_factors

_OLDEST_FIRST = (user_factors.c.create_time, user_factors.c.id)


def open_factor_rows(url: str) -> FactorRows:
    """Return the rows in a metadata database. Nothing is opened yet.

    :raises StoreError: if the URL is not a database's.
    """
    return FactorRows.at(url)


@implementer(IFactorRows)
class FactorRows(DatabaseRows):
    """The table of factors, for threads to ask."""

    title = "factors"

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


def _all(connection: Connection, chosen: Any = None) -> tuple[StoredFactor, ...]:
    query = select(*user_factors.c).order_by(*_OLDEST_FIRST)
    rows = connection.execute(query if chosen is None else query.where(chosen)).all()
    return tuple(map(_factor, rows))


def _values(factor: StoredFactor) -> dict[str, Any]:
    return {**asdict(factor), "kind": str(factor.kind)}


def _factor(row: Row[Any]) -> StoredFactor:
    values = dict(row._mapping)  # noqa: SLF001 - a row as a mapping
    return StoredFactor(**{**values, "kind": FactorKind(values["kind"])})
