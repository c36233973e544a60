"""The audit log, for operators: its events by filter, all of them, and the state of its chain."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from zope.interface import implementer

from clace.admin_api import (
    AuditedEvent,
    AuditList,
    AuditVerified,
    ExportAudit,
    ListAudit,
    VerifyAudit,
)
from clace.errors import BadRequest
from clace.interfaces import IAuditChain, IAuditOperations, IAuditTrail
from clace.model import (
    EVENT_STATUSES,
    EVENT_TYPES,
    MOST_EVENTS,
    App,
    AppGlob,
    AuditEntry,
    AuditEvent,
    AuditFault,
    AuditFilter,
    AuditHead,
)
from clace.near import nearest
from clace.units import NANOSECONDS

Apps = Callable[[], Awaitable[Iterable[App]]]
_ID = "app_"
_RANGE = 2**63
_HTTP_STATUS = re.compile("[1-5][0-9][0-9]")


@implementer(IAuditOperations)
class AuditOperations:
    """Reads the log; ``apps`` gives those that are installed."""

    def __init__(self, trail: IAuditTrail, chain: IAuditChain, apps: Apps) -> None:
        self._trail = trail
        self._chain = chain
        self._apps = apps

    async def list_audit(self, query: ListAudit) -> AuditList:
        apps = tuple(await self._apps())
        wanted = _filter(query, apps, _limit(query.limit))
        entries = await self._trail.entries(wanted)
        return AuditList(_told(entries, _paths(apps)))

    async def export_audit(self, query: ExportAudit) -> AsyncIterator[tuple[AuditedEvent, ...]]:
        apps = tuple(await self._apps())
        paths = _paths(apps)
        async for entries in self._trail.pages(_filter(query, apps)):
            yield _told(entries, paths)

    async def verify_audit(self, query: VerifyAudit) -> AuditVerified:
        known = AuditHead.parse(query.head) if query.head else None
        found = await self._chain.verify(known)
        fault = found.fault or AuditFault(sequence=0, reason="")
        return AuditVerified(
            is_whole=found.fault is None,
            sequence=fault.sequence,
            reason=fault.reason,
            event=_shown(fault.sequence, "", fault.event, _paths(await self._apps()))
            if fault.event
            else None,
            head=str(found.head or ""),
            rows=found.rows,
            removed=found.removed,
            unchained=found.unchained,
        )


def _filter(query: ExportAudit, apps: Iterable[App], limit: int = 1) -> AuditFilter:
    """:raises BadRequest: if a parameter is malformed."""
    _check_word("type", query.event_type, EVENT_TYPES)
    if not _HTTP_STATUS.fullmatch(query.status):
        _check_word("status", query.status, EVENT_STATUSES, " or an HTTP status")
    start, end = _moment(query.start_date), _moment(query.end_date, is_end=True)
    if start is not None and end is not None and start >= end:
        raise BadRequest(f"start {query.start_date} is not before end {query.end_date}")
    return AuditFilter(
        app_ids=_app_ids(query.app_glob, apps) if query.app_glob else None,
        user_id=query.user_id,
        event_type=query.event_type,
        operation=query.operation,
        target=query.target,
        status=query.status,
        rid=query.rid,
        detail=query.detail,
        start=start,
        end=end,
        limit=limit,
    )


def _check_word(name: str, word: str, known: tuple[str, ...], other: str = "") -> None:
    """Refuse a word that no event has: the answer would look as if nothing had happened.

    :raises BadRequest: if it is neither empty nor known.
    """
    if not word or word in known:
        return
    near = nearest(word.lower(), map(str.lower, known))
    meant = next((f"; did you mean {one}?" for one in known if one.lower() in near), "")
    expected = f"one of {', '.join(known)}{other}"
    raise BadRequest(f"no event has the {name} {word:.40}, expected {expected}{meant}")


def _app_ids(glob: str, apps: Iterable[App]) -> frozenset[str]:
    """Return the ids of the apps that match, with their twins."""
    if glob.startswith(_ID):
        return frozenset({glob})
    wanted = AppGlob.parse(glob)
    mains = {app.id for app in apps if not app.main_app and wanted.matches(app.address)}
    return frozenset(app.id for app in apps if app.id in mains or app.main_app in mains)


def _limit(text: str) -> int:
    """:raises BadRequest: if it is not a number."""
    if not text:
        return AuditFilter().limit
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(MOST_EVENTS)):
        raise BadRequest(f"limit is {text:.40}, expected 1 to {MOST_EVENTS}")
    return int(text)


def _moment(text: str, *, is_end: bool = False) -> int | None:
    """:raises BadRequest: if it is not a date, with or without a time."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if is_end and _is_day(text):
            moment += timedelta(days=1)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return _in_range(int(moment.timestamp()) * NANOSECONDS + moment.microsecond * 1000)
    except OverflowError as error:
        raise BadRequest(f"{text} is out of range, expected a year from 1678 to 2261") from error
    except ValueError as error:
        expected = "YYYY-MM-DD or YYYY-MM-DD HH:MM:SS, in UTC"
        raise BadRequest(f"{text} is no date, expected {expected}") from error


def _is_day(text: str) -> bool:
    """Tell a date without a time, in any of the forms that ISO 8601 has for it."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _in_range(nanoseconds: int) -> int:
    """:raises OverflowError: if no event can have the time."""
    if not -_RANGE <= nanoseconds < _RANGE:
        raise OverflowError
    return nanoseconds


def _told(entries: Iterable[AuditEntry], paths: Mapping[str, str]) -> tuple[AuditedEvent, ...]:
    return tuple(_shown(one.sequence, one.hash, one.event, paths) for one in entries)


def _shown(sequence: int, end: str, event: AuditEvent, paths: Mapping[str, str]) -> AuditedEvent:
    return AuditedEvent(
        sequence=sequence,
        rid=event.rid,
        app_id=event.app_id,
        app_path=paths.get(event.app_id, ""),
        create_time=_time_of(event),
        create_time_epoch=str(event.create_time),
        user_id=event.user_id,
        event_type=event.event_type,
        operation=event.operation,
        target=event.target,
        status=event.status,
        detail=event.detail,
        hash=end,
    )


def _time_of(event: AuditEvent) -> datetime:
    """Return the time of an event; one that somebody tampered with may have another value."""
    try:
        seconds, rest = divmod(event.create_time, NANOSECONDS)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def _paths(apps: Iterable[App]) -> dict[str, str]:
    return {app.id: str(app) for app in apps}
