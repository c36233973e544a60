"""Users and their one-time links in the metadata database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec.structs import asdict, replace
from sqlalchemy import Connection, Row, delete, insert, select, update
from zope.interface import implementer

from clace.database import transaction
from clace.interfaces import IUserRows, StoredUser, UserLink
from clace.metadata.database_rows import DatabaseRows
from clace.metadata.tables import user_links, users


def open_user_rows(url: str) -> UserRows:
    """Return the rows in a metadata database. Nothing is opened yet.

    :raises StoreError: if the URL is not a database's.
    """
    return UserRows.at(url)


@implementer(IUserRows)
class UserRows(DatabaseRows):
    """The tables of users, for threads to ask."""

    title = "users"

    def all(self) -> tuple[StoredUser, ...]:
        with transaction(self._reading, "list the users") as connection:
            rows = connection.execute(select(*users.c)).all()
        return tuple(sorted(map(_user, rows), key=lambda user: user.name))

    def change(
        self,
        name: str,
        change: Callable[[StoredUser | None], StoredUser],
        link: UserLink | None = None,
    ) -> StoredUser:
        with transaction(self._writing, "store a user") as connection:
            before = _one(connection, name)
            changed = change(before)
            _put(connection, before, changed)
            if link is not None:
                connection.execute(delete(user_links).where(user_links.c.name == name))
                connection.execute(insert(user_links).values(**asdict(link)))
            return changed

    def delete(self, name: str) -> bool:
        with transaction(self._writing, "delete a user") as connection:
            found = connection.execute(delete(users).where(users.c.name == name))
            return found.rowcount > 0

    def link(self, digest: str, now: datetime) -> UserLink | None:
        with transaction(self._reading, "look up a link of a user") as connection:
            return _link(connection, digest, now)

    def use_link(self, digest: str, now: datetime, password: str) -> StoredUser | None:
        with transaction(self._writing, "use a link of a user") as connection:
            link = _link(connection, digest, now)
            user = _one(connection, link.name) if link else None
            if user is None:
                return None
            changed = replace(user, password=password, update_time=now)
            _put(connection, user, changed)
            connection.execute(delete(user_links).where(user_links.c.name == user.name))
            return changed


def _one(connection: Connection, name: str) -> StoredUser | None:
    row = connection.execute(select(*users.c).where(users.c.name == name)).one_or_none()
    return None if row is None else _user(row)


def _put(connection: Connection, before: StoredUser | None, user: StoredUser) -> None:
    values = asdict(user)
    if before is None:
        connection.execute(insert(users).values(**values))
        return
    del values["create_time"]
    connection.execute(update(users).where(users.c.name == user.name).values(**values))
    if user.password != before.password:
        connection.execute(delete(user_links).where(user_links.c.name == user.name))


def _link(connection: Connection, digest: str, now: datetime) -> UserLink | None:
    chosen = (user_links.c.digest == digest) & (user_links.c.until > now)
    row = connection.execute(select(*user_links.c).where(chosen)).one_or_none()
    return None if row is None else UserLink(**row._mapping)  # noqa: SLF001 - a row as a mapping


def _user(row: Row[Any]) -> StoredUser:
    return StoredUser(**row._mapping)  # noqa: SLF001 - a row as a mapping
