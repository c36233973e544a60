"""The events in a database, and what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    delete,
    func,
    or_,
    select,
)

from clace.audit.retention import AuditRetention
from clace.model import ACCESS_DENIED, CUSTOM, HTTP, SIGN_IN, AuditEntry, AuditEvent, AuditFilter

schema = MetaData()
MOST_REMOVED = 5000
_PAGE = 1000
_TRIMMED_PART = 10
_STRANGERS = (SIGN_IN, ACCESS_DENIED, "audit_ration", "app_limit", "plugin_refused")
_FIELDS = AuditEvent.__struct_fields__
_SAME = ("user_id", "event_type", "operation", "target", "status", "rid")

audit = Table(
    "audit",
    schema,
    Column("sequence", Integer, primary_key=True),
    Column("rid", Text, nullable=False),
    Column("app_id", Text, nullable=False),
    Column("create_time", BigInteger, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("hash", Text, nullable=False, server_default=""),
    Index("audit_create_time", "create_time"),
)
_COLUMNS = (audit.c.sequence, audit.c.hash, *(audit.c[name] for name in _FIELDS))


def found(connection: Connection, wanted: AuditFilter) -> tuple[AuditEntry, ...]:
    """Newest first."""
    return tuple(map(entry_of, connection.execute(_query(wanted))))


def page(
    connection: Connection, wanted: AuditFilter, after: int
) -> tuple[tuple[AuditEntry, ...], int | None]:
    """Return what passes of the next rows after one, oldest first, and the last row looked at.

    So many rows are looked at and no more, however few of them pass; None at the end.
    """
    near = select(audit).where(audit.c.sequence > after).order_by(audit.c.sequence).limit(_PAGE)
    last = connection.scalar(select(func.max(near.subquery().c.sequence)))
    if last is None:
        return (), None
    span = (audit.c.sequence > after, audit.c.sequence <= last)
    passing = select(*_COLUMNS).where(*span, *_conditions(wanted)).order_by(audit.c.sequence)
    return tuple(map(entry_of, connection.execute(passing))), last


def between(connection: Connection, first: int, last: int) -> tuple[AuditEntry, ...]:
    """Return the rows of a span, oldest first."""
    span = select(*_COLUMNS).where(audit.c.sequence.between(first, last))
    return tuple(map(entry_of, connection.execute(span.order_by(audit.c.sequence))))


def entry_of(row: Any) -> AuditEntry:
    """Return a selected row as an entry."""
    sequence, end, *fields = row
    event = AuditEvent(**dict(zip(_FIELDS, fields, strict=True)))
    return AuditEntry(sequence=sequence, hash=end, event=event)


def operations(connection: Connection) -> tuple[str, ...]:
    """All that were recorded, sorted."""
    names = select(audit.c.operation).distinct()
    return tuple(sorted(connection.scalars(names)))


def _query(wanted: AuditFilter) -> Select[Any]:
    newest = (audit.c.create_time.desc(), audit.c.sequence.desc())
    return select(*_COLUMNS).where(*_conditions(wanted)).order_by(*newest).limit(wanted.limit)


def _conditions(wanted: AuditFilter) -> Iterator[ColumnElement[bool]]:
    for name in _SAME:
        if value := getattr(wanted, name):
            yield audit.c[name] == value
    if wanted.app_ids is not None:
        yield audit.c.app_id.in_(wanted.app_ids)
    if wanted.detail:
        yield audit.c.detail.ilike(wanted.detail)
    if wanted.start is not None:
        yield audit.c.create_time >= wanted.start
    if wanted.end is not None:
        yield audit.c.create_time < wanted.end


def size(connection: Connection) -> int:
    """Return the bytes in use; pages that deleted rows left are used again."""
    pages, free, page = (
        connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * page)


def oldest(connection: Connection) -> Sequence[Any]:
    """Return number, hash and time of the oldest tenth of the rows, in order.

    Rows that strangers can cause go first, so that a flood of requests pushes out only requests.
    """
    total = connection.scalar(select(func.count()).select_from(audit)) or 0
    strangers = audit.c.event_type.in_((HTTP, CUSTOM)) | audit.c.operation.in_(_STRANGERS)
    chosen = (
        select(audit.c.sequence, audit.c.hash, audit.c.create_time)
        .order_by(strangers.desc(), audit.c.sequence)
        .limit(max(1, total // _TRIMMED_PART))
        .subquery()
    )
    return connection.execute(select(chosen).order_by(chosen.c.sequence)).all()


def outdated(connection: Connection, retention: AuditRetention, now: int) -> Sequence[Any]:
    """Return number and hash of rows that are older than they are kept, in order: the first few
    thousand.
    """
    is_http = audit.c.event_type == HTTP
    kinds = ((is_http, retention.http_start(now)), (~is_http, retention.other_start(now)))
    old = [kind & (audit.c.create_time < start) for kind, start in kinds if start is not None]
    if not old:
        return ()
    chosen = select(audit.c.sequence, audit.c.hash).where(or_(*old))
    return connection.execute(chosen.order_by(audit.c.sequence).limit(MOST_REMOVED)).all()


def remove(connection: Connection, numbers: Sequence[int]) -> None:
    """Remove rows by their numbers."""
    for start in range(0, len(numbers), MOST_REMOVED):
        some = numbers[start : start + MOST_REMOVED]
        connection.execute(delete(audit).where(audit.c.sequence.in_(some)))
