"""Sealed secrets in the metadata database. What is in them, this module cannot know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import Connection, Row, delete, insert, select, update
from zope.interface import implementer

from clace.database import transaction
from clace.errors import SecretExists
from clace.interfaces import ISecretRows, SealedSecret
from clace.metadata.database_rows import DatabaseRows
from clace.metadata.tables import secrets

_FIELDS = [secrets.c[name] for name in SealedSecret.__struct_fields__]
_KEPT = ("name", "created_by", "create_time")


def open_secret_rows(url: str) -> SecretRows:
    """Return the rows in a metadata database. Nothing is opened yet.

    :raises StoreError: if the URL is not a database's.
    """
    return SecretRows.at(url)


@implementer(ISecretRows)
class SecretRows(DatabaseRows):
    """The table of secrets; whoever asks waits, so it is asked in threads."""

    title = "secrets"
    readers = 4

    def get(self, name: str) -> SealedSecret | None:
        with transaction(self._reading, "look up a secret") as connection:
            return _one(connection, name)

    def all(self) -> tuple[SealedSecret, ...]:
        with transaction(self._reading, "list the secrets") as connection:
            return _all(connection)

    def put(self, row: SealedSecret, *, replace: bool) -> bool:
        with transaction(self._writing, "store a secret") as connection:
            there = _one(connection, row.name) is not None
            if there and not replace:
                raise SecretExists(
                    f"secret {row.name} already exists, use the update option to overwrite"
                )
            if there:
                _replace(connection, row)
            else:
                connection.execute(insert(secrets).values(**asdict(row)))
            return there

    def delete(self, name: str) -> bool:
        with transaction(self._writing, "delete a secret") as connection:
            found = connection.execute(delete(secrets).where(secrets.c.name == name))
            return found.rowcount > 0

    def rewrite(self, change: Callable[[SealedSecret], SealedSecret | None]) -> tuple[str, ...]:
        names = []
        with transaction(self._writing, "seal the secrets anew") as connection:
            for row in _all(connection):
                changed = change(row)
                if changed is not None:
                    _replace(connection, changed)
                    names.append(changed.name)
        return tuple(names)


def _one(connection: Connection, name: str) -> SealedSecret | None:
    row = connection.execute(select(*_FIELDS).where(secrets.c.name == name)).one_or_none()
    return None if row is None else _sealed(row)


def _all(connection: Connection) -> tuple[SealedSecret, ...]:
    rows = connection.execute(select(*_FIELDS).order_by(secrets.c.name)).all()
    return tuple(map(_sealed, rows))


def _replace(connection: Connection, row: SealedSecret) -> None:
    values = {name: value for name, value in asdict(row).items() if name not in _KEPT}
    connection.execute(update(secrets).where(secrets.c.name == row.name).values(**values))


def _sealed(row: Row[Any]) -> SealedSecret:
    return SealedSecret(**row._mapping)  # noqa: SLF001 - a row as a mapping
