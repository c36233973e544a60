"""API tokens in the metadata database, by their digests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import Row, bindparam, delete, insert, select, update
from zope.interface import implementer

from clace.database import transaction
from clace.interfaces import APIToken, ITokenRows
from clace.metadata.database_rows import DatabaseRows
from clace.metadata.tables import tokens

_FIELDS = [tokens.c[name] for name in APIToken.__struct_fields__]
_TOUCH = update(tokens).where(tokens.c.id == bindparam("of")).values(use_time=bindparam("moment"))


def open_token_rows(url: str) -> TokenRows:
    """Return the rows in a metadata database. Nothing is opened yet.

    :raises StoreError: if the URL is not a database's.
    """
    return TokenRows.at(url)


@implementer(ITokenRows)
class TokenRows(DatabaseRows):
    """The table of tokens; whoever asks waits, so it is asked in threads."""

    title = "token rows"

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


def _token(row: Row[Any]) -> APIToken:
    return APIToken(**row._mapping)  # noqa: SLF001 - a row as a mapping
