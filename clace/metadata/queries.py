"""Queries of the database, each a function of an open connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from clace.database import ROW_NUMBER, opened_value
from clace.errors import StoreError
from clace.interfaces import Leftovers, PrunedApp, StoredVersion
from clace.metadata.contents import HANDFUL_BYTES, PLAIN, StoredContent
from clace.metadata.tables import (
    apps,
    contents,
    encoded,
    leftovers,
    names,
    pruned_apps,
    versions,
)
from clace.model import App, AppMetadata, FileRef

_BATCH = 500
_PIECE = 1 << 18


def all_apps(connection: Connection) -> tuple[App, ...]:
    """Oldest first."""
    rows = connection.execute(select(apps).order_by(apps.c.create_time, apps.c.id))
    return tuple(_app(row) for row in rows)


def apps_beside(connection: Connection, app: App) -> tuple[App, ...]:
    """Return the apps that could conflict with ``app``: on its path or below it, or of its id."""
    # "0" comes next after "/".
    below = (apps.c.path > f"{app.path}/") & (apps.c.path < f"{app.path}0")
    near = (apps.c.domain == app.domain) & (apps.c.path.in_(app.address.upward) | below)
    found = select(apps).where(near | (apps.c.id == app.id))
    return tuple(_app(row) for row in connection.execute(found))


def app_of_id(connection: Connection, app_id: str) -> App | None:
    row = connection.execute(select(apps).where(apps.c.id == app_id)).first()
    return None if row is None else _app(row)


def put_app(connection: Connection, app: App) -> None:
    connection.execute(insert(apps), _values(app))


def replace_app(connection: Connection, app: App) -> None:
    connection.execute(update(apps).where(apps.c.id == app.id), _values(app))


def remove_app(connection: Connection, app_id: str) -> None:
    """With its versions and lists of files, by the tables' cascades."""
    connection.execute(delete(apps).where(apps.c.id == app_id))


def remember_pruned(connection: Connection, pruned: PrunedApp, since: datetime) -> None:
    """Remember an app that was removed, and forget those of before ``since``."""
    forget_pruned(connection, pruned.app_id)
    connection.execute(delete(pruned_apps).where(pruned_apps.c.prune_time < since))
    connection.execute(insert(pruned_apps), asdict(pruned))


def forget_pruned(connection: Connection, app_id: str) -> None:
    connection.execute(delete(pruned_apps).where(pruned_apps.c.app_id == app_id))


def pruned_since(connection: Connection, since: datetime) -> tuple[PrunedApp, ...]:
    """The newest first."""
    fields = [pruned_apps.c[name] for name in PrunedApp.__struct_fields__]
    newest = select(*fields).where(pruned_apps.c.prune_time >= since)
    rows = connection.execute(newest.order_by(pruned_apps.c.prune_time.desc()))
    return tuple(PrunedApp(*row) for row in rows)


def remember_leftovers(connection: Connection, left: Leftovers) -> None:
    forget_leftovers(connection, left.app_id)
    connection.execute(insert(leftovers), asdict(left))


def forget_leftovers(connection: Connection, app_id: str) -> None:
    connection.execute(delete(leftovers).where(leftovers.c.app_id == app_id))


def leftovers_due(connection: Connection, now: datetime) -> tuple[Leftovers, ...]:
    """The oldest first."""
    fields = [leftovers.c[name] for name in Leftovers.__struct_fields__]
    due = select(*fields).where(leftovers.c.due_time <= now).order_by(leftovers.c.due_time)
    return tuple(Leftovers(*row) for row in connection.execute(due))


def has_version(connection: Connection, app_id: str, version: int) -> bool:
    return bool(connection.scalar(select(exists().where(_is_version(app_id, version)))))


def latest_version(connection: Connection, app_id: str) -> int:
    """0 without any."""
    highest = select(func.max(versions.c.version)).where(versions.c.app_id == app_id)
    return connection.scalar(highest) or 0


def version_numbers(connection: Connection, app_id: str) -> list[int]:
    return list(connection.scalars(select(versions.c.version).where(versions.c.app_id == app_id)))


def put_version(
    connection: Connection, app_id: str, metadata: AppMetadata, create_time: Any
) -> None:
    values = {
        "app_id": app_id,
        "version": metadata.version_metadata.version,
        "metadata": metadata,
        "create_time": create_time,
    }
    connection.execute(insert(versions), values)


def versions_of(connection: Connection, app_id: str) -> tuple[StoredVersion, ...]:
    """The lowest first."""
    rows = connection.execute(
        select(versions.c.metadata, versions.c.create_time)
        .where(versions.c.app_id == app_id)
        .order_by(versions.c.version)
    )
    return tuple(StoredVersion(*row) for row in rows)


def replace_version(connection: Connection, app_id: str, metadata: AppMetadata) -> bool:
    """Return false if the app has no version of this number."""
    which = _is_version(app_id, metadata.version_metadata.version)
    changed = connection.execute(update(versions).where(which).values(metadata=metadata))
    return changed.rowcount > 0


