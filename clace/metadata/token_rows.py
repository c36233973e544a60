"""API tokens in the metadata database, by their digests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import Row, bindparam, delete, insert, select, update
from twisted.application.service import Service
from zope.interface import implementer

from clace.database import reading_engine, sqlite_path, transaction, writing_engine
from clace.interfaces import APIToken, ITokenRows
from clace.metadata.tables import tokens

_READERS = 2
_FIELDS = [tokens.c[name] for name in APIToken.__struct_fields__]
_TOUCH = update(tokens).where(tokens.c.id == bindparam("of")).values(use_time=bindparam("moment"))


def open_token_rows(url: str) -> TokenRows:
    """The rows in a metadata database that ``open_store`` has prepared. Nothing is opened yet.

    :raises StoreError: if the URL is not a database's.
    """
    return TokenRows(sqlite_path(url))


@implementer(ITokenRows)
class TokenRows(Service):
    """The table of tokens; whoever asks waits, so it is asked in threads."""

    def __init__(self, path: Path) -> None:
        self.setName("token rows")
        self._writing = writing_engine(path)
        self._reading = reading_engine(path, _READERS)

    def add(self, token: APIToken) -> None:
        with transaction(self._writing, "keep an API token") as connection:
            connection.execute(insert(tokens).values(**asdict(token)))

    def find(self, digest: str) -> APIToken | None:
        with transaction(self._reading, "look up an API token") as connection:
            found = connection.execute(select(*_FIELDS).where(tokens.c.digest == digest))
            row = found.one_or_none()
        return None if row is None else _token(row)

    def all(self) -> tuple[APIToken, ...]:
        newest_first = select(*_FIELDS).order_by(tokens.c.create_time.desc(), tokens.c.id)
        with transaction(self._reading, "list the API tokens") as connection:
            return tuple(map(_token, connection.execute(newest_first).all()))

    def touch(self, used: Mapping[str, datetime]) -> None:
        rows = [{"of": token_id, "moment": moment} for token_id, moment in used.items()]
        if rows:
            with transaction(self._writing, "keep when API tokens were used") as connection:
                connection.execute(_TOUCH, rows)

    def delete(self, token_id: str) -> bool:
        with transaction(self._writing, "revoke an API token") as connection:
            found = connection.execute(delete(tokens).where(tokens.c.id == token_id))
            return found.rowcount > 0

    def stopService(self) -> None:
        """Close the connections."""
        super().stopService()
        self.close()

    def close(self) -> None:
        """Leave nothing open; a process that forks must not hand connections down."""
        self._reading.dispose()
        self._writing.dispose()


def _token(row: Row[Any]) -> APIToken:
    return APIToken(**row._mapping)  # noqa: SLF001 - a row as a mapping
