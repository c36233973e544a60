"""Moving a database to the newest schema, by the Alembic steps of the room that it belongs to."""

from __future__ import annotations

import re
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from glob import escape
from importlib import resources
from pathlib import Path

from msgspec import Struct
from sqlalchemy import Connection, column, inspect, select, table
from twisted.internet.interfaces import IReactorTime

from clace.database.engine import transaction, writing_engine
from clace.database.place import make_private
from clace.errors import StoreError

EMPTY = 0
_STEP = re.compile(r"v(\d{4})(_\w+)?\.py")
_COPY = re.compile(r"\.v(\d+)-[^.]*\.bak\Z")
_VERSIONS = table("alembic_version", column("version_num"))


def moment(clock: IReactorTime) -> datetime:
    """Return the time of the clock as the database keeps it."""
    return datetime.fromtimestamp(clock.seconds(), UTC)


class UpgradeOptions(Struct, frozen=True, kw_only=True):
    """Permission to change a database of another version than this server's."""

    auto_upgrade: bool = True
    ignore_higher_version: bool = False


class MigratedSchema:
    """The steps of one room; ``location`` is ``package:folder`` or a path, as Alembic takes it.

    A step's revision is its version number, in four digits, which are in its file's name too: a
    database that has the newest is known without Alembic, which takes long to import.
    """

    def __init__(self, location: str) -> None:
        self._location = location

    @property
    def newest(self) -> int:
        package, colon, folder = self._location.partition(":")
        place = resources.files(package) / folder if colon else Path(self._location)
        steps = (_STEP.fullmatch(file.name) for file in (place / "versions").iterdir())
        return max((int(step[1]) for step in steps if step), default=EMPTY)

    def prepare(self, path: Path, options: UpgradeOptions, now: datetime) -> None:
        """The database there, made if need be, has the newest schema; if it was older, a copy of
        it as it was stays beside it. Blocks; no connection is left open.

        :raises StoreError: it cannot be opened, is not ours, or is not to be upgraded.
        """
        make_private(path)
        engine = writing_engine(path)
        try:
            with transaction(engine, f"open database {path}") as connection:
                current = self._version(connection, path)
                if self._is_behind(path, current, options):
                    with _copy_kept(path, current, now):
                        self.upgrade(connection)
        finally:
            engine.dispose()

    def upgrade(self, connection: Connection, version: int | None = None) -> None:
        """Run the steps up to ``version``, the newest if not given, in the open transaction."""
        from alembic import command  # noqa: PLC0415 - few starts need it
        from alembic.config import Config  # noqa: PLC0415

        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", self._location.replace("%", "%%"))
        config.set_main_option("path_separator", "newline")
        command.upgrade(config, "head" if version is None else f"{version:04}")

    def _version(self, connection: Connection, path: Path) -> int:
        heads = _heads(connection)
        if not heads and inspect(connection).get_table_names():
            raise StoreError(f"database {path} was not made by this server")
        try:
            return max((int(head) for head in heads), default=EMPTY)
        except ValueError as error:
            raise StoreError(f"database {path} has an unknown schema version") from error

    def _is_behind(self, path: Path, current: int, options: UpgradeOptions) -> bool:
        newest = self.newest
        if current > newest and not options.ignore_higher_version:
            raise StoreError(
                f"DB version is newer than the server's. Server {newest}, DB {current}; "
                f"{_way_back(path, newest)}"
            )
        if EMPTY < current < newest and not options.auto_upgrade:
            raise StoreError(f"DB autoupgrade is disabled, exiting. Server {newest}, DB {current}")
        return current < newest


def _way_back(path: Path, newest: int) -> str:
    """Say how a database is used that a newer server has upgraded: by that server, or by a copy
    that it made when it came.
    """
    found = [
        (int(version[1]), copy)
        for copy in path.parent.glob(f"{escape(path.name)}.v*.bak")
        if (version := _COPY.search(copy.name))
    ]
    usable = [copy for version, copy in sorted(found, reverse=True) if version <= newest]
    if not usable:
        return (
            "install the newer server again, or restore a backup from before it into another home"
        )
    beside = " ".join(shlex.quote(f"{path}{end}") for end in ("-wal", "-shm"))
    return (
        "install the newer server again, or go back to the copy from before its upgrade, without "
        f"what was changed since: rm -f {beside}; "
        f"cp -p {shlex.quote(str(usable[0]))} {shlex.quote(str(path))}"
    )


def _heads(connection: Connection) -> tuple[str, ...]:
    """The revisions that the database has been moved to; none if no step was ever made."""
    if not inspect(connection).has_table(_VERSIONS.name):
        return ()
    return tuple(connection.scalars(select(_VERSIONS.c.version_num)))


@contextmanager
def _copy_kept(path: Path, version: int, now: datetime) -> Iterator[None]:
    """Copy the committed state, if there is any; the copy is removed if the steps fail, since then
    the database is as it was, and a server started again and again would fill the disk.
    """
    if version == EMPTY:
        yield
        return
    copy = path.with_name(f"{path.name}.v{version}-{now:%Y%m%dT%H%M%S%f}Z.bak")
    try:
        _copy(path, copy)
        yield
    except BaseException:
        copy.unlink(missing_ok=True)
        raise


def _copy(path: Path, copy: Path) -> None:
    make_private(copy)
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    except sqlite3.Error as error:
        raise StoreError(f"cannot copy database {path} to {copy.name}: {error}") from error
