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
    insert,
    select,
)

from clace.audit.retention import Retention
from clace.model.audit_filter import AuditFilter
from clace.model.deeds import ACCESS_DENIED, CUSTOM, HTTP, SIGN_IN
from clace.model.traffic import AuditEvent

schema = MetaData()
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
    Index("audit_create_time", "create_time"),
)


def put(connection: Connection, events: Sequence[AuditEvent]) -> None:
    rows = [{name: getattr(event, name) for name in _FIELDS} for event in events]
    connection.execute(insert(audit), rows)


def found(connection: Connection, wanted: AuditFilter) -> tuple[AuditEvent, ...]:
    """Newest first."""
    rows = connection.execute(_query(wanted))
    return tuple(AuditEvent(**row._mapping) for row in rows)  # noqa: SLF001 - a row as a mapping


def operations(connection: Connection) -> tuple[str, ...]:
    """All that were recorded, sorted."""
    names = select(audit.c.operation).distinct()
    return tuple(sorted(connection.scalars(names)))


def _query(wanted: AuditFilter) -> Select[Any]:
    newest = (audit.c.create_time.desc(), audit.c.sequence.desc())
    fields = [audit.c[name] for name in _FIELDS]
    return select(*fields).where(*_conditions(wanted)).order_by(*newest).limit(wanted.limit)


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


def trim(connection: Connection) -> tuple[int, int]:
    """Remove the oldest tenth of the rows; return their number and the time of the newest of them.

    Rows that strangers can cause go first, so that a flood of requests pushes out only requests.
    """
    total = connection.scalar(select(func.count()).select_from(audit)) or 0
    strangers = audit.c.event_type.in_((HTTP, CUSTOM)) | audit.c.operation.in_(_STRANGERS)
    oldest = (
        select(audit.c.sequence, audit.c.create_time)
        .order_by(strangers.desc(), audit.c.sequence)
        .limit(max(1, total // _TRIMMED_PART))
        .subquery()
    )
    newest = connection.scalar(select(func.max(oldest.c.create_time))) or 0
    old = delete(audit).where(audit.c.sequence.in_(select(oldest.c.sequence)))
    return connection.execute(old).rowcount, newest


def forget(connection: Connection, retention: Retention, now: int) -> int:
    """Remove what is older than it is kept; how many there were."""
    is_http = audit.c.event_type == HTTP
    count = 0
    for kind, start in (
        (is_http, retention.http_start(now)),
        (~is_http, retention.other_start(now)),
    ):
        if start is not None:
            old = delete(audit).where(kind, audit.c.create_time < start)
            count += connection.execute(old).rowcount
    return count
