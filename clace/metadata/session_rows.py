"""Sessions in the metadata database."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import Row, bindparam, delete, insert, select, update
from zope.interface import implementer

from clace.database import transaction
from clace.interfaces import ISessionRows, Session
from clace.metadata.database_rows import DatabaseRows
from clace.metadata.tables import sessions

_FIELDS = [sessions.c[name] for name in Session.__struct_fields__]
_TOUCH = (
    update(sessions).where(sessions.c.digest == bindparam("of")).values(seen=bindparam("moment"))
)


def open_session_rows(url: str) -> SessionRows:
    """Return the rows in a metadata database. Nothing is opened yet.

    :raises StoreError: if the URL is not a database's.
    """
    return SessionRows.at(url)


@implementer(ISessionRows)
class SessionRows(DatabaseRows):
    """The table of sessions; whoever asks waits, so it is asked in threads."""

    title = "session rows"

    def add(self, session: Session) -> None:
        with transaction(self._writing, "keep a session") as connection:
            connection.execute(insert(sessions).values(**asdict(session)))

    def find(self, digest: bytes) -> Session | None:
        with transaction(self._reading, "look up a session") as connection:
            found = connection.execute(select(*_FIELDS).where(sessions.c.digest == digest))
            row = found.one_or_none()
        return None if row is None else _session(row)

    def all(self) -> tuple[Session, ...]:
        newest_first = select(*_FIELDS).order_by(sessions.c.made.desc(), sessions.c.name)
        with transaction(self._reading, "list the sessions") as connection:
            return tuple(map(_session, connection.execute(newest_first).all()))

    def touch(self, seen: Mapping[bytes, float]) -> None:
        rows = [{"of": digest, "moment": moment} for digest, moment in seen.items()]
        if rows:
            with transaction(self._writing, "keep when sessions were used") as connection:
                connection.execute(_TOUCH, rows)

    def renew(self, session: Session) -> None:
        kept = {name: getattr(session, name) for name in ("identity", "key_id", "sealed")}
        changed = update(sessions).where(sessions.c.digest == session.digest).values(**kept)
        with transaction(self._writing, "renew a session") as connection:
            connection.execute(changed)

    def delete(self, digests: Collection[bytes]) -> int:
        with transaction(self._writing, "end sessions") as connection:
            return sum(
                connection.execute(delete(sessions).where(sessions.c.digest == digest)).rowcount
                for digest in digests
            )


def _session(row: Row[Any]) -> Session:
    return Session(**row._mapping)  # noqa: SLF001 - a row as a mapping
