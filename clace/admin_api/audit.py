"""The audit log: list its events, export all of them, verify their hash chain."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from clace.admin_api.operation import Operation, Query, Right


class ExportAudit(Query, frozen=True):
    """A filter of events; an empty parameter lets everything pass.

    ``appGlob`` is a glob of apps or the id of one app, which may be deleted. ``detail`` is a
    pattern with ``%`` for any text and ``_`` for a character. Dates are in UTC, as
    ``YYYY-MM-DD`` or with a time behind; events are from ``startDate`` on and before ``endDate``,
    of which a day without a time is included.
    """

    app_glob: str = ""
    user_id: str = ""
    event_type: str = ""
    operation: str = ""
    target: str = ""
    status: str = ""
    rid: str = ""
    detail: str = ""
    start_date: str = ""
    end_date: str = ""


class ListAudit(ExportAudit, frozen=True):
    """The newest events that pass a filter: 50, or ``limit`` of them, up to 10000."""

    limit: str = ""


class VerifyAudit(Query, frozen=True):
    """A walk along the hash chain; ``head`` is the end of the log at some earlier time."""

    head: str = ""


class AuditedEvent(Struct, frozen=True):
    """An event, the number of its row, and the hash of it, which older rows do not have.

    ``create_time_epoch`` is in nanoseconds; ``app_path`` is empty for an app that was deleted.
    """

    sequence: int
    rid: str
    app_id: str
    app_path: str
    create_time: datetime
    create_time_epoch: str
    user_id: str
    event_type: str
    operation: str
    target: str
    status: str
    detail: str
    hash: str = ""


class AuditList(Struct, frozen=True):
    """Events, the newest first."""

    events: tuple[AuditedEvent, ...] = ()


class AuditVerified(Struct, frozen=True):
    """The outcome of a walk along the chain.

    Unless ``is_whole``, ``sequence`` is the first row at fault, ``reason`` tells why, and ``event``
    is its event, if it is there. ``rows`` were verified, ``removed`` ones are those that retention
    removed, ``unchained`` ones are older than the chain. ``head`` is worth keeping elsewhere.
    """

    is_whole: bool
    sequence: int = 0
    reason: str = ""
    event: AuditedEvent | None = None
    head: str = ""
    rows: int = 0
    removed: int = 0
    unchained: int = 0


LIST_AUDIT = Operation(
    name="list_audit",
    method="GET",
    path="/audit",
    summary="The newest events of the audit log that pass a filter",
    right=Right.AUDIT_READ,
    query=ListAudit,
    result=AuditList,
)
EXPORT_AUDIT = Operation(
    name="export_audit",
    method="GET",
    path="/audit/export",
    summary="All events of the audit log that pass a filter, the oldest first",
    right=Right.AUDIT_READ,
    query=ExportAudit,
    result=AuditedEvent,
    streams=True,
)
VERIFY_AUDIT = Operation(
    name="verify_audit",
    method="GET",
    path="/audit/verify",
    summary="Walk along the hash chain of the audit log to its first fault, or its end",
    right=Right.AUDIT_READ,
    query=VerifyAudit,
    result=AuditVerified,
)
OPERATIONS = (LIST_AUDIT, EXPORT_AUDIT, VERIFY_AUDIT)