def remove_version(connection: Connection, app_id: str, version: int) -> None:
    """With its list of files, and the contents that no other version has."""
    this = (names.c.app_id == app_id) & (names.c.version == version)
    others = names.alias()
    shared = (others.c.app_id != app_id) | (others.c.version != version)
    is_shared = exists().where(others.c.sha256 == names.c.sha256, shared)
    alone = connection.scalars(select(names.c.sha256).where(this, ~is_shared).distinct()).all()
    connection.execute(delete(names).where(this))
    connection.execute(delete(versions).where(_is_version(app_id, version)))
    for some in _batches(alone):
        connection.execute(delete(contents).where(contents.c.sha256.in_(some)))


def put_names(
    connection: Connection, app_id: str, version: int, refs: Mapping[str, FileRef]
) -> None:
    rows = [
        {"app_id": app_id, "version": version, "name": name, "sha256": ref.sha256}
        for name, ref in refs.items()
    ]
    if rows:
        connection.execute(insert(names), rows)


def files_of(connection: Connection, app_id: str, version: int) -> dict[str, FileRef] | None:
    """By name; none if the app has no such version."""
    if not has_version(connection, app_id, version):
        return None
    listed = (
        select(names.c.name, names.c.sha256, contents.c.size)
        .join(contents, contents.c.sha256 == names.c.sha256)
        .where(names.c.app_id == app_id, names.c.version == version)
        .order_by(names.c.name)
    )
    return {name: FileRef(name, sha256, size) for name, sha256, size in connection.execute(listed)}


def content_of(connection: Connection, sha256: str) -> StoredContent:
    """:raises StoreError: it is not there (any more)."""
    row = connection.execute(select(contents).where(contents.c.sha256 == sha256)).first()
    if row is None:
        raise _lost(sha256)
    return StoredContent(**row._mapping)  # noqa: SLF001 - the public name for a row as a mapping


def content_pieces(connection: Connection, sha256: str) -> Iterator[bytes]:
    """A content as it is stored, in pieces.

    :raises StoreError: it is not there (any more).
    """
    row = connection.scalar(select(ROW_NUMBER).where(contents.c.sha256 == sha256))
    if row is None:
        raise _lost(sha256)
    with opened_value(connection, contents.name, contents.c.content.name, row) as opened:
        while piece := opened.read(_PIECE):
            yield piece


def compression_of(connection: Connection, sha256: str) -> str:
    """:raises StoreError: the content is not there (any more)."""
    found: str | None = connection.scalar(
        select(contents.c.compression).where(contents.c.sha256 == sha256)
    )
    if found is None:
        raise _lost(sha256)
    return found


def compressed_of(connection: Connection, app_id: str, version: int) -> frozenset[str]:
    """Return those contents of a version that are stored compressed."""
    found = (
        select(contents.c.sha256)
        .join(names, contents.c.sha256 == names.c.sha256)
        .where(names.c.app_id == app_id, names.c.version == version)
        .where(contents.c.compression != PLAIN)
    )
    return frozenset(connection.scalars(found))


def encoded_of(connection: Connection, sha256: str, encoding: str) -> bytes | None:
    """Return the content in a further encoding; none if that was not made yet."""
    chosen = (encoded.c.sha256 == sha256) & (encoded.c.encoding == encoding)
    return connection.scalar(select(encoded.c.content).where(chosen))


def put_encoded(connection: Connection, sha256: str, encoding: str, content: bytes) -> None:
    """Keep an encoding of a content, unless it is kept or the content is not stored any more."""
    kept = (encoded.c.sha256 == sha256) & (encoded.c.encoding == encoding)
    row = select(contents.c.sha256, literal(encoding), literal(content)).where(
        contents.c.sha256 == sha256, ~exists().where(kept)
    )
    connection.execute(insert(encoded).from_select(["sha256", "encoding", "content"], row))


def put_contents(connection: Connection, fresh: Iterable[StoredContent]) -> None:
    for some in _handfuls(fresh):
        connection.execute(insert(contents), [asdict(content) for content in some])


def stored_of(connection: Connection, wanted: Iterable[str]) -> set[str]:
    """Return those of these contents that are stored."""
    found: set[str] = set()
    for some in _batches(wanted):
        found.update(
            connection.scalars(select(contents.c.sha256).where(contents.c.sha256.in_(some)))
        )
    return found


def remove_orphans(connection: Connection) -> None:
    """Forget the contents that no version has."""
    connection.execute(delete(contents).where(~exists().where(names.c.sha256 == contents.c.sha256)))


def _lost(sha256: str) -> StoreError:
    return StoreError(f"the file {sha256} is not stored any more")


def _handfuls(fresh: Iterable[StoredContent]) -> Iterator[list[StoredContent]]:
    """Several contents at a time, as many as are small: a statement takes longer than its row."""
    some: list[StoredContent] = []
    size = 0
    for content in fresh:
        some.append(content)
        size += len(content.content)
        if size >= HANDFUL_BYTES or len(some) >= _BATCH:
            yield some
            some, size = [], 0
    if some:
        yield some


def _batches(values: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(values)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _is_version(app_id: str, version: int) -> ColumnElement[bool]:
    return (versions.c.app_id == app_id) & (versions.c.version == version)


def _app(row: Row[Any]) -> App:
    return App(**row._mapping)  # noqa: SLF001 - the public name for a row as a mapping


def _values(app: App) -> dict[str, Any]:
    return {name: getattr(app, name) for name in App.__struct_fields__}
