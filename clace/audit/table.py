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
    insert,
    select,
)

from clace.audit.retention import HTTP, Retention
from clace.model.audit_filter import AuditFilter
from clace.model.traffic import AuditEvent

schema = MetaData()
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
